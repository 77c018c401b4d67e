// A peer that deviates from the protocol may stop a node's progress, but neither crash it nor undo what is committed.

import Testing
import Vocabulary

@testable import Consensus

struct HostileTests {
    private static let ids = ["n1", "n2", "n3"].map { NodeID($0)! }

    /// Numbers that hurt: around what the node has, and at the ends of the range.
    private static func number(_ random: inout TestRandom, near value: UInt64) -> UInt64 {
        switch random.below(10) {
        case 0: UInt64.max
        case 1: UInt64.max / 2 + UInt64(random.below(3))
        case 2: (1 << 62) - UInt64(random.below(3))
        default: value &+ UInt64(random.below(5)) &- 2
        }
    }

    private static func body(_ random: inout TestRandom, for raft: Raft) -> Message.Body {
        let last = raft.lastPosition
        let index = { (random: inout TestRandom) in LogIndex(number(&random, near: last.index.rawValue)) }
        let term = { (random: inout TestRandom) in Term(number(&random, near: raft.term.rawValue)) }
        let candidacy = Message.Candidacy(
            last: LogPosition(term: term(&random), index: index(&random)), isHandover: random.chance(50))
        let round = ReadRound(rawValue: number(&random, near: 2))
        switch random.below(9) {
        case 0: return .preVote(candidacy)
        case 1: return .preVoteReply(granted: random.chance(70))
        case 2: return .vote(candidacy)
        case 3: return .voteReply(granted: random.chance(70))
        case 4: return .timeoutNow
        case 5: return .heartbeat(commitIndex: index(&random), round: round, mayRepair: random.chance(10))
        case 6:
            return .progress(
                Message.ProgressReport(
                    round: round, matchIndex: index(&random), resendFrom: random.chance(50) ? index(&random) : nil,
                    counts: random.chance(70), hasSpace: random.chance(80),
                    wantsRepair: random.chance(20), appliedIndex: index(&random)))
        default: return append(&random, for: raft, index(&random), term(&random), round)
        }
    }

    private static func append(
        _ random: inout TestRandom, for raft: Raft, _ index: LogIndex, _ term: Term, _ round: ReadRound
    ) -> Message.Body {
        let ends = [raft.log.last, raft.log.commit, FrameEnd(position: .zero, checksum: 0)]
        let begin = ends[random.below(3)]
        var frames = chain(after: begin, Array(repeating: raft.term.rawValue, count: random.below(4)), salt: 99)
        if !frames.isEmpty, random.chance(40) {
            let place = random.below(frames.count)
            switch random.below(5) {
            case 0: frames[place].firstIndex = index
            case 1: frames[place].lastIndex = index
            case 2: frames[place].term = term
            case 3: frames[place].size = random.chance(50) ? .max : .min
            default: frames[place].previousChecksum ^= 1
            }
        }
        let previous = random.chance(80) ? begin.position : LogPosition(term: term, index: index)
        var changes: [ConfigurationChange] = []
        for _ in 0..<random.below(3) where random.chance(50) {
            let place = LogIndex(number(&random, near: raft.lastPosition.index.rawValue))
            let voter = random.below(3)
            let members = Configuration(voters: [ids[voter]], learners: [ids[(voter + 1) % 3]])!
            changes.append(ConfigurationChange(index: place, configuration: members))
        }
        return .append(
            Message.Append(
                previous: previous, previousChecksum: begin.checksum, frames: frames, configurations: changes,
                commitIndex: index, round: round))
    }

    @Test func `no message crashes a node or undoes what it has committed`() {
        for seed in 0..<600 as Range<UInt64> {
            var random = TestRandom(seed)
            var cluster = SimulatedCluster(HostileTests.ids, seed: seed)
            for i in 0..<3 { cluster.start(i) }
            cluster.run(400)
            let victim = random.below(3)
            cluster.propose(victim, count: 2)
            var committed = cluster.nodes[victim].raft!.commitIndex
            for _ in 0..<60 {
                let raft = cluster.nodes[victim].raft!
                let term = Term(HostileTests.number(&random, near: raft.term.rawValue))
                let message = Message(term: term, body: HostileTests.body(&random, for: raft))
                let sender = HostileTests.ids[random.below(3)]
                var frames: [FrameSummary] = []
                if case .append(let append) = message.body { frames = append.frames }
                cluster.turn(victim, incoming: frames) { raft, now, out in
                    raft.receive(message, from: sender, now: now, into: &out)
                }
                if random.chance(50) { cluster.persist(victim) }
                if random.chance(20) { cluster.now = cluster.now + .milliseconds(random.below(400)) }
                cluster.tick(victim)
                let index = cluster.nodes[victim].raft!.commitIndex
                #expect(index >= committed)
                committed = index
                cluster.wire.removeAll()
            }
        }
    }

    @Test func `another node with this node's name is named and ignored`() {
        var cluster = SimulatedCluster(HostileTests.ids, seed: 1)
        for i in 0..<3 { cluster.start(i) }
        let before = cluster[HostileTests.ids[0]].term
        cluster.turn(0) { raft, now, out in
            let message = Message(term: Term(9), body: .heartbeat(commitIndex: .zero, round: .zero, mayRepair: false))
            raft.receive(message, from: HostileTests.ids[0], now: now, into: &out)
        }
        #expect(cluster[HostileTests.ids[0]].term == before)
        #expect(cluster.judge.anomalies == [.ownName(HostileTests.ids[0])])
    }

