// One record as bytes: how it lies in a page, and what its hash is taken over.
//
// Invariants:
// 1. A key is kept beside its page exactly when it is longer than `keyInlineMax`; a string exactly when it is longer
//    than `valueInlineMax`, a collection exactly when its packed form would be longer than `Packed.sizeMax`. So a
//    record's hash is a function of its key, deadline and value.
// 2. A record of the keyspace ends with its version, a field of a collection has none. The version is a varint, of few
//    bytes for most of a log's life; beside a value outside of the page it has 8 bytes, so that it can be replaced.

import ByteCoding
import Vocabulary

/// The types of values.
public enum ValueKind: UInt8, Hashable, Sendable {
    case string = 1
    case hash = 2
    case list = 3
    case set = 4
    case sortedSet = 5
}

/// A view of a record within a page: flags, key length, value length, deadline if there is one, key, value, and the
/// version unless it is a field. A collection beside the page has a value length of 0.
struct Record {
    static let keyInlineMax = 1 << 10
    static let valueInlineMax = 4 << 10

    static let kindMask: UInt8 = 0x0F
    static let timedFlag: UInt8 = 0x10
    static let largeValueFlag: UInt8 = 0x20
    static let largeKeyFlag: UInt8 = 0x40
    static let fieldFlag: UInt8 = 0x80

    /// A reference to a rope and the key's hash, which a page needs when it is split.
    private static let largeKeySize = 16
    private static let largeValueSize = 8
    /// Beside a value that is outside of the page.
    static let versionSize = 8

    let block: Block
    let offset: Int
    let flags: UInt8
    let keyLength: Int
    let valueLength: Int
    /// Where the key, or what stands for it, begins in the block.
    let keyOffset: Int

    /// The record at an offset at which one was written.
    @inline(__always)
    init(_ block: Block, at offset: Int) {
        self.block = block
        self.offset = offset
        flags = block[UInt8.self, offset]
        var next = offset + 1
        keyLength = Record.varint(block, &next)
        valueLength = Record.varint(block, &next)
        keyOffset = next + (flags & Record.timedFlag == 0 ? 0 : 8)
    }

    @inline(__always) var isTimed: Bool { flags & Record.timedFlag != 0 }
    @inline(__always) var hasLargeKey: Bool { flags & Record.largeKeyFlag != 0 }
    @inline(__always) var hasLargeValue: Bool { flags & Record.largeValueFlag != 0 }
    @inline(__always) var valueOffset: Int { keyOffset + (hasLargeKey ? Record.largeKeySize : keyLength) }
    @inline(__always) var valueEnd: Int { valueOffset + (hasLargeValue ? Record.largeValueSize : valueLength) }
    @inline(__always) var isField: Bool { flags & Record.fieldFlag != 0 }
    @inline(__always) var end: Int {
        if isField { return valueEnd }
        if hasLargeValue { return valueEnd + Record.versionSize }
        var next = valueEnd
        while block[UInt8.self, next] >= 0x80 { next += 1 }
        return next + 1
    }
    @inline(__always) var size: Int { end - offset }
    /// The index of the entry that wrote the record. Traps for a field.
    @inline(__always) var version: UInt64 {
        precondition(!isField, "a field has no version")
        if hasLargeValue { return block[UInt64.self, valueEnd] }
        var next = valueEnd
        return UInt64(bitPattern: Int64(Record.varint(block, &next)))
    }
    var kind: ValueKind {
        guard let kind = ValueKind(rawValue: flags & Record.kindMask) else {
            preconditionFailure("a record of kind \(flags & Record.kindMask)")
        }
        return kind
    }

    /// In milliseconds since 1970, or `TreeNode.never`.
    @inline(__always) var deadline: UInt64 { isTimed ? block[UInt64.self, keyOffset - 8] : TreeNode.never }
    func isOver(at time: UInt64) -> Bool { isTimed && deadline <= time }

    /// How many references it holds: to ropes, or to a collection.
    @inline(__always) var referenceCount: Int { (hasLargeKey ? 1 : 0) + (hasLargeValue ? 1 : 0) }
    var keyRope: Rope? { hasLargeKey ? block.reference(at: keyOffset).map { Rope($0, count: keyLength) } : nil }
    /// What stands for a value that is beside the page.
    @inline(__always) var valueReference: Block? { hasLargeValue ? block.reference(at: valueOffset) : nil }
    var valueRope: Rope? {
        guard kind == .string || isField, let valueReference else { return nil }
        return Rope(valueReference, count: valueLength)
    }
    /// The collection when it is beside the page.
    var collection: CollectionRoot? {
        guard kind != .string, !isField, let valueReference else { return nil }
        return CollectionRoot(valueReference)
    }

