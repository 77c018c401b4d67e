// Replies as values: what clients of ours (load test, nodectl, tests) see of a server's answer.

/// One decoded reply. Version 2's two kinds of nothing are both `null`.
public indirect enum Reply: Hashable, Sendable {
    case simple(String)
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([Reply])
    case map([Pair])
    case set([Reply])
    case push([Reply])
    case double(Double)
    case boolean(Bool)
    case bigNumber(String)
    /// `format` has three letters: `txt` or `mkd`.
    case verbatim(format: String, text: String)

    public struct Pair: Hashable, Sendable {
        public var key: Reply
        public var value: Reply
        public init(key: Reply, value: Reply) {
            self.key = key
            self.value = value
        }
    }

    /// The text of a simple, bulk or verbatim string; nil for anything else and for bytes that are not UTF-8.
    public var text: String? {
        switch self {
        case .simple(let text), .verbatim(_, let text): text
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    public var isError: Bool {
        if case .error = self { true } else { false }
    }
}
