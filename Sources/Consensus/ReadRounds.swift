// Linearizable reads without log entries: confirm leadership once for all reads of a turn (dissertation, section
// 6.4).

import Vocabulary

/// The read rounds of a leader. Numbers go up for the life of the process, so that a reader never mixes up two terms.
///
/// A round is fixed when the first message carries it: a read that arrives later needs the next one, since its leader
/// might have been deposed in between.
struct ReadRounds: Hashable, Sendable {
    /// Rounds that may be announced and unconfirmed at once. Beyond it reads gather in the one that waits.
    static let pendingMax = 1024

    private struct Pending: Hashable, Sendable {
        let round: ReadRound
        /// The commit index when the newest read of the round arrived.
        var index: LogIndex
    }

    private(set) var newest = ReadRound.zero
    /// The highest round that messages carry.
    private(set) var announced = ReadRound.zero
    private var pending: [Pending] = []

    /// Joins the round that no message has carried yet, or starts it.
    mutating func request(commitIndex: LogIndex) -> ReadRound {
        if newest > announced, let last = pending.last, last.round == newest {
            pending[pending.count - 1].index = max(last.index, commitIndex)
        } else {
            newest = newest.next
            pending.append(Pending(round: newest, index: commitIndex))
        }
        return newest
    }

    /// The round for a message that is about to be sent.
    mutating func announce() -> ReadRound {
        if pending.count <= ReadRounds.pendingMax { announced = newest }
        return announced
    }

    /// Takes the rounds up to `round` off the list: the newest of them, with the index that its reads must see at
    /// least; nil when there are none.
    mutating func confirm(through round: ReadRound) -> (ReadRound, LogIndex)? {
        let count = pending.prefix { $0.round <= round }.count
        guard count > 0 else { return nil }
        let last = pending[count - 1]
        pending.removeFirst(count)
        return (last.round, last.index)
    }

    /// Gives up on all rounds: the newest of them, nil when none was pending.
    mutating func abort() -> ReadRound? {
        announced = newest
        defer { pending.removeAll(keepingCapacity: true) }
        return pending.last?.round
    }
}
