// The mark that keeps a node from voting while it may have forgotten what it acknowledged.

import Vocabulary

/// While closed: no vote, no candidacy, no part in any quorum. Opens when the node has again everything that was
/// committed up to the mark, which covers all that it may ever have acknowledged.
struct Fence: Hashable, Sendable {
    private(set) var index: LogIndex?

    init(_ index: LogIndex?) { self.index = index }

    var isClosed: Bool { index != nil }

    mutating func raise(to index: LogIndex) { self.index = max(self.index ?? .zero, index) }

    /// Opens the fence when `commitIndex` has reached it. True when it did just now.
    mutating func open(at commitIndex: LogIndex) -> Bool {
        guard let mark = index, commitIndex >= mark else { return false }
        index = nil
        return true
    }
}
