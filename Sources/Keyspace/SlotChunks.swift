// The chunks of one slot, written one after the other.

import ByteCoding

/// A chunk that was written: where it belongs, and what is in it.
public struct ImageChunk: Hashable, Sendable {
    public let slot: Int
    /// 0 for the slot's first, then one more for each.
    public let part: Int
    /// Records that begin in it. A part of a large value has none.
    public let kinds: KindCounts

    public var records: Int { kinds.total }
}

/// First 2^k chunks of records, cut by the first k bits of their hashes, some of them perhaps without a record; then,
/// for each long string and large collection in the order of their records, the chunks of its pieces.
public struct SlotChunks {
    /// Holds the blocks that the records below lie in.
    private let image: KeyspaceImage
    private let slot: Int
    private let node: Block?
    private let bits: Int
    private var part = 0
    /// Records whose values have chunks of their own, in order.
    private var larges: [Record] = []
    /// The first of them that is not done, and how far it is: bytes, elements, or parts of fields.
    private var large = 0
    private var progress = 0
    private var fieldsLeft = 0

    init(_ image: KeyspaceImage, _ slot: Int) {
        self.image = image
        self.slot = slot
        node = image.node(ofSlot: slot)
        bits = ChunkForm.recordBits(count: node.map { TreeNode($0).count } ?? 0)
    }

    /// Appends the next chunk. Nil, and nothing appended, when there are no more.
    public mutating func next(into bytes: inout [UInt8]) -> ImageChunk? {
        guard let node else { return nil }
        var kinds = KindCounts()
        if part < 1 << bits {
            appendRecords(below: node, to: &bytes, &kinds)
        } else {
            guard large < larges.count else { return nil }
            appendPiece(of: larges[large], to: &bytes)
        }
        defer { part += 1 }
        return ImageChunk(slot: slot, part: part, kinds: kinds)
    }

    private mutating func appendRecords(below node: Block, to bytes: inout [UInt8], _ kinds: inout KindCounts) {
        let start = bytes.beginChunk(.records)
        var found: [Record] = []
        let prefix = HashPrefix(bits: bits, number: part)
        RecordTree.forEachRecord(below: node, in: prefix, hashKey: image.hashKey) { record in
            record.appendImage(to: &bytes)
            kinds.add(record.kind)
            if record.hasLargeValue { found.append(record) }
        }
        larges += found
        bytes.endChunk(start, count: kinds.total)
    }

    private mutating func appendPiece(of record: Record, to bytes: inout [UInt8]) {
        guard let root = record.collection else { return appendString(record, to: &bytes) }
        if record.kind == .list { appendElements(root, to: &bytes) } else { appendFields(root, to: &bytes) }
    }

    private mutating func appendString(_ record: Record, to bytes: inout [UInt8]) {
        let start = bytes.beginChunk(.piece)
        let end = min(progress + ChunkForm.pieceSize, record.valueLength)
        record.forEachPiece(of: progress..<end) { bytes.append(bytes: $0) }
        bytes.endChunk(start, count: end - progress)
        advance(to: end, isLast: end == record.valueLength)
    }

    private mutating func appendFields(_ root: CollectionRoot, to bytes: inout [UInt8]) {
        guard let fields = root.fields else { preconditionFailure("a collection without fields") }
        let start = bytes.beginChunk(.fields)
        var count = 0
        let bits = ChunkForm.fieldBits(payload: root.payload)
        var next = progress
        // Where values are long, there may be no field in a part: such have no chunk.
        while count == 0 {
            let prefix = HashPrefix(bits: bits, number: next)
            RecordTree.forEachRecord(below: fields, in: prefix, hashKey: image.hashKey) { field in
                field.appendImage(to: &bytes)
                count += 1
            }
            next += 1
        }
        bytes.endChunk(start, count: count)
        fieldsLeft = (progress == 0 ? root.node.count : fieldsLeft) - count
        advance(to: next, isLast: fieldsLeft == 0)
    }

    private mutating func appendElements(_ root: CollectionRoot, to bytes: inout [UInt8]) {
        let start = bytes.beginChunk(.elements)
        let contents = bytes.count
        var count = 0
        root.elements.walk(from: progress) { element in
            let size = bytes.count - contents + Packed.size(element.byteCount)
            guard count == 0 || size <= ChunkForm.pieceSize else { return false }
            bytes.append(counted: element)
            count += 1
            return true
        }
        bytes.endChunk(start, count: count)
        advance(to: progress + count, isLast: progress + count == root.node.count)
    }

    private mutating func advance(to next: Int, isLast: Bool) {
        progress = isLast ? 0 : next
        if isLast { large += 1 }
    }
}

extension Record {
    /// Appends the record as it stands in a chunk: the message that its hash is taken over, but with the key in full,
    /// of a value beside the page its length only, and then the version. Of a field the value is there in full.
    fileprivate func appendImage(to bytes: inout [UInt8]) {
        guard referenceCount > 0 else { return block.withBytes(offset, size) { bytes.append(bytes: $0) } }
        block.withBytes(offset, keyOffset - offset) { bytes.append(bytes: $0) }
        if let keyRope {
            keyRope.forEachPiece(of: 0..<keyLength) { bytes.append(bytes: $0) }
        } else {
            block.withBytes(keyOffset, keyLength) { bytes.append(bytes: $0) }
        }
        if let collection {
            bytes.append(varint: UInt64(collection.node.count))
        } else if isField || !hasLargeValue {
            forEachPiece(of: 0..<valueLength) { bytes.append(bytes: $0) }
        }
        if !isField { bytes.append(varint: version) }
    }
}

extension [UInt8] {
    /// Begins a chunk of a slot. Returns where it begins.
    fileprivate mutating func beginChunk(_ kind: ChunkKind) -> Int {
        append(kind.rawValue)
        append(littleEndian: UInt32(0))
        return count - ChunkForm.headerSize
    }

    /// Says how many items the chunk has got.
    fileprivate mutating func endChunk(_ start: Int, count: Int) {
        precondition(count <= Int(UInt32.max), "a chunk of \(count) items")
        store(littleEndian: UInt32(count), at: start + 1)
    }
}
