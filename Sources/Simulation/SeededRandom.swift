// The one source of chance: everything that a run draws comes from its seed.

/// SeededRandom (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
///
/// Streams made with `stream` are independent, so that what one part of the world draws does not shift another's.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// The source of one part of the world.
    public static func stream(_ number: UInt64, of seed: UInt64) -> SeededRandom {
        var random = SeededRandom(seed: seed ^ (number &* 0xD6E8_FEB8_6659_FD93))
        return SeededRandom(seed: random.next())
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number in `0..<bound`, by the high half of a product. Traps when `bound` is not positive.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a number below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number in the range, ends included.
    public mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True `permille` times of a thousand.
    public mutating func chance(_ permille: Int) -> Bool { below(1000) < permille }

    /// One of several.
    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Mostly near the lower end, seldom near the upper one: as delays are.
    public mutating func skewed(_ range: ClosedRange<Int>) -> Int {
        let width = range.upperBound - range.lowerBound
        guard width > 0 else { return range.lowerBound }
        let roof = width >> below(min(12, Int.bitWidth - width.leadingZeroBitCount))
        return range.lowerBound + below(roof + 1)
    }
}
