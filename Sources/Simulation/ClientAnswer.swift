// What a reply tells a client.

/// A RESP2 reply as a client without a library reads it.
enum ClientAnswer: Hashable, Sendable {
    case unknown
    /// An error whose first word promises that there was no effect.
    case refused
    case other(History.Result)

    /// The first words that promise it (docs/COMPATIBILITY.md).
    private static let refusals = ["READONLY", "TRYAGAIN", "CLUSTERDOWN", "MAINTENANCE", "OOM", "NOSPACE"]

    private static let end = Array("\r\n".utf8)

    /// Nil when the bytes are no reply that these clients can get.
    init?(_ reply: ArraySlice<UInt8>) {
        guard let kind = reply.first, let end = reply.dropFirst().firstIndex(of: UInt8(ascii: "\r")) else { return nil }
        let line = String(decoding: reply[(reply.startIndex + 1)..<end], as: UTF8.self)
        let behind = reply[end...]
        if kind == UInt8(ascii: "$"), line != "-1" {
            guard let count = Int(line), count >= 0, behind.count == count + 4, behind.starts(with: ClientAnswer.end),
                behind.suffix(2) == ClientAnswer.end[...]
            else { return nil }
            self = .other(.value(Array(behind.dropFirst(2).dropLast(2))))
            return
        }
        guard behind == ClientAnswer.end[...] else { return nil }
        switch kind {
        case UInt8(ascii: "+") where line == "OK": self = .other(.ok)
        case UInt8(ascii: ":"):
            guard let number = Int64(line) else { return nil }
            self = .other(.integer(number))
        case UInt8(ascii: "$"): self = .other(.null)
        case UInt8(ascii: "-"): self.init(error: line)
        default: return nil
        }
    }

    private init?(error line: String) {
        let word = line.prefix { $0 != " " }
        if word == "UNKNOWNRESULT" {
            self = .unknown
        } else if ClientAnswer.refusals.contains(String(word)) {
            self = .refused
        } else if line == "ERR value is not an integer or out of range" {
            self = .other(.notInteger)
        } else {
            return nil
        }
    }

    var result: History.Result {
        switch self {
        case .unknown: .unknown
        case .refused: .refused
        case .other(let result): result
        }
    }
}
