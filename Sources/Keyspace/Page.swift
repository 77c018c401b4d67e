// A page: a run of a slot's records, at most some tens of KiB, in one block. The unit of growth, copying and tidying.
//
// Invariants:
// 1. The table's entries stand in the order of their tags, each at its tag's home or behind it with no gap between, so
//    that a search ends at the first gap or greater tag. Homes rise with tags: a walk of the table is a walk by hash.
// 2. A tag is the 16 bits of a key's hash behind the first `depth`, which all keys of the page share.
// 3. The arena's bytes from 0 to `used` are records that an entry leads to, and `dead` bytes that none does.
// 4. No two records have the same key.

import ByteCoding

/// A view of a block as a page: header, table of 32-bit entries (tag, offset in the arena), arena of records.
struct Page {
    let block: Block

    static let headerSize = 88
    private static let depthOffset = 13
    private static let capacityOffset = 64
    private static let homesOffset = 68
    private static let usedOffset = 72
    private static let deadOffset = 76
    private static let referencesOffset = 80
    private static let timedOffset = 84

    /// An entry that leads nowhere. No record begins at offset 65535.
    static let gap = UInt32.max
    /// Bytes of an entry.
    static let entrySize = 4
    /// Records begin below this.
    static let arenaMax = 0xFFFF

    @inline(__always) init(_ block: Block) { self.block = block }

    /// An empty page for about `records` records of `arena` bytes together.
    init(depth: Int, records: Int, arena: Int) {
        let homes = records + records / 4 + 1
        let capacity = homes + homes / 16 + 4
        let exact = Page.headerSize + 4 * capacity + arena
        // Sizes of a few hundred kinds only, so that freed memory fits the next page.
        let grain = exact < 4096 ? 32 : 256
        let size = (exact + grain - 1) & ~(grain - 1)
        precondition(size - Page.headerSize - 4 * capacity <= Page.arenaMax, "an arena of \(arena) bytes")
        block = Block(.page, size: size, zeroed: Page.headerSize)
        block[UInt8.self, Page.depthOffset] = UInt8(depth)
        block[UInt32.self, Page.capacityOffset] = UInt32(capacity)
        block[UInt32.self, Page.homesOffset] = UInt32(homes)
        node.deadline = TreeNode.never
        node.bytes = size
        for position in 0..<capacity { setEntry(Page.gap, at: position) }
    }

    var node: TreeNode { TreeNode(block) }
    @inline(__always) var depth: Int { Int(block[UInt8.self, Page.depthOffset]) }
    /// Places in the table.
    @inline(__always) var capacity: Int { Int(block[UInt32.self, Page.capacityOffset]) }
    /// Places that are the home of a tag; the others stand behind them.
    @inline(__always) var homes: Int { Int(block[UInt32.self, Page.homesOffset]) }
    @inline(__always) var arenaStart: Int { Page.headerSize + 4 * capacity }
    @inline(__always) var arenaCapacity: Int { block.size - arenaStart }

    /// Bytes of the arena that were ever written.
    @inline(__always) var used: Int {
        get { Int(block[UInt32.self, Page.usedOffset]) }
        nonmutating set { block[UInt32.self, Page.usedOffset] = UInt32(newValue) }
    }
    /// Of these, those that no record holds any more.
    @inline(__always) var dead: Int {
        get { Int(block[UInt32.self, Page.deadOffset]) }
        nonmutating set { block[UInt32.self, Page.deadOffset] = UInt32(newValue) }
    }
    /// References to ropes and collections that its records hold.
    @inline(__always) var references: Int {
        get { Int(block[UInt32.self, Page.referencesOffset]) }
        nonmutating set { block[UInt32.self, Page.referencesOffset] = UInt32(newValue) }
    }
    /// Records with a deadline.
    @inline(__always) var timed: Int {
        get { Int(block[UInt32.self, Page.timedOffset]) }
        nonmutating set { block[UInt32.self, Page.timedOffset] = UInt32(newValue) }
    }
    @inline(__always) var live: Int { used - dead }

    // MARK: The table