    @inline(__always)
    private static func varint(_ block: Block, _ offset: inout Int) -> Int {
        var value = 0
        var shift = 0
        while true {
            let byte = block[UInt8.self, offset]
            offset += 1
            value |= Int(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    // MARK: Contents

    @inline(__always)
    func hasKey(_ key: RawSpan) -> Bool {
        guard keyLength == key.byteCount else { return false }
        if let keyRope { return keyRope.holds(key) }
        return block.withBytes(keyOffset, keyLength) { $0.hasSameBytes(as: key) }
    }

    /// Calls `body` with the key's bytes. A large key is gathered for it.
    func withKey<Result>(_ body: (RawSpan) -> Result) -> Result {
        if let keyRope { return body(keyRope.gathered().rawBytes) }
        return block.withBytes(keyOffset, keyLength, body)
    }

    func keyHash(_ key: SipHash.Key) -> UInt64 {
        hasLargeKey
            ? block[UInt64.self, keyOffset + 8]
            : block.withBytes(keyOffset, keyLength) { SipHash.hash($0, key: key) }
    }

    /// Calls `body` with the pieces of `range` of the value, in order.
    func forEachPiece(of range: Range<Int>, _ body: (RawSpan) -> Void) {
        if let valueRope { return valueRope.forEachPiece(of: range, body) }
        block.withBytes(valueOffset + range.lowerBound, range.count, body)
    }

    /// Puts a collection in the place of the one beside the page. The page must be its holder's own.
    func setCollection(_ collection: CollectionRoot) { block.setReference(collection.block, at: valueOffset) }

    /// Puts the index of another entry in. The value must be beside the page, and the page its holder's own.
    func setVersion(_ version: UInt64) {
        precondition(hasLargeValue && !isField, "a version that has no room to change")
        block[UInt64.self, valueEnd] = version
    }

    /// Bytes that the record takes beside the page.
    var sideBytes: Int {
        guard referenceCount > 0 else { return 0 }
        return (keyRope?.footprint ?? 0) + (valueRope?.footprint ?? collection?.node.bytes ?? 0)
    }

    /// Bytes of the key and the value: for a collection, and for a field of one, as they would be packed.
    @inline(__always) var payload: Int {
        guard !isField else { return fieldPayload }
        return keyLength + (hasLargeValue ? collection?.payload ?? valueLength : valueLength)
    }

    private var fieldPayload: Int {
        switch kind {
        case .hash: Packed.size(keyLength) + Packed.size(valueLength)
        case .sortedSet: Packed.size(keyLength + ScoredMember.scoreSize)
        default: Packed.size(keyLength)
        }
    }

    // MARK: Hash

    /// The published key of the digest, version 1: the first 128 bits of pi behind the point.
    static let digestKey = SipHash.Key(0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344)

    /// The record's part of the state's digest. `docs/formats/entries.md` defines it.
    func digest() -> Digest {
        if referenceCount == 0 {
            return block.withBytes(offset, valueEnd - offset) { SipHash.digest($0, key: Record.digestKey) }
        }
        var message: [UInt8] = []
        message.reserveCapacity(valueOffset - offset + 24)
        block.withBytes(offset, keyOffset - offset) { message.append(bytes: $0) }
        if let keyRope {
            message.append(sipHash: keyRope.digest)
        } else {
            block.withBytes(keyOffset, keyLength) { message.append(bytes: $0) }
        }
        if let valueRope {
            message.append(sipHash: valueRope.digest)
        } else if let collection {
            message.append(littleEndian: UInt64(collection.node.count))
            message.append(sipHash: collection.node.digest)
        } else {
            block.withBytes(valueOffset, valueLength) { message.append(bytes: $0) }
        }
        return SipHash.digest(message.rawBytes, key: Record.digestKey)
    }
}

extension [UInt8] {
    /// Appends a digest as SipHash gives it: 16 bytes, the lower word first.
    mutating func append(sipHash digest: Digest) {
        append(littleEndian: digest.low)
        append(littleEndian: digest.high)
    }
}

/// A record that is to be written: what it says, and how much room it takes.
struct RecordDraft: ~Escapable {
    let key: RawSpan
    let keyHash: UInt64
    /// In milliseconds since 1970, or `TreeNode.never`.
    let deadline: UInt64
    let kind: ValueKind
    /// The index of the entry that writes it; nil for a field of a collection.
    let version: UInt64?
    /// Empty when there is a reference.
    let value: RawSpan
    /// A value too long for a page: a rope's root, or a collection. Goes over to the record.
    let reference: Block?
    /// A string's length; for a collection the length of its packed form, 0 beside the page.
    let valueLength: Int

    /// With a value that lies in the page.
    @inline(__always)
    @_lifetime(copy key, copy value)
    init(key: RawSpan, keyHash: UInt64, deadline: UInt64, kind: ValueKind = .string, version: UInt64?, value: RawSpan) {
        assert(value.byteCount <= Record.valueInlineMax, "a value too long for a page")
        self.key = key
        self.keyHash = keyHash
        self.deadline = deadline
        self.kind = kind
        self.version = version
        self.value = value
        reference = nil
        valueLength = value.byteCount
    }

    /// With a value beside the page: a long string, a field's long value, or a collection, whose length is 0.
    @_lifetime(copy key)
    init(
        key: RawSpan, keyHash: UInt64, deadline: UInt64, kind: ValueKind, version: UInt64?, reference: Block,
        valueLength: Int
    ) {
        self.key = key
        self.keyHash = keyHash
        self.deadline = deadline
        self.kind = kind
        self.version = version
        value = key.extracting(first: 0)
        self.reference = reference
        self.valueLength = valueLength
    }

    /// With a long string, or a field's long value.
    @_lifetime(copy key)
    init(
        key: RawSpan, keyHash: UInt64, deadline: UInt64, kind: ValueKind = .string, version: UInt64?, rope: Rope
    ) {
        assert(rope.count > Record.valueInlineMax, "a rope too short for one")
        self.init(
            key: key, keyHash: keyHash, deadline: deadline, kind: kind, version: version, reference: rope.root,
            valueLength: rope.count)
    }

    @inline(__always) var hasLargeKey: Bool { key.byteCount > Record.keyInlineMax }
    @inline(__always) var isTimed: Bool { deadline != TreeNode.never }

    @inline(__always) var size: Int {
        1 + RecordDraft.varintSize(key.byteCount) + RecordDraft.varintSize(valueLength) + (isTimed ? 8 : 0)
            + (hasLargeKey ? 16 : key.byteCount) + (reference != nil ? 8 : value.byteCount)
            + versionSize
    }

    @inline(__always) private var versionSize: Int {
        guard let version else { return 0 }
        return reference != nil ? Record.versionSize : RecordDraft.varintSize(Int(bitPattern: UInt(version)))
    }

    @inline(__always) private static func varintSize(_ value: Int) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }

    /// Writes all `size` bytes. The references to `keyRope`, which a large key must have, and to the value go over to
    /// the record.
    @inline(__always)
    func write(to block: Block, at start: Int, keyRope: Rope?) {
        block[UInt8.self, start] =
            kind.rawValue | (isTimed ? Record.timedFlag : 0) | (reference != nil ? Record.largeValueFlag : 0)
            | (hasLargeKey ? Record.largeKeyFlag : 0) | (version == nil ? Record.fieldFlag : 0)
        var offset = start + 1
        RecordDraft.putVarint(key.byteCount, block, &offset)
        RecordDraft.putVarint(valueLength, block, &offset)
        if isTimed {
            block[UInt64.self, offset] = deadline
            offset += 8
        }
        if let keyRope {
            block.setReference(keyRope.root, at: offset)
            block[UInt64.self, offset + 8] = keyHash
            offset += 16
        } else {
            block.write(key, at: offset)
            offset += key.byteCount
        }
        if let reference {
            block.setReference(reference, at: offset)
            offset += 8
        } else {
            block.write(value, at: offset)
            offset += value.byteCount
        }
        guard let version else { return }
        if reference != nil {
            block[UInt64.self, offset] = version
        } else {
            RecordDraft.putVarint(Int(bitPattern: UInt(version)), block, &offset)
        }
    }

    @inline(__always)
    private static func putVarint(_ value: Int, _ block: Block, _ offset: inout Int) {
        var rest = UInt(bitPattern: value)
        while rest >= 0x80 {
            block[UInt8.self, offset] = UInt8(truncatingIfNeeded: rest) | 0x80
            offset += 1
            rest >>= 7
        }
        block[UInt8.self, offset] = UInt8(rest)
        offset += 1
    }
}
