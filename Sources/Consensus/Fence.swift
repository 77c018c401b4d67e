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
///
/// A node that has leave to rebuild its log holds the fence closed for the rest of its process, whatever it has
/// committed: what counts from here on is what its next start finds on the disk.
struct Fence: Hashable, Sendable {
    private(set) var index: LogIndex?
    private(set) var isHeld = false

    init(_ index: LogIndex?) { self.index = index }

    var isClosed: Bool { index != nil || isHeld }

    /// Closes the fence; one that is closed already moves up only.
    mutating func close(at mark: LogIndex) { index = max(index ?? .zero, mark) }

    /// Closes the fence at `mark`, for the rest of the process.
    mutating func hold(at mark: LogIndex) {
        close(at: mark)
        isHeld = true
    }

    /// Opens the fence if what is `committed` suffices, under the leader of `term`. True when it did just now.
    mutating func open(committed: LogPosition, term: Term) -> Bool {
        guard !isHeld, let mark = index, committed.index >= mark, committed.term == term else { return false }
        index = nil
        return true
    }
}
