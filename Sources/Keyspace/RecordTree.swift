// All records: 16384 slots under a branch of branches, each slot a page or, when it is larger, a tree of pages.
//
// Invariants:
// 1. `root` is two levels of slot branches. A slot without records has no node.
// 2. A copy of the tree is a reference to the root. A write owns the nodes on its way first, so copies never change.
//    What one write copies is bounded: two branches of 128 cells, some of 16, one page, and for a long string two
//    nodes of 256 references and a segment.
// 3. Every node's sums equal the sums over its children.

import ByteCoding
import Vocabulary

/// Owns a reference to the uppermost branch.
///
/// Sendable because the block is changed only through a `RecordTree` that is the one holder of this object, and blocks
/// below it only when they have one holder (`Block`, invariant 2).
final class RecordRoot: @unchecked Sendable {
    let branch: Branch

    init() {
        branch = Branch(bits: Branch.slotBits, base: 0)
    }

    init(copying other: RecordRoot) {
        let copy = other.branch.block.copied()
        copy.forEachReference { $0.retain() }
        branch = Branch(copy)
    }

    deinit { branch.block.release() }
}

/// Where a key belongs.
struct KeyPlace {
    var slot: Int
    var hash: UInt64
}

struct RecordTree: Sendable {
    private(set) var root = RecordRoot()
    /// Keys the hash that places records within their slot. The same on all nodes, so that a cursor of `SCAN` and the
    /// order in which a `tick` removes are too.
    let hashKey: SipHash.Key
    /// Bytes of all keys and values.
    private(set) var payloadBytes = 0
    /// What is no longer reachable and not freed yet.
    private var graveyard = Graveyard()

    init(hashKey: SipHash.Key) {
        self.hashKey = hashKey
    }

    var count: Int { root.branch.node.count }
    var digest: Digest { root.branch.node.digest }
    /// Memory that the records and the tree take.
    var bytes: Int { root.branch.node.bytes }
    /// The earliest deadline of all, or `TreeNode.never`.
    var deadline: UInt64 { root.branch.node.deadline }

    @inline(__always)
    func place(of key: RawSpan) -> KeyPlace {
        KeyPlace(slot: HashSlot.of(key), hash: SipHash.hash(key, key: hashKey))
    }

    /// The slot's uppermost node, or nil when it has no record.
    @inline(__always)
    func node(ofSlot slot: Int) -> Block? {
        guard let group = root.branch.child(slot >> Branch.slotBits) else { return nil }
        return Branch(group).child(slot & (1 << Branch.slotBits - 1))
    }

    /// The record of a key. Valid until the tree is changed.
    @inline(__always)
    func find(_ key: RawSpan, at place: KeyPlace) -> Record? {
        guard var block = node(ofSlot: place.slot) else { return nil }
        while block.kind == .branch {
            let branch = Branch(block)
            guard let child = branch.child(branch.cell(of: place.hash)) else { return nil }
            block = child
        }
        let page = Page(block)
        guard let position = page.position(of: key, hash: place.hash) else { return nil }
        return page.record(ofEntry: page.entry(position))
    }

    // MARK: Writing

    private mutating func path(to place: KeyPlace) -> TreePath {
        TreePath(from: ownedRoot(), to: place)
    }

    private mutating func ownedRoot() -> Branch {
        if !isKnownUniquelyReferenced(&root) { root = RecordRoot(copying: root) }
        return root.branch
    }

    /// Writes a record, in place of the one with the same key if there is one. The draft's bytes must not lie in the
    /// tree.
    mutating func put(_ draft: borrowing RecordDraft, slot: Int) {
        var path = path(to: KeyPlace(slot: slot, hash: draft.keyHash))
        if let position = path.page.position(of: draft.key, hash: draft.keyHash) {
            let old = path.page.record(ofEntry: path.page.entry(position))
            let digest = old.digest()
            replace(position, draft, oldDigest: digest, buries: old.valueRope, &path)
        } else {
            insert(draft, &path)
        }
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
        payloadBytes += record.keyLength + record.valueLength
        path.settle(TreeChange(count: 1, added: record.digest(), sideBytes: record.sideBytes))
    }

