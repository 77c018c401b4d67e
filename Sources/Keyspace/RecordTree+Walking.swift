// Walking the tree by slot and hash: whole, from a cursor on, and to the record of a rank.

import ByteCoding

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
        var walk = Walk(from: start.hash, count: count, hashKey: hashKey)
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
        RecordTree.record(ofRank: rank, below: root.branch.block, hashKey: hashKey)
    }

    // MARK: Below one node, which goes by the hash

    /// The record that stands `rank` records behind the first; nil beyond the last.
    static func record(ofRank rank: Int, below node: Block, hashKey: SipHash.Key) -> Record? {
        guard rank >= 0, rank < TreeNode(node).count else { return nil }
        var left = rank
        var block = node
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
        return Page(block).record(ofRank: left, hashKey: hashKey)
    }

    /// Calls `visit` with records from the first whose upper 48 bits of the hash are not below `start`, as the whole
    /// tree's `walk` does. Returns the 48 bits at which to go on, or nil at the end.
    static func walk(
        below node: Block, from start: UInt64, count: Int, hashKey: SipHash.Key, _ visit: (Record) -> Void
    ) -> UInt64? {
        var walk = Walk(from: start, count: count, hashKey: hashKey)
        return walk.visit(node, prefix: 0, visit)
    }

    static func forEachRecord(below node: Block, hashKey: SipHash.Key, _ visit: (Record) -> Void) {
        _ = walk(below: node, from: 0, count: .max, hashKey: hashKey, visit)
    }
}

/// The state of a walk within one slot.
///
/// Which records it meets, in which order, and where it stops depends on the records only: how they are spread over
/// pages, which is a matter of the past, does not show.
private struct Walk {
    /// Hashes below are passed over; 48 bits.
    var from: UInt64
    /// Records still to be visited.
    var left: Int
    /// The 48 bits of the record visited last; none in this slot yet when nil.
    private var last: UInt64?
    private let hashKey: SipHash.Key

    init(from: UInt64, count: Int, hashKey: SipHash.Key) {
        self.from = from
        left = count
        self.hashKey = hashKey
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
        var position = 0
        while position < page.capacity {
            let start = position
            let entry = page.entry(start)
            position += 1
            guard entry != Page.gap else { continue }
            position = page.endOfRun(at: start)
            // A tag says no more than its bits: hashes of this run lie between these two.
            let lowest = prefix | UInt64(Page.tag(ofEntry: entry)) << shift
            guard (lowest | (1 << shift &- 1)) >> 16 >= from else { continue }
            let isPast = lowest >> 16 >= from
            guard position > start + 1 else {
                if let stop = visit(page.record(ofEntry: entry), isPast: isPast, body) { return stop }
                continue
            }
            for record in page.ordered(start..<position, hashKey: hashKey) {
                if let stop = visit(record, isPast: isPast, body) { return stop }
            }
        }
        return nil
    }

    /// Visits a record unless it lies before the start, which it does not when it `isPast` it, or the walk ends there.
    private mutating func visit(_ record: Record, isPast: Bool, _ body: (Record) -> Void) -> UInt64? {
        if !isPast || left <= 0 {
            let hash = record.keyHash(hashKey) >> 16
            guard hash >= from else { return nil }
            if left <= 0, hash != last { return hash }
        }
        body(record)
        left -= 1
        if left == 0 { last = record.keyHash(hashKey) >> 16 }
        return nil
    }
}

extension Page {
    /// The record of a rank by hash and key; nil beyond the last.
    fileprivate func record(ofRank rank: Int, hashKey: SipHash.Key) -> Record? {
        var left = rank
        var position = 0
        while position < capacity {
            let start = position
            position += 1
            guard entry(start) != Page.gap else { continue }
            position = endOfRun(at: start)
            guard left >= position - start else {
                return position == start + 1
                    ? record(ofEntry: entry(start)) : ordered(start..<position, hashKey: hashKey)[left]
            }
            left -= position - start
        }
        return nil
    }

    /// Where the entries end that have the tag of the one at `start`. Entries of one tag stand side by side.
    func endOfRun(at start: Int) -> Int {
        let tag = Page.tag(ofEntry: entry(start))
        var end = start + 1
        while end < capacity, entry(end) != Page.gap, Page.tag(ofEntry: entry(end)) == tag { end += 1 }
        return end
    }

    /// The records of entries of one tag, which stand in the order in which they came, by hash and key.
    func ordered(_ positions: Range<Int>, hashKey: SipHash.Key) -> [Record] {
        let keyed = positions.map { position in
            let record = record(ofEntry: entry(position))
            return (record: record, hash: record.keyHash(hashKey))
        }
        let sorted = keyed.sorted { a, b in
            guard a.hash == b.hash else { return a.hash < b.hash }
            return a.record.withKey { a in b.record.withKey { a.isBefore($0, orEqual: false) } }
        }
        return sorted.map(\.record)
    }
}
