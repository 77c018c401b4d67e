// Opening collections for reading and for changing, and the record that holds what came of it.

import ByteCoding

extension Keyspace {
    /// The collection at a key; nil when there is none. Refused when the key holds something else.
    func collection(_ kind: ValueKind, _ key: RawSpan) throws(CommandError) -> CollectionView? {
        guard let record = live(key, at: records.place(of: key)) else { return nil }
        guard record.kind == kind else { throw .wrongType }
        return CollectionView(record, hashKey: records.hashKey)
    }

    /// Lets `body` change the collection at a key, which begins empty when there is none and is gone when it ends
    /// empty. Refused when the key holds something else. What `body` uses must not lie in the keyspace.
    mutating func edit<Result>(
        _ kind: ValueKind, _ key: RawSpan, _ body: (inout CollectionEditor) throws(CommandError) -> Result
    ) throws(CommandError) -> Result {
        let place = records.place(of: key)
        let record = liveForWrite(key, at: place)
        guard record == nil || record?.kind == kind else { throw .wrongType }
        if !waiters.isEmpty { waiters.signal(key) }
        guard record?.collection == nil else { return try editTree(kind, key, at: place, body) }
        let deadline = record?.deadline ?? TreeNode.never
        var packed = takeScratch()
        record?.block.withBytes(record?.valueOffset ?? 0, record?.valueLength ?? 0) { packed.append(bytes: $0) }
        var editor = CollectionEditor(kind, packed: packed, records.takeWriter())
        packed = []
        let result = Swift.Result { () throws(CommandError) in try body(&editor) }
        let hasChanged = editor.hasChanged
        let ended = editor.end()
        records.giveBack(ended.writer)
        if let root = ended.root {
            records.adopt(root, kind, key, at: place, deadline: deadline, version: version)
            packIfSmall(root, kind, key, at: place)
        } else if hasChanged {
            store(ended.packed, kind, key, at: place, deadline: deadline)
        }
        giveBackScratch(ended.packed)
        return try result.get()
    }

    /// An empty collection beside the keyspace, whose bytes it may take. `put` or `drop` must have it in the end.
    func collectionBeside(_ kind: ValueKind) -> CollectionEditor {
        CollectionEditor(kind, packed: [], TreeWriter(hashKey: records.hashKey))
    }

    /// Puts a collection that was made beside the keyspace at a key, in the place of whatever is there, or nothing when
    /// it is empty.
    mutating func put(_ made: consuming CollectionEditor, at key: RawSpan, _ place: KeyPlace, deadline: UInt64) {
        if !waiters.isEmpty { waiters.signal(key) }
        let kind = made.kind
        let ended = made.end()
        guard let root = ended.root else { return store(ended.packed, kind, key, at: place, deadline: deadline) }
        records.put(root, kind, key, at: place, deadline: deadline, version: version)
        packIfSmall(root, kind, key, at: place)
    }

    /// Frees a collection that was made beside the keyspace.
    func drop(_ made: consuming CollectionEditor) { made.end().root?.block.release() }

    private mutating func editTree<Result>(
        _ kind: ValueKind, _ key: RawSpan, at place: KeyPlace,
        _ body: (inout CollectionEditor) throws(CommandError) -> Result
    ) throws(CommandError) -> Result {
        let (result, root) = records.editCollection(key, at: place, version: version) { root, writer in
            var editor = CollectionEditor(kind, root, writer)
            let result = Swift.Result { () throws(CommandError) in try body(&editor) }
            let hasChanged = editor.hasChanged
            writer = editor.end().writer
            return (hasChanged, (result, root))
        }
        packIfSmall(root, kind, key, at: place)
        return try result.get()
    }

    /// Gives a collection that was left with a tree the form that it should have.
    private mutating func packIfSmall(
        _ root: CollectionRoot, _ kind: ValueKind, _ key: RawSpan, at place: KeyPlace
    ) {
        guard root.payload <= Packed.sizeMax, let deadline = live(key, at: place)?.deadline else { return }
        var packed: [UInt8] = []
        CollectionView(kind: kind, form: .tree(root), hashKey: records.hashKey).pack(into: &packed)
        store(packed, kind, key, at: place, deadline: deadline)
    }

    /// Puts a packed collection at a key, or nothing when it is empty.
    private mutating func store(
        _ packed: [UInt8], _ kind: ValueKind, _ key: RawSpan, at place: KeyPlace, deadline: UInt64
    ) {
        guard !packed.isEmpty else {
            _ = records.remove(key, at: place)
            return
        }
        let draft = RecordDraft(
            key: key, keyHash: place.hash, deadline: deadline, kind: kind, version: version, value: packed.rawBytes)
        records.put(draft, slot: place.slot)
    }
}

extension CollectionView {
    /// Appends the packed form of a tree.
    func pack(into bytes: inout [UInt8]) {
        switch kind {
        case .list, .sortedSet:
            walk(from: 0) {
                bytes.append(packed: $0)
                return true
            }
        default:
            var entries: [([UInt8], [UInt8])] = []
            forEachField { entries.append(([UInt8]($0), [UInt8]($1))) }
            for (field, value) in entries.sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
                bytes.append(packed: field.rawBytes)
                if kind == .hash { bytes.append(packed: value.rawBytes) }
            }
        }
    }
}
