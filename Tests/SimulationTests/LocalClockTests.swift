// A node's clocks: one never goes back whatever the nemeses do to it, the other does what they say.

import Testing
import Vocabulary

@testable import Simulation

@Suite struct LocalClockTests {
    static let drifts: [Int64] = [0, 1, -1, 7, -333, 50_000, -50_000, 500_000, -500_000]

    private func instant(_ clock: LocalClock, _ world: Int64) -> UInt64 {
        clock.moment(at: world).instant.nanoseconds
    }

    @Test(arguments: LocalClockTests.drifts)
    func `the monotonic clock never goes back, and runs at its pace`(drift: Int64) {
        var clock = LocalClock(start: 5_000_000, wall: 1)
        clock.setDrift(drift, at: 123)
        // Every nanosecond around the bounds of the milliseconds in which it is reckoned.
        for bound in [0, 1_000_000, 2_000_000, 900_000_000] as [Int64] {
            for world in max(0, bound - 40)..<bound + 40 {
                let now = instant(clock, 123 + world)
                #expect(instant(clock, 123 + world + 1) >= now, "behind \(world)")
            }
        }
        let second = Int64(instant(clock, 123 + 1_000_000_000)) - Int64(instant(clock, 123))
        #expect(second == 1_000_000_000 + 1000 * drift)
    }

    @Test(arguments: LocalClockTests.drifts)
    func `the world's time of an instant is when the clock shows it, and never before`(drift: Int64) {
        var random = SeededRandom(seed: UInt64(bitPattern: drift) &+ 99)
        var clock = LocalClock(start: 1 << 33, wall: 1)
        clock.setDrift(drift, at: 987_654_321)
        for _ in 0..<2000 {
            let wanted = UInt64(1 << 33) + 987_654_321 + UInt64(random.below(1 << random.below(45)))
            let world = clock.world(of: Instant(nanoseconds: wanted))
            #expect(instant(clock, world) >= wanted)
            #expect(world <= 987_654_322 || instant(clock, world - 4) < wanted, "\(wanted) at \(world)")
        }
    }

    @Test func `an instant that is past is due at once`() {
        var clock = LocalClock(start: 1000, wall: 1)
        clock.setDrift(-300, at: 500)
        #expect(clock.world(of: Instant(nanoseconds: 3)) == 500)
        #expect(clock.world(of: Instant(nanoseconds: 1500)) == 500)
    }

    @Test func `a change of pace is continuous`() {
        var random = SeededRandom(seed: 4)
        var clock = LocalClock(start: 77, wall: 1)
        var world: Int64 = 0
        for _ in 0..<200 {
            world += Int64(random.below(3_000_000_000))
            let before = instant(clock, world)
            let wall = clock.moment(at: world).wall
            clock.setDrift(Int64(random.below(100_001)) - 50_000, at: world)
            #expect(instant(clock, world) == before)
            #expect(clock.moment(at: world).wall == wall)
        }
    }

    @Test func `a jump moves the wall clock only`() {
        var clock = LocalClock(start: 77, wall: 1_000_000)
        clock.setDrift(40, at: 0)
        let world: Int64 = 3_000_000_000
        let before = clock.moment(at: world)
        #expect(before.wall == Timestamp(microseconds: 4_000_000))
        clock.jump(2_500_000)
        #expect(clock.moment(at: world).instant == before.instant)
        #expect(clock.moment(at: world).wall == Timestamp(microseconds: 6_500_000))
        clock.jump(-3_000_000)
        #expect(clock.moment(at: world).wall == Timestamp(microseconds: 3_500_000))
        // A wall clock before 1970 stands at its first microsecond.
        clock.jump(-1_000_000_000)
        #expect(clock.moment(at: world).wall == Timestamp(microseconds: 1))
        #expect(clock.moment(at: world).instant == before.instant)
    }
}
