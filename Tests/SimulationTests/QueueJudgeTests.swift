// Each rule of the judge of queues, broken once by hand.

import Testing

@testable import Simulation

@Suite struct QueueJudgeTests {
    private func objects(_ body: () throws(Violation) -> Void) -> Bool {
        do throws(Violation) { try body() } catch { return error.judge == .queues }
        return false
    }

    @Test func `what was pushed is delivered once, or left`() throws {
        var judge = QueueJudge()
        for mark in 1...3 as ClosedRange<UInt64> {
            judge.asks(mark)
            try judge.pushed(mark, .integer(1))
        }
        try judge.takes(1)
        try judge.judge(left: [3, 2])
        #expect(objects { () throws(Violation) in try judge.takes(1) })
        #expect(judge.deliveries == 1)
    }

    @Test func `what was never pushed, or refused, is not delivered`() throws {
        var judge = QueueJudge()
        #expect(objects { () throws(Violation) in try judge.takes(1) })
        judge.asks(2)
        try judge.pushed(2, .refused)
        #expect(objects { () throws(Violation) in try judge.takes(2) })
        judge.asks(3)
        try judge.takes(3)
        #expect(objects { () throws(Violation) in try judge.pushed(3, .refused) })
    }

    @Test func `no more is lost than takers were cut off`() throws {
        var judge = QueueJudge()
        for mark in 1...3 as ClosedRange<UInt64> {
            judge.asks(mark)
            try judge.pushed(mark, mark == 3 ? .unknown : .integer(1))
        }
        #expect(objects { () throws(Violation) in try judge.judge(left: []) })
        judge.cuts()
        #expect(objects { () throws(Violation) in try judge.judge(left: []) })
        try judge.judge(left: [1])
        judge.cuts()
        try judge.judge(left: [])
    }

    @Test func `nothing is there twice`() throws {
        var judge = QueueJudge()
        judge.asks(1)
        try judge.takes(1)
        #expect(objects { () throws(Violation) in try judge.judge(left: [1]) })
        #expect(objects { () throws(Violation) in try judge.judge(left: [2, 2]) })
    }
}
