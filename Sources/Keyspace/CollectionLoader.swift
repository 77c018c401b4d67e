// A large collection out of its chunks.

import ByteCoding
import Vocabulary

/// Fills one collection after the other.
final class CollectionLoader {
    private let hashKey: SipHash.Key
    /// The collection that is being filled.
    private var root: CollectionRoot?
    private let fields = PageTreeBuilder()
    private var lastHash: UInt64 = 0
    private var count = 0
    private var payload = 0
    private var digest = Digest.empty
    private var fingerprint = ListFingerprint()
    private var scored = ScoredElements()

    init(hashKey: SipHash.Key) { self.hashKey = hashKey }

    deinit { reset() }

    var hasBegun: Bool { root != nil }

    func reset() {
        root?.block.release()
        root = nil
        fields.reset()
        clear()
    }

    private func clear() {
        (count, payload, lastHash, digest, fingerprint) = (0, 0, 0, .empty, ListFingerprint())
        scored.removeAll()
    }

    /// Takes a chunk of `number` entries into a collection that has `total`.
    func take(
        _ kind: ValueKind, _ number: Int, of total: Int, _ chunk: RawSpan, _ reader: inout ChunkReader
    ) throws(ImageFault) {
        guard number <= total - count else { throw .incompleteValue }
        let root = self.root ?? CollectionRoot(hasElements: kind.hasElements)
        self.root = root
        if kind == .list {
            try takeElements(number, chunk, &reader, root)
        } else {
            for _ in 0..<number { try takeField(kind, chunk, &reader) }
        }
        count += number
    }

    // MARK: Lists

    private func takeElements(
        _ number: Int, _ chunk: RawSpan, _ reader: inout ChunkReader, _ root: CollectionRoot
    ) throws(ImageFault) {
        var fault: ImageFault?
        root.editElements { elements in
            do throws(ImageFault) {
                for _ in 0..<number {
                    let range = try reader.counted(upTo: RecordHead.itemMax, from: chunk)
                    let element = chunk.extracting(range)
                    elements.append(element)
                    fingerprint = fingerprint.followed(by: ListFingerprint(of: element))
                    payload += Packed.size(element.byteCount)
                }
            } catch {
                fault = error
            }
        }
        if let fault { throw fault }
    }

    // MARK: Fields

    private func takeField(
        _ kind: ValueKind, _ chunk: RawSpan, _ reader: inout ChunkReader
    ) throws(ImageFault) {
        let start = reader.offset
        let head = try RecordHead(chunk, &reader, isField: true)
        guard head.kind == kind else { throw .flags(head.flags) }
        let key = chunk.extracting(try reader.range(head.keyLength))
        let value = chunk.extracting(try reader.range(head.valueLength))
        try check(kind, key, value)
        let hash = SipHash.hash(key, key: hashKey)
        try fields.checkOrder(of: key, hash, behind: lastHash)
        lastHash = hash
        if !head.hasLargeKey, !head.hasLargeValue {
            let bytes = chunk.extracting(start..<reader.offset)
            try fields.add(bytes, hash: hash, deadline: TreeNode.never)
            digest.add(SipHash.digest(bytes, key: Record.digestKey))
        } else {
            try addLarge(kind, key, hash, value, head.hasLargeValue)
            if let field = fields.last { digest.add(field.digest()) }
        }
    }

    /// Counts the field's bytes, and refuses a value that none of this kind has.
    private func check(_ kind: ValueKind, _ key: RawSpan, _ value: RawSpan) throws(ImageFault) {
        switch kind {
        case .hash: payload += Packed.size(key.byteCount) + Packed.size(value.byteCount)
        case .sortedSet:
            guard value.byteCount == ScoredMember.scoreSize else { throw .notCanonical }
            try ScoredMember.check(value)
            payload += Packed.size(key.byteCount + ScoredMember.scoreSize)
            scored.append(value, key)
        default:
            guard value.byteCount == 0 else { throw .notCanonical }
            payload += Packed.size(key.byteCount)
        }
    }

    private func addLarge(
        _ kind: ValueKind, _ key: RawSpan, _ hash: UInt64, _ value: RawSpan, _ isLargeValue: Bool
    ) throws(ImageFault) {
        if isLargeValue {
            let draft = RecordDraft(
                key: key, keyHash: hash, deadline: TreeNode.never, kind: kind, version: nil, rope: Rope(value))
            try fields.add(draft, isStub: false)
        } else {
            let draft = RecordDraft(
                key: key, keyHash: hash, deadline: TreeNode.never, kind: kind, version: nil, value: value)
            try fields.add(draft, isStub: false)
        }
    }

    // MARK: The end

    /// The collection, when it has all its entries; its reference goes over. Nil before.
    func finished(of total: Int) throws(ImageFault) -> CollectionRoot? {
        guard let root, count == total else { return nil }
        guard payload > Packed.sizeMax else { throw .notCanonical }
        root.payload = payload
        if fields.isEmpty {
            root.fingerprint = fingerprint
        } else {
            let node = fields.finish()
            TreeNode(node).digest = digest
            Branch(over: root).setChild(node, around: 0)
            root.node.count = count
            root.node.digest = digest
            root.node.bytes += TreeNode(node).bytes
            if root.hasElements { root.editElements { scored.put(into: &$0) } }
        }
        self.root = nil
        clear()
        return root
    }
}

/// The elements of a sorted set, gathered in any order.
private struct ScoredElements {
    private struct Item {
        let prefix: ElementPrefix
        let offset: Int
        let count: Int
    }

    private var bytes: [UInt8] = []
    private var items: [Item] = []
    private static let bytesKeptMax = 1 << 20

    mutating func append(_ score: RawSpan, _ member: RawSpan) {
        let offset = bytes.count
        bytes.append(bytes: score)
        bytes.append(bytes: member)
        let prefix = ElementPrefix(bytes.rawBytes.extracting(offset..<bytes.count))
        items.append(Item(prefix: prefix, offset: offset, count: bytes.count - offset))
    }

    /// Puts all into an empty tree, in their order.
    func put(into tree: inout CountedTree) {
        let span = bytes.rawBytes
        func element(_ item: Item) -> Range<Int> { item.offset..<item.offset + item.count }
        let sorted = items.sorted { a, b in
            guard a.prefix == b.prefix else { return a.prefix < b.prefix }
            return span.extracting(element(a)).isBefore(span.extracting(element(b)), orEqual: false)
        }
        for item in sorted { tree.append(span.extracting(element(item))) }
    }

    mutating func removeAll() {
        items.removeAll(keepingCapacity: bytes.count < ScoredElements.bytesKeptMax)
        bytes.removeAll(keepingCapacity: bytes.count < ScoredElements.bytesKeptMax)
    }
}
