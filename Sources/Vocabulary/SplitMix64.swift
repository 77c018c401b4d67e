// Numbers that look random and repeat: the seed fixes the sequence, on every machine and in every build.

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), in Vigna's form. Not for secrets.
public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// One of `0..<bound`, each as likely as the others but for one part in 2^64 / bound. Traps for an empty range.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a number below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
