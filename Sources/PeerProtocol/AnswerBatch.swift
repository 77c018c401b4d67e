// Answers on their way back to whoever asked: RESP replies, flat, many in one batch.

public import RESP

/// Replies by token. A request that its receiver certainly did not log is declined instead: it may be sent elsewhere.
public struct AnswerBatch: Sendable {
    public struct Item: Hashable, Sendable {
        public var token: UInt64
        /// Where the reply lies in the batch's bytes; empty when the request was declined.
        public var range: Range<Int>

        public var isDeclined: Bool { range.isEmpty }

        public init(token: UInt64, range: Range<Int>) {
            self.token = token
            self.range = range
        }
    }

    public var writer = ReplyWriter(version: .two)
    public var items: [Item] = []

    public init() {}

    /// Adds an answer whose reply `write` writes, in the protocol version that the asking client speaks.
    @inlinable public mutating func answer(
        _ token: UInt64, version: RESPVersion, _ write: (inout ReplyWriter) -> Void
    ) {
        let start = writer.bytes.count
        writer.version = version
        write(&writer)
        precondition(writer.bytes.count > start, "an answer without a reply")
        items.append(Item(token: token, range: start..<writer.bytes.count))
    }

    public mutating func declined(_ token: UInt64) {
        let end = writer.bytes.count
        items.append(Item(token: token, range: end..<end))
    }

    /// Empties the batch and keeps its memory.
    public mutating func removeAll() {
        writer.bytes.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
    }
}
