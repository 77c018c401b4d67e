// When a node without a leader acts: randomised timeouts from an injected seed.

import Vocabulary

/// The moment at which a follower, or a candidate without an answer, starts the next (pre-)election.
struct ElectionTimer: Hashable, Sendable {
    private var random: SplitMix64
    private(set) var deadline: Instant

    init(seed: UInt64, now: Instant) {
        random = SplitMix64(seed: seed)
        deadline = now
    }

    /// The next deadline lies a random duration of `range` after `now`.
    mutating func arm(within range: ClosedRange<Duration>, now: Instant) {
        deadline = now + random.duration(in: range)
    }

    /// Like `arm`, but never later than it was.
    mutating func hasten(within range: ClosedRange<Duration>, now: Instant) {
        deadline = min(deadline, now + random.duration(in: range))
    }

    mutating func expire(now: Instant) { deadline = now }
}

extension SplitMix64 {
    /// A duration of `range`, ends included, in nanoseconds.
    mutating func duration(in range: ClosedRange<Duration>) -> Duration {
        let span = UInt64((range.upperBound - range.lowerBound).inNanoseconds)
        return range.lowerBound + .nanoseconds(Int64(next() % (span + 1)))
    }
}
