// Scores as clients write them: what `strtod` reads, without the C library and its locale.

import ByteCoding

/// Reading floating-point numbers: correctly rounded, decimal or hexadecimal, `inf` and `infinity`, but no NaN.
enum ScoreText {
    /// The number that the whole text spells, by Redis's rules (`string2d`): nothing before or behind, and within a
    /// double's reach. Nil for anything else.
    static func score(_ text: RawSpan) -> Double? {
        guard let number = number(text) else { return nil }
        if number.value.isInfinite, !number.isInfinity { return nil }
        if number.value == 0, number.isNonzero { return nil }
        return number.value
    }

    /// The number that bounds a range of scores: as above, but blanks may stand before it and a NUL ends it, nothing
    /// at all is 0, and what is beyond a double's reach is infinite or 0.
    static func bound(_ text: RawSpan) -> Double? {
        var start = 0
        while start < text.byteCount, isBlank(text.byte(at: start)) { start += 1 }
        var end = start
        while end < text.byteCount, text.byte(at: end) != 0 { end += 1 }
        guard end > 0, start < end else { return start == 0 ? 0 : nil }
        return number(text.extracting(start..<end))?.value
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte >= 9 && byte <= 13 }

    private struct Number {
        var value: Double
        /// Whether it is spelled `inf`.
        var isInfinity = false
        /// Whether its digits are not all 0.
        var isNonzero = true
    }

    private static func number(_ text: RawSpan) -> Number? {
        guard text.byteCount > 0 else { return nil }
        let sign = text.byte(at: 0)
        let isNegative = sign == UInt8(ascii: "-")
        let rest = text.extracting((isNegative || sign == UInt8(ascii: "+") ? 1 : 0)..<text.byteCount)
        var number: Number?
        if rest.isWord("inf") || rest.isWord("infinity") {
            number = Number(value: .infinity, isInfinity: true)
        } else {
            var digits = NumberDigits(rest)
            guard digits.parse() else { return nil }
            number = digits.value.map { Number(value: $0, isNonzero: digits.isNonzero) }
        }
        if isNegative { number?.value.negate() }
        return number
    }
}

/// The digits, point and exponent of a number without its sign.
private struct NumberDigits: ~Escapable {
    private let text: RawSpan
    private var place = 0
    private var isHexadecimal = false
    /// Digits and point.
    private var digits = 0..<0
    /// Digits behind the point.
    private var places = 0
    private var exponent = 0
    /// The first digits, as far as 64 bits hold them.
    private var mantissa: UInt64 = 0
    /// Digits that are not in the mantissa.
    private var dropped = 0
    var isNonzero: Bool { mantissa != 0 }

    @_lifetime(copy text)
    init(_ text: RawSpan) { self.text = text }

    private var next: UInt8? { place < text.byteCount ? text.byte(at: place) : nil }

    /// False when the text is no number.
    mutating func parse() -> Bool {
        if text.byteCount > 2, text.byte(at: 0) == UInt8(ascii: "0"), text.byte(at: 1) | 0x20 == UInt8(ascii: "x") {
            isHexadecimal = true
            place = 2
        }
        let start = place
        var count = takeDigits()
        if next == UInt8(ascii: ".") {
            place += 1
            places = takeDigits()
            count += places
        }
        digits = start..<place
        return count > 0 && takeExponent() && place == text.byteCount
    }

    private mutating func takeDigits() -> Int {
        let start = place
        let base: UInt64 = isHexadecimal ? 16 : 10
        while let byte = next, let digit = digit(byte) {
            if mantissa < 1 << 59 / base {
                mantissa = mantissa * base + digit
            } else {
                dropped += 1
            }
            place += 1
        }
        return place - start
    }

    private func digit(_ byte: UInt8) -> UInt64? {
        if byte &- 48 < 10 { return UInt64(byte - 48) }
        let letter = (byte | 0x20) &- 97
        return isHexadecimal && letter < 6 ? UInt64(letter) + 10 : nil
    }

    private mutating func takeExponent() -> Bool {
        let mark = UInt8(ascii: isHexadecimal ? "p" : "e")
        guard let found = ExponentText.take(text, at: &place, mark: mark) else { return false }
        exponent = found
        return true
    }

    /// Powers of ten that are exact as doubles.
    private static let powers: InlineArray<23, Double> = InlineArray { exponent in
        (0..<exponent).reduce(1.0) { power, _ in power * 10 }
    }

    var value: Double? {
        guard isNonzero else { return 0 }
        let exact = exponent - places
        // Both factors are exact, so that one rounding is right (Clinger, "How to read floating point numbers
        // accurately", 1990).
        if !isHexadecimal, dropped == 0, mantissa < 1 << 53, abs(exact) < NumberDigits.powers.count {
            let power = NumberDigits.powers[abs(exact)]
            return exact < 0 ? Double(mantissa) / power : Double(mantissa) * power
        }
        return long
    }

    /// The same for any number that is not 0: digits without a point or leading zeros, and the exponent, are what the
    /// standard library reads and rounds correctly.
    private var long: Double? {
        let zero = UInt8(ascii: "0")
        var plain: [UInt8] = isHexadecimal ? [zero, UInt8(ascii: "x")] : []
        let prefix = plain.count
        for position in digits {
            let byte = text.byte(at: position)
            if byte == UInt8(ascii: ".") || byte == zero && plain.count == prefix { continue }
            plain.append(byte)
        }
        let width = isHexadecimal ? 4 : 1
        let scale = exponent - places * width
        // Where the first digit stands: beyond any double's reach, whatever follows?
        let magnitude = (plain.count - prefix) * width + scale
        if magnitude > 1100 { return .infinity }
        if magnitude < -1200 { return 0 }
        plain.append(UInt8(ascii: isHexadecimal ? "p" : "e"))
        plain.append(contentsOf: String(scale).utf8)
        return Double(String(decoding: plain, as: UTF8.self))
    }
}
