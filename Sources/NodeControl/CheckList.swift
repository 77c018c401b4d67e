// An operator's own checks of a restored state: commands and what they have to answer.

import Platform
import RESP

/// Lines of `COMMAND ARGUMENT… => ANSWER`. Empty lines and those that begin with `#` are passed over; an argument with
/// spaces stands in double quotes. Nothing is `(nil)`, an error begins with `(error) `, a list is `[a, b]`.
public struct CheckList: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        public let number: Int
        public let command: [String]
        public let expected: String

        var text: String { "line \(number): \(command.joined(separator: " "))" }
    }

    /// Inclusive.
    public static let linesMax = 1000

    public let lines: [Line]

    public init() { lines = [] }

    /// Throws `usage` with the number of the line that is none.
    public init(_ text: String) throws(ControlError) {
        var lines: [Line] = []
        for (position, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = CheckList.trim(raw)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            lines.append(try CheckList.line(line, position + 1))
        }
        guard lines.count <= CheckList.linesMax else {
            throw .usage("the file of checks has \(lines.count) checks: at most \(CheckList.linesMax) are taken")
        }
        self.lines = lines
    }

    private static func line(_ text: Substring, _ number: Int) throws(ControlError) -> Line {
        guard let arrow = text.ranges(of: " =>").last else {
            throw .usage("line \(number) of the checks has no ` => ` between command and answer: \(text)")
        }
        let command = words(text[..<arrow.lowerBound])
        guard let command, !command.isEmpty else {
            throw .usage("line \(number) of the checks has no command, or a quote that does not end: \(text)")
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
    static func text(_ reply: Reply) -> String {
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
}

extension CheckList {
    /// Inclusive, in bytes.
    private static let fileMax = 1 << 20

    public init(file path: String) throws(ControlError) {
        let bytes = try control { () throws(SystemError) in try FileSystem.readAll(path, limit: CheckList.fileMax) }
        try self.init(String(decoding: bytes, as: UTF8.self))
    }
}
