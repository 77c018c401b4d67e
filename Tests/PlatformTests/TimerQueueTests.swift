// The timer queue against a naive twin.

import Platform
import Testing
import Vocabulary

@Suite struct TimerQueueTests {
    private func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

    @Test func `tokens pop in the order of their deadlines, equal ones in the order of tokens`() {
        var queue = TimerQueue()
        for (deadline, token) in [(30, 1), (10, 9), (20, 3), (10, 2)] as [(UInt64, UInt64)] {
            queue.schedule(at: at(deadline), token: token)
        }
        #expect(queue.nextDeadline == at(10))
        #expect(queue.popDue(at(9)) == nil)
        #expect(queue.popDue(at(20)) == 2)
        #expect(queue.popDue(at(20)) == 9)
        #expect(queue.popDue(at(20)) == 3)
        #expect(queue.popDue(at(20)) == nil)
        #expect(queue.nextDeadline == at(30))
        queue.cancel(1)
        #expect(queue.nextDeadline == nil)
        #expect(queue.isEmpty)
    }

    @Test func `a token has its latest deadline only`() {
        var queue = TimerQueue()
        queue.schedule(at: at(10), token: 1)
        queue.schedule(at: at(30), token: 1)
        queue.schedule(at: at(20), token: 1)
        #expect(queue.count == 1)
        #expect(queue.deadline(of: 1) == at(20))
        #expect(queue.popDue(at(19)) == nil)
        #expect(queue.popDue(at(100)) == 1)
        #expect(queue.popDue(at(100)) == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func `it does what a sorted list does`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var queue = TimerQueue()
        var twin: [UInt64: Instant] = [:]
        var now: UInt64 = 0
        for _ in 0..<3000 {
            let token = UInt64.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let deadline = at(now + UInt64.random(in: 0..<50, using: &random))
                queue.schedule(at: deadline, token: token)
                twin[token] = deadline
            case 6..<8:
                queue.cancel(token)
                twin[token] = nil
            default:
                now += UInt64.random(in: 0..<20, using: &random)
                let due = twin.filter { $0.value <= at(now) }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                for (token, _) in due {
                    #expect(queue.popDue(at(now)) == token)
                    twin[token] = nil
                }
                #expect(queue.popDue(at(now)) == nil)
            }
            try #require(queue.count == twin.count && queue.nextDeadline == twin.values.min())
        }
    }
}
