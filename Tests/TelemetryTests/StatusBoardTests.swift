// The board and the desk: what one thread puts there, another finds.

import Synchronization
import Testing
import Vocabulary

@testable import Telemetry

@Suite struct StatusBoardTests {
    private let board = StatusBoard(NodeStatus(id: NodeID("n1")!))

    @Test func `a reader sees what was published last`() {
        var status = board.status
        status.term = Term(3)
        var metrics = Metrics()
        metrics.commands[.write] = 5
        board.publish(status, metrics)
        #expect(board.read().status == status)
        #expect(board.read().metrics == metrics)
        board.update { $0.keys = 4 }
        #expect(board.status.keys == 4)
        #expect(board.status.term == Term(3))
    }

    @Test func `a loop that does not turn is told as stuck`() {
        board.publish(ready, Metrics())
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect(board.lastBeat == nil)
        #expect(board.read(at: start, stuckAfter: .seconds(1)).status.readiness.isReady)
        board.beat(at: start)
        #expect(board.read(at: start + .seconds(1), stuckAfter: .seconds(1)).status.readiness.isReady)
        let late = board.read(at: start + .seconds(3), stuckAfter: .seconds(1)).status
        #expect(late.readiness.reasons == [.stuck(.seconds(3))])
        #expect(!late.readiness.mayServeReads)
        // The loop may turn between the reader's clock and its look at the board.
        board.beat(at: start + .seconds(9))
        #expect(board.read(at: start + .seconds(8), stuckAfter: .seconds(1)).status.readiness.isReady)
    }

    private var ready: NodeStatus {
        var status = board.status
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        return status
    }
}

@Suite struct OperatorDeskTests {
    @Test func `requests go one way and answers the other, each waking its side`() throws {
        let desk = OperatorDesk()
        let wakes = Wakes()
        desk.attachNode { wakes.node.add(1, ordering: .relaxed) }
        desk.attachAsker { wakes.asker.add(1, ordering: .relaxed) }
        let first = try #require(desk.post(.reload))
        let second = try #require(desk.post(.failover(target: nil, isForced: true)))
        #expect(first < second)
        #expect(wakes.node.load(ordering: .relaxed) == 2)
        let requests = desk.takeRequests()
        #expect(requests.map(\.ticket) == [first, second])
        #expect(requests.map(\.request) == [.reload, .failover(target: nil, isForced: true)])
        #expect(desk.takeRequests().isEmpty)
        #expect(desk.takeAnswers().isEmpty)
        desk.answer(second, .timedOut)
        desk.answer(first, .done([]))
        desk.answer(first, .timedOut)
        #expect(wakes.asker.load(ordering: .relaxed) == 2)
        let answers = desk.takeAnswers()
        #expect(answers.map(\.ticket) == [second, first])
        #expect(answers.map(\.outcome) == [.timedOut, .done([])])
        #expect(desk.takeAnswers().isEmpty)
    }

    @Test func `what was given up is neither done nor answered`() throws {
        let desk = OperatorDesk()
        let early = try #require(desk.post(.reload))
        desk.giveUp(early)
        #expect(desk.takeRequests().isEmpty)
        let late = try #require(desk.post(.reload))
        #expect(desk.takeRequests().count == 1)
        desk.giveUp(late)
        desk.answer(late, .done([]))
        #expect(desk.takeAnswers().isEmpty)
    }

    @Test func `the desk holds no more than agreed`() throws {
        let desk = OperatorDesk()
        let tickets = (0..<OperatorDesk.openMax).compactMap { _ in desk.post(.reload) }
        #expect(tickets.count == OperatorDesk.openMax)
        #expect(desk.post(.reload) == nil)
        desk.answer(tickets[0], .done([]))
        #expect(desk.post(.reload) != nil)
    }

    private final class Wakes: Sendable {
        let node = Atomic<Int>(0)
        let asker = Atomic<Int>(0)
    }
}
