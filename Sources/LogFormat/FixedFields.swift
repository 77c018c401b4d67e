// Reading integers at fixed places of a span whose size was checked before.

extension RawSpan {
    /// The little-endian integer at `offset`. Traps outside of the span.
    @inlinable @inline(__always)
    package func little<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self, at offset: Int
    ) -> Value {
        // Every bit pattern is a valid integer; the load itself checks the bounds.
        Value(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// Whether all bytes are zero.
    @inlinable
    package func isZero(in range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        while offset + 8 <= range.upperBound {
            guard little(UInt64.self, at: offset) == 0 else { return false }
            offset += 8
        }
        while offset < range.upperBound {
            guard little(UInt8.self, at: offset) == 0 else { return false }
            offset += 1
        }
        return true
    }
}
