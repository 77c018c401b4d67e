// Byte strings in an order, found by rank or by themselves: lists, sorted sets and indexes stand on it.
//
// A B+ tree in which every branch counts what is below each child (Knuth, "The Art of Computer Programming" 3, 6.2.3:
// linear list representation), so that the element of a rank is found in as many steps as the tree has levels.
//
// Invariants:
// 1. All leaves are equally deep. A leaf other than the root is not empty; a branch has two children at least, once it
//    is the root, else one.
// 2. An element longer than `CountedLeaf.sharedMax` is alone in its leaf.
// 3. A branch's counts, bytes and prefixes are those of its children.

import ByteCoding

/// A reference to a counted tree's root. Like a `Block` it is a bare word: `root` counts.
///
/// Whether the elements are in ascending order is the caller's business: those who look elements up by their bytes
/// (`lowerBound`, `upperBound`) must have inserted them in that order, which is by bytes and then by length.
struct CountedTree {
    var root: Block

    init(_ root: Block) { self.root = root }

    /// Without elements, with one reference.
    init() { root = CountedLeaf().block }

    var count: Int { CountedNode.count(of: root) }
    /// Memory that it takes.
    var bytes: Int { CountedNode.bytes(of: root) }

    // MARK: Reading

    /// Calls `body` with the element at `rank`. Traps outside of `0..<count`.
    func withElement<Result>(at rank: Int, _ body: (RawSpan) -> Result) -> Result {
        precondition(rank >= 0 && rank < count, "element \(rank) of \(count)")
        var (block, rank) = (root, rank)
        while block.kind == .countedBranch {
            let branch = CountedBranch(block)
            let cell = branch.cell(ofRank: &rank)
            block = branch.child(cell)
        }
        return CountedLeaf(block).withElement(rank, body)
    }

    /// How many elements are less than `key`.
    func lowerBound(_ key: RawSpan) -> Int { bound(key, includesEqual: false) }

    /// How many elements are not greater than `key`.
    func upperBound(_ key: RawSpan) -> Int { bound(key, includesEqual: true) }

    private func bound(_ key: RawSpan, includesEqual: Bool) -> Int {
        let prefix = ElementPrefix(key)
        var block = root
        var rank = 0
        while block.kind == .countedBranch {
            let branch = CountedBranch(block)
            let cell = branch.lastCell(before: key, prefix, includesEqual: includesEqual)
            rank += branch.countBefore(cell)
            block = branch.child(cell)
        }
        return rank + CountedLeaf(block).bound(key, includesEqual: includesEqual)
    }

    /// Calls `body` with elements from `rank` on, upwards or downwards, until it returns false or there are no more.
    func walk(from rank: Int, backwards: Bool = false, _ body: (RawSpan) -> Bool) {
        guard rank >= 0, rank < count else { return }
        _ = CountedNode.walk(root, from: rank, backwards: backwards, body)
    }

    // MARK: Writing. What other states hold too is copied first, a path at a time.

    /// Puts an element before the one at `rank`, or behind the last. Traps outside of `0...count`.
    mutating func insert(_ element: RawSpan, at rank: Int) {
        precondition(rank >= 0 && rank <= count, "an element at \(rank) of \(count)")
        root = CountedNode.owned(root)
        grow(CountedNode.insert(element, at: rank, into: &root))
    }

    /// Puts a level above the root when that has got siblings.
    private mutating func grow(_ grown: GrownNode) {
        guard let first = grown.first else { return }
        let branch = CountedBranch(level: CountedNode.level(of: root) + 1)
        branch.append(root)
        branch.append(first)
        if let second = grown.second { branch.append(second) }
        root = branch.block
    }

    /// Removes elements. What was below is given to `bury` when it is whole nodes. Traps outside of `0..<count`.
    mutating func remove(_ ranks: Range<Int>, bury: (Block) -> Void = { $0.release() }) {
        precondition(ranks.lowerBound >= 0 && ranks.upperBound <= count, "elements \(ranks) of \(count)")
        guard !ranks.isEmpty else { return }
        guard ranks.count < count else {
            bury(root)
            root = CountedLeaf().block
            return
        }
        root = CountedNode.owned(root)
        CountedNode.remove(ranks, from: root, bury)
        shrink()
    }

    /// Takes levels off that have a single child.
    private mutating func shrink() {
        while root.kind == .countedBranch, CountedBranch(root).childCount == 1 {
            root = CountedBranch(root).takeOnlyChild()
        }
    }

    // MARK: The same for elements in ascending order, in one way down. A hint that is right makes it short.

    /// Puts an element where it belongs.
    mutating func insert(inOrder element: RawSpan, _ hint: TreeHint) {
        root = CountedNode.owned(root)
        grow(CountedNode.insert(inOrder: element, ElementPrefix(element), hint, into: &root))
    }

    /// Takes an element out. False, and nothing changed, when it is not there.
    mutating func remove(inOrder element: RawSpan, _ hint: TreeHint) -> Bool {
        guard count > 1 else {
            let isThere = count == 1 && withElement(at: 0) { $0.hasSameBytes(as: element) }
            if isThere { remove(0..<1) }
            return isThere
        }
        root = CountedNode.owned(root)
        let isThere = CountedNode.remove(inOrder: element, ElementPrefix(element), hint, from: root)
        shrink()
        return isThere
    }

    /// Puts another element in the place of the one at `rank`.
    mutating func replace(at rank: Int, with element: RawSpan) {
        remove(rank..<rank + 1)
        insert(element, at: rank)
    }

