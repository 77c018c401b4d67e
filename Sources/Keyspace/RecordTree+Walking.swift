// Walking the tree by slot and hash: whole, from a cursor on, and to the record of a rank.

/// Where a walk by slot and hash goes on: in `slot`, at the first hash whose upper 48 bits are not below `hash`.
///
/// As a number, `slot << 48 | hash`; 0 is the beginning. A record keeps its slot and hash for ever, so whatever pages
/// do meanwhile, a walk meets every record that is there throughout.
struct WalkCursor: Hashable {
    var slot = 0
    var hash: UInt64 = 0

    static let hashBits = 48

    var rawValue: UInt64 { UInt64(slot) << UInt64(WalkCursor.hashBits) | hash }

    init(slot: Int, hash: UInt64) {
        self.slot = slot
        self.hash = hash
    }

    /// Any number is a cursor; one beyond the last slot is at the end of everything.
    init(rawValue: UInt64) {
        slot = Int(rawValue >> UInt64(WalkCursor.hashBits))
        hash = rawValue & (1 << UInt64(WalkCursor.hashBits) - 1)
    }
}

extension RecordTree {
    /// Calls `visit` with records from `start` on, at least `count` if there are so many, and those of the same 48 bits
    /// as the last. Returns where to go on, or nil at the end.
    func walk(from start: WalkCursor, count: Int, _ visit: (Record) -> Void) -> WalkCursor? {
        var walk = Walk(from: start.hash, count: count)
        var slot = start.slot
        while slot < HashSlot.count {
            guard root.branch.child(slot >> Branch.slotBits) != nil else {
                slot = (slot >> Branch.slotBits + 1) << Branch.slotBits
                walk.from = 0
                continue
            }
            if let node = node(ofSlot: slot), let hash = walk.visit(node, prefix: 0, visit) {
                return WalkCursor(slot: slot, hash: hash)
            }
            slot += 1
            walk.begin()
        }
        return nil
    }

    func forEachRecord(_ visit: (Record) -> Void) {
        _ = walk(from: WalkCursor(rawValue: 0), count: .max, visit)
    }

    /// The record that stands `rank` records behind the first by slot and hash; nil beyond the last.
    func record(ofRank rank: Int) -> Record? {
        guard rank >= 0, rank < count else { return nil }
        var left = rank
        var block = root.branch.block
        while block.kind == .branch {
            var found: Block?
            Branch(block).forEachChild { child in
                guard found == nil else { return }
                let count = TreeNode(child).count
                if left < count { found = child } else { left -= count }
            }
            guard let found else { preconditionFailure("a branch with fewer records than it counts") }
            block = found
        }
        var record: Record?
        Page(block).forEachRecord {
            if left == 0 { record = $0 }
            left -= 1
        }
        return record
    }
}

/// The state of a walk within one slot.
private struct Walk {
    /// Hashes below are passed over; 48 bits.
    var from: UInt64
    /// Records still to be visited.
    var left: Int
    /// The 48 bits of the record visited last; none in this slot yet when nil.
    private var last: UInt64?

    init(from: UInt64, count: Int) {
        self.from = from
        left = count
    }

    mutating func begin() {
        from = 0
        last = nil
    }

    /// Visits what is below a node whose hashes begin with `prefix`. Returns the 48 bits at which it stopped, or nil.
    mutating func visit(_ node: Block, prefix: UInt64, _ body: (Record) -> Void) -> UInt64? {
        guard node.kind == .branch else { return visit(Page(node), prefix: prefix, body) }
        let branch = Branch(node)
        let shift = UInt64(64 - branch.base - branch.bits)
        var cell = 0
        while cell < branch.cellCount {
            guard let child = branch.child(cell) else { preconditionFailure("a hash that leads nowhere") }
            let next = cell + branch.span(of: child)
            let begin = prefix | UInt64(cell) << shift
            let end = begin | (UInt64(next - cell) << shift &- 1)
            if end >> 16 >= from, let stop = visit(child, prefix: begin, body) { return stop }
            cell = next
        }
        return nil
    }

    private mutating func visit(_ page: Page, prefix: UInt64, _ body: (Record) -> Void) -> UInt64? {
        let shift = UInt64(Page.depthMax - page.depth)
        // A tag says no more than its bits: a cursor made of a deeper page's is rounded down to them.
        let from = shift > 16 ? from & ~(1 << (shift - 16) - 1) : from
        for position in 0..<page.capacity {
            let entry = page.entry(position)
            guard entry != Page.gap else { continue }
            let hash = (prefix | UInt64(Page.tag(ofEntry: entry)) << shift) >> 16
            guard hash >= from else { continue }
            if left <= 0, hash != last { return hash }
            body(page.record(ofEntry: entry))
            left -= 1
            last = hash
        }
        return nil
    }
}
