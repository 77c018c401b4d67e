// Appending numbers and byte ranges to a byte array: little-endian, varint, raw.

public import Vocabulary

extension Array where Element == UInt8 {
    /// Appends the integer's bytes, least significant first.
    @inlinable public mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
        var little = value.littleEndian
        unsafe Swift.withUnsafeBytes(of: &little) { unsafe append(contentsOf: $0) }
    }

    /// Appends an unsigned LEB128 number: seven bits a byte, least significant first, high bit on all but the last.
    @inlinable public mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    @inlinable public mutating func append(bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Appends its length as a varint, then the bytes.
    @inlinable public mutating func append(counted bytes: RawSpan) {
        append(varint: UInt64(bytes.byteCount))
        append(bytes: bytes)
    }

    /// Appends its length as a varint, then its UTF-8 bytes.
    @inlinable public mutating func append(counted text: String) {
        append(varint: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    @inlinable public mutating func append(_ node: NodeID) {
        append(littleEndian: node.high)
        append(littleEndian: node.low)
    }

    @inlinable public mutating func append(_ identifier: some Identifier128) {
        append(littleEndian: identifier.high)
        append(littleEndian: identifier.low)
    }

    /// Overwrites the bytes at `offset` with the integer, least significant first. Traps outside the array.
    @inlinable public mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
        littleEndian value: Value, at offset: Int
    ) {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= count, "store outside of \(count) bytes")
        unsafe withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        }
    }
}
