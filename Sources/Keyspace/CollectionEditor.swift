// A collection that is being changed, whichever form it has; it takes the other form when it must.

import ByteCoding

/// Holds the collection's bytes, or its tree, for the time of one command.
///
/// Invariants:
/// 1. `packed` is the collection while `root` is nil. A collection that grows beyond `Packed.sizeMax` gets a tree at
///    once; one that shrinks is packed when the command is done (`Keyspace.edit`).
/// 2. `hasChanged` is false only if nothing is other than before.
struct CollectionEditor: ~Copyable {
    let kind: ValueKind
    var packed: [UInt8]
    private(set) var root: CollectionRoot?
    var writer: TreeWriter
    var hasChanged = false
    /// What the writer counts beside this collection; nil while that has no tree.
    private var payloadElsewhere: Int?

    /// Of a packed collection, empty for one that is not there yet.
    init(_ kind: ValueKind, packed: [UInt8], _ writer: consuming TreeWriter) {
        self.kind = kind
        self.packed = packed
        self.writer = writer
    }

    /// Of a tree, which must be its holder's own.
    init(_ kind: ValueKind, _ root: CollectionRoot, _ writer: consuming TreeWriter) {
        self.kind = kind
        self.root = root
        payloadElsewhere = writer.payload - root.payload
        self.writer = writer
        packed = []
    }

    /// The collection as it is now. To be let go before the next change.
    var view: CollectionView {
        CollectionView(kind: kind, form: root.map { .tree($0) } ?? .bytes(packed), hashKey: writer.hashKey)
    }

    var count: Int { root?.node.count ?? Packed.count(packed.rawBytes, width: kind.packedWidth) }

    /// Bytes of a tree's fields or elements, as they would be packed.
    var payload: Int {
        get { writer.payload - (payloadElsewhere ?? writer.payload) }
        set { writer.payload = newValue + (payloadElsewhere ?? 0) }
    }

    var isEmpty: Bool { root == nil ? packed.isEmpty : count == 0 }

    /// Ends the editing: gives back the bytes, the tree and the writer.
    consuming func end() -> (packed: [UInt8], root: CollectionRoot?, writer: TreeWriter) {
        if let root { root.payload = payload }
        return (packed, root, writer)
    }

    // MARK: Hashes and sets

    /// Sets a field of a hash, or adds a member to a set, whose value is empty. Whether it was not there is returned.
    mutating func set(_ field: RawSpan, _ value: RawSpan) -> Bool {
        if let root {
            // A member that is there already is there as it would be written.
            if kind == .set, view.contains(field) { return false }
            hasChanged = true
            return put(field, value, in: root)
        }
        let place = Packed.search(field, in: packed.rawBytes, width: kind.packedWidth)
        if kind == .set, place.isThere { return false }
        hasChanged = true
        let size = Packed.size(field.byteCount) + (kind == .hash ? Packed.size(value.byteCount) : 0)
        guard packed.count - place.entry.count + size <= Packed.sizeMax else {
            // Large values do not go through the packed form on their way.
            return put(field, value, in: grow())
        }
        packed.makeRoom(size, at: place.entry)
        let end = packed.store(packed: field, at: place.entry.lowerBound)
        if kind == .hash { _ = packed.store(packed: value, at: end) }
        return !place.isThere
    }

    /// Removes a field or a member. False when it is not there.
    mutating func remove(_ field: RawSpan) -> Bool {
        if let root {
            let hash = SipHash.hash(field, key: writer.hashKey)
            guard let fields = root.fields, Page.find(field, hash, below: fields) != nil else { return false }
            hasChanged = true
            var path = TreePath(fieldsOf: root, to: hash)
            return writer.remove(field, hash, &path)
        }
        let place = Packed.search(field, in: packed.rawBytes, width: kind.packedWidth)
        guard place.isThere else { return false }
        hasChanged = true
        packed.removeSubrange(place.entry)
        return true
    }

    mutating func put(_ field: RawSpan, _ value: RawSpan, in root: CollectionRoot) -> Bool {
        let hash = SipHash.hash(field, key: writer.hashKey)
        var path = TreePath(fieldsOf: root, to: hash)
        if value.byteCount > Record.valueInlineMax {
            let draft = RecordDraft(
                key: field, keyHash: hash, deadline: TreeNode.never, kind: kind, version: nil, rope: Rope(value))
            return writer.put(draft, &path)
        }
        let draft = RecordDraft(
            key: field, keyHash: hash, deadline: TreeNode.never, kind: kind, version: nil, value: value)
        return writer.put(draft, &path)
    }

    // MARK: Lists and sorted sets

    /// Removes the elements of some ranks from a list or a sorted set.
    mutating func remove(ranks: Range<Int>) {
        guard !ranks.isEmpty else { return }
        hasChanged = true
        guard let root else {
            let range = Packed.range(ofRanks: ranks, in: packed.rawBytes)
            packed.removeSubrange(range)
            return
        }
        if kind == .list {
            forget(ranks, in: root)
        } else {
            removeFields(ofRanks: ranks, in: root)
        }
        cut(ranks, from: root)
    }

    /// Takes elements out of the order. What falls away as a whole is freed by and by.
    mutating func cut(_ ranks: Range<Int>, from root: CollectionRoot) {
        var graves: [Block] = []
        root.editElements { elements in elements.remove(ranks) { graves.append($0) } }
        for block in graves { writer.take(block) }
    }

    // MARK: From one form to the other

    mutating func growIfNeeded() {
        if packed.count > Packed.sizeMax { _ = grow() }
    }

    /// Gives the collection a tree.
    private mutating func grow() -> CollectionRoot {
        let root = CollectionRoot(hasElements: kind.hasElements)
        payloadElsewhere = writer.payload
        var offset = 0
        let bytes = packed
        while let item = Packed.next(in: bytes.rawBytes, &offset) {
            let item = bytes.rawBytes.extracting(item)
            switch kind {
            case .hash:
                let value = Packed.next(in: bytes.rawBytes, &offset) ?? 0..<0
                _ = put(item, bytes.rawBytes.extracting(value), in: root)
            case .set: _ = put(item, item.extracting(first: 0), in: root)
            case .sortedSet:
                root.editElements { $0.append(item) }
                _ = put(ScoredMember.member(of: item), item.extracting(first: ScoredMember.scoreSize), in: root)
            case .list: append(item, to: root)
            case .string: preconditionFailure("a string is no collection")
            }
        }
        self.root = root
        packed = []
        return root
    }
}
