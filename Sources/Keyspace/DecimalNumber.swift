// Exact decimal numbers for INCRBYFLOAT: the same digits on every machine, without the C library and its locale.

/// A number `± digits × 10^exponent`, as far as Redis's long doubles reach, and no further than their text shows.
///
/// Redis adds in the 64-bit mantissa of an x87 register and prints 17 places behind the point, so that 5000.1 + 16 is
/// 5016.10000000000000009 there. Here sums are exact and then rounded to 17 places, half to even: 5016.1.
struct DecimalNumber: Hashable {
    private var isNegative: Bool
    /// Digits 0...9, the most significant first, without zeros at either end; empty for zero.
    private var digits: [UInt8]
    private var exponent: Int
    private(set) var isInfinite = false

    static let zero = DecimalNumber(isNegative: false, digits: [], exponent: 0)

    /// Places behind the point that are kept.
    static let placesMax = 17
    /// Powers of ten that a long double of 80 bits reaches.
    private static let exponentMax = 4932
    private static let exponentMin = -4950
    /// Redis's limit on the text of a number.
    private static let textMax = 5 * 1024 - 1

    private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        let end = (digits.lastIndex { $0 != 0 } ?? -1) + 1
        let start = digits[..<end].firstIndex { $0 != 0 } ?? end
        self.digits = Array(digits[start..<end])
        self.exponent = self.digits.isEmpty ? 0 : exponent + digits.count - end
        self.isNegative = isNegative && !self.digits.isEmpty
    }

    /// As `strtold` reads it, with nothing before or behind; nil for anything else, for NaN, for hexadecimal digits,
    /// and for what a long double does not reach.
    init?(_ text: RawSpan) {
        guard text.byteCount > 0, text.byteCount <= DecimalNumber.textMax else { return nil }
        var parser = DecimalParser(text)
        guard let parts = parser.parse() else { return nil }
        guard !parts.isInfinite else {
            self.init(isNegative: false, digits: [], exponent: 0)
            isInfinite = true
            isNegative = parts.isNegative
            return
        }
        self.init(isNegative: parts.isNegative, digits: parts.digits, exponent: parts.exponent)
        guard digits.isEmpty || isInReach else { return nil }
    }

    private var isInReach: Bool {
        let magnitude = exponent + digits.count - 1
        return magnitude <= DecimalNumber.exponentMax && magnitude >= DecimalNumber.exponentMin
    }

    // MARK: Adding

    /// The exact sum, or nil when it is not finite.
    func adding(_ other: DecimalNumber) -> DecimalNumber? {
        guard !isInfinite, !other.isInfinite else { return nil }
        let lowest = min(exponent, other.exponent)
        // Both within 10^±4950, so aligned they have at most some 10,000 digits.
        let (a, b) = (aligned(to: lowest), other.aligned(to: lowest))
        let sum: DecimalNumber
        if isNegative == other.isNegative {
            sum = DecimalNumber(isNegative: isNegative, digits: DecimalNumber.sum(a, b), exponent: lowest)
        } else {
            let isLess = DecimalNumber.isLess(a, b)
            let difference = isLess ? DecimalNumber.difference(b, a) : DecimalNumber.difference(a, b)
            sum = DecimalNumber(
                isNegative: isLess ? other.isNegative : isNegative, digits: difference, exponent: lowest)
        }
        return sum.digits.isEmpty || sum.exponent + sum.digits.count - 1 <= DecimalNumber.exponentMax ? sum : nil
    }

    /// The digits, least significant first, as a multiple of 10^`lowest`.
    private func aligned(to lowest: Int) -> [UInt8] {
        guard !digits.isEmpty else { return [] }
        return [UInt8](repeating: 0, count: exponent - lowest) + digits.reversed()
    }

    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var carry: UInt8 = 0
        for position in 0..<max(a.count, b.count) + 1 {
            let digit = carry + (position < a.count ? a[position] : 0) + (position < b.count ? b[position] : 0)
            result.append(digit % 10)
            carry = digit / 10
        }
        return result.reversed()
    }

    /// `a - b` for `a >= b`.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var borrow: UInt8 = 0
        for position in 0..<max(a.count, b.count) {
            let minuend = position < a.count ? a[position] : 0
            let subtrahend = (position < b.count ? b[position] : 0) + borrow
            borrow = minuend < subtrahend ? 1 : 0
            result.append(minuend + borrow * 10 - subtrahend)
        }
        return result.reversed()
    }

    private static func isLess(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        for position in (0..<max(a.count, b.count)).reversed() {
            let (x, y) = (position < a.count ? a[position] : 0, position < b.count ? b[position] : 0)
            if x != y { return x < y }
        }
        return false
    }

    // MARK: Text

    /// Without an exponent, with at most 17 places behind the point and no zeros at its end.
    var text: [UInt8] {
        let rounded = rounded()
        guard !rounded.digits.isEmpty else { return [UInt8(ascii: "0")] }
        var text = rounded.isNegative ? [UInt8(ascii: "-")] : []
        let whole = rounded.digits.count + rounded.exponent
        if whole <= 0 {
            text += Array("0.".utf8) + [UInt8](repeating: 48, count: -whole)
        }
        for (position, digit) in rounded.digits.enumerated() {
            if position == whole, position > 0 { text.append(UInt8(ascii: ".")) }
            text.append(digit + 48)
        }
        if rounded.exponent > 0 { text += [UInt8](repeating: 48, count: rounded.exponent) }
        return text
    }

    private func rounded() -> DecimalNumber {
        let excess = -exponent - DecimalNumber.placesMax
        guard excess > 0 else { return self }
        guard excess <= digits.count else { return .zero }
        var kept = Array(digits.dropLast(excess).reversed())
        let cut = digits.suffix(excess)
        let isOdd = (kept.first ?? 0) % 2 == 1
        // The last digit is not 0, so a lone 5 is exactly half.
        let isUp = (cut.first ?? 0) > 5 || cut.first == 5 && (cut.count > 1 || isOdd)
        if isUp { kept = DecimalNumber.sum(kept, [1]).reversed() }
        return DecimalNumber(
            isNegative: isNegative, digits: kept.reversed(), exponent: -DecimalNumber.placesMax)
    }
}

