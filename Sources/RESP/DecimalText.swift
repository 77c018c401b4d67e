// Integers as decimal ASCII text, straight into bytes and straight out of them, without a String between.

extension Array where Element == UInt8 {
    /// Appends the number in decimal, with a minus sign when it is negative.
    @inlinable public mutating func append(decimal value: Int64) {
        if value >= 0, value < 10 {
            append(UInt8(48 + value))
            return
        }
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimalMagnitude: value.magnitude)
    }

    /// Appends the number in decimal.
    @inlinable public mutating func append(decimalMagnitude value: UInt64) {
        append(contentsOf: repeatElement(0, count: DecimalText.digits(in: value)))
        var rest = value
        var position = count
        repeat {
            position -= 1
            self[position] = UInt8(48 + rest % 10)
            rest /= 10
        } while rest > 0
    }
}

public enum DecimalText {
    /// How many decimal digits the number has: 1 to 20.
    @inlinable public static func digits(in value: UInt64) -> Int {
        var digits = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    /// The number that the whole span spells, by Redis's rules (`string2ll`): an optional minus sign, then digits
    /// without a leading zero, within 64 bits. Nil for anything else, such as blanks, a plus sign or "-0".
    public static func integer(in bytes: RawSpan) -> Int64? {
        let count = bytes.byteCount
        guard count > 0, count <= 20 else { return nil }
        let isNegative = bytes.byte(at: 0) == UInt8(ascii: "-")
        var offset = isNegative ? 1 : 0
        guard offset < count else { return nil }
        if bytes.byte(at: offset) == UInt8(ascii: "0") { return count == 1 ? 0 : nil }
        var magnitude: UInt64 = 0
        while offset < count {
            let digit = bytes.byte(at: offset) &- 48
            guard digit < 10 else { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            magnitude = sum
            offset += 1
        }
        if isNegative {
            return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }
}

extension RawSpan {
    /// One byte. Traps outside the span.
    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount, "a byte outside of its span")
        // Checked above; every bit pattern is a valid byte.
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
}
