// How much a leader reads back for a follower that is far behind: never so much that clients feel it, always more than
// they write.

import Testing
import Vocabulary

@testable import Replica

struct CatchUpPaceTests {
    private static let rate = 24 << 20

    private func at(_ microseconds: Int) -> Instant { Instant(nanoseconds: UInt64(1_000_000 + microseconds) * 1000) }

    private func portion(_ pace: inout CatchUpPace, _ now: Instant) -> Int? { pace.portion(at: now) }

    /// Bytes that went to a follower that takes all it gets, in a second with a turn every `interval` microseconds.
    private func sent(
        _ pace: inout CatchUpPace, from start: Int = 0, every interval: Int, serving: Bool = true
    ) -> Int {
        var sum = 0
        for time in stride(from: start, to: start + 1_000_000, by: interval) {
            if serving { pace.served(at: at(time)) }
            pace.beginTurn()
            guard let portion = pace.portion(at: at(time)) else { continue }
            let bytes = min(portion, 1 << 20)
            pace.sent(bytes, at: at(time))
            sum += bytes
        }
        return sum
    }

    @Test func `while clients are served, a follower is sent what the limit says, however often turns come`() {
        for interval in [50, 500, 1000, 3000] {
            var pace = CatchUpPace(rateMin: ByteCount(CatchUpPaceTests.rate))
            let bytes = sent(&pace, every: interval)
            #expect(abs(bytes - CatchUpPaceTests.rate) < CatchUpPaceTests.rate / 20, "\(interval): \(bytes)")
        }
    }

    @Test func `no portion is of more than a few milliseconds`() throws {
        var pace = CatchUpPace(rateMin: ByteCount(CatchUpPaceTests.rate))
        pace.served(at: at(0))
        let first = try #require(portion(&pace, at(0)))
        #expect(first <= CatchUpPaceTests.rate / 200)
        // A pause is not made up for.
        _ = sent(&pace, every: 1000)
        pace.served(at: at(60_000_000))
        var burst = 0
        while let portion = pace.portion(at: at(60_000_000)) {
            pace.sent(portion, at: at(60_000_000))
            burst += portion
        }
        #expect(burst <= CatchUpPaceTests.rate / 100)
    }

    @Test func `without clients there is no limit`() {
        var pace = CatchUpPace(rateMin: ByteCount(CatchUpPaceTests.rate))
        #expect(sent(&pace, every: 1000, serving: false) == 1000 << 20)
        pace.served(at: at(1_000_000))
        #expect(portion(&pace, at(1_000_000 + 101_000)) == .max)
    }

    @Test func `a follower is sent several times as much as clients write`() {
        var pace = CatchUpPace(rateMin: .kibibytes(64))
        for time in stride(from: 0, to: 1_000_000, by: 1000) { pace.wrote(10_000, at: at(time)) }
        let bytes = sent(&pace, from: 1_000_000, every: 1000)
        #expect(bytes > 7 * 10_000_000)
        #expect(bytes < 9 * 10_000_000)
        // Long after that it is the least again.
        #expect(sent(&pace, from: 5_000_000, every: 1000) < 1 << 20)
    }

    @Test func `who has to wait is told until when, and what is written meanwhile brings that no nearer`() throws {
        var pace = CatchUpPace(rateMin: .kibibytes(64))
        pace.served(at: at(0))
        #expect(pace.awaited == nil)
        pace.sent(64 << 10, at: at(0))
        #expect(portion(&pace, at(1)) == nil)
        let opens = try #require(pace.awaited)
        #expect(opens > at(900_000))
        pace.beginTurn()
        #expect(pace.awaited == nil)
        pace.served(at: opens)
        #expect(portion(&pace, opens) != nil)
    }
}
