// One node's clocks: a monotonic one that may run fast or slow, a wall clock that may jump.

import Replica
import Vocabulary

/// Shows the world's time (nanoseconds since the run's begin) as one node sees it.
struct LocalClock: Sendable {
    /// The world's and the node's time at the last change of pace.
    private var worldBase: Int64 = 0
    private var localBase: Int64
    /// How much faster than the world's, in millionths.
    private(set) var drift: Int64 = 0
    /// What the wall clock is ahead of the world's time, in microseconds since 1970.
    private var wallOffset: Int64

    /// - Parameters:
    ///   - start: what the monotonic clock shows at the run's begin, in nanoseconds; different on every machine.
    ///   - wall: microseconds since 1970 at the run's begin.
    init(start: Int64, wall: Int64) {
        localBase = start
        wallOffset = wall
    }

    func moment(at world: Int64) -> Moment {
        Moment(
            instant: Instant(nanoseconds: UInt64(local(at: world))),
            wall: Timestamp(microseconds: UInt64(max(1, wallOffset + world / 1000))))
    }

    /// The world's time at which this clock shows `instant`, or a little later.
    func world(of instant: Instant) -> Int64 {
        let ahead = Int64(clamping: instant.nanoseconds) - localBase
        guard ahead > 0 else { return worldBase }
        let pace = 1_000_000 + drift
        // Rounded down, so at most one nanosecond short.
        return worldBase + ahead / pace * 1_000_000 + ahead % pace * 1_000_000 / pace + 1
    }

    private func local(at world: Int64) -> Int64 {
        let passed = world - worldBase
        // In two parts, since the product of the whole would not fit; and smooth, since this clock never goes back.
        return localBase + passed + passed / 1_000_000 * drift + passed % 1_000_000 * drift / 1_000_000
    }

    mutating func setDrift(_ millionths: Int64, at world: Int64) {
        localBase = local(at: world)
        worldBase = world
        drift = millionths
    }

    mutating func jump(_ microseconds: Int64) { wallOffset += microseconds }
}
