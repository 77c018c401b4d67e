// What archive a world has, if it has one, and how badly its store behaves.

import ArchiveStore
import Vocabulary

struct ArchiveTraits: Sendable {
    var isThere: Bool
    /// Between two steps of a leader that is not behind, and how long an answer takes.
    var interval: Duration
    var delay: ClosedRange<Int>
    var terms = ShippingTerms()
    /// Of a thousand calls so many fail and do nothing.
    var fails: Int
    /// Of a thousand puts so many are carried out and not answered.
    var losesAnswers: Int
    /// Of a thousand puts so many are not answered, and carried out later, by at most so many nanoseconds.
    var landsLate: Int
    var lateness: Int
    /// Lists miss what was made, and have what was removed, for at most so many nanoseconds.
    var listLag: Int
    /// Of a thousand steps so many end with the process, in one of the calls.
    var kills: Int

    init(seed: UInt64) {
        var random = SeededRandom.stream(6, of: seed)
        isThere = random.chance(400)
        interval = .milliseconds(Int64(random.pick([100, 500, 2000])))
        delay = 1_000_000...random.pick([5_000_000, 100_000_000, 1_500_000_000])
        terms.runSize = ByteCount(random.pick([1 << 10, 8 << 10, 64 << 10]))
        terms.runAge = .seconds(Int64(random.pick([1, 5, 20])))
        terms.objectMax = ByteCount(random.pick([2 << 10, 32 << 10, 1 << 20]))
        terms.level = 1
        fails = random.pick([0, 20, 200])
        losesAnswers = random.pick([0, 50, 300])
        landsLate = random.pick([0, 50, 300])
        lateness = random.pick([500_000_000, 5_000_000_000, 20_000_000_000])
        listLag = random.pick([0, 0, 300_000_000, 5_000_000_000])
        kills = random.pick([0, 5, 50])
    }
}
