// What is drawn by chance while commands are carried out, and from what.

import Vocabulary

extension SplitMix64 {
    /// Equal seeds, equal numbers. What is chosen while an entry is applied must be the same on every node and after
    /// every replay: it is seeded with the entry's index and time. Reads seed it with the clock, and with a number of
    /// their own.
    init(_ first: UInt64, _ second: UInt64, _ third: UInt64 = 0) {
        self.init(seed: first)
        self = SplitMix64(seed: next() ^ second)
        self = SplitMix64(seed: next() ^ third)
    }
}

/// When a read is carried out, and what it draws random numbers from.
struct ReadMoment {
    /// Times to live are counted from here when it is later than the last entry's time.
    let clock: Timestamp
    /// Differs from read to read, also of the same moment.
    let seed: UInt64

    /// For a choice among so many.
    func random(over count: Int) -> SplitMix64 { SplitMix64(clock.rawValue, seed, UInt64(count)) }
}