/// The grammar of decimal numbers.
private struct DecimalParser: ~Escapable {
    private let text: RawSpan
    private var place = 0

    struct Parts {
        var isNegative = false
        var isInfinite = false
        var digits: [UInt8] = []
        var exponent = 0
    }

    @_lifetime(copy text)
    init(_ text: RawSpan) { self.text = text }

    private var next: UInt8? { place < text.byteCount ? text.byte(at: place) : nil }

    mutating func parse() -> Parts? {
        var parts = Parts()
        if next == UInt8(ascii: "-") || next == UInt8(ascii: "+") {
            parts.isNegative = next == UInt8(ascii: "-")
            place += 1
        }
        let rest = text.extracting(place..<text.byteCount)
        if rest.isWord("inf") || rest.isWord("infinity") {
            parts.isInfinite = true
            return parts
        }
        let start = place
        takeDigits(&parts)
        var count = place - start
        if next == UInt8(ascii: ".") {
            place += 1
            let point = place
            takeDigits(&parts)
            parts.exponent = point - place
            count += place - point
        }
        guard count > 0, takeExponent(&parts), place == text.byteCount else { return nil }
        return parts
    }

    private mutating func takeDigits(_ parts: inout Parts) {
        while let byte = next, byte &- 48 < 10 {
            parts.digits.append(byte - 48)
            place += 1
        }
    }

    private mutating func takeExponent(_ parts: inout Parts) -> Bool {
        guard let found = ExponentText.take(text, at: &place, mark: UInt8(ascii: "e")) else { return false }
        parts.exponent += found
        return true
    }
}
