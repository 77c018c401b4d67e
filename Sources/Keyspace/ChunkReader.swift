// Reading a chunk: numbers in their shortest form, ranges within the bytes, and the order in which it all must come.

import ByteCoding

/// A cursor over a chunk's bytes, which are not trusted. As `ByteReader`, but a number has one form only: bytes that
/// are read here are copied into pages, and hashed, as they are.
struct ChunkReader {
    private(set) var offset = 0
    let end: Int

    init(_ bytes: RawSpan) { end = bytes.byteCount }

    @inline(__always) var remaining: Int { end - offset }

    @inline(__always)
    mutating func byte(from bytes: RawSpan) throws(ImageFault) -> UInt8 {
        guard offset < end else { throw .truncated }
        defer { offset += 1 }
        return bytes.byte(at: offset)
    }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self, from bytes: RawSpan
    ) throws(ImageFault) -> Value {
        let size = MemoryLayout<Value>.size
        guard size <= remaining else { throw .truncated }
        // Checked above; every bit pattern is a valid integer.
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
        offset += size
        return Value(littleEndian: value)
    }

    @inline(__always)
    mutating func varint(from bytes: RawSpan) throws(ImageFault) -> UInt64 {
        let first = try byte(from: bytes)
        return first < 0x80 ? UInt64(first) : try longVarint(first, from: bytes)
    }

    private mutating func longVarint(_ first: UInt8, from bytes: RawSpan) throws(ImageFault) -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let byte = try byte(from: bytes)
            guard shift < 63 || byte <= 1 else { throw .number }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 else { throw .number }
                return value
            }
            shift += 7
        }
    }

    /// A length that is not above `limit`.
    @inline(__always)
    mutating func length(upTo limit: Int, from bytes: RawSpan) throws(ImageFault) -> Int {
        let length = try varint(from: bytes)
        guard length <= UInt64(limit) else { throw .tooLarge(length) }
        return Int(length)
    }

    /// Where the next `count` bytes lie; moves behind them.
    @inline(__always)
    mutating func range(_ count: Int) throws(ImageFault) -> Range<Int> {
        guard count <= remaining else { throw .truncated }
        defer { offset += count }
        return offset..<offset + count
    }

    /// A length and where so many bytes lie; moves behind them.
    @inline(__always)
    mutating func counted(upTo limit: Int, from bytes: RawSpan) throws(ImageFault) -> Range<Int> {
        try range(try length(upTo: limit, from: bytes))
    }

    func finish() throws(ImageFault) {
        guard remaining == 0 else { throw .trailingBytes(remaining) }
    }
}

/// What stands at the beginning of a record or a field.
struct RecordHead {
    /// The longest keys and items: no request that could have brought a longer one fits a log's frame.
    static let itemMax = Rope.countMax

    let flags: UInt8
    let kind: ValueKind
    let keyLength: Int
    let valueLength: Int
    let deadline: UInt64

    @inline(__always) var hasLargeKey: Bool { flags & Record.largeKeyFlag != 0 }
    @inline(__always) var hasLargeValue: Bool { flags & Record.largeValueFlag != 0 }

    /// Checks whatever can be checked without looking at key and value.
    @inline(__always)
    init(_ bytes: RawSpan, _ reader: inout ChunkReader, isField: Bool) throws(ImageFault) {
        flags = try reader.byte(from: bytes)
        guard let kind = ValueKind(rawValue: flags & Record.kindMask), (flags & Record.fieldFlag != 0) == isField else {
            throw .flags(flags)
        }
        self.kind = kind
        keyLength = try reader.length(upTo: RecordHead.itemMax, from: bytes)
        valueLength = try reader.length(upTo: RecordHead.itemMax, from: bytes)
        if flags & Record.timedFlag == 0 {
            deadline = TreeNode.never
        } else {
            deadline = try reader.integer(UInt64.self, from: bytes)
            guard deadline != TreeNode.never, !isField else { throw .flags(flags) }
        }
        let hasLargeKey = flags & Record.largeKeyFlag != 0
        guard hasLargeKey == (keyLength > Record.keyInlineMax) else { throw .flags(flags) }
        let hasLargeValue = flags & Record.largeValueFlag != 0
        if isField || kind == .string {
            guard hasLargeValue == (valueLength > Record.valueInlineMax) else { throw .flags(flags) }
        } else {
            guard hasLargeValue ? valueLength == 0 : 1...Packed.sizeMax ~= valueLength else { throw .flags(flags) }
        }
    }
}