    @inline(__always) func tag(of hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (hash &<< UInt64(depth)) &>> 48)
    }

    @inline(__always) private func home(of tag: UInt32) -> Int { Int(tag) * homes >> 16 }

    @inline(__always) func entry(_ position: Int) -> UInt32 { block[UInt32.self, Page.headerSize + 4 * position] }

    @inline(__always) private func setEntry(_ entry: UInt32, at position: Int) {
        block[UInt32.self, Page.headerSize + 4 * position] = entry
    }

    @inline(__always) static func tag(ofEntry entry: UInt32) -> UInt32 { entry >> 16 }

    @inline(__always) func record(ofEntry entry: UInt32) -> Record {
        Record(block, at: arenaStart + Int(entry & 0xFFFF))
    }

    /// Where a search for a hash begins.
    @inline(__always) func firstPosition(for hash: UInt64) -> Int { home(of: tag(of: hash)) }

    /// Where the entry of a key stands, or nil.
    @inline(__always)
    func position(of key: RawSpan, hash: UInt64) -> Int? {
        let tag = tag(of: hash)
        let end = capacity
        var position = home(of: tag)
        while position < end {
            let entry = entry(position)
            if entry == Page.gap || Page.tag(ofEntry: entry) > tag { return nil }
            if Page.tag(ofEntry: entry) == tag, record(ofEntry: entry).hasKey(key) { return position }
            position += 1
        }
        return nil
    }

    /// The record of a key below a node that goes by the hash: a page, or a branch of pages.
    @inline(__always)
    static func find(_ key: RawSpan, _ hash: UInt64, below node: Block) -> Record? {
        var block = node
        while block.kind == .branch {
            let branch = Branch(block)
            guard let child = branch.child(branch.cell(of: hash)) else { return nil }
            block = child
        }
        let page = Page(block)
        return page.position(of: key, hash: hash).map { page.record(ofEntry: page.entry($0)) }
    }

    /// Puts an entry at its place. False, and nothing changed, when there is no gap behind it.
    func insertEntry(tag: UInt32, arenaOffset: Int) -> Bool {
        let end = capacity
        var position = home(of: tag)
        while position < end, entry(position) != Page.gap, Page.tag(ofEntry: entry(position)) <= tag { position += 1 }
        var hole = position
        while hole < end, entry(hole) != Page.gap { hole += 1 }
        guard hole < end else { return false }
        if hole > position {
            let start = Page.headerSize + 4 * position
            block.copy(4 * (hole - position), to: start + 4, from: block, at: start)
        }
        setEntry(tag << 16 | UInt32(arenaOffset), at: position)
        return true
    }

    /// Puts an entry behind all others, none of which has a greater tag. `next` is the place behind the last one, and
    /// moves. False, and nothing changed, at the table's end.
    @inline(__always)
    func appendEntry(tag: UInt32, arenaOffset: Int, next: inout Int) -> Bool {
        let position = max(home(of: tag), next)
        guard position < capacity else { return false }
        setEntry(tag << 16 | UInt32(arenaOffset), at: position)
        next = position + 1
        return true
    }

    /// The entry at `position` leads elsewhere from now on.
    func redirectEntry(_ position: Int, arenaOffset: Int) {
        setEntry(entry(position) & 0xFFFF_0000 | UInt32(arenaOffset), at: position)
    }

    /// Where an entry stands that the table has.
    func position(ofEntry wanted: UInt32) -> Int {
        var position = home(of: Page.tag(ofEntry: wanted))
        while entry(position) != wanted { position += 1 }
        return position
    }

    /// Closes the gap that an entry leaves, as far as entries behind it are away from home.
    func removeEntry(_ position: Int) {
        let end = capacity
        var hole = position
        while hole + 1 < end {
            let next = entry(hole + 1)
            if next == Page.gap || home(of: Page.tag(ofEntry: next)) > hole { break }
            setEntry(next, at: hole)
            hole += 1
        }
        setEntry(Page.gap, at: hole)
    }

    // MARK: Walking

    /// Calls `body` with every entry, in the order of tags.
    @inline(__always)
    func forEachEntry(_ body: (UInt32) -> Void) {
        for position in 0..<capacity where entry(position) != Page.gap { body(entry(position)) }
    }

    @inline(__always)
    func forEachRecord(_ body: (Record) -> Void) {
        forEachEntry { body(record(ofEntry: $0)) }
    }

    /// Every reference that the records hold.
    func forEachReference(_ body: (Block) -> Void) {
        guard references > 0 else { return }
        forEachRecord { record in
            if let rope = record.keyRope { body(rope.root) }
            if let value = record.valueReference { body(value) }
        }
    }

    /// Computed from the records.
    func earliestDeadline() -> UInt64 {
        guard timed > 0 else { return TreeNode.never }
        var earliest = TreeNode.never
        forEachRecord { earliest = min(earliest, $0.deadline) }
        return earliest
    }
}
