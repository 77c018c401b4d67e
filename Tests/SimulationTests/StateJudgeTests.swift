// Each rule of the judge of answers and states, broken once by hand.

import ByteCoding
import Keyspace
import LogFormat
import RESP
import Testing
import Vocabulary

@testable import Simulation

@Suite struct StateJudgeTests {
    /// The judge with a log, and a real keyspace that has the same entries applied.
    private struct Court {
        var judge = StateJudge(nodes: 3, cluster: FrameChain.cluster)
        var chain = FrameChain()
        var keyspace = Keyspace(of: FrameChain.cluster)

        mutating func log(_ entries: [UInt8]...) -> Violation.Judge? {
            let frame = chain.append(entries: entries)
            for (number, entry) in entries.enumerated() {
                var reply = ReplyWriter(version: .two)
                keyspace.apply(
                    entry.rawBytes, at: frame.header.timestamp.advanced(by: number),
                    index: LogIndex(frame.header.firstIndex.rawValue + UInt64(number)), reply: &reply)
            }
            return objection { () throws(Violation) in try judge.extend(by: frame) }
        }

        mutating func refuses(_ mark: UInt64) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.refuses(mark) }
        }

        func answers(_ mark: UInt64, _ reply: String) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.answers(mark, bytes(reply)[...]) }
        }

        mutating func applies(_ node: Int, _ index: UInt64) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.applies(LogIndex(index), node, keyspace) }
        }
    }

    private static func entry(_ code: CommandCode, _ mark: UInt64, key: String = "k") -> [UInt8] {
        EntryCoding.encoded(code, [bytes(key), OperationMark.bytes(mark)])
    }

    // MARK: Clients

    @Test func `an operation is in the log once`() {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1), StateJudgeTests.entry(.append, 2)) == nil)
        #expect(court.log(StateJudgeTests.entry(.set, 3)) == nil)
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == .honesty)
        var other = Court()
        #expect(other.log(StateJudgeTests.entry(.set, 1), StateJudgeTests.entry(.set, 1)) == .honesty)
        // What carries no mark may be there any number of times.
        #expect(other.log(EntryCoding.encoded(.incr, [[1]]), EntryCoding.encoded(.incr, [[1]])) == nil)
    }

    @Test func `what was refused is not in the log, whichever comes first`() {
        var court = Court()
        #expect(court.refuses(1) == nil)
        #expect(court.log(StateJudgeTests.entry(.set, 2)) == nil)
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == .honesty)
        #expect(court.refuses(2) == .honesty)
    }

    @Test func `what is acknowledged is in the log`() {
        var court = Court()
        #expect(court.answers(1, "+OK\r\n") == .durability)
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == nil)
        #expect(court.answers(1, "+OK\r\n") == nil)
    }

    @Test func `an answer is the one that the log gives`() {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1), StateJudgeTests.entry(.append, 2)) == nil)
        #expect(court.log(StateJudgeTests.entry(.setnx, 3)) == nil)
        #expect(court.answers(2, ":6\r\n") == nil)
        #expect(court.answers(2, ":7\r\n") == .state)
        #expect(court.answers(3, ":0\r\n") == nil)
        #expect(court.answers(3, ":1\r\n") == .state)
    }

    // MARK: Nodes

    @Test func `equal indexes have equal digests`() {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == nil)
        #expect(court.applies(0, 1) == nil)
        #expect(court.applies(1, 1) == nil)
        var other = Court()
        _ = other.log(StateJudgeTests.entry(.set, 9))
        #expect(
            objection { () throws(Violation) in try court.judge.applies(LogIndex(1), 2, other.keyspace) } == .digests)
    }

    @Test func `what is applied only grows, until a restart`() {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == nil)
        #expect(court.applies(0, 1) == nil)
        #expect(court.judge.applied(by: 0) == LogIndex(1))
        #expect(court.judge.applied(by: 1) == .zero)
        #expect(court.applies(0, 1) == .state)
        court.judge.restarted(0)
        #expect(court.judge.applied(by: 0) == .zero)
        #expect(court.applies(0, 1) == nil)
    }

    @Test func `a node has what the log says, all of it`() {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1), StateJudgeTests.entry(.set, 2, key: "other")) == nil)
        #expect(court.applies(0, 2) == nil)
        let same = court.keyspace
        #expect(objection { () throws(Violation) in try court.judge.judgeContents(0, same) } == nil)
        // A node that is behind.
        #expect(objection { () throws(Violation) in try court.judge.judgeContents(1, same) } == .state)
        // One that has a value of its own.
        var other = Court()
        _ = other.log(StateJudgeTests.entry(.set, 1), StateJudgeTests.entry(.set, 3, key: "other"))
        #expect(objection { () throws(Violation) in try court.judge.judgeContents(0, other.keyspace) } == .state)
        // One that lacks a key.
        var fewer = Court()
        _ = fewer.log(StateJudgeTests.entry(.set, 1))
        #expect(objection { () throws(Violation) in try court.judge.judgeContents(0, fewer.keyspace) } == .state)
    }

    // MARK: Snapshots

    private static func marker(_ cause: UInt8, _ court: inout Court) throws {
        let frame = court.chain.append(entries: [[cause, 0]], kind: .marker)
        try court.judge.extend(by: frame)
    }

    @Test func `a snapshot is of the state at its marker`() throws {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == nil)
        try StateJudgeTests.marker(1, &court)
        let cut = court.keyspace
        #expect(court.log(StateJudgeTests.entry(.set, 2)) == nil)
        try StateJudgeTests.marker(0, &court)
        let judge = court.judge
        func loads(_ index: UInt64, _ keyspace: Keyspace) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.loads(LogIndex(index), keyspace, 0) }
        }
        #expect(loads(2, cut) == nil)
        #expect(loads(2, court.keyspace) == .state)
        // That marker wants none, and at the others' there is none.
        #expect(loads(4, court.keyspace) == .state)
        #expect(loads(3, court.keyspace) == .state)
    }

    @Test func `snapshots of one index have one digest`() throws {
        var court = Court()
        #expect(court.log(StateJudgeTests.entry(.set, 1)) == nil)
        try StateJudgeTests.marker(1, &court)
        let digest = court.keyspace.digest
        var judge = court.judge
        func stores(_ index: UInt64, _ digest: Digest) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.stores(LogIndex(index), digest, 0) }
        }
        #expect(stores(2, digest) == nil)
        #expect(stores(2, digest) == nil)
        #expect(stores(2, Digest(high: 1, low: 2)) == .digests)
        #expect(stores(1, digest) == .state)
    }
}
