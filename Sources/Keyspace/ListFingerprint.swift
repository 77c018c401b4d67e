// A list's digest, kept up to date by what changes at either end or at a known place, whatever the list's length.

import ByteCoding
import Vocabulary

/// A polynomial whose coefficients are the elements' hashes, taken at two fixed points modulo 2^61 - 1 (Karp and Rabin,
/// "Efficient randomized pattern-matching algorithms", 1987). Over random points two different lists of n elements
/// share both values with a probability of at most (n / 2^61)^2: a guard against faults, not against forgery.
///
/// With h₀ … hₙ₋₁ the hashes and b a point, its value is the sum of hᵢ·bⁿ⁻¹⁻ⁱ. So the values of a part at either end
/// can be taken off, and those of two lists be joined, in as many steps as the lengths have bits.
struct ListFingerprint: Equatable {
    private(set) var count: Int
    private var low: UInt64
    private var high: UInt64

    /// Of no elements.
    init() { (count, low, high) = (0, 0, 0) }

    /// As `digest` gave it.
    init(digest: Digest, count: Int) { (self.count, low, high) = (count, digest.low, digest.high) }

    /// Of one element.
    init(of element: RawSpan) {
        let digest = SipHash.digest(element, key: Record.digestKey)
        (count, low, high) = (1, Mersenne61.reduced(digest.low), Mersenne61.reduced(digest.high))
    }

    var digest: Digest { Digest(high: high, low: low) }

    /// Of these elements and, behind them, those of `other`.
    func followed(by other: ListFingerprint) -> ListFingerprint {
        if count == 0 { return other }
        if other.count == 0 { return self }
        var joined = ListFingerprint()
        joined.count = count + other.count
        joined.low = Mersenne61.sum(
            Mersenne61.product(low, Mersenne61.lowPowers.power(other.count)), other.low)
        joined.high = Mersenne61.sum(
            Mersenne61.product(high, Mersenne61.highPowers.power(other.count)), other.high)
        return joined
    }

    /// Without the elements of `prefix`, with which the list begins.
    func without(prefix: ListFingerprint) -> ListFingerprint {
        if prefix.count == 0 { return self }
        var rest = ListFingerprint()
        rest.count = count - prefix.count
        rest.low = Mersenne61.difference(
            low, Mersenne61.product(prefix.low, Mersenne61.lowPowers.power(rest.count)))
        rest.high = Mersenne61.difference(
            high, Mersenne61.product(prefix.high, Mersenne61.highPowers.power(rest.count)))
        return rest
    }

    /// Without the elements of `suffix`, with which the list ends.
    func without(suffix: ListFingerprint) -> ListFingerprint {
        if suffix.count == 0 { return self }
        var rest = ListFingerprint()
        rest.count = count - suffix.count
        rest.low = Mersenne61.product(
            Mersenne61.difference(low, suffix.low), Mersenne61.lowInverses.power(suffix.count))
        rest.high = Mersenne61.product(
            Mersenne61.difference(high, suffix.high), Mersenne61.highInverses.power(suffix.count))
        return rest
    }

    /// With the element `new` in the place of `old`, which has `behind` elements behind it.
    func replacing(_ old: ListFingerprint, by new: ListFingerprint, behind: Int) -> ListFingerprint {
        var changed = self
        changed.low = Mersenne61.sum(
            low,
            Mersenne61.product(Mersenne61.difference(new.low, old.low), Mersenne61.lowPowers.power(behind)))
        changed.high = Mersenne61.sum(
            high,
            Mersenne61.product(Mersenne61.difference(new.high, old.high), Mersenne61.highPowers.power(behind)))
        return changed
    }
}

/// Arithmetic modulo the prime 2^61 - 1. All arguments and results are less than it.
private enum Mersenne61 {
    static let prime: UInt64 = 1 << 61 - 1
    /// The two points: bits of pi behind those that key the digest.
    static let lowPowers = PowerTable(of: reduced(0xA409_3822_299F_31D0))
    static let highPowers = PowerTable(of: reduced(0x082E_FA98_EC4E_6C89))
    static let lowInverses = PowerTable(of: inverse(reduced(0xA409_3822_299F_31D0)))
    static let highInverses = PowerTable(of: inverse(reduced(0x082E_FA98_EC4E_6C89)))

    @inline(__always) static func reduced(_ value: UInt64) -> UInt64 {
        let folded = (value & prime) + (value >> 61)
        return folded >= prime ? folded - prime : folded
    }

    @inline(__always) static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 { a + b >= prime ? a + b - prime : a + b }

    @inline(__always) static func difference(_ a: UInt64, _ b: UInt64) -> UInt64 { a >= b ? a - b : a + prime - b }

    @inline(__always) static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return sum(low & prime, reduced(high << 3 | low >> 61))
    }

    /// By Fermat's little theorem.
    private static func inverse(_ value: UInt64) -> UInt64 { PowerTable(of: value).power(Int(prime - 2)) }

    /// A number's powers whose exponents are powers of two.
    struct PowerTable: Sendable {
        private let squares: InlineArray<62, UInt64>

        init(of base: UInt64) {
            var square = base
            squares = InlineArray { _ in
                defer { square = product(square, square) }
                return square
            }
        }

        @inline(__always) func power(_ exponent: Int) -> UInt64 {
            var result: UInt64 = 1
            var rest = exponent
            while rest > 0 {
                result = product(result, squares[rest.trailingZeroBitCount])
                rest &= rest - 1
            }
            return result
        }
    }
}
