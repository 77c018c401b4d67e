// Answers on their way back to whoever asked: RESP replies, flat, many in one batch.

import ByteCoding
public import RESP
public import Vocabulary

/// Replies by token. A request that its receiver certainly did not log is declined instead: it may be sent elsewhere. A
/// request that waits in the state is parked: its answer says where, and what becomes of it stands in the log.
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
        let isAnswered = answerIfAny(token, version: version, write)
        precondition(isAnswered, "an answer without a reply")
    }

    /// Adds an answer unless `write` writes nothing. Whether it did is returned.
    @inlinable public mutating func answerIfAny(
        _ token: UInt64, version: RESPVersion, _ write: (inout ReplyWriter) -> Void
    ) -> Bool {
        let start = writer.bytes.count
        writer.version = version
        write(&writer)
        guard writer.bytes.count > start else { return false }
        items.append(Item(token: token, range: start..<writer.bytes.count))
        return true
    }

    /// No reply begins with this byte: behind it stands the index at which a request is parked.
    private static let parkedMark: UInt8 = 0

    public mutating func parked(_ token: UInt64, at index: LogIndex) {
        let start = writer.bytes.count
        writer.bytes.append(AnswerBatch.parkedMark)
        writer.bytes.append(varint: index.rawValue)
        items.append(Item(token: token, range: start..<writer.bytes.count))
    }

    /// Where the request is parked; nil when the answer is a reply.
    public func parkedIndex(_ item: Item) -> LogIndex? {
        guard let first = item.range.first, writer.bytes[first] == AnswerBatch.parkedMark else { return nil }
        var reader = ByteReader(offset: first + 1, end: item.range.upperBound)
        return (try? reader.varint(from: writer.bytes.rawBytes)).map { LogIndex($0) }
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
