// An operator's own checks of a restored state: commands and what they have to answer.

import ByteCoding
import Keyspace
import Platform
public import RESP

/// Why a text is no list of checks.
public struct CheckListError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1 on; nil when it is about the whole.
    public let line: Int?
    public let why: String

    public var description: String { (line.map { "line \($0) of the checks: " } ?? "the file of checks: ") + why }
}

/// Lines of `COMMAND ARGUMENT… => ANSWER`. Empty lines and those that begin with `#` are passed over; an argument with
/// spaces stands in double quotes. Nothing is `(nil)`, an error begins with `(error) `, a list is `[a, b]`.
public struct CheckList: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        public let number: Int
        public let command: [String]
        public let expected: String

        public var text: String { "line \(number): \(command.joined(separator: " "))" }
    }

    /// Inclusive.
    public static let linesMax = 1000
    private static let sizeMax = 1 << 20

    public let lines: [Line]

    public init() { lines = [] }

    /// Of a state that answers by itself: all of them read.
    init(ofFile path: String) throws(RestoreError) {
        do throws(CheckListError) {
            self = try CheckList(try CheckList.text(ofFile: path))
            try checkThatAllRead()
        } catch { throw .unreadableChecks(error, path: path) }
    }

    public static func text(ofFile path: String) throws(CheckListError) -> String {
        do throws(SystemError) {
            return String(decoding: try FileSystem.readAll(path, limit: sizeMax), as: UTF8.self)
        } catch { throw CheckListError(line: nil, why: "\(error)") }
    }

    public static let none = CheckList()

    public init(_ text: String) throws(CheckListError) {
        var lines: [Line] = []
        for (position, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = CheckList.trim(raw)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            lines.append(try CheckList.line(line, position + 1))
        }
        guard lines.count <= CheckList.linesMax else {
            throw CheckListError(line: nil, why: "\(lines.count) checks; at most \(CheckList.linesMax) are taken")
        }
        self.lines = lines
    }

    private static func line(_ text: Substring, _ number: Int) throws(CheckListError) -> Line {
        guard let arrow = text.ranges(of: " =>").last else {
            throw CheckListError(line: number, why: "no ` => ` between command and answer: \(text)")
        }
        let command = words(text[..<arrow.lowerBound])
        guard let command, !command.isEmpty else {
            throw CheckListError(line: number, why: "no command, or a quote that does not end: \(text)")
        }
        return Line(number: number, command: command, expected: String(trim(text[arrow.upperBound...])))
    }

    /// Nil when a quote does not end.
    private static func words(_ text: Substring) -> [String]? {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in text {
            switch character {
            case "\"":
                isQuoted.toggle()
                word = word ?? ""
            case " " where !isQuoted:
                if let whole = word { words.append(whole) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        if let word { words.append(word) }
        return isQuoted ? nil : words
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text.drop { $0.isWhitespace }
    }

    /// A reply as an expectation is written.
    public static func text(_ reply: Reply) -> String {
        switch reply {
        case .simple(let text), .bigNumber(let text), .verbatim(_, let text): text
        case .error(let text): "(error) " + text
        case .integer(let number): "\(number)"
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .null: "(nil)"
        case .double(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .array(let list), .set(let list), .push(let list):
            "[" + list.map(text).joined(separator: ", ") + "]"
        case .map(let pairs):
            "[" + pairs.map { text($0.key) + ", " + text($0.value) }.joined(separator: ", ") + "]"
        }
    }

    /// Those that a state can answer by itself.
    ///
    /// - Throws: when one is no command that reads, or lacks arguments.
    public func checkThatAllRead() throws(CheckListError) {
        for line in lines {
            guard let spec = CommandTable.shared.lookup(line.command[0]) else {
                throw CheckListError(line: line.number, why: "there is no command `\(line.command[0])`")
            }
            guard spec.route == .read else {
                throw CheckListError(
                    line: line.number, why: "`\(line.command[0])` may change something; checks only read")
            }
        }
    }
}

extension CheckList.Line {
    /// What a state answers, and whether that is what was expected.
    func run(on keyspace: Keyspace) -> SmokeCheck {
        let found = answer(of: keyspace)
        let isGood = found == expected
        return SmokeCheck(
            kind: .own, isGood: isGood,
            text: text + (isGood ? ": as expected" : ": expected \(expected), found \(found)"))
    }

    private func answer(of keyspace: Keyspace) -> String {
        let (words, ranges) = request
        var reply = ReplyWriter(version: .two)
        guard let spec = CommandTable.shared.lookup(command[0]), spec.route == .read else {
            return "no command that reads"
        }
        if Keyspace.precheck(spec, Arguments(words.rawBytes, words: ranges), reply: &reply) {
            var entry: [UInt8] = []
            EntryCoding.encode(spec.code, words.rawBytes, words: ranges, to: &entry)
            keyspace.read(entry.rawBytes, clock: .zero, seed: 1, reply: &reply)
        }
        return (try? ReplyDecoder.value(of: reply.bytes.rawBytes)).map(CheckList.text) ?? "no answer"
    }

    private var request: (bytes: [UInt8], words: [Range<Int>]) {
        var bytes: [UInt8] = []
        var words: [Range<Int>] = []
        for word in command {
            words.append(bytes.count..<bytes.count + word.utf8.count)
            bytes += word.utf8
        }
        return (bytes, words)
    }
}
