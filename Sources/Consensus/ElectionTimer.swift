// When a node without a leader acts: randomised timeouts from an injected seed.

import Vocabulary

/// Sebastiano Vigna's SplitMix64: a sequence that the seed fixes, good enough to keep candidates apart.
struct SplitMix64: Hashable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A duration of `range`, ends included, in nanoseconds.
    mutating func duration(in range: ClosedRange<Duration>) -> Duration {
        let span = UInt64((range.upperBound - range.lowerBound).inNanoseconds)
        return range.lowerBound + .nanoseconds(Int64(next() % (span + 1)))
    }
}

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
