// Reading numbers and byte ranges from foreign bytes: every length is checked before it is believed.

public import Vocabulary

/// Why bytes could not be read as what they claim to be. Offsets count from the start of the span being read.
public enum ByteError: Error, Hashable, Sendable {
    /// The bytes end inside of a value: `needed` more were wanted at `offset`.
    case truncated(at: Int, needed: Int)
    /// A varint of more than 64 bits.
    case varintTooLong(at: Int)
    /// A length above the limit that its reader gave.
    case lengthOverLimit(at: Int, length: UInt64, limit: Int)
    /// Bytes that are no valid value of their type, such as a node name with a capital letter.
    case invalidValue(at: Int)
}

/// A cursor over bytes that are not trusted yet. The caller passes the span to each read, so the cursor is plain data.
public struct ByteReader: Sendable {
    /// Where the next read begins.
    public private(set) var offset: Int
    /// Where the readable bytes end (exclusive).
    public let end: Int

    @inlinable public init(_ bytes: RawSpan) {
        self.init(offset: 0, end: bytes.byteCount)
    }
    /// Over a part of the span: `offset..<end`.
    public init(offset: Int, end: Int) {
        self.offset = offset
        self.end = end
    }

    public var remaining: Int { end - offset }
    public var isAtEnd: Bool { offset == end }

    public mutating func skip(_ count: Int) throws(ByteError) {
        guard count >= 0, count <= remaining else { throw .truncated(at: offset, needed: count - remaining) }
        offset += count
    }

    @inline(__always)
    public mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self, from bytes: RawSpan
    ) throws(ByteError) -> Value {
        let size = MemoryLayout<Value>.size
        guard size <= remaining else { throw .truncated(at: offset, needed: size - remaining) }
        // Checked above; every bit pattern is a valid integer.
        let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
        offset += size
        return Value(littleEndian: value)
    }

    public mutating func varint(from bytes: RawSpan) throws(ByteError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = offset
        while true {
            guard offset < end else { throw .truncated(at: offset, needed: 1) }
            let byte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            if shift == 63, byte > 1 { throw .varintTooLong(at: start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// A varint length and where its bytes lie; moves behind them. `limit` is inclusive.
    public mutating func counted(from bytes: RawSpan, limit: Int = .max) throws(ByteError) -> Range<Int> {
        let start = offset
        let length = try varint(from: bytes)
        guard length <= UInt64(limit) else { throw .lengthOverLimit(at: start, length: length, limit: limit) }
        guard length <= UInt64(remaining) else {
            throw .truncated(at: offset, needed: Int(clamping: length) - remaining)
        }
        let range = offset..<offset + Int(length)
        offset = range.upperBound
        return range
    }

    /// Counted UTF-8 text. Invalid UTF-8 is an error, never repaired.
    public mutating func text(from bytes: RawSpan, limit: Int) throws(ByteError) -> String {
        let range = try counted(from: bytes, limit: limit)
        let copy = [UInt8](bytes.extracting(range))
        guard let text = String(validating: copy, as: UTF8.self) else { throw .invalidValue(at: range.lowerBound) }
        return text
    }

    public mutating func node(from bytes: RawSpan) throws(ByteError) -> NodeID {
        let start = offset
        let high = try integer(UInt64.self, from: bytes)
        let low = try integer(UInt64.self, from: bytes)
        guard let node = NodeID(high: high, low: low) else { throw .invalidValue(at: start) }
        return node
    }

    public mutating func identifier<ID: Identifier128>(
        _ type: ID.Type = ID.self, from bytes: RawSpan
    ) throws(ByteError) -> ID {
        let high = try integer(UInt64.self, from: bytes)
        let low = try integer(UInt64.self, from: bytes)
        return ID(high: high, low: low)
    }
}

extension Array where Element == UInt8 {
    /// A copy of the span's bytes.
    @inlinable public init(_ bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
