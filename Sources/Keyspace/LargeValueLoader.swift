// Long strings and large collections of a slot: announced by their records, then filled piece by piece.

import ByteCoding

/// Takes the chunks behind those of a slot's records.
final class LargeValueLoader {
    private struct Expected {
        let kind: ValueKind
        /// Bytes of a string, entries of a collection.
        let count: Int
    }

    private let hashKey: SipHash.Key
    private var expected: [Expected] = []
    /// Values that are complete, in order: a reference to each.
    private var done: [Block] = []
    /// The one that is being filled.
    private var string: Rope?
    private var collection: CollectionLoader

    init(hashKey: SipHash.Key) {
        self.hashKey = hashKey
        collection = CollectionLoader(hashKey: hashKey)
    }

    deinit { reset() }

    func reset() {
        for block in done { block.release() }
        string?.root.release()
        string = nil
        collection.reset()
        done.removeAll(keepingCapacity: true)
        expected.removeAll(keepingCapacity: true)
    }

    /// Whether a part of any value was taken.
    var hasBegun: Bool { !done.isEmpty || string != nil || collection.hasBegun }
    var isComplete: Bool { done.count == expected.count }

    /// Notes the value of a record, of which only its size is told here.
    func expect(_ head: RecordHead, _ chunk: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        guard head.kind != .string else {
            return expected.append(Expected(kind: .string, count: head.valueLength))
        }
        let count = try reader.varint(from: chunk)
        guard count > 0, count <= UInt64(Int32.max) else { throw .tooLarge(count) }
        expected.append(Expected(kind: head.kind, count: Int(count)))
    }

    // MARK: Chunks

    func take(
        _ chunkKind: ChunkKind, _ count: Int, _ chunk: RawSpan, _ reader: inout ChunkReader
    ) throws(ImageFault) {
        guard done.count < expected.count else { throw .unexpectedChunk(chunkKind.rawValue) }
        let wanted = expected[done.count]
        guard chunkKind == wanted.kind.chunkKind else { throw .unexpectedChunk(chunkKind.rawValue) }
        guard count > 0 else { throw .notCanonical }
        if wanted.kind == .string {
            try takePiece(chunk.extracting(try reader.range(count)), of: wanted.count)
        } else {
            try collection.take(wanted.kind, count, of: wanted.count, chunk, &reader)
            if let root = try collection.finished(of: wanted.count) { done.append(root.block) }
        }
    }

    private func takePiece(_ bytes: RawSpan, of length: Int) throws(ImageFault) {
        guard bytes.byteCount <= length - (string?.count ?? 0) else { throw .incompleteValue }
        if string == nil { string = Rope(bytes) } else { string?.append(bytes) }
        guard let filled = string, filled.count == length else { return }
        done.append(filled.root)
        string = nil
    }

    // MARK: To the records

    /// Gives each record of a large value, in order, what was taken for it, and adds that to all sums.
    func attach(below node: Block, _ sums: inout LoadedSums) {
        guard !expected.isEmpty else { return }
        var next = 0
        _ = attach(below: node, &next, &sums)
        precondition(next == done.count, "\(done.count) values for \(next) records")
        done.removeAll(keepingCapacity: true)
        expected.removeAll(keepingCapacity: true)
    }

    /// Returns how many bytes have come below.
    private func attach(below node: Block, _ next: inout Int, _ sums: inout LoadedSums) -> Int {
        var bytes = 0
        if node.kind == .page {
            let page = Page(node)
            guard page.references > 0 else { return 0 }
            // In the order in which they were added: entries of one tag stand in that order.
            page.forEachRecord { record in
                guard record.hasLargeValue else { return }
                let before = record.sideBytes
                record.block.setReference(done[next], at: record.valueOffset)
                next += 1
                bytes += record.sideBytes - before
                sums.payload += record.payload
                sums.digest.add(record.digest())
            }
        } else {
            Branch(node).forEachChild { bytes += attach(below: $0, &next, &sums) }
        }
        TreeNode(node).bytes += bytes
        return bytes
    }
}

extension ValueKind {
    /// The chunks that a large value has.
    fileprivate var chunkKind: ChunkKind {
        switch self {
        case .string: .piece
        case .list: .elements
        case .hash, .set, .sortedSet: .fields
        }
    }
}
