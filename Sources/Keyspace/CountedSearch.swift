// An element looked for in a counted tree in steps, so that many can be under way side by side: while the processor
// fetches what one of them will look at next, the others go on (Kocberber, Falsafi and Grot, "Asynchronous Memory
// Access Chaining", VLDB 2015). The leaves of a million elements lie in no cache, and one search alone waits each time.

import ByteCoding

/// Where an element belongs: a cell of the branch of each level, and at level 0 a rank in the leaf. What the tree was
/// when somebody looked; who goes by it checks it first.
struct TreeHint {
    private var cells: UInt64 = 0
    /// Cells of higher levels are not kept: a tree that has them holds more than a machine's memory.
    private static let levels = 7

    subscript(level: Int) -> Int {
        @inline(__always)
        get { level < TreeHint.levels ? Int(cells >> (9 * UInt64(level))) & 511 : 0 }
        @inline(__always)
        set {
            guard level < TreeHint.levels else { return }
            let shift = 9 * UInt64(level)
            cells = cells & ~(511 << shift) | UInt64(min(newValue, 511)) << shift
        }
    }
}

/// One search, in a tree that nobody changes before it is done, for an element that begins as `wanted` does.
///
/// Upper branches are in the cache; from the lowest one on each node is opened, looked at a few times, and left.
struct CountedSearch {
    private var node: Block
    private var isLeaf: Bool
    private let wanted: ElementPrefix
    /// The children or elements of the node of which it is not known yet whether they stand before the wanted one.
    private var low = 0
    private var undecided = 0
    /// Where the element belongs, once the leaf has been looked at.
    private(set) var hint = TreeHint()

    /// Goes down to the lowest branch.
    init(_ tree: CountedTree, for wanted: ElementPrefix) {
        self.wanted = wanted
        node = tree.root
        isLeaf = node.kind == .countedLeaf
        // A node that is not in the cache is not even asked for its level.
        for level in stride(from: CountedNode.level(of: node), to: 1, by: -1) {
            let branch = CountedBranch(node)
            let cell = branch.lastCell(upTo: wanted)
            hint[level] = cell
            node = branch.child(cell)
        }
        node.prefetch(0)
    }

    /// Reads how many children or elements the node has, and asks for the first one to be looked at. Returns how many
    /// looks it will take.
    mutating func open() -> Int {
        low = isLeaf ? 0 : 1
        undecided = isLeaf ? CountedLeaf(node).count : CountedBranch(node).childCount - 1
        ask()
        return Int.bitWidth - undecided.leadingZeroBitCount
    }

    /// Looks at a child or an element, and asks for the next one. The processor cannot foresee the outcome, so it is a
    /// number that is reckoned with, not a branch to be taken.
    @inline(__always)
    mutating func look() {
        guard undecided > 0 else { return }
        let half = undecided / 2
        let isBefore =
            isLeaf
            ? CountedLeaf(node).withElement(low + half) { ElementPrefix($0) < wanted }
            : CountedBranch(node).prefix(low + half) <= wanted
        let mask = isBefore ? -1 : 0
        low &+= (half &+ 1) & mask
        undecided = half &- ((2 &* half &+ 1 &- undecided) & mask)
        ask()
    }

    /// Has the processor fetch what is looked at next, or where the node will be written.
    @inline(__always)
    private func ask() {
        switch (isLeaf, undecided > 0) {
        case (true, true): CountedLeaf(node).prefetchElement(low + undecided / 2)
        case (true, false): CountedLeaf(node).prefetchRoom()
        case (false, true): CountedBranch(node).prefetchPrefix(low + undecided / 2)
        case (false, false): CountedBranch(node).prefetchChild(low - 1)
        }
    }

    /// Goes from the lowest branch to the leaf, or ends in it.
    mutating func leave() {
        guard !isLeaf else {
            hint[0] = low
            return
        }
        hint[1] = low - 1
        node = CountedBranch(node).child(low - 1)
        isLeaf = true
        CountedLeaf(node).prefetchTable()
    }

    /// Looks for all elements at once.
    static func finish(_ searches: inout InlineArray<64, CountedSearch>, count: Int) {
        let branchesFirst = (0..<count).contains { !searches[$0].isLeaf }
        for _ in 0..<(branchesFirst ? 2 : 1) {
            var looks = 0
            for position in 0..<count { looks = max(looks, searches[position].open()) }
            for _ in 0..<looks {
                for position in 0..<count { searches[position].look() }
            }
            for position in 0..<count { searches[position].leave() }
        }
    }
}
