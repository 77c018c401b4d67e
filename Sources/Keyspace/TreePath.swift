// The way of one write through the tree: the nodes from the root to a page, all owned by the writer.

import ByteCoding
import Vocabulary

/// What a write changed in a page, for the sums above it.
struct TreeChange {
    var count = 0
    var added = Digest.empty
    var removed = Digest.empty
    /// Bytes of ropes. What pages and branches take is counted when they are made.
    var sideBytes = 0
}

/// Branches from the root down, the cell taken in each, and the page at the end.
///
/// The uppermost levels do not go by the hash: two of slots in the keyspace, in a collection its root alone. What
/// stands below them is a slot's tree, or a collection's.
///
/// Invariant: every node of the path has one reference, the one in the cell above it, so all of them may be written.
struct TreePath {
    /// Two levels of slots, and a hash's 48 bits in levels of 4.
    private static let levelsMax = 2 + Page.depthMax / Branch.hashBits

    private var branches = InlineArray<14, Block?>(repeating: nil)
    private var cells = InlineArray<14, Int>(repeating: 0)
    private(set) var levels = 0
    private(set) var page: Page
    /// How many levels stand above those of the hash.
    private let upper: Int

    /// The path to where a hash belongs in a slot. What is missing on the way is made.
    init(from root: Branch, to place: KeyPlace) {
        upper = 2
        let group: Block
        let groupCell = place.slot >> Branch.slotBits
        if let owned = root.ownedChild(groupCell) {
            group = owned
        } else {
            let made = Branch(bits: Branch.slotBits, base: 0)
            group = made.block
            root.setChild(group, around: groupCell)
            root.node.bytes += made.node.bytes
        }
        let slotCell = place.slot & (1 << Branch.slotBits - 1)
        let block: Block
        if let owned = Branch(group).ownedChild(slotCell) {
            block = owned
        } else {
            let made = Page(depth: 0, records: 0, arena: 0)
            block = made.block
            Branch(group).setChild(block, around: slotCell)
            Branch(group).node.bytes += made.node.bytes
            root.node.bytes += made.node.bytes
        }
        page = Page(block)
        push(root, groupCell)
        push(Branch(group), slotCell)
        descend(to: place.hash, from: block)
    }

    /// The path to where a field's hash belongs in a collection, which must be its holder's own.
    init(fieldsOf root: CollectionRoot, to hash: UInt64) {
        upper = 1
        let branch = Branch(over: root)
        let block: Block
        if let owned = branch.ownedChild(0) {
            block = owned
        } else {
            let made = Page(depth: 0, records: 0, arena: 0)
            block = made.block
            branch.setChild(block, around: 0)
            branch.node.bytes += made.node.bytes
        }
        page = Page(block)
        push(branch, 0)
        descend(to: hash, from: block)
    }

    private mutating func descend(to hash: UInt64, from node: Block) {
        var block = node
        while block.kind == .branch {
            let branch = Branch(block)
            let cell = branch.cell(of: hash)
            guard let child = branch.ownedChild(cell) else { preconditionFailure("a hash that leads nowhere") }
            push(branch, cell)
            block = child
        }
        page = Page(block)
    }

    /// The path to the first page, in the order of slots and hashes, with a record whose deadline is not after `time`.
    /// The root must have one.
    init(from root: Branch, dueAt time: UInt64) {
        upper = 2
        var block = root.block
        page = Page(block)
        while block.kind == .branch {
            let branch = Branch(block)
            var cell = 0
            while cell < branch.cellCount, branch.deadline(cell) > time { cell += 1 }
            guard cell < branch.cellCount, let child = branch.ownedChild(cell) else {
                preconditionFailure("a branch whose deadline \(branch.node.deadline) is none of its children's")
            }
            push(branch, cell)
            block = child
        }
        page = Page(block)
    }

    private mutating func push(_ branch: Branch, _ cell: Int) {
        precondition(levels < TreePath.levelsMax, "a tree of more than \(levels) levels")
        branches[levels] = branch.block
        cells[levels] = cell
        levels += 1
    }

    private func branch(_ level: Int) -> Branch {
        guard let block = branches[level] else { preconditionFailure("level \(level) of \(levels)") }
        return Branch(block)
    }

    /// The uppermost node that goes by the hash: a slot's, or a collection's below its root.
    private var slotNode: TreeNode { levels > upper ? branch(upper).node : page.node }

    // MARK: Room

    /// Makes the page one that can take a record of `size` bytes more, under this hash.
    mutating func makeRoom(for size: Int, hash: UInt64, hashKey: SipHash.Key) {
        while !page.hasRoom(for: size) {
            if page.wantsSplit(for: size) {
                split(hash, hashKey)
            } else {
                remake(for: size)
            }
        }
    }

    /// Puts a new page with the same records and more room in place of the page.
    mutating func remake(for size: Int, slack: Int = 0) {
        let before = page.node.bytes
        page = page.remade(for: size, slack: slack)
        branch(levels - 1).setChild(page.block, around: cells[levels - 1])
        addBytes(page.node.bytes - before)
    }

    private mutating func split(_ hash: UInt64, _ hashKey: SipHash.Key) {
        let parent = branch(levels - 1)
        let cell = parent.first(cells[levels - 1])
        let depth = page.depth
        let before = page.node
        let (bytes, digest, deadline, count) = (before.bytes, before.digest, before.deadline, before.count)
        let (zero, one) = page.split(hashKey: hashKey)
        addBytes(zero.node.bytes + one.node.bytes - bytes)
        if parent.bits == Branch.hashBits, depth < parent.base + Branch.hashBits {
            parent.setHalves(zero, one, at: cell)
            cells[levels - 1] = parent.cell(of: hash)
        } else {
            let made = Branch(bits: Branch.hashBits, base: depth)
            made.setHalves(zero, one, at: 0)
            made.node.count = count
            made.node.digest = digest
            made.node.bytes += zero.node.bytes + one.node.bytes
            parent.setChild(made.block, around: cell)
            addBytes(made.block.size)
            push(made, made.cell(of: hash))
            assert(made.node.deadline == deadline, "a deadline lost in a split")
        }
        page = (hash &<< UInt64(depth)) >> 63 == 0 ? zero : one
    }

    private func addBytes(_ bytes: Int) {
        for level in 0..<levels { branch(level).node.bytes += bytes }
    }

    // MARK: Sums

    /// Brings the sums of all nodes up to what the page now holds, which the entry at an index has changed.
    func settle(_ change: TreeChange, at entry: UInt64) {
        page.node.count += change.count
        page.node.bytes += change.sideBytes
        slotNode.add(change, at: entry)
        var deadline = page.node.deadline
        for level in stride(from: levels - 1, through: 0, by: -1) {
            let branch = branch(level)
            branch.update(deadline: deadline, at: cells[level])
            branch.node.count += change.count
            branch.node.bytes += change.sideBytes
            if level < upper { branch.node.add(change, at: entry) }
            deadline = branch.node.deadline
        }
    }

    var slotIsEmpty: Bool { slotNode.count == 0 }

    /// Frees the nodes of a slot without records.
    func prune() {
        let node = slotNode
        let bytes = node.bytes
        branch(upper - 1).setChild(nil, around: cells[upper - 1])
        for level in 0..<upper { branch(level).node.bytes -= bytes }
        node.block.release()
    }
}

extension TreeNode {
    fileprivate func add(_ change: TreeChange, at entry: UInt64) {
        var digest = digest
        digest.remove(change.removed)
        digest.add(change.added)
        self.digest = digest
        lastChange = entry
    }
}
