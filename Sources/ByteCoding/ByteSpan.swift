// Byte arrays as spans.

extension Array where Element == UInt8 {
    /// The array's bytes, borrowed: `reader.varint(from: buffer.rawBytes)`.
    @inlinable public var rawBytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            // `Span.bytes` is unsafe for types with padding; a UInt8 has none.
            unsafe span.bytes
        }
    }
}
