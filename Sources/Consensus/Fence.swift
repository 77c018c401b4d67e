// The mark that keeps a node from voting while it may have forgotten what it acknowledged.

import Vocabulary

/// While closed: no vote, no candidacy, no part in any quorum.
///
/// It is closed by a repair, at the highest index that the damaged log may have acknowledged; or by a node with an
/// empty log when it first meets a leader, at that leader's commit index.
///
/// It opens when the node has committed up to the mark, and an entry of its present leader's term. The mark covers
/// what it acknowledged to this leader, the entry what it acknowledged to earlier ones: the leader was elected
/// without this node, so it has all that was committed before its term, and whoever has an entry of that term has
/// that too. When the newest ballot may be lost, more must hold (`BallotDoubt`).
struct Fence: Hashable, Sendable {
    private(set) var index: LogIndex?

    init(_ index: LogIndex?) { self.index = index }

    var isClosed: Bool { index != nil }

    /// Closes the fence; one that is closed already moves up only.
    mutating func close(at mark: LogIndex) { index = max(index ?? .zero, mark) }

    /// Opens the fence if what is `committed` suffices, under the leader of `term`. True when it did just now.
    mutating func open(committed: LogPosition, term: Term) -> Bool {
        guard let mark = index, committed.index >= mark, committed.term == term else { return false }
        index = nil
        return true
    }
}
