// How long this node's disk has owed an answer.

import Vocabulary

/// Ages of unpersisted write orders. Orders given within one `grain` share an entry, so the list stays short however
/// many orders a stalled disk has before it; an age is overstated by one grain at most.
struct DiskWatch: Hashable, Sendable {
    static let grain = Duration.milliseconds(10)

    private struct Batch: Hashable, Sendable {
        var through: WriteTicket
        let since: Instant
    }

    private var batches: [Batch] = []

    mutating func ordered(_ ticket: WriteTicket, now: Instant) {
        if let newest = batches.last, now - newest.since < DiskWatch.grain {
            batches[batches.count - 1].through = ticket
        } else {
            batches.append(Batch(through: ticket, since: now))
        }
    }

    mutating func persisted(_ ticket: WriteTicket) {
        while let oldest = batches.first, oldest.through <= ticket { batches.removeFirst() }
    }

    /// What is owed counts from now on: it was not the disk that kept it.
    mutating func forgive(now: Instant) {
        guard let newest = batches.last else { return }
        batches = [Batch(through: newest.through, since: now)]
    }

    /// The age of the oldest order without an answer; zero when there is none.
    func debt(now: Instant) -> Duration {
        guard let oldest = batches.first else { return .zero }
        return now - oldest.since
    }
}
