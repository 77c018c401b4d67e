// Records put into pages and taken out of them, along a path: in the keyspace, and alike within a large collection.

import ByteCoding
import Vocabulary

/// What a write needs beside its path, and what it leaves behind.
struct TreeWriter: Sendable {
    /// Keys the hash that places records.
    let hashKey: SipHash.Key
    /// The index of the entry that is being carried out.
    var entry: UInt64 = 0
    /// Bytes of all keys and values; of a collection beside its page those of its fields and elements.
    var payload = 0
    /// Records with a deadline.
    var timed = 0
    /// Records by the type of their values; a collection's fields are none.
    var kinds = KindCounts()
    /// For elements that are put together; between commands it holds nothing that counts.
    var scratch: [UInt8] = []
    /// What is no longer reachable and not freed yet.
    private var graveyard = Graveyard()

    init(hashKey: SipHash.Key) {
        self.hashKey = hashKey
    }

    // MARK: Putting in

    /// Writes a record, in place of the one with the same key if there is one; whether there was none is returned. The
    /// draft's bytes must not lie in the tree.
    mutating func put(_ draft: borrowing RecordDraft, _ path: inout TreePath) -> Bool {
        guard let position = path.page.position(of: draft.key, hash: draft.keyHash) else {
            insert(draft, &path)
            return true
        }
        let old = path.page.record(ofEntry: path.page.entry(position))
        let digest = old.digest()
        replace(position, draft, oldDigest: digest, buries: old.valueReference, &path)
        return false
    }

    private mutating func insert(_ draft: borrowing RecordDraft, _ path: inout TreePath) {
        let size = draft.size
        path.makeRoom(for: size, hash: draft.keyHash, hashKey: hashKey)
        let tag = path.page.tag(of: draft.keyHash)
        var slack = 0
        // The end of the table may be crowded although there is room before it.
        while !path.page.insertEntry(tag: tag, arenaOffset: path.page.used) {
            slack += 8
            path.remake(for: size, slack: slack)
        }
        let page = path.page
        let record = page.append(draft, keyRope: draft.hasLargeKey ? Rope(draft.key) : nil)
        page.references += record.referenceCount
        page.replaceDeadline(TreeNode.never, by: draft.deadline)
        payload += record.payload
        timed += record.isTimed ? 1 : 0
        if !record.isField { kinds.add(record.kind) }
        path.settle(TreeChange(count: 1, added: record.digest(), sideBytes: record.sideBytes), at: entry)
    }

    /// Puts the draft in the place of the record at `position`, whose key it has. `buries` is what stood for the old
    /// value unless that went over to the draft.
    mutating func replace(
        _ position: Int, _ draft: borrowing RecordDraft, oldDigest: Digest, buries oldValue: Block?,
        _ path: inout TreePath
    ) {
        let size = draft.size
        var position = position
        var old = path.page.record(ofEntry: path.page.entry(position))
        // A rope that was edited in place has its new length already, which its record does not: such a one is weighed
        // by what the record says.
        var change = TreeChange(removed: oldDigest, sideBytes: -old.sideBytes)
        payload -= old.payload
        timed -= old.isTimed ? 1 : 0
        if !old.isField, old.kind != draft.kind {
            kinds.remove(old.kind)
            kinds.add(draft.kind)
        }
        if size > old.size, !path.page.hasArena(for: size) {
            path.makeRoom(for: size, hash: draft.keyHash, hashKey: hashKey)
            guard let moved = path.page.position(of: draft.key, hash: draft.keyHash) else {
                preconditionFailure("a record that a page lost when it grew")
            }
            position = moved
            old = path.page.record(ofEntry: path.page.entry(position))
        }
        let page = path.page
        page.references -= old.referenceCount
        let oldDeadline = old.deadline
        let record = page.overwrite(position, old, with: draft)
        page.references += record.referenceCount
        page.replaceDeadline(oldDeadline, by: draft.deadline)
        payload += record.payload
        timed += record.isTimed ? 1 : 0
        change.added = record.digest()
        change.sideBytes += record.sideBytes
        if let oldValue { graveyard.take(oldValue) }
        path.settle(change, at: entry)
        if page.wantsTidying { path.remake(for: 0) }
    }

    // MARK: Taking out

    /// Removes the record of a key. False, and nothing changed, when the page has none.
    mutating func remove(_ key: RawSpan, _ hash: UInt64, _ path: inout TreePath) -> Bool {
        guard let position = path.page.position(of: key, hash: hash) else { return false }
        var change = TreeChange()
        remove(position, path, &change)
        finish(&path, change)
        return true
    }

    /// Removes at most `limit` records of the page whose deadline is not after `time`; `visit` sees each before it
    /// goes. Returns how many.
    mutating func removeOver(
        at time: UInt64, limit: Int, _ path: inout TreePath, _ visit: (Record) -> Void
    ) -> Int {
        var change = TreeChange()
        for entry in path.page.due(at: time, limit: limit, hashKey: hashKey) {
            visit(path.page.record(ofEntry: entry))
            remove(path.page.position(ofEntry: entry), path, &change)
        }
        finish(&path, change)
        return -change.count
    }

    private mutating func remove(_ position: Int, _ path: TreePath, _ change: inout TreeChange) {
        let page = path.page
        let old = page.record(ofEntry: page.entry(position))
        change.removed.add(old.digest())
        change.count -= 1
        change.sideBytes -= old.sideBytes
        payload -= old.payload
        timed -= old.isTimed ? 1 : 0
        if !old.isField { kinds.remove(old.kind) }
        page.references -= old.referenceCount
        let deadline = old.deadline
        let (keyRope, value) = (old.keyRope, old.valueReference)
        page.dead += old.size
        page.removeEntry(position)
        page.replaceDeadline(deadline, by: TreeNode.never)
        if let keyRope { graveyard.take(keyRope.root) }
        if let value { graveyard.take(value) }
    }

    private func finish(_ path: inout TreePath, _ change: TreeChange) {
        path.settle(change, at: entry)
        if path.slotIsEmpty {
            path.prune()
        } else if path.page.wantsTidying {
            path.remake(for: 0)
        }
    }

    /// Adds what another writer has counted and left behind.
    mutating func add(_ other: inout TreeWriter) {
        payload += other.payload
        timed += other.timed
        kinds.add(other.kinds)
        graveyard.takeAll(of: &other.graveyard)
    }

    // MARK: Freeing

    /// Takes a reference over, and frees what is below little by little.
    mutating func take(_ block: Block) { graveyard.take(block) }

    /// Takes a reference of its own, and frees what is below little by little.
    mutating func bury(_ block: Block) {
        block.retain()
        graveyard.take(block)
    }

    /// What waits to be freed.
    var unfreedPieces: Int { graveyard.count }

    /// Frees a bounded part of what was removed.
    @inline(__always)
    mutating func freeSome() {
        if !graveyard.isEmpty { graveyard.free(blocks: 64) }
    }
}
