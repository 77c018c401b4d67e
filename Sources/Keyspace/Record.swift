// One record as bytes: how it lies in a page, and what its hash is taken over.
//
// Invariant: a key is kept beside its page exactly when it is longer than `keyInlineMax`, a value exactly when it is
// longer than `valueInlineMax`. So a record's bytes, and its hash, are functions of its key, deadline and value.

import ByteCoding
import Vocabulary

/// The types of values.
public enum ValueKind: UInt8, Hashable, Sendable {
    case string = 1
}

/// A view of a record within a page: flags, key length, value length, deadline if there is one, key, value.
struct Record {
    static let keyInlineMax = 1 << 10
    static let valueInlineMax = 4 << 10

    static let kindMask: UInt8 = 0x0F
    static let timedFlag: UInt8 = 0x10
    static let largeValueFlag: UInt8 = 0x20
    static let largeKeyFlag: UInt8 = 0x40

    /// A reference to a rope and the key's hash, which a page needs when it is split.
    private static let largeKeySize = 16
    private static let largeValueSize = 8

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
    @inline(__always) var end: Int { valueOffset + (hasLargeValue ? Record.largeValueSize : valueLength) }
    @inline(__always) var size: Int { end - offset }
    var kind: ValueKind {
        guard let kind = ValueKind(rawValue: flags & Record.kindMask) else {
            preconditionFailure("a record of kind \(flags & Record.kindMask)")
        }
        return kind
    }

    /// In milliseconds since 1970, or `TreeNode.never`.
    @inline(__always) var deadline: UInt64 { isTimed ? block[UInt64.self, keyOffset - 8] : TreeNode.never }
    func isOver(at time: UInt64) -> Bool { isTimed && deadline <= time }

    /// How many references to ropes it holds.
    @inline(__always) var referenceCount: Int { (hasLargeKey ? 1 : 0) + (hasLargeValue ? 1 : 0) }
    var keyRope: Rope? { hasLargeKey ? block.reference(at: keyOffset).map { Rope($0, count: keyLength) } : nil }
    var valueRope: Rope? { hasLargeValue ? block.reference(at: valueOffset).map { Rope($0, count: valueLength) } : nil }

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

    /// Bytes that the record's ropes take beside the page.
    var sideBytes: Int { (keyRope?.footprint ?? 0) + (valueRope?.footprint ?? 0) }

    // MARK: Hash

    /// The published key of the digest, version 1: the first 128 bits of pi behind the point.
    static let digestKey = SipHash.Key(0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344)

    /// The record's part of the state's digest. `docs/formats/entries.md` defines it.
    func digest() -> Digest {
        if referenceCount == 0 { return block.withBytes(offset, size) { SipHash.digest($0, key: Record.digestKey) } }
        var message: [UInt8] = []
        block.withBytes(offset, keyOffset - offset) { message.append(bytes: $0) }
        if let keyRope {
            message.append(sipHash: keyRope.digest)
        } else {
            block.withBytes(keyOffset, keyLength) { message.append(bytes: $0) }
        }
        if let valueRope {
            message.append(sipHash: valueRope.digest)
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
    /// Empty when there is a rope.
    let value: RawSpan
    /// A value too long for a page. Its reference goes over to the record.
    let rope: Rope?

    @_lifetime(copy key, copy value)
    init(key: RawSpan, keyHash: UInt64, deadline: UInt64, value: RawSpan, rope: Rope?) {
        assert(((rope?.count ?? value.byteCount) > Record.valueInlineMax) == (rope != nil), "a value of the wrong form")
        self.key = key
        self.keyHash = keyHash
        self.deadline = deadline
        self.value = value
        self.rope = rope
    }

    @inline(__always) var valueLength: Int { rope?.count ?? value.byteCount }
    @inline(__always) var hasLargeKey: Bool { key.byteCount > Record.keyInlineMax }
    @inline(__always) var isTimed: Bool { deadline != TreeNode.never }

    @inline(__always) var size: Int {
        1 + RecordDraft.varintSize(key.byteCount) + RecordDraft.varintSize(valueLength) + (isTimed ? 8 : 0)
            + (hasLargeKey ? 16 : key.byteCount) + (rope != nil ? 8 : value.byteCount)
    }

    @inline(__always) private static func varintSize(_ value: Int) -> Int {
        value < 0x80 ? 1 : (70 - UInt64(value).leadingZeroBitCount) / 7
    }

    /// Writes all `size` bytes. The references to `keyRope`, which a large key must have, and to the value's rope go
    /// over to the record.
    @inline(__always)
    func write(to block: Block, at start: Int, keyRope: Rope?) {
        block[UInt8.self, start] =
            ValueKind.string.rawValue | (isTimed ? Record.timedFlag : 0) | (rope != nil ? Record.largeValueFlag : 0)
            | (hasLargeKey ? Record.largeKeyFlag : 0)
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
        if let rope {
            block.setReference(rope.root, at: offset)
        } else {
            block.write(value, at: offset)
        }
    }

    @inline(__always)
    private static func putVarint(_ value: Int, _ block: Block, _ offset: inout Int) {
        var rest = value
        while rest >= 0x80 {
            block[UInt8.self, offset] = UInt8(truncatingIfNeeded: rest) | 0x80
            offset += 1
            rest >>= 7
        }
        block[UInt8.self, offset] = UInt8(rest)
        offset += 1
    }
}