    @Test func `a leader that is no member yet is followed, and answers of those that are none are ignored`() {
        var cluster = SimulatedCluster(HostileTests.ids, seed: 1)
        for i in 0..<3 { cluster.start(i) }
        cluster.run(400)
        let (leader, stranger) = (cluster.leaders[0], NodeID("n9")!)
        let term = Term(cluster[leader].term.rawValue + 1)
        let follower = cluster.position(HostileTests.ids.first { $0 != leader }!)
        cluster.turn(cluster.position(leader)) { raft, now, out in
            let report = Message.ProgressReport(
                round: .zero, matchIndex: .zero, resendFrom: nil, counts: true, hasSpace: true, wantsRepair: false,
                appliedIndex: .zero)
            for body in [.progress(report), .voteReply(granted: true), .preVoteReply(granted: true)] as [Message.Body] {
                raft.receive(Message(term: term, body: body), from: stranger, now: now, into: &out)
            }
        }
        #expect(cluster.leaders == [leader])
        let message = Message(term: term, body: .heartbeat(commitIndex: .zero, round: .zero, mayRepair: false))
        var out: [Directive] = []
        cluster.nodes[follower].raft?.receive(message, from: stranger, now: cluster.now, into: &out)
        #expect(cluster.nodes[follower].raft?.leader == stranger)
    }

    @Test func `a second leader of a term is named and ignored`() {
        var cluster = SimulatedCluster(HostileTests.ids, seed: 1)
        for i in 0..<3 { cluster.start(i) }
        cluster.run(400)
        let leader = cluster.leaders[0]
        let follower = HostileTests.ids.first { $0 != leader }!
        let rival = HostileTests.ids.last { $0 != leader && $0 != follower }!
        let term = cluster[leader].term
        let claim = Message(term: term, body: .heartbeat(commitIndex: .zero, round: .zero, mayRepair: false))
        for node in [leader, follower] {
            cluster.turn(cluster.position(node)) { raft, now, out in
                raft.receive(claim, from: rival, now: now, into: &out)
            }
        }
        #expect(cluster.leaders == [leader])
        #expect(cluster[follower].leader == leader)
        let anomaly = Anomaly.secondLeader(term, known: leader, claims: rival)
        #expect(cluster.judge.anomalies == [anomaly, anomaly])
    }

    @Test func `a leader that contradicts itself behind what is committed is named and ignored`() {
        var cluster = SimulatedCluster(HostileTests.ids, seed: 1)
        for i in 0..<3 { cluster.start(i) }
        cluster.run(400)
        let leader = cluster.leaders[0]
        let follower = cluster.position(HostileTests.ids.first { $0 != leader }!)
        for salt in [1, 2] as [UInt32] {
            let raft = cluster.nodes[follower].raft!
            let commit = raft.log.commit
            let frames = chain(after: commit, [raft.term.rawValue], salt: salt)
            let append = Message.Append(
                previous: commit.position, previousChecksum: commit.checksum, frames: frames,
                commitIndex: commit.index, round: .zero)
            let message = Message(term: raft.term, body: .append(append))
            cluster.turn(follower, incoming: frames) { raft, now, out in
                raft.receive(message, from: leader, now: now, into: &out)
            }
        }
        #expect(cluster.judge.anomalies.count == 1)
        guard case .contradiction(leader, _, _, _) = cluster.judge.anomalies.first else {
            Issue.record("\(cluster.judge.anomalies)")
            return
        }
        #expect(cluster.nodes[follower].raft?.divergence == nil)
    }

    @Test func `answers of an earlier term count for nothing`() {
        var cluster = SimulatedCluster(HostileTests.ids, seed: 1)
        for i in 0..<3 { cluster.start(i) }
        cluster.run(400)
        let leader = cluster.leaders[0]
        let position = cluster.position(leader)
        for other in 0..<3 where other != position { cluster.cut(position, other) }
        for other in 0..<3 where other != position { cluster.mend(position, other) }
        cluster.propose(position, count: 1)
        cluster.wire.removeAll()
        let before = cluster[leader].commitIndex
        cluster.persist(position)
        let report = Message.ProgressReport(
            round: .zero, matchIndex: cluster[leader].lastPosition.index, resendFrom: nil, counts: true,
            hasSpace: true, wantsRepair: false, appliedIndex: .zero)
        let old = Message(term: Term(cluster[leader].term.rawValue - 1), body: .progress(report))
        let peer = HostileTests.ids.first { $0 != leader }!
        cluster.turn(position) { raft, now, out in raft.receive(old, from: peer, now: now, into: &out) }
        #expect(cluster[leader].commitIndex == before)
        let current = Message(term: cluster[leader].term, body: .progress(report))
        cluster.turn(position) { raft, now, out in raft.receive(current, from: peer, now: now, into: &out) }
        #expect(cluster[leader].commitIndex == before.next)
    }
}
