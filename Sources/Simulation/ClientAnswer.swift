// What a reply tells a client.

/// A RESP2 reply as a client without a library reads it.
indirect enum ClientAnswer: Hashable, Sendable {
    case unknown
    /// An error whose first word promises that there was no effect.
    case refused
    /// Sent away from waiting, with the promise that nothing was taken.
    case unblocked
    case other(History.Result)
    /// Nil for the array that is none.
    case array([ClientAnswer]?)

    /// The first words that promise it (docs/COMPATIBILITY.md).
    private static let refusals = ["READONLY", "TRYAGAIN", "CLUSTERDOWN", "MAINTENANCE", "OOM", "NOSPACE"]

    /// Nil when the bytes are no reply that these clients can get.
    init?(_ reply: ArraySlice<UInt8>) {
        var rest = reply
        guard let answer = ClientAnswer.take(from: &rest), rest.isEmpty else { return nil }
        self = answer
    }

    private static func take(from rest: inout ArraySlice<UInt8>) -> ClientAnswer? {
        guard let kind = rest.popFirst(), let line = line(from: &rest) else { return nil }
        switch kind {
        case UInt8(ascii: "+") where line == "OK": return .other(.ok)
        case UInt8(ascii: ":"): return Int64(line).map { .other(.integer($0)) }
        case UInt8(ascii: "-"): return ClientAnswer(error: line)
        case UInt8(ascii: "$") where line == "-1": return .other(.null)
        case UInt8(ascii: "*") where line == "-1": return .array(nil)
        case UInt8(ascii: "$"):
            guard let count = Int(line), count >= 0, rest.count >= count + 2 else { return nil }
            let value = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            return self.line(from: &rest) == "" ? .other(.value(value)) : nil
        case UInt8(ascii: "*"):
            guard let count = Int(line), count >= 0 else { return nil }
            var parts: [ClientAnswer] = []
            for _ in 0..<count {
                guard let part = take(from: &rest) else { return nil }
                parts.append(part)
            }
            return .array(parts)
        default: return nil
        }
    }

    /// What stands before the next CR LF, which is passed over.
    private static func line(from rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\r")), rest[(end + 1)...].first == UInt8(ascii: "\n") else {
            return nil
        }
        defer { rest = rest[(end + 2)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private init?(error line: String) {
        let word = line.prefix { $0 != " " }
        if word == "UNKNOWNRESULT" {
            self = .unknown
        } else if word == "UNBLOCKED" {
            self = .unblocked
        } else if ClientAnswer.refusals.contains(String(word)) {
            self = .refused
        } else if line == "ERR value is not an integer or out of range" {
            self = .other(.notInteger)
        } else {
            return nil
        }
    }

    /// As a string command's client understands it.
    var result: History.Result {
        switch self {
        case .unknown, .array: .unknown
        case .refused, .unblocked: .refused
        case .other(let result): result
        }
    }
}

/// How the answer to a command on a collection reads as that of a command on a value of its own, as which the judge of
/// histories knows it: a hash's field and a sorted set's member are registers, a set's member is there or not, and a
/// list of single bytes is a value that grows.
enum AnswerReading: Sendable {
    case plain
    /// `HSET`, `ZADD`: how many are new does not matter.
    case stored
    /// `SISMEMBER`: 1 for a value, 0 for none.
    case presence
    /// `ZINCRBY`: a number as text.
    case number
    /// `LRANGE`: the elements behind one another.
    case joined
    /// `EXEC` and a conditional `SET` that was to leave this number, as `INCR` would; null when it came too late.
    case increased(to: Int64)

    func result(of answer: ClientAnswer) -> History.Result {
        switch (self, answer) {
        case (.stored, .other(.integer)): return .ok
        case (.presence, .other(.integer(let number))): return number == 0 ? .null : .value([UInt8(ascii: "1")])
        case (.number, .other(.value(let text))):
            return Int64(String(decoding: text, as: UTF8.self)).map { .integer($0) } ?? .notInteger
        case (.joined, .array(let parts?)):
            let bytes = parts.flatMap { (part) -> [UInt8] in
                if case .other(.value(let element)) = part { element } else { [] }
            }
            return bytes.isEmpty ? .null : .value(bytes)
        case (.increased, .array(nil)), (.increased, .other(.null)): return .refused
        case (.increased(let number), .array), (.increased(let number), .other(.ok)): return .integer(number)
        default: return answer.result
        }
    }
}
