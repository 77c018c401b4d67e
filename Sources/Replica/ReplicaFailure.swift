// Why a replica does not trust its own state any more.

public import Consensus
public import Vocabulary

/// The end of a replica: it takes no event and gives no effect from then on, so that it answers nobody with a state
/// that may be wrong. Only the process can end; a restart would find the same log.
public enum ReplicaFailure: Error, Hashable, Sendable {
    case divergence(Divergence)
    /// A committed entry says something that this release cannot read.
    case unreadableEntry(LogIndex, Term, what: String)

    public var remedy: Remedy {
        switch self {
        case .divergence(let found):
            .operate(
                """
                keep this node's log as evidence: move its wal-*.seg files away and compare `nodectl wal dump` with \
                \(found.leader)'s at index \(found.index); started without them, the node is rebuilt from the others
                """)
        case .unreadableEntry:
            .operate("start the release that the other nodes run; if it is this one, keep the log as evidence")
        }
    }
}

extension ReplicaFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .divergence(let found): "\(found)"
        case .unreadableEntry(let index, let term, let what):
            "the committed entry at index \(index) of term \(term) cannot be read: \(what)"
        }
    }
}
