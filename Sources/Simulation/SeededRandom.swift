// The one source of chance: everything that a run draws comes from its seed.

import Vocabulary

/// Streams made with `stream` are independent, so that what one part of the world draws does not shift another's.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var words: SplitMix64

    public init(seed: UInt64) { words = SplitMix64(seed: seed) }

    /// The source of one part of the world.
    public static func stream(_ number: UInt64, of seed: UInt64) -> SeededRandom {
        var random = SeededRandom(seed: seed ^ (number &* 0xD6E8_FEB8_6659_FD93))
        return SeededRandom(seed: random.next())
    }

    public mutating func next() -> UInt64 { words.next() }

    /// A number in `0..<bound`. Traps when `bound` is not positive.
    public mutating func below(_ bound: Int) -> Int { words.below(bound) }

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
