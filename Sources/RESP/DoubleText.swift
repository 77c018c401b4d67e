// Floating-point numbers as text of 17 digits, the same on every machine, without the C library and its locale.

extension Array where Element == UInt8 {
    /// Appends the number as `printf` writes it under `%.17g`, which is how Redis 7.0 writes scores: 17 significant
    /// digits without the zeros at their end, an exponent for less than 10^-4 and from 10^17 on; `inf`, `-inf`, `nan`.
    public mutating func append(double value: Double) {
        if value.isNaN { return append(contentsOf: [UInt8]("nan".utf8)) }
        if value.sign == .minus { append(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        if magnitude.isInfinite { return append(contentsOf: [UInt8]("inf".utf8)) }
        if magnitude < 1e17, let whole = UInt64(exactly: magnitude) { return append(decimalMagnitude: whole) }
        let decimal = DoubleText.decimal(of: magnitude)
        if decimal.exponent < -4 || decimal.exponent >= DoubleText.digitCount {
            append(scientific: decimal)
        } else {
            append(fixed: decimal)
        }
    }

    /// Digits with a point behind the first of them, and the exponent in two digits at least.
    private mutating func append(scientific decimal: DoubleText.Decimal) {
        append(decimal.digit(0))
        appendFraction(of: decimal, from: 1)
        append(UInt8(ascii: "e"))
        append(UInt8(ascii: decimal.exponent < 0 ? "-" : "+"))
        let magnitude = decimal.exponent.magnitude
        if magnitude < 10 { append(UInt8(ascii: "0")) }
        append(decimalMagnitude: UInt64(magnitude))
    }

    private mutating func append(fixed decimal: DoubleText.Decimal) {
        guard decimal.exponent >= 0 else {
            append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: ".")])
            for _ in 1..<decimal.exponent.magnitude { append(UInt8(ascii: "0")) }
            for position in 0..<decimal.significant { append(decimal.digit(position)) }
            return
        }
        for position in 0...decimal.exponent { append(decimal.digit(position)) }
        appendFraction(of: decimal, from: decimal.exponent + 1)
    }

    private mutating func appendFraction(of decimal: DoubleText.Decimal, from start: Int) {
        guard start < decimal.significant else { return }
        append(UInt8(ascii: "."))
        for position in start..<decimal.significant { append(decimal.digit(position)) }
    }
}

/// Binary fractions in decimal, rounded correctly: half to even, as the C library does in its default mode.
enum DoubleText {
    static let digitCount = 17
    private static let least: UInt64 = 10_000_000_000_000_000
    /// The powers of ten that keep a product with 53 bits within 128.
    private static let powers: InlineArray<23, UInt128> = InlineArray { exponent in
        (0..<exponent).reduce(UInt128(1)) { power, _ in power * 10 }
    }

    /// 17 digits, of which the first is not 0, with a point behind the first and an exponent of ten.
    struct Decimal {
        private var digits: InlineArray<17, UInt8>
        let exponent: Int
        /// Digits up to the last that is not 0.
        let significant: Int

        init(_ number: UInt64, exponent: Int) {
            var rest = number
            var significant = 0
            var digits = InlineArray<17, UInt8>(repeating: 0)
            for position in (0..<DoubleText.digitCount).reversed() {
                digits[position] = UInt8(ascii: "0") + UInt8(rest % 10)
                if significant == 0, rest % 10 != 0 { significant = position + 1 }
                rest /= 10
            }
            self.digits = digits
            self.exponent = exponent
            self.significant = significant
        }

        func digit(_ position: Int) -> UInt8 { position < digits.count ? digits[position] : UInt8(ascii: "0") }
    }

    /// For a number that is positive and finite.
    static func decimal(of value: Double) -> Decimal {
        let isNormal = value.exponentBitPattern > 0
        let mantissa = value.significandBitPattern | (isNormal ? 1 << 52 : 0)
        let shift = Int(isNormal ? value.exponentBitPattern : 1) - 1075
        // The exponent of ten to within one: 1233 / 4096 is a little less than the logarithm of 2.
        let bits = 64 - mantissa.leadingZeroBitCount + shift - 1
        var exponent = (bits * 1233) >> 12
        while true {
            let number = scaled(mantissa, shift, 16 - exponent)
            if number >= least * 10 {
                exponent += 1
            } else if number < least {
                exponent -= 1
            } else {
                return Decimal(number, exponent: exponent)
            }
        }
    }

    /// `mantissa × 2^shift × 10^power`, rounded to an integer, half to even. Must be less than 2^63.
    private static func scaled(_ mantissa: UInt64, _ shift: Int, _ power: Int) -> UInt64 {
        if power >= 0, power < powers.count, shift < 0, shift > -128 {
            return rounded(UInt128(mantissa) * powers[power], by: UInt128(1) << UInt128(-shift))
        }
        if power <= 0, -power < powers.count, shift >= 0, shift <= 128 - 53 {
            return rounded(UInt128(mantissa) << UInt128(shift), by: powers[-power])
        }
        var (dividend, divisor) = (Natural(mantissa), Natural(1))
        for _ in 0..<abs(power) { power > 0 ? dividend.multiply(by: 10) : divisor.multiply(by: 10) }
        for _ in 0..<abs(shift) { shift > 0 ? dividend.multiply(by: 2) : divisor.multiply(by: 2) }
        return dividend.rounded(by: divisor)
    }

    private static func rounded(_ dividend: UInt128, by divisor: UInt128) -> UInt64 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        let rest = divisor - remainder
        let isUp = remainder > rest || remainder == rest && quotient % 2 == 1
        return UInt64(quotient) + (isUp ? 1 : 0)
    }
}

/// A natural number of any size, for the few doubles that 128 bits do not reach.
private struct Natural {
    /// The lowest first, none of them leading zeros.
    private var words: [UInt32]

    init(_ value: UInt64) {
        words = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
        trim()
    }

    private mutating func trim() {
        while words.last == 0 { words.removeLast() }
    }

    mutating func multiply(by factor: UInt64) {
        var carry: UInt64 = 0
        for position in words.indices {
            let product = UInt64(words[position]) * factor + carry
            words[position] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry > 0 { words.append(UInt32(carry)) }
    }

    private mutating func subtract(_ other: Natural) {
        var borrow: Int64 = 0
        for position in words.indices {
            let difference =
                Int64(words[position]) - borrow - Int64(position < other.words.count ? other.words[position] : 0)
            words[position] = UInt32(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        trim()
    }

    private func isLess(than other: Natural) -> Bool {
        guard words.count == other.words.count else { return words.count < other.words.count }
        for (a, b) in zip(words.reversed(), other.words.reversed()) where a != b { return a < b }
        return false
    }

    /// The quotient, which must be less than 2^63, rounded half to even.
    func rounded(by divisor: Natural) -> UInt64 {
        var multiples = [divisor]
        while let last = multiples.last, !isLess(than: last) {
            var next = last
            next.multiply(by: 2)
            multiples.append(next)
        }
        var rest = self
        var quotient: UInt64 = 0
        for multiple in multiples.reversed() {
            quotient <<= 1
            guard !rest.isLess(than: multiple) else { continue }
            rest.subtract(multiple)
            quotient |= 1
        }
        rest.multiply(by: 2)
        let isUp = divisor.isLess(than: rest) || !rest.isLess(than: divisor) && quotient % 2 == 1
        return quotient + (isUp ? 1 : 0)
    }
}
