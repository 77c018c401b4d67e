// The inner nodes of the tree: cells that lead, by some bits of a slot number or a hash, to pages and further branches.
//
// Invariants:
// 1. Two levels of slots (7 bits each) stand above any number of levels of a hash (4 bits each).
// 2. A page among a hash's cells whose depth is less than the branch's reach fills 2^k neighbouring cells, aligned.
//    The first of them holds the reference that counts and the deadline; the others repeat the word.

/// A view of a block as a branch: header, then a word of reference for each cell, then a deadline for each.
struct Branch {
    let block: Block

    static let slotBits = 7
    static let hashBits = 4
    private static let bitsOffset = 13
    private static let baseOffset = 14

    init(_ block: Block) { self.block = block }

    /// A view of a collection's root, which begins as a branch of one cell does.
    init(over root: CollectionRoot) { block = root.block }

    /// A branch of empty cells. `base` is how many bits of the hash the way to it has used; 0 for slots.
    init(bits: Int, base: Int) {
        let size = TreeNode.headerSize + 16 << bits
        block = Block(.branch, size: size, zeroed: size)
        clear(bits: bits, base: base)
    }

    /// Makes zeroed memory a branch of no children; its size is for the caller to say.
    func clear(bits: Int, base: Int) {
        block[UInt8.self, Branch.bitsOffset] = UInt8(bits)
        block[UInt8.self, Branch.baseOffset] = UInt8(base)
        node.deadline = TreeNode.never
        node.bytes = block.size
        for cell in 0..<1 << bits { setDeadline(TreeNode.never, at: cell) }
    }

    var node: TreeNode { TreeNode(block) }
    @inline(__always) var bits: Int { Int(block[UInt8.self, Branch.bitsOffset]) }
    @inline(__always) var base: Int { Int(block[UInt8.self, Branch.baseOffset]) }
    @inline(__always) var cellCount: Int { 1 << bits }

    /// Where a hash leads.
    @inline(__always) func cell(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash &<< UInt64(base)) &>> UInt64(64 - bits))
    }

    @inline(__always) func child(_ cell: Int) -> Block? {
        block.reference(at: TreeNode.headerSize + cell << 3)
    }

    @inline(__always) func deadline(_ cell: Int) -> UInt64 {
        block[UInt64.self, TreeNode.headerSize + (cellCount + cell) << 3]
    }

    @inline(__always) func prefetchDeadline(_ cell: Int) {
        block.prefetch(TreeNode.headerSize + (cellCount + cell) << 3)
    }

    @inline(__always) private func setDeadline(_ deadline: UInt64, at cell: Int) {
        block[UInt64.self, TreeNode.headerSize + (cellCount + cell) << 3] = deadline
    }

    /// How many cells a child fills.
    @inline(__always) func span(of child: Block) -> Int {
        guard bits == Branch.hashBits, child.kind == .page else { return 1 }
        return 1 << (base + bits - Page(child).depth)
    }

    /// The first of the cells that the child at `cell` fills.
    func first(_ cell: Int) -> Int {
        guard let child = child(cell) else { return cell }
        return cell & ~(span(of: child) - 1)
    }

    /// Puts a child, whose reference it takes over, into the cells around `cell` that it fills. What stood there is
    /// the caller's to release.
    func setChild(_ child: Block?, around cell: Int) {
        let span = child.map(span) ?? 1
        let first = cell & ~(span - 1)
        for cell in first..<first + span { block.setReference(child, at: TreeNode.headerSize + cell << 3) }
    }

    /// Puts the halves of a split page, whose references it takes over, in the place of the page, whose cells began at
    /// `cell`.
    func setHalves(_ zero: Page, _ one: Page, at cell: Int) {
        let other = cell + 1 << (base + bits - zero.depth)
        setChild(zero.block, around: cell)
        setChild(one.block, around: other)
        update(deadline: zero.node.deadline, at: cell)
        update(deadline: one.node.deadline, at: other)
    }

    /// Every child once, with the first of its cells.
    func forEachCell(_ body: (Int, Block) -> Void) {
        var cell = 0
        while cell < cellCount {
            guard let child = child(cell) else {
                cell += 1
                continue
            }
            let next = cell + span(of: child)
            body(cell, child)
            cell = next
        }
    }

    func forEachChild(_ body: (Block) -> Void) {
        forEachCell { body($1) }
    }

    /// The child at `cell`, made the branch's own: a copy replaces one that other states hold too. Nil when empty.
    @inline(__always) func ownedChild(_ cell: Int) -> Block? {
        guard let child = child(cell) else { return nil }
        if child.isUnique { return child }
        let copy = child.copied()
        copy.forEachReference { $0.retain() }
        setChild(copy, around: cell)
        child.release()
        return copy
    }

    /// Hands the child of a cell, with what is summed up over it, to a branch of slots that has none there. Both must
    /// be their holders' own.
    func hand(_ cell: Int, to other: Branch) {
        guard let child = child(cell) else { return }
        precondition(other.child(cell) == nil, "two children for cell \(cell)")
        let sums = TreeNode(child)
        setChild(nil, around: cell)
        update(deadline: TreeNode.never, at: cell)
        node.count -= sums.count
        node.bytes -= sums.bytes
        node.digest.remove(sums.digest)
        other.setChild(child, around: cell)
        other.update(deadline: sums.deadline, at: cell)
        other.node.count += sums.count
        other.node.bytes += sums.bytes
        other.node.digest.add(sums.digest)
    }

    // MARK: Sums

    /// The child that fills `cell` has a new earliest deadline.
    func update(deadline: UInt64, at cell: Int) {
        let cell = first(cell)
        let before = self.deadline(cell)
        guard deadline != before else { return }
        setDeadline(deadline, at: cell)
        if deadline < node.deadline {
            node.deadline = deadline
        } else if before == node.deadline {
            var earliest = TreeNode.never
            for cell in 0..<cellCount { earliest = min(earliest, self.deadline(cell)) }
            node.deadline = earliest
        }
    }
}
