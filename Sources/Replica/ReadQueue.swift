// Linearizable reads: gathered per turn, confirmed by a round of a quorum, answered at the read index.

public import Consensus
public import Vocabulary

/// Reads wait in two steps (Raft dissertation, section 6.4): for a quorum's word, given after they arrived, that this
/// node still leads, then for the keyspace to reach the commit index of that moment.
///
/// At most one round is under way; reads that arrive meanwhile gather for the next one, which is what keeps the number
/// of rounds small under load.
public struct ReadQueue: Sendable {
    private var gathering: [Arrival] = []
    private var underWay: (round: ReadRound, reads: [Arrival])?
    private var confirmed: [(index: LogIndex, reads: [Arrival])] = []

    public init() {}

    public var isEmpty: Bool { gathering.isEmpty && underWay == nil && confirmed.isEmpty }
    /// Whether a round should be asked for now.
    public var wantsRound: Bool { underWay == nil && !gathering.isEmpty }

    /// `reads` holds nothing but reads: `takeAll` gives it back to be asked anew, which a write must never be.
    public mutating func add(_ reads: Arrival) {
        assert(reads.batch.items.allSatisfy { $0.kind == .read }, "something else than reads among reads")
        gathering.append(reads)
    }

    /// All reads gathered so far go with `round`.
    public mutating func begin(_ round: ReadRound) {
        precondition(underWay == nil, "a read round is under way already")
        underWay = (round, gathering)
        gathering = []
    }

    public mutating func confirm(_ round: ReadRound, at index: LogIndex) {
        guard let current = underWay, current.round <= round else { return }
        confirmed.append((index, current.reads))
        underWay = nil
    }

    /// Removes and returns the reads that may be answered from a keyspace at `applied`.
    public mutating func takeReady(applied: LogIndex) -> [Arrival] {
        guard !confirmed.isEmpty else { return [] }
        var ready: [Arrival] = []
        confirmed.removeAll { entry in
            guard entry.index <= applied else { return false }
            ready.append(contentsOf: entry.reads)
            return true
        }
        return ready
    }

    /// Removes and returns every read, in order of arrival: leadership is lost, they are asked anew elsewhere.
    public mutating func takeAll() -> [Arrival] {
        let all = confirmed.flatMap(\.reads) + (underWay?.reads ?? []) + gathering
        self = ReadQueue()
        return all
    }
}
