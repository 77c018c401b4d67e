// When a leader may call an entry committed.

import Vocabulary

/// Counting durable copies commits entries of the leader's own term only; earlier ones are committed with them (Raft
/// paper, section 5.4.2 and figure 8). All entries of the own term lie at or above the first one, which is appended
/// on election.
struct CommitRule: Hashable, Sendable {
    /// Index of the first entry of the leader's own term.
    let firstOwnIndex: LogIndex

    /// The index that `durable` commits, as a quorum of copies; nil when it commits nothing new.
    func commitIndex(quorumMatch: LogIndex, committed: LogIndex) -> LogIndex? {
        quorumMatch >= firstOwnIndex && quorumMatch > committed ? quorumMatch : nil
    }

    /// Whether an entry of the own term is committed: only then is `committed` the truth about all earlier terms.
    func knowsCommitted(_ committed: LogIndex) -> Bool { committed >= firstOwnIndex }
}
