// Each rule of the judge of logs, broken once by hand; and what is right and must not be objected to.

import Consensus
import LogFormat
import PeerProtocol
import Testing
import Vocabulary

@testable import Simulation

@Suite struct LogJudgeTests {
    /// Three nodes, a judge, and the log that some of them have.
    private struct Court {
        static let ids = ["n1", "n2", "n3", "n4"].compactMap { NodeID($0) }
        var judge = LogJudge(Court.ids, spares: 1)

        mutating func give(_ frame: Frame, believed: [Int], durable: [Int]) {
            for node in believed { judge.witnesses[node].believed.carryOut(.append(frame, commitIndex: .zero)) }
            for node in durable { judge.witnesses[node].durable.carryOut(.append(frame, commitIndex: .zero)) }
        }

        mutating func setBallot(_ node: Int, _ term: UInt64, _ vote: Int?) {
            judge.witnesses[node].durable.carryOut(.ballot(term: Term(term), votedFor: vote.map { Court.ids[$0] }))
        }

        mutating func says(_ node: Int, to peer: Int, _ term: UInt64, _ body: Message.Body) -> Violation.Judge? {
            objection { () throws(Violation) in
                try judge.says(Message(term: Term(term), body: body), node, to: Court.ids[peer])
            }
        }

        mutating func leads(_ node: Int, _ term: UInt64) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.becameLeader(node, term: Term(term)) }
        }

        mutating func commits(_ node: Int, _ index: UInt64) -> Violation.Judge? {
            objection { () throws(Violation) in _ = try judge.commits(LogIndex(index), in: Term(1), node) }
        }

        func truncates(_ node: Int, _ index: UInt64) -> Violation.Judge? {
            objection { () throws(Violation) in try judge.truncates(from: LogIndex(index), node) }
        }
    }

    private static let candidacy = Message.Candidacy(last: .zero, isHandover: false)

    private static func progress(_ index: UInt64) -> Message.Body {
        .progress(
            .init(
                round: .zero, matchIndex: LogIndex(index), resendFrom: nil, counts: true, hasSpace: true,
                wantsRepair: false, appliedIndex: .zero))
    }

    private static func append(committed: UInt64) -> Message.Body {
        .append(
            .init(previous: .zero, previousChecksum: 0, frames: [], commitIndex: LogIndex(committed), round: .zero))
    }

    // MARK: Leaders

    @Test func `two leaders of one term are one too many`() {
        var court = Court()
        #expect(court.leads(0, 3) == nil)
        #expect(court.leads(0, 3) == nil)
        #expect(court.leads(1, 4) == nil)
        #expect(court.leads(1, 3) == .leaders)
    }

    @Test func `who learns late that it was elected need not have what a later term has committed`() throws {
        var court = Court()
        var chain = FrameChain()
        court.give(chain.append(["a"], term: 5), believed: [0, 1], durable: [0, 1])
        #expect(try court.judge.commits(LogIndex(1), in: Term(5), 0).count == 1)
        #expect(court.leads(2, 4) == nil)
        #expect(court.leads(2, 6) == .completeness)
    }

    @Test func `a leader without a committed frame is found`() {
        var court = Court()
        var chain = FrameChain()
        let frame = chain.append(["a"])
        court.give(frame, believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 1) == nil)
        #expect(court.leads(1, 2) == nil)
        #expect(court.leads(2, 3) == .completeness)
        var other = FrameChain()
        court.give(other.append(["b"], term: 2), believed: [2], durable: [2])
        #expect(court.leads(2, 4) == .completeness)
    }

    // MARK: What is said

    @Test func `a term that is not durable is not spoken of`() {
        var court = Court()
        court.setBallot(0, 2, 0)
        #expect(court.says(0, to: 1, 2, .voteReply(granted: false)) == nil)
        #expect(court.says(0, to: 1, 3, .voteReply(granted: false)) == .votes)
        #expect(court.says(0, to: 1, 3, .timeoutNow) == .votes)
        #expect(court.says(0, to: 1, 3, .heartbeat(commitIndex: .zero, round: .zero, mayRepair: false)) == .votes)
        // It commits the asker to nothing.
        #expect(court.says(0, to: 1, 3, .preVote(LogJudgeTests.candidacy)) == nil)
    }

    @Test func `a vote is durable before it is given`() {
        var court = Court()
        court.setBallot(0, 2, nil)
        #expect(court.says(0, to: 1, 2, .voteReply(granted: true)) == .votes)
        #expect(court.says(0, to: 1, 2, .vote(LogJudgeTests.candidacy)) == .votes)
        court.setBallot(0, 2, 1)
        #expect(court.says(0, to: 1, 2, .voteReply(granted: true)) == nil)
        #expect(court.says(0, to: 2, 2, .voteReply(granted: true)) == .votes)
        #expect(court.says(0, to: 2, 2, .vote(LogJudgeTests.candidacy)) == .votes)
        court.setBallot(0, 3, 0)
        #expect(court.says(0, to: 2, 3, .vote(LogJudgeTests.candidacy)) == nil)
    }

    @Test func `a second vote in one term is found, also when the first was forgotten`() {
        var court = Court()
        court.setBallot(0, 2, 1)
        #expect(court.says(0, to: 1, 2, .voteReply(granted: true)) == nil)
        #expect(court.says(0, to: 1, 2, .voteReply(granted: true)) == nil)
        court.setBallot(0, 2, 2)
        #expect(court.says(0, to: 2, 2, .voteReply(granted: true)) == .votes)
        court.setBallot(0, 2, 0)
        #expect(court.says(0, to: 2, 2, .vote(LogJudgeTests.candidacy)) == .votes)
        court.setBallot(0, 3, 2)
        #expect(court.says(0, to: 2, 3, .voteReply(granted: true)) == nil)
    }

    @Test func `what is not durable is not acknowledged`() {
        var court = Court()
        var chain = FrameChain()
        court.setBallot(1, 1, 0)
        court.give(chain.append(["a", "b"]), believed: [1], durable: [1])
        court.give(chain.append(["c"]), believed: [1], durable: [])
        #expect(court.says(1, to: 0, 1, LogJudgeTests.progress(2)) == nil)
        #expect(court.says(1, to: 0, 1, LogJudgeTests.progress(3)) == .durability)
    }

    @Test func `no more is told to be committed than is`() {
        var court = Court()
        var chain = FrameChain()
        court.setBallot(0, 1, 0)
        for value in ["a", "b"] { court.give(chain.append([value]), believed: [0, 1], durable: [0, 1]) }
        #expect(court.commits(0, 1) == nil)
        #expect(court.says(0, to: 1, 1, LogJudgeTests.append(committed: 1)) == nil)
        #expect(court.says(0, to: 1, 1, .heartbeat(commitIndex: LogIndex(1), round: .zero, mayRepair: false)) == nil)
        #expect(court.says(0, to: 1, 1, LogJudgeTests.append(committed: 2)) == .logMatching)
        #expect(
            court.says(0, to: 1, 1, .heartbeat(commitIndex: LogIndex(2), round: .zero, mayRepair: false))
                == .logMatching)
    }

    // MARK: Commits

    @Test func `what is new among the committed is given once`() throws {
        var court = Court()
        var chain = FrameChain()
        let frames = [chain.append(["a"]), chain.append(["b", "c"]), chain.append(["d"])]
        for frame in frames { court.give(frame, believed: [0, 1], durable: [0, 1]) }
        #expect(try court.judge.commits(LogIndex(3), in: Term(1), 0) == Array(frames.prefix(2)))
        #expect(try court.judge.commits(LogIndex(3), in: Term(1), 0) == [])
        #expect(try court.judge.commits(LogIndex(4), in: Term(1), 1) == [frames[2]])
        #expect(try court.judge.commits(LogIndex(4), in: Term(1), 0) == [])
        #expect(court.judge.committed == frames)
        #expect(court.judge.committedFrame(holding: LogIndex(2)) == frames[1])
        #expect(court.judge.committedFrame(holding: LogIndex(5)) == nil)
    }

    @Test func `a commit without a majority is found`() {
        var court = Court()
        var chain = FrameChain()
        court.give(chain.append(["a"]), believed: [0, 1, 2], durable: [0])
        #expect(court.commits(0, 1) == .durability)
    }

    @Test func `a damaged or fenced disk may have had a copy`() {
        for makesUp in [{ $0.isDamaged = true }, { $0.durable.fence = LogIndex(9) }]
            as [(inout LogJudge.Witness) -> Void]
        {
            var court = Court()
            var chain = FrameChain()
            court.give(chain.append(["a"]), believed: [0], durable: [0])
            makesUp(&court.judge.witnesses[2])
            #expect(court.commits(0, 1) == nil)
        }
    }

    @Test func `another frame at a committed place is found`() {
        var court = Court()
        var chain = FrameChain()
        court.give(chain.append(["a"]), believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 1) == nil)
        var other = FrameChain()
        court.give(other.append(["b"]), believed: [2], durable: [2])
        #expect(court.commits(2, 1) == .logMatching)
    }

    @Test func `a commit index that goes back is found`() {
        var court = Court()
        var chain = FrameChain()
        for value in ["a", "b"] { court.give(chain.append([value]), believed: [0, 1], durable: [0, 1]) }
        #expect(court.commits(0, 2) == nil)
        #expect(court.commits(0, 1) == .logMatching)
    }

    @Test func `a commit of what no log has is found`() {
        var court = Court()
        var chain = FrameChain()
        court.give(chain.append(["a"]), believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 2) == .logMatching)
    }

    @Test func `the committed is not cut, by whoever has it`() {
        var court = Court()
        var chain = FrameChain()
        let first = chain.append(["a"])
        court.give(first, believed: [0, 1], durable: [0, 1])
        court.give(chain.append(["b"]), believed: [0, 1], durable: [0])
        var other = FrameChain()
        court.give(other.append(["c"], term: 2), believed: [2], durable: [2])
        #expect(court.commits(0, 1) == nil)
        #expect(court.truncates(0, 1) == .logMatching)
        // It does not know that it is committed, and has it.
        #expect(court.truncates(1, 1) == .logMatching)
        #expect(court.truncates(0, 2) == nil)
        #expect(court.truncates(1, 2) == nil)
        #expect(court.truncates(2, 1) == nil)
        #expect(court.truncates(2, 5) == nil)
    }

    // MARK: Members

    private static func entry(_ voters: [Int], _ outgoing: [Int] = []) -> [UInt8] {
        let names = { (positions: [Int]) in positions.map { Court.ids[$0] } }
        guard let next = Configuration(voters: names(voters), outgoing: outgoing.isEmpty ? nil : names(outgoing)) else {
            return []
        }
        return ConfigurationCoding.encode(next)
    }

    @Test func `while voters change, a majority of those of before is asked as well`() {
        var chain = FrameChain()
        let change = chain.append(entries: [LogJudgeTests.entry([0, 1, 3], [0, 1, 2])], kind: .membership)
        for (copies, verdict) in [([0, 3], .durability), ([0, 2], .durability), ([0, 1], nil)]
            as [([Int], Violation.Judge?)]
        {
            var court = Court()
            court.give(change, believed: [0, 1, 2, 3], durable: copies)
            #expect(court.commits(0, 1) == verdict)
        }
    }

    @Test func `a node that is no voter counts for nothing`() {
        var court = Court()
        var chain = FrameChain()
        court.give(chain.append(["a"]), believed: [0, 3], durable: [0, 3])
        #expect(court.commits(0, 1) == .durability)
    }

    @Test func `voters that change in one step are found, and by way of both sets they may`() {
        var court = Court()
        var chain = FrameChain()
        for (voters, outgoing) in [([0, 1, 3], [0, 1, 2]), ([0, 1, 3], [])] as [([Int], [Int])] {
            let entry = LogJudgeTests.entry(voters, outgoing)
            court.give(
                chain.append(entries: [entry], kind: .membership), believed: [0, 1, 2, 3], durable: [0, 1, 2, 3])
        }
        #expect(court.commits(0, 2) == nil)
        #expect(court.judge.members.voters == [0, 1, 3].map { Court.ids[$0] })
        let entry = LogJudgeTests.entry([0, 1])
        court.give(chain.append(entries: [entry], kind: .membership), believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 3) == .membership)
    }

    @Test func `a leader has the votes of a majority of those that its log names`() {
        var court = Court()
        var chain = FrameChain()
        func elected(_ node: Int) -> Violation.Judge? {
            objection { () throws(Violation) in try court.judge.wasElected(node, term: Term(2)) }
        }
        court.setBallot(0, 2, 0)
        #expect(elected(0) == .leaders)
        court.setBallot(1, 2, 0)
        #expect(court.says(1, to: 0, 2, .voteReply(granted: true)) == nil)
        #expect(elected(0) == nil)
        court.give(
            chain.append(entries: [LogJudgeTests.entry([0, 2, 3], [0, 1, 2])], kind: .membership), believed: [0],
            durable: [0])
        #expect(elected(0) == .leaders)
        court.setBallot(3, 2, 0)
        #expect(court.says(3, to: 0, 2, .voteReply(granted: true)) == nil)
        #expect(elected(0) == nil)
    }

    // MARK: Both ends

    @Test func `a log is given up as far as a snapshot reaches`() {
        let court = Court()
        func gives(_ index: UInt64, _ snapshots: [UInt64]) -> Violation.Judge? {
            objection { () throws(Violation) in
                try court.judge.releases(before: LogIndex(index), 0, snapshots.map { LogIndex($0) })
            }
        }
        #expect(gives(8, [7]) == nil)
        #expect(gives(8, [3, 9]) == nil)
        #expect(gives(9, [7, 3]) == .recovery)
        #expect(gives(2, []) == .recovery)
    }

    @Test func `a log begins anew behind what is committed, and stored`() {
        var court = Court()
        var chain = FrameChain()
        let frame = chain.append(["a", "b"])
        court.give(frame, believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 2) == nil)
        func restarts(_ index: UInt64, _ checksum: UInt32, _ snapshots: [UInt64]) -> Violation.Judge? {
            objection { () throws(Violation) in
                let end = LogPosition(term: Term(1), index: LogIndex(index))
                try court.judge.restarts(at: end, checksum: checksum, 2, snapshots.map { LogIndex($0) })
            }
        }
        #expect(restarts(2, frame.header.checksum, [2]) == nil)
        #expect(restarts(2, frame.header.checksum, [1]) == .recovery)
        #expect(restarts(2, frame.header.checksum ^ 1, [2]) == .logMatching)
        #expect(restarts(1, frame.header.checksum, [1]) == .logMatching)
        #expect(restarts(3, frame.header.checksum, [3]) == .logMatching)
    }

    @Test func `a snapshot stands for what is before it`() {
        var court = Court()
        var chain = FrameChain()
        let first = chain.append(["a"])
        court.give(first, believed: [0, 1], durable: [0, 1])
        #expect(court.commits(0, 1) == nil)
        let end = FrameEnd(position: LogPosition(term: Term(1), index: LogIndex(1)), checksum: first.header.checksum)
        court.judge.restarted(2, at: end)
        #expect(court.leads(2, 3) == nil)
        let second = chain.append(["b"])
        court.give(second, believed: [1, 2], durable: [1, 2])
        #expect(court.commits(2, 2) == nil)
        #expect(court.judge.committedIndex == LogIndex(2))
    }
}
