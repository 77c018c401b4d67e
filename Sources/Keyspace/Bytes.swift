// Looking at foreign bytes: single ones, words of a command in any case, equality.

extension RawSpan {
    /// One byte. Traps outside the span.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "a byte outside of its span")
        // Checked above; every bit pattern is a valid byte.
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Whether these bytes are `word` (given in lower case) in any case.
    func isWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard byteCount == count else { return false }
        // A static string's bytes live as long as the program, and there are `count` of them.
        let start = unsafe word.utf8Start
        for offset in 0..<count where unsafe byte(at: offset).asciiLowercased != start[offset] { return false }
        return true
    }

    /// Whether the two hold the same bytes.
    func hasSameBytes(as other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        var offset = 0
        while offset + 8 <= byteCount {
            // Both loads end inside: the counts are equal and the loop condition bounds them.
            let (a, b) = unsafe (
                unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self),
                other.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            )
            if a != b { return false }
            offset += 8
        }
        while offset < byteCount {
            if byte(at: offset) != other.byte(at: offset) { return false }
            offset += 1
        }
        return true
    }
}

extension UInt8 {
    @inline(__always)
    var asciiLowercased: UInt8 { self &- 65 < 26 ? self | 0x20 : self }
}
