// Why bytes are no request. Each of these ends the connection: where the next request would begin is unknown.

public import Vocabulary

public enum RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The number behind `*` is none, or above the limit.
    case invalidArgumentCount(isBeforeLogin: Bool)
    /// Something else than `$` where an argument had to begin.
    case expectedBulk(got: UInt8)
    /// The number behind `$` is none, is negative, or is above the limit.
    case invalidBulkLength(isBeforeLogin: Bool)
    /// An argument is not followed by CR LF: its announced length was wrong.
    case missingLineEnd
    /// All arguments together are longer than `limit` bytes.
    case requestTooLarge(limit: Int)
    /// No line end within the limit.
    case inlineTooLong
    case unbalancedQuotes
    case inlineRefused
    /// An HTTP request: a web page talks to this port through somebody's browser.
    case crossProtocol

    /// What Redis says, where Redis has this error; the reply is `-ERR Protocol error: ` and this.
    public var description: String {
        switch self {
        case .invalidArgumentCount(false): "invalid multibulk length"
        case .invalidArgumentCount(true): "unauthenticated multibulk length"
        case .expectedBulk(let byte): "expected '$', got '\(Character(UnicodeScalar(byte)))'"
        case .invalidBulkLength(false): "invalid bulk length"
        case .invalidBulkLength(true): "unauthenticated bulk length"
        case .missingLineEnd: "expected CRLF after a bulk string"
        case .requestTooLarge(let limit): "request larger than \(limit) bytes"
        case .inlineTooLong: "too big inline request"
        case .unbalancedQuotes: "unbalanced quotes in request"
        case .inlineRefused: "inline requests are turned off"
        case .crossProtocol: "an HTTP request on a Redis port"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .requestTooLarge, .invalidBulkLength(false), .invalidArgumentCount(false), .inlineTooLong:
            .operate("send a smaller request, or raise the request limits in the node's configuration")
        case .invalidBulkLength(true), .invalidArgumentCount(true):
            .operate("log in with AUTH or HELLO before sending requests of this size")
        case .inlineRefused:
            .operate("use a client that speaks the Redis protocol, or allow inline requests in the configuration")
        case .expectedBulk, .missingLineEnd, .unbalancedQuotes, .crossProtocol:
            .operate("use a client that speaks the Redis protocol")
        }
    }

    /// Appends the reply to be sent before the connection is closed. An HTTP request gets none.
    public func write(to reply: inout ReplyWriter) {
        guard self != .crossProtocol else { return }
        reply.error(text: "ERR Protocol error: \(description)")
    }
}
