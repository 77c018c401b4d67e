// A replica's orders as the log's.

public import LogStore
public import Replica
import Vocabulary

/// Numbers a replica's write orders for its log.
public struct LogOrderNumbering: Sendable {
    private var last = WriteTicket.zero

    public init() {}

    /// The log's orders for these writes, in the same sequence. An order that nobody waits for goes under the number of
    /// the one before it.
    public mutating func orders(for writes: [LogWrite]) -> [LogOrder] {
        writes.map { write in
            last = write.ticket ?? last
            return LogOrder(ticket: last, LogOrder.Action(write.kind))
        }
    }
}

extension LogOrder.Action {
    init(_ kind: LogWrite.Kind) {
        switch kind {
        case .append(let frame, let commitIndex): self = .append(frame, commitIndex: commitIndex)
        case .ballot(let term, let vote): self = .ballot(term: term, votedFor: vote)
        case .truncate(let index): self = .truncate(from: index)
        case .restart(let position, let checksum): self = .restart(at: position, checksum: checksum)
        case .release(let index): self = .release(before: index)
        case .raiseFence(let index): self = .raiseFence(index)
        case .clearFence: self = .clearFence
        }
    }
}
