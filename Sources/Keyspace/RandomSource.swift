// Numbers that look random and depend on their seeds only.

import Vocabulary

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// What is chosen while an entry is applied must be the same on every node and after every replay: it is seeded with
/// the entry's index and time. Reads seed it with the clock, and with a number of their own.
struct RandomSource {
    private var state: UInt64

    /// Equal seeds, equal numbers.
    init(_ first: UInt64, _ second: UInt64, _ third: UInt64 = 0) {
        state = first
        state = next() ^ second
        state = next() ^ third
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// One of `0..<bound`, each as likely as the others but for one part in 2^64 / bound. Traps for an empty range.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a number below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}

/// When a read is carried out, and what it draws random numbers from.
struct ReadMoment {
    /// Times to live are counted from here when it is later than the last entry's time.
    let clock: Timestamp
    /// Differs from read to read, also of the same moment.
    let seed: UInt64

    /// For a choice among so many.
    func random(over count: Int) -> RandomSource { RandomSource(clock.rawValue, seed, UInt64(count)) }
}
