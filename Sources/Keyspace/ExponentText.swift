// The exponent behind a number's digits, as both kinds of numbers write it.

enum ExponentText {
    /// Beyond any reach; no digit more makes a difference.
    private static let max = 1 << 40

    /// Reads `mark`, given in lower case and taken in both, a sign and digits at `place`, and moves it behind them. 0
    /// when the mark is not there; nil when no digit follows it.
    static func take(_ text: RawSpan, at place: inout Int, mark: UInt8) -> Int? {
        guard place < text.byteCount, text.byte(at: place) | 0x20 == mark else { return 0 }
        place += 1
        var isNegative = false
        if place < text.byteCount,
            text.byte(at: place) == UInt8(ascii: "-") || text.byte(at: place) == UInt8(ascii: "+")
        {
            isNegative = text.byte(at: place) == UInt8(ascii: "-")
            place += 1
        }
        let start = place
        var value = 0
        while place < text.byteCount, text.byte(at: place) &- 48 < 10 {
            value = min(value * 10 + Int(text.byte(at: place) - 48), ExponentText.max)
            place += 1
        }
        guard place > start else { return nil }
        return isNegative ? -value : value
    }
}
