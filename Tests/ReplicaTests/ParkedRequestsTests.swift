// Who waits of this node's clients: every race between a waiter's outcome, its parking and its leaving.

import Testing
import Vocabulary

@testable import Replica

struct ParkedRequestsTests {
    private static let reply = Array("*-1\r\n".utf8)
    private static let patience = Duration.seconds(5)

    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    private func away(_ parked: inout ParkedRequests, _ milliseconds: UInt64) -> [String] {
        parked.takeDue(at: at(milliseconds), patience: ParkedRequestsTests.patience).away
            .map { "\($0.index) \($0.reason)" }
    }

    private let gone = ParkedRequests.Dismissal(reason: "timeout", isGone: true)
    private let onward = ParkedRequests.Dismissal(reason: "error", isGone: false)

    @Test func `an outcome finds who waits, once`() {
        var parked = ParkedRequests()
        #expect(parked.park(LogIndex(5), token: 50, deadline: nil) == nil)
        #expect(parked.settle(LogIndex(6), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == 50)
        #expect(parked.count == 0)
        parked.checkInvariants()
    }

    @Test func `an outcome that came first is there when the request is parked`() {
        var parked = ParkedRequests()
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.park(LogIndex(5), token: 50, deadline: at(9)) == ParkedRequestsTests.reply)
        #expect(parked.count == 0)
        #expect(parked.nextDeadline == nil)
        parked.checkInvariants()
    }

    @Test func `who has waited for long enough is named again and again, until the log has sent it away`() {
        var parked = ParkedRequests()
        _ = parked.park(LogIndex(5), token: 50, deadline: at(100))
        _ = parked.park(LogIndex(6), token: 60, deadline: at(50))
        _ = parked.park(LogIndex(7), token: 70, deadline: nil)
        #expect(parked.nextDeadline == at(50))
        #expect(away(&parked, 49) == [])
        #expect(away(&parked, 100) == ["5 timeout", "6 timeout"])
        #expect(away(&parked, 1000) == [])
        #expect(parked.settle(LogIndex(6), ParkedRequestsTests.reply[...]) == 60)
        #expect(away(&parked, 1100) == ["5 timeout"])
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == 50)
        #expect(away(&parked, 1_000_000) == [])
        parked.checkInvariants()
    }

    @Test func `whom the log does not help is told so once, and is sent away all the same`() {
        var parked = ParkedRequests()
        _ = parked.park(LogIndex(5), token: 50, deadline: at(100))
        var helpless: [UInt64] = []
        for second in 0..<20 as Range<UInt64> {
            let due = parked.takeDue(at: at(100 + 1000 * second), patience: ParkedRequestsTests.patience)
            #expect(due.away.count == 1)
            helpless += due.helpless
            if second < 5 { #expect(helpless.isEmpty) }
        }
        #expect(helpless == [50])
        // Its client has its answer.
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.count == 0)
    }

    @Test func `a client that is gone is sent away and not answered`() {
        var parked = ParkedRequests()
        _ = parked.park(LogIndex(5), token: 50, deadline: nil)
        parked.dismiss(50, gone, at: at(10), patience: ParkedRequestsTests.patience)
        #expect(away(&parked, 10) == ["5 timeout"])
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.count == 0)
        parked.checkInvariants()
    }

    @Test func `a client that goes before it is known that it waits is sent away then`() {
        var parked = ParkedRequests()
        parked.dismiss(50, gone, at: at(10), patience: ParkedRequestsTests.patience)
        parked.dismiss(60, onward, at: at(10), patience: ParkedRequestsTests.patience)
        #expect(parked.hasEarlyDismissals)
        #expect(parked.park(LogIndex(5), token: 50, deadline: nil) == nil)
        #expect(parked.park(LogIndex(6), token: 60, deadline: nil) == nil)
        #expect(away(&parked, 11) == ["5 timeout", "6 error"])
        #expect(!parked.hasEarlyDismissals)
        #expect(parked.settle(LogIndex(5), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.settle(LogIndex(6), ParkedRequestsTests.reply[...]) == 60)
    }

    @Test func `what is remembered of clients that went early is bounded`() {
        var parked = ParkedRequests()
        for token in 0..<1000 as Range<UInt64> {
            parked.dismiss(token, gone, at: at(1000 * token), patience: ParkedRequestsTests.patience)
        }
        // Each is answered without waiting, or its time is over.
        for token in 990..<1000 as Range<UInt64> { parked.forget(token) }
        #expect(!parked.hasEarlyDismissals)
        for token in 0..<1000 as Range<UInt64> {
            #expect(parked.park(LogIndex(token + 1), token: token, deadline: nil) == nil)
        }
        #expect(parked.nextDeadline == nil)
    }

    @Test func `the newest outcomes are kept, and the newest of all however large`() {
        var outcomes = RecentOutcomes()
        for index in 1...10_000 as ClosedRange<UInt64> { outcomes.add(LogIndex(index), ParkedRequestsTests.reply) }
        outcomes.checkInvariants()
        #expect(outcomes.count == RecentOutcomes.countMax)
        #expect(outcomes.take(LogIndex(10_000)) == ParkedRequestsTests.reply)
        #expect(outcomes.take(LogIndex(10_000)) == nil)
        #expect(outcomes.take(LogIndex(1)) == nil)
        let large = [UInt8](repeating: 1, count: RecentOutcomes.bytesMax + 1)
        outcomes.add(LogIndex(10_001), large)
        #expect(outcomes.count == 1)
        outcomes.checkInvariants()
        #expect(outcomes.take(LogIndex(10_001)) == large)
        for index in 20_000...40_000 as ClosedRange<UInt64> {
            outcomes.add(LogIndex(index), [1])
            #expect(outcomes.take(LogIndex(index)) == [1])
        }
        outcomes.checkInvariants()
        #expect(outcomes.count == 0)
    }

    @Test func `a peer that is lost takes its clients' waiters along`() throws {
        let (one, other) = (try #require(NodeID("n1")), try #require(NodeID("n2")))
        var parked = ParkedRequests()
        parked.parkGuest(LogIndex(5), one, isLost: false)
        parked.parkGuest(LogIndex(6), other, isLost: false)
        parked.parkGuest(LogIndex(7), one, isLost: true)
        #expect(away(&parked, 1) == ["7 lost"])
        parked.lose(one)
        #expect(away(&parked, 2) == ["5 lost", "7 lost"])
        #expect(parked.settle(LogIndex(7), ParkedRequestsTests.reply[...]) == nil)
        #expect(away(&parked, 1002) == ["5 lost"])
        #expect(parked.guestCount == 2)
        parked.forgetGuests()
        #expect(away(&parked, 100_000) == [])
        parked.checkInvariants()
    }

    @Test func `where a state passes over the log, who was parked behind it or waits in it waits on`() {
        var parked = ParkedRequests()
        for index in 5...8 as ClosedRange<UInt64> { _ = parked.park(LogIndex(index), token: 10 * index, deadline: nil) }
        parked.dismiss(50, gone, at: at(1), patience: ParkedRequestsTests.patience)
        _ = parked.settle(LogIndex(4), ParkedRequestsTests.reply[...])
        #expect(parked.skip(to: LogIndex(7), isWaiting: { $0 == LogIndex(7) }) == [60])
        #expect(parked.count == 2)
        // What became of an earlier one may come again.
        #expect(parked.settle(LogIndex(4), ParkedRequestsTests.reply[...]) == nil)
        #expect(parked.settle(LogIndex(7), ParkedRequestsTests.reply[...]) == 70)
        parked.dismiss(80, gone, at: at(2), patience: ParkedRequestsTests.patience)
        #expect(away(&parked, 2) == ["8 timeout"])
        parked.checkInvariants()
    }

    @Test func `alarms come in the order of time, then of the log, as a sorted list has them`() {
        var heap = AlarmHeap()
        var twin: [(UInt64, UInt64)] = []
        var state: UInt64 = 1
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let (time, index) = (state >> 60, state >> 33 & 0xFF)
            if state >> 40 & 3 == 0, let first = twin.sorted(by: { $0 < $1 }).first {
                let popped = heap.pop(until: at(first.0))
                #expect(popped?.time == at(first.0) && popped?.index == LogIndex(first.1))
                if let place = twin.firstIndex(where: { $0 == first }) { twin.remove(at: place) }
                #expect(heap.pop(until: Instant(nanoseconds: 0)) == nil || first.0 == 0)
            } else {
                heap.push(at(time + 1), LogIndex(index))
                twin.append((time + 1, index))
            }
            heap.checkInvariants()
            #expect(heap.count == twin.count)
        }
        heap.keep { _, index in index.rawValue.isMultiple(of: 2) }
        heap.checkInvariants()
        #expect(heap.count == twin.count { $0.1.isMultiple(of: 2) })
    }

    @Test func `settled requests do not leave alarms behind for ever`() {
        var parked = ParkedRequests()
        for index in 1...10_000 as ClosedRange<UInt64> {
            _ = parked.park(LogIndex(index), token: index, deadline: at(1_000_000))
            _ = parked.settle(LogIndex(index), ParkedRequestsTests.reply[...])
        }
        #expect(parked.alarmCount < 100)
        parked.checkInvariants()
    }
}
