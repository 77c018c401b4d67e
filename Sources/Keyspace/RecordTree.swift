// All records: 16384 slots under a branch of branches, each slot a page or, when it is larger, a tree of pages.
//
// Invariants:
// 1. `root` is two levels of slot branches. A slot without records has no node.
// 2. A copy of the tree is a reference to the root. A write owns the nodes on its way first, so copies never change.
//    What one write copies is bounded: two branches of 128 cells, some of 16, one page; for a long string two nodes of
//    256 references and a segment; for a large collection its root, some branches and a page or a leaf.
// 3. Every node's sums equal the sums over its children.
// 4. Whatever changes a record tells the indexes, if there are any: every function below that writes does.

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
    private var writer: TreeWriter
    /// How often records were written or removed, but for those whose time was over: what moves it is a change.
    private(set) var changes: UInt64 = 0
    /// Derived from the records; the definitions alone are state.
    var indexes = IndexTable()

    init(hashKey: SipHash.Key) {
        writer = TreeWriter(hashKey: hashKey)
    }

    /// Over records that were loaded, of which so many have a deadline.
    init(_ root: RecordRoot, hashKey: SipHash.Key, payload: Int, timed: Int, kinds: KindCounts) {
        self.init(hashKey: hashKey)
        self.root = root
        writer.payload = payload
        writer.timed = timed
        writer.kinds = kinds
    }

    /// Keys the hash that places records within their slot. The same on all nodes, so that a cursor of `SCAN` and the
    /// order in which a `tick` removes are too.
    var hashKey: SipHash.Key { writer.hashKey }
    /// Bytes of all keys and values.
    var payloadBytes: Int { writer.payload }
    var count: Int { root.branch.node.count }
    var digest: Digest { root.branch.node.digest }
    /// Memory that the records and the tree take.
    var bytes: Int { root.branch.node.bytes }
    /// What was removed and is not freed yet, counted as the graveyard does.
    var unfreedPieces: Int { writer.unfreedPieces }
    /// Records with a deadline.
    var timedCount: Int { writer.timed }
    /// Records by the type of their values.
    var kinds: KindCounts { writer.kinds }
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
        node(ofSlot: place.slot).flatMap { Page.find(key, place.hash, below: $0) }
    }

    // MARK: Writing

    /// What is changed from now on, the entry at this index changes.
    @inline(__always)
    mutating func begin(at entry: UInt64) {
        writer.entry = entry
        writer.freeSome()
    }

    mutating func path(to place: KeyPlace) -> TreePath {
        TreePath(from: ownedRoot(), to: place)
    }

    private mutating func ownedRoot() -> Branch {
        if !isKnownUniquelyReferenced(&root) { root = RecordRoot(copying: root) }
        return root.branch
    }

    /// Writes a record, in place of the one with the same key if there is one. The draft's bytes must not lie in the
    /// tree.
    mutating func put(_ draft: borrowing RecordDraft, slot: Int) {
        changes &+= 1
        let place = KeyPlace(slot: slot, hash: draft.keyHash)
        let image = indexes.isEmpty ? nil : image(draft.key, at: place)
        var path = path(to: place)
        _ = writer.put(draft, &path)
        if let image { settle(image, draft.key, at: place) }
    }

    /// Lets `body` change the long string of a key that has one; it must stay a long one.
    mutating func editRope(_ key: RawSpan, at place: KeyPlace, version: UInt64, _ body: (inout Rope) -> Void) {
        changes &+= 1
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
            key: key, keyHash: place.hash, deadline: old.deadline, version: version, rope: rope)
        writer.replace(position, draft, oldDigest: digest, buries: nil, &path)
    }

    /// Lets `body` change the collection beside the page of a key that has one, its `payload` included, and say whether
    /// it did. It may become small or empty: then it must be replaced or removed right after.
    mutating func editCollection<Result>(
        _ key: RawSpan, at place: KeyPlace, version: UInt64,
        _ body: (CollectionRoot, inout TreeWriter) -> (hasChanged: Bool, Result)
    ) -> Result {
        let image = indexes.isEmpty ? nil : image(key, at: place)
        defer { if let image { settle(image, key, at: place) } }
        let path = path(to: place)
        guard let position = path.page.position(of: key, hash: place.hash) else {
            preconditionFailure("no record of this key")
        }
        let record = path.page.record(ofEntry: path.page.entry(position))
        guard let shared = record.collection else { preconditionFailure("no large collection at this key") }
        var change = TreeChange(removed: record.digest())
        let collection = shared.owned()
        record.setCollection(collection)
        let bytes = collection.node.bytes
        let (hasChanged, result) = body(collection, &writer)
        guard hasChanged else { return result }
        changes &+= 1
        record.setVersion(version)
        change.added = record.digest()
        change.sideBytes = collection.node.bytes - bytes
        path.settle(change, at: writer.entry)
        return result
    }

    /// Puts a collection that was made with the writer at a key. Its reference goes over.
    mutating func adopt(
        _ collection: CollectionRoot, _ kind: ValueKind, _ key: RawSpan, at place: KeyPlace, deadline: UInt64,
        version: UInt64
    ) {
        // Its fields were counted when they were put in, and are counted again with the record.
        writer.payload -= collection.payload
        put(collection, kind, key, at: place, deadline: deadline, version: version)
    }

    /// Puts a collection at a key. Its reference goes over.
    mutating func put(
        _ collection: CollectionRoot, _ kind: ValueKind, _ key: RawSpan, at place: KeyPlace, deadline: UInt64,
        version: UInt64
    ) {
        let draft = RecordDraft(
            key: key, keyHash: place.hash, deadline: deadline, kind: kind, version: version,
            reference: collection.block, valueLength: 0)
        put(draft, slot: place.slot)
    }

    /// The writer for the time in which a collection is made; it must be given back.
    mutating func takeWriter() -> TreeWriter {
        var taken = TreeWriter(hashKey: hashKey)
        swap(&taken, &writer)
        return taken
    }

    mutating func giveBack(_ writer: TreeWriter) { self.writer = writer }

    /// Removes the record of a key. False, and nothing changed, when there is none.
    mutating func remove(_ key: RawSpan, at place: KeyPlace) -> Bool {
        guard find(key, at: place) != nil else { return false }
        changes &+= 1
        let image = indexes.isEmpty ? nil : image(key, at: place)
        var path = path(to: place)
        let isRemoved = writer.remove(key, place.hash, &path)
        if let image { settle(image, key, at: place) }
        return isRemoved
    }

    /// Removes the record of a key that is there and whose time is over.
    mutating func removeOver(_ key: RawSpan, at place: KeyPlace) {
        let image = indexes.isEmpty ? nil : image(key, at: place)
        var path = path(to: place)
        _ = writer.remove(key, place.hash, &path)
        if let image { settle(image, key, at: place) }
    }

    /// Removes at most `limit` records whose deadline is not after `time`: the first ones by slot, hash and key, so
    /// that which ones depends on the records only. Shows `visit` each of them before. Returns how many.
    mutating func removeOver(at time: UInt64, limit: Int, _ visit: (Record) -> Void) -> Int {
        var removed = 0
        // Out of the way of the writer, which is busy while the indexes are told.
        var indexes = IndexTable()
        swap(&indexes, &self.indexes)
        defer { swap(&indexes, &self.indexes) }
        let hashKey = hashKey
        while removed < limit, deadline <= time {
            var path = TreePath(from: ownedRoot(), dueAt: time)
            removed += writer.removeOver(at: time, limit: limit - removed, &path) { record in
                visit(record)
                if !indexes.isEmpty { indexes.forget(record, hashKey: hashKey) }
            }
        }
        return removed
    }

    /// Removes everything, at once; the memory is freed little by little.
    mutating func removeAll() {
        if count > 0 { changes &+= 1 }
        writer.bury(root.branch.block)
        writer.payload = 0
        writer.timed = 0
        writer.kinds = KindCounts()
        root = RecordRoot()
        root.branch.node.lastChange = writer.entry
        for contents in indexes.removeAllRecords() { free(contents) }
    }

    // MARK: Partitions

    /// Takes some groups of 128 slots out, as a tree of their own, which may be changed on another thread.
    mutating func takeOut(_ groups: Range<Int>) -> RecordTree {
        let part = RecordTree(hashKey: hashKey)
        let root = ownedRoot()
        for group in groups { root.hand(group, to: part.root.branch) }
        return part
    }

    /// Puts back what was taken out, and has been changed since.
    mutating func putBack(_ part: consuming RecordTree) {
        let (root, other) = (ownedRoot(), part.ownedRoot())
        for group in 0..<other.cellCount { other.hand(group, to: root) }
        root.node.lastChange = max(root.node.lastChange, other.node.lastChange)
        changes &+= part.changes
        writer.add(&part.writer)
    }

    // MARK: Indexes

    /// What indexes have of a record that is about to change; nil when none covers its key.
    private mutating func image(_ key: RawSpan, at place: KeyPlace) -> IndexImage? {
        let covering = indexes.covering(key)
        return covering == 0 ? nil : indexes.image(covering, of: find(key, at: place), hashKey: hashKey)
    }

    /// Tells the indexes what has become of the record.
    private mutating func settle(_ image: consuming IndexImage, _ key: RawSpan, at place: KeyPlace) {
        indexes.settle(image, key, place, find(key, at: place), hashKey: hashKey)
    }

    /// Takes a reference of its own to a tree that is no longer wanted, and frees it little by little.
    mutating func bury(_ block: Block) { writer.bury(block) }

    /// Frees a bounded part of what was removed.
    @inline(__always)
    mutating func freeSome() { writer.freeSome() }
}