    /// Puts the draft in the place of the record at `position`, whose key it has. `buries` is the rope of the old value
    /// unless that went over to the draft.
    private mutating func replace(
        _ position: Int, _ draft: borrowing RecordDraft, oldDigest: Digest, buries oldRope: Rope?,
        _ path: inout TreePath
    ) {
        let size = draft.size
        var position = position
        var old = path.page.record(ofEntry: path.page.entry(position))
        var change = TreeChange(removed: oldDigest, sideBytes: -old.sideBytes)
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
        payloadBytes -= old.valueLength
        let oldDeadline = old.deadline
        let record = page.overwrite(position, old, with: draft)
        page.references += record.referenceCount
        page.replaceDeadline(oldDeadline, by: draft.deadline)
        payloadBytes += record.valueLength
        change.added = record.digest()
        change.sideBytes += record.sideBytes
        if let oldRope { graveyard.bury(oldRope) }
        path.settle(change)
        if page.wantsTidying { path.remake(for: 0) }
    }

    /// Lets `body` change the long value of a key that has one; it must stay a long one.
    mutating func editRope(_ key: RawSpan, at place: KeyPlace, _ body: (inout Rope) -> Void) {
        var path = path(to: place)
        guard let position = path.page.position(of: key, hash: place.hash) else {
            preconditionFailure("no record of this key")
        }
        let old = path.page.record(ofEntry: path.page.entry(position))
        guard var rope = old.valueRope else { preconditionFailure("no long value at this key") }
        let digest = old.digest()
        // The path owns the page, so this reference is the record's own and goes over to the new record.
        body(&rope)
        let draft = RecordDraft(
            key: key, keyHash: place.hash, deadline: old.deadline, value: key.extracting(first: 0), rope: rope)
        replace(position, draft, oldDigest: digest, buries: nil, &path)
    }

    /// Removes the record of a key. False, and nothing changed, when there is none.
    mutating func remove(_ key: RawSpan, at place: KeyPlace) -> Bool {
        guard find(key, at: place) != nil else { return false }
        var path = path(to: place)
        guard let position = path.page.position(of: key, hash: place.hash) else {
            preconditionFailure("a record that a copy of a page lost")
        }
        var change = TreeChange()
        remove(position, path, &change)
        finish(&path, change)
        return true
    }

    private mutating func remove(_ position: Int, _ path: TreePath, _ change: inout TreeChange) {
        let page = path.page
        let old = page.record(ofEntry: page.entry(position))
        change.removed.add(old.digest())
        change.count -= 1
        change.sideBytes -= old.sideBytes
        payloadBytes -= old.keyLength + old.valueLength
        page.references -= old.referenceCount
        let deadline = old.deadline
        let (keyRope, valueRope) = (old.keyRope, old.valueRope)
        page.dead += old.size
        page.removeEntry(position)
        page.replaceDeadline(deadline, by: TreeNode.never)
        if let keyRope { graveyard.bury(keyRope) }
        if let valueRope { graveyard.bury(valueRope) }
    }

    private func finish(_ path: inout TreePath, _ change: TreeChange) {
        path.settle(change)
        if path.slotIsEmpty {
            path.prune()
        } else if path.page.wantsTidying {
            path.remake(for: 0)
        }
    }

    /// Removes at most `limit` records whose deadline is not after `time`: the first ones by slot, hash and key, so
    /// that which ones depends on the records only. Returns how many.
    mutating func removeOver(at time: UInt64, limit: Int) -> Int {
        var removed = 0
        while removed < limit, deadline <= time {
            var path = TreePath(from: ownedRoot(), dueAt: time)
            var change = TreeChange()
            for entry in path.page.due(at: time, limit: limit - removed, hashKey: hashKey) {
                remove(path.page.position(ofEntry: entry), path, &change)
            }
            removed -= change.count
            finish(&path, change)
        }
        return removed
    }

    /// Removes everything, at once; the memory is freed little by little.
    mutating func removeAll() {
        graveyard.bury(root.branch.block)
        root = RecordRoot()
        payloadBytes = 0
    }

    /// Frees a bounded part of what was removed.
    @inline(__always)
    mutating func freeSome() {
        if !graveyard.isEmpty { graveyard.free(blocks: 64) }
    }
}
