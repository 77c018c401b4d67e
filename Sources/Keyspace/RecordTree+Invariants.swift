// The tree's own examination of itself: for tests, simulations, and a digest that trusts nothing kept.

import ByteCoding
public import Vocabulary

/// What one walk over a node's records finds out anew.
private struct Tally {
    var count = 0
    var digest = Digest.empty
    var deadline = TreeNode.never
    var bytes = 0
    var payload = 0
    var timed = 0
    var kinds = KindCounts()
    /// The last change that anything below tells of.
    var newest: UInt64 = 0

    mutating func add(_ other: Tally) {
        count += other.count
        digest.add(other.digest)
        deadline = min(deadline, other.deadline)
        bytes += other.bytes
        payload += other.payload
        timed += other.timed
        kinds.add(other.kinds)
        newest = max(newest, other.newest)
    }
}

extension RecordTree {
    /// Walks everything. Traps where a sum, an order or a place is not what the records make it.
    func checkInvariants() {
        let tally = check(root.branch.block, level: 0, slot: 0, prefix: 0, depth: 0)
        precondition(tally.payload == payloadBytes, "\(payloadBytes) bytes of payload, found \(tally.payload)")
        precondition(tally.timed == timedCount, "\(timedCount) records with a deadline, found \(tally.timed)")
        precondition(tally.kinds == kinds, "\(kinds) of records, found \(tally.kinds)")
    }

    private func check(_ block: Block, level: Int, slot: Int, prefix: UInt64, depth: Int) -> Tally {
        let node = TreeNode(block)
        var tally =
            block.kind == .page
            ? check(Page(block), slot: slot, prefix: prefix, depth: depth)
            : check(Branch(block), level: level, slot: slot, prefix: prefix, depth: depth)
        precondition(tally.count == node.count, "\(node.count) records, found \(tally.count)")
        precondition(tally.deadline == node.deadline, "deadline \(node.deadline), found \(tally.deadline)")
        precondition(tally.bytes == node.bytes, "\(node.bytes) bytes, found \(tally.bytes)")
        if level <= 2 { precondition(tally.digest == node.digest, "digest \(node.digest), found \(tally.digest)") }
        if level == 2 { precondition(tally.count > 0, "slot \(slot) has a node and no record") }
        if level <= 2 { precondition(tally.newest <= node.lastChange, "a change at \(tally.newest) is not told") }
        tally.newest = level <= 2 ? node.lastChange : tally.newest
        return tally
    }

    private func check(_ branch: Branch, level: Int, slot: Int, prefix: UInt64, depth: Int) -> Tally {
        var tally = Tally()
        tally.bytes = branch.block.size
        precondition(branch.bits == (level < 2 ? Branch.slotBits : Branch.hashBits), "\(branch.bits) bits")
        precondition(branch.base == depth, "a branch of base \(branch.base) at depth \(depth)")
        var filled = 0
        branch.forEachCell { cell, child in
            let below: Tally
            if level < 2 {
                below = check(child, level: level + 1, slot: slot << Branch.slotBits | cell, prefix: 0, depth: 0)
            } else {
                let depth = child.kind == .page ? Page(child).depth : branch.base + branch.bits
                let prefix = prefix | UInt64(cell) << UInt64(64 - branch.base - branch.bits)
                below = check(child, level: level + 1, slot: slot, prefix: prefix, depth: depth)
            }
            precondition(branch.deadline(cell) == below.deadline, "a cell's deadline \(branch.deadline(cell))")
            let span = branch.span(of: child)
            for other in cell..<cell + span { precondition(branch.child(other) == child, "cell \(other) of \(cell)") }
            filled += span
            tally.add(below)
        }
        precondition(level < 2 || filled == branch.cellCount, "\(filled) cells of \(branch.cellCount) filled")
        return tally
    }

    private func check(_ page: Page, slot: Int, prefix: UInt64, depth: Int) -> Tally {
        var tally = Tally()
        tally.bytes = page.block.size
        precondition(page.depth == depth, "a page of depth \(page.depth) at \(depth)")
        var (live, timed, references) = (0, 0, 0)
        page.forEachEntry { entry in
            let record = page.record(ofEntry: entry)
            record.withKey { key in
                let place = place(of: key)
                precondition(place.slot == slot, "a record of slot \(place.slot) in \(slot)")
                precondition(depth == 0 || (place.hash ^ prefix) >> UInt64(64 - depth) == 0, "a record astray")
                precondition(record.keyHash(hashKey) == place.hash, "a large key's hash")
                precondition(page.tag(of: place.hash) == Page.tag(ofEntry: entry), "a tag of another hash")
                let found = page.position(of: key, hash: place.hash)
                precondition(found.map(page.entry) == entry, "a record that is not found, or twice")
            }
            if record.kind != .string { CollectionView(record, hashKey: hashKey).checkInvariants() }
            live += record.size
            timed += record.isTimed ? 1 : 0
            references += record.referenceCount
            var one = Tally(
                count: 1, digest: record.digest(), deadline: record.deadline, bytes: record.sideBytes,
                payload: record.payload, timed: record.isTimed ? 1 : 0, newest: record.version)
            one.kinds.add(record.kind)
            tally.add(one)
        }
        precondition(live == page.live, "\(page.live) bytes of records, found \(live)")
        precondition(page.used <= page.arenaCapacity, "\(page.used) bytes used of \(page.arenaCapacity)")
        precondition(timed == page.timed, "\(page.timed) records with a deadline, found \(timed)")
        precondition(references == page.references, "\(page.references) references, found \(references)")
        return tally
    }
}

extension Keyspace {
    /// Walks everything. Traps where a sum, an order or a place is not what the records make it.
    public func checkInvariants() {
        records.checkInvariants()
        waiters.checkInvariants()
        outcomes.checkInvariants()
    }

    /// The digest, its part of the records taken anew over every one: equal to `digest` unless memory was damaged.
    /// Walks everything.
    public func recomputedDigest() -> Digest {
        var digest = records.indexes.digest
        digest.add(waiters.digest)
        digest.add(outcomes.digest)
        if isMemoryFull { digest.add(Keyspace.memoryFullDigest) }
        records.forEachRecord { digest.add($0.digest()) }
        return digest
    }
}