    /// Adds an element behind all others.
    mutating func append(_ element: RawSpan) { insert(element, at: count) }

    /// Walks everything. Traps where something kept is not what lies below.
    func checkInvariants() {
        CountedNode.checkInvariants(root)
        if root.kind == .countedBranch { precondition(CountedBranch(root).childCount > 1, "a root of one child") }
    }
}

/// The first 16 bytes of an element as a number, zeros behind a shorter one: most comparisons end here.
struct ElementPrefix: Comparable {
    var high: UInt64
    var low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    @inline(__always)
    init(_ element: RawSpan) {
        high = ElementPrefix.word(element, 0)
        low = ElementPrefix.word(element, 8)
    }

    @inline(__always)
    private static func word(_ element: RawSpan, _ offset: Int) -> UInt64 {
        if offset + 8 <= element.byteCount { return element.word(at: offset) }
        var word: UInt64 = 0
        for position in offset..<offset + 8 {
            word = word << 8 | (position < element.byteCount ? UInt64(element.byte(at: position)) : 0)
        }
        return word
    }

    @inline(__always)
    static func < (a: ElementPrefix, b: ElementPrefix) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

/// Siblings that a node has got on its right: it had no room.
struct GrownNode {
    var first: Block?
    var second: Block?
}

/// What leaves and branches have in common.
enum CountedNode {
    static func count(of block: Block) -> Int {
        block.kind == .countedLeaf ? CountedLeaf(block).count : CountedBranch(block).count
    }

    static func bytes(of block: Block) -> Int {
        block.kind == .countedLeaf ? block.size : CountedBranch(block).bytes
    }

    /// 0 for a leaf.
    static func level(of block: Block) -> Int {
        block.kind == .countedLeaf ? 0 : CountedBranch(block).level
    }

    /// How full it is, of 64.
    static func fill(of block: Block) -> Int {
        block.kind == .countedLeaf ? CountedLeaf(block).fill : CountedBranch(block).childCount
    }

    /// The node, made its holder's own. Takes the reference over.
    static func owned(_ block: Block) -> Block {
        guard !block.isUnique else { return block }
        let copy = block.copied()
        copy.forEachReference { $0.retain() }
        block.release()
        return copy
    }

    static func prefix(of block: Block) -> ElementPrefix {
        block.kind == .countedLeaf
            ? CountedLeaf(block).withElement(0) { ElementPrefix($0) } : CountedBranch(block).prefix(0)
    }

    /// Calls `body` with the first element below.
    static func withFirst<Result>(of block: Block, _ body: (RawSpan) -> Result) -> Result {
        var block = block
        while block.kind == .countedBranch { block = CountedBranch(block).child(0) }
        return CountedLeaf(block).withElement(0, body)
    }

    static func walk(_ block: Block, from rank: Int, backwards: Bool, _ body: (RawSpan) -> Bool) -> Bool {
        block.kind == .countedLeaf
            ? CountedLeaf(block).walk(from: rank, backwards: backwards, body)
            : CountedBranch(block).walk(from: rank, backwards: backwards, body)
    }

    /// The block must be its holder's own, and may be replaced.
    static func insert(_ element: RawSpan, at rank: Int, into block: inout Block) -> GrownNode {
        block.kind == .countedLeaf
            ? CountedLeaf.insert(element, at: rank, into: &block)
            : CountedBranch(block).insert(element, at: rank)
    }

    /// The same where the element belongs among others in ascending order.
    static func insert(
        inOrder element: RawSpan, _ prefix: ElementPrefix, _ hint: TreeHint, into block: inout Block
    ) -> GrownNode {
        guard block.kind == .countedLeaf else { return CountedBranch(block).insert(inOrder: element, prefix, hint) }
        return CountedLeaf.insert(element, at: CountedLeaf(block).lowerBound(element, guess: hint[0]), into: &block)
    }

    /// Takes an element out of a node that is its holder's own and has others too. False when it is not there.
    static func remove(
        inOrder element: RawSpan, _ prefix: ElementPrefix, _ hint: TreeHint, from block: Block
    ) -> Bool {
        guard block.kind == .countedLeaf else { return CountedBranch(block).remove(inOrder: element, prefix, hint) }
        let leaf = CountedLeaf(block)
        guard let rank = leaf.rank(of: element, guess: hint[0]) else { return false }
        leaf.remove(rank..<rank + 1)
        return true
    }

    /// Removes some but not all elements of a node that is its holder's own.
    static func remove(_ ranks: Range<Int>, from block: Block, _ bury: (Block) -> Void) {
        block.kind == .countedLeaf
            ? CountedLeaf(block).remove(ranks) : CountedBranch(block).remove(ranks, bury)
    }

    /// Traps where something kept is not what lies below.
    static func checkInvariants(_ block: Block) {
        block.kind == .countedLeaf ? CountedLeaf(block).checkInvariants() : CountedBranch(block).checkInvariants()
    }

    /// Puts the contents of `right` behind those of `left`, if they fit well together. Both must be their holder's own;
    /// `right` is freed then.
    static func merge(_ left: Block, _ right: Block) -> Bool {
        guard fill(of: left) + fill(of: right) <= 48 else { return false }
        return left.kind == .countedLeaf
            ? CountedLeaf(left).take(CountedLeaf(right)) : CountedBranch(left).take(CountedBranch(right))
    }
}
