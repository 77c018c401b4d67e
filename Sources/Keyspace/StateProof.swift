// Whether memory still holds what was written to it: the digests that are kept beside the records, taken anew.

import ByteCoding
public import Vocabulary

/// Records that do not have the digest which was kept of them: a bit of memory has changed, or a write went astray.
public struct StateDamage: Hashable, Sendable, CustomStringConvertible {
    /// Nil when every slot is as it should be and their sum is not.
    public let slot: Int?
    public let kept: Digest
    public let found: Digest

    public init(slot: Int?, kept: Digest, found: Digest) {
        self.slot = slot
        self.kept = kept
        self.found = found
    }

    public var description: String {
        let place = slot.map { "the records of slot \($0)" } ?? "all slots together"
        return "\(place) have digest \(found) in memory, and \(kept) was kept of what was written"
    }
}

/// Walks over all records of a state that stands still, in steps, so that whoever carries it out can stop.
///
/// Nothing that is kept of a record, a large value or a slot is believed. What is derived and in no digest (the order
/// of a sorted set, the contents of indexes) is not looked at: of indexes, `IndexProof` does that.
public struct StateProof: Sendable {
    private let image: KeyspaceImage
    private var slot = 0
    private var sum = Digest.empty

    public init(of image: KeyspaceImage) { self.image = image }

    public var isThrough: Bool { slot == HashSlot.count }
    /// The index of the state.
    public var index: LogIndex { image.index }

    /// Goes on by about so many records, at least one slot. The first damage that it meets; goes on behind it.
    public mutating func step(_ records: Int) -> StateDamage? {
        var left = records
        while left > 0, slot < HashSlot.count {
            sum.add(image.digest(ofSlot: slot))
            left -= 1 + image.count(inSlot: slot)
            slot += 1
            if let damage = image.damage(inSlot: slot - 1) { return damage }
        }
        guard slot == HashSlot.count, sum != image.root.branch.node.digest else { return nil }
        return StateDamage(slot: nil, kept: image.root.branch.node.digest, found: sum)
    }
}

extension KeyspaceImage {
    /// What is wrong with the records of a slot; nil when they have the digest that was kept of them. Traps outside of
    /// `0..<HashSlot.count`.
    public func damage(inSlot slot: Int) -> StateDamage? {
        guard let node = node(ofSlot: slot) else { return nil }
        let kept = TreeNode(node).digest
        var found = Digest.empty
        RecordTree.forEachRecord(below: node, hashKey: hashKey) { record in
            found.add(record.isIntact(hashKey) ? record.digest() : .empty)
        }
        return found == kept ? nil : StateDamage(slot: slot, kept: kept, found: found)
    }
}

extension Record {
    /// Whether the digests that `digest()` goes by are those of the bytes beside the page.
    fileprivate func isIntact(_ hashKey: SipHash.Key) -> Bool {
        guard referenceCount > 0 else { return true }
        if let keyRope, !keyRope.isIntact { return false }
        if let valueRope { return valueRope.isIntact }
        guard let collection else { return true }
        return kind == .list ? collection.hasIntactElements : collection.hasIntactFields(hashKey)
    }
}

extension Rope {
    fileprivate var isIntact: Bool { Rope.isIntact(root) }

    private static func isIntact(_ block: Block) -> Bool {
        guard block.kind == .ropeNode else { return true }
        let node = RopeNode(block)
        return (0..<node.count).allSatisfy { cell in
            let child = node.child(cell)
            return node.keptDigest(cell) == RopePart.digest(of: child) && isIntact(child)
        }
    }
}

extension CollectionRoot {
    fileprivate var hasIntactElements: Bool {
        var found = ListFingerprint()
        elements.walk(from: 0) {
            found = found.followed(by: ListFingerprint(of: $0))
            return true
        }
        return found == fingerprint
    }

    fileprivate func hasIntactFields(_ hashKey: SipHash.Key) -> Bool {
        guard let fields else { return node.digest == .empty }
        var found = Digest.empty
        RecordTree.forEachRecord(below: fields, hashKey: hashKey) { field in
            if field.valueRope.map(\.isIntact) ?? true, field.keyRope.map(\.isIntact) ?? true {
                found.add(field.digest())
            }
        }
        return found == node.digest
    }
}

extension Keyspace {
    /// Changes one bit of the value of a string, as faulty memory would, and nothing that is kept of it: for tests of
    /// what comes of that. False when there is no such string.
    public mutating func flipBitForTest(_ key: [UInt8]) -> Bool { records.flipBitForTest(key.rawBytes) }
}

extension RecordTree {
    fileprivate mutating func flipBitForTest(_ key: RawSpan) -> Bool {
        let place = place(of: key)
        guard find(key, at: place) != nil else { return false }
        let page = path(to: place).page
        guard let position = page.position(of: key, hash: place.hash) else { return false }
        let record = page.record(ofEntry: page.entry(position))
        guard record.kind == .string, record.referenceCount == 0, record.valueLength > 0 else { return false }
        record.block[UInt8.self, record.valueOffset] ^= 1
        return true
    }
}
