// Single scenes of membership: growth under writes, nodes that are away, and nodes that were removed.

import Testing
import Vocabulary

@testable import Consensus

/// A cluster that is written to all the time.
struct GrowthScene {
    var cluster: SimulatedCluster

    /// - Parameter absent: how many members, the last ones, are not there from the start.
    init(members: Int, spares: Int, absent: Int = 0, seed: UInt64) {
        let ids = (1...members + spares).map { NodeID("n\($0)")! }
        cluster = SimulatedCluster(
            Array(ids.prefix(members)), spares: Array(ids.dropFirst(members)), seed: seed)
        for i in cluster.nodes.indices where !(members - absent..<members).contains(i) { cluster.start(i) }
        cluster.run(1000) { $0.isSettled }
    }

    var leader: Int { cluster.position(cluster.leaders[0]) }
    var configuration: Configuration { cluster[cluster.leaders[0]].configuration }
    var ids: [NodeID] { cluster.nodes.map(\.id) }

    /// Writes every ten milliseconds; the longest time in which nothing was committed, in milliseconds.
    @discardableResult
    mutating func write(_ milliseconds: Int, until isDone: (SimulatedCluster) -> Bool = { _ in false }) -> Int {
        var (longest, idle, committed) = (0, 0, cluster.judge.committedIndex)
        for time in 0..<milliseconds {
            if time % 10 == 0, let leader = cluster.leaders.last { cluster.propose(cluster.position(leader), count: 1) }
            cluster.run(1)
            idle = cluster.judge.committedIndex > committed ? 0 : idle + 1
            committed = cluster.judge.committedIndex
            longest = max(longest, idle)
            if isDone(cluster) { break }
        }
        return longest
    }

    /// Asks the leader for a change, and writes on until it is done.
    mutating func change(_ request: MembershipRequest, isForced: Bool = false) -> Bool {
        guard cluster.change(request, isForced: isForced, at: leader) else { return false }
        write(2000) { cluster in
            cluster.leaders.count == 1 && !cluster[cluster.leaders[0]].isChangingMembership
        }
        return cluster.leaders.count == 1 && !cluster[cluster.leaders[0]].isChangingMembership
    }
}

struct GrowthTests {
    @Test func `a cluster grows from one to three to five and shrinks to three while it is written to`() {
        for seed in 0..<8 as Range<UInt64> {
            var scene = GrowthScene(members: 1, spares: 4, seed: seed)
            let ids = scene.ids
            for node in ids[1...] {
                must(scene.change(.addLearner(node)), true)
                must(scene.change(.promote(node, whenCaughtUp: true)), true)
            }
            #expect(scene.configuration == Configuration(voters: ids)!)
            // The leader is the first to go.
            must(scene.change(.remove(ids[0]), isForced: true), true)
            scene.write(1000) { $0.leaders.count == 1 && $0.leaders != [ids[0]] }
            must(scene.change(.remove(scene.ids.first { $0 != ids[0] && $0 != scene.cluster.leaders[0] }!)), true)
            #expect(scene.configuration.voters.count == 3)
            scene.write(100)
            scene.cluster.run(200)
            #expect(scene.cluster.isSettled)
            #expect(scene.cluster.removed.count == 2)
            #expect(scene.cluster.judge.findings == [], "seed \(seed)")
            #expect(scene.cluster.judge.anomalies == [], "seed \(seed)")
        }
    }

    @Test func `an unreachable learner costs nothing`() {
        var scene = GrowthScene(members: 3, spares: 1, seed: 5)
        let usual = scene.write(500)
        scene.cluster.crash(3)
        must(scene.change(.addLearner(scene.ids[3])), true)
        let withLearner = scene.write(500)
        #expect(withLearner <= usual)
        // Nor does it keep a damaged voter from its repair.
        let damaged = (0..<3).first { $0 != scene.leader }!
        scene.cluster.nodes[damaged].tear(from: LogIndex(2))
        scene.cluster.run(200)
        #expect(scene.cluster.nodes[damaged].raft?.isLeavingForRepair == true)
    }

    @Test func `a promotion waits for its learner, and is called off when it is asked to be`() {
        var scene = GrowthScene(members: 3, spares: 1, seed: 6)
        let new = scene.ids[3]
        scene.cluster.crash(3)
        must(scene.change(.addLearner(new)), true)
        must(scene.change(.promote(new, whenCaughtUp: false)), false)
        #expect(scene.cluster.refusals.last == .unreachable(new))
        must(scene.change(.promote(new, whenCaughtUp: true)), false)
        #expect(scene.cluster[scene.cluster.leaders[0]].promotionTarget == new)
        scene.cluster.turn(scene.leader) { raft, _, out in raft.cancelPromotion(into: &out) }
        #expect(scene.cluster.outcomes.last == .cancelled)
        #expect(scene.configuration.isLearner(new))
        must(scene.change(.promote(new, whenCaughtUp: true)), false)
        scene.cluster.start(3)
        scene.write(500) { $0[$0.leaders[0]].configuration.voters.count == 4 }
        #expect(scene.configuration.isVoter(new))
    }

    /// It was cut off when it was removed, and has counted terms that nobody else knows.
    @Test func `a removed node with a higher term disturbs nobody`() {
        for seed in 0..<8 as Range<UInt64> {
            var scene = GrowthScene(members: 3, spares: 1, seed: seed)
            let leader = scene.leader
            let lost = (leader + 1) % 3
            for other in 0..<4 where other != lost { scene.cluster.cut(lost, other) }
            must(scene.change(.replace(scene.ids[lost], with: scene.ids[3])), true)
            scene.cluster.run(4000)
            scene.cluster.crash(lost)
            scene.cluster.nodes[lost].disk.term = Term(99)
            scene.cluster.start(lost)
            for other in 0..<4 where other != lost { scene.cluster.mend(lost, other) }
            let term = scene.cluster[scene.ids[leader]].term
            scene.write(3000)
            #expect(scene.cluster.leaders == [scene.ids[leader]])
            #expect(scene.cluster[scene.ids[leader]].term == term)
            #expect(scene.cluster.judge.findings == [], "seed \(seed)")
            // Not even while they have no leader: none of them has use for its log.
            scene.cluster.crash(leader)
            scene.write(2000)
            #expect(scene.cluster.leaders.count == 1 && scene.cluster.leaders[0] != scene.ids[lost])
        }
    }

    @Test func `a removed node hears of it, is told once, and never campaigns again`() {
        var scene = GrowthScene(members: 5, spares: 0, seed: 7)
        let gone = (scene.leader + 1) % 5
        must(scene.change(.remove(scene.ids[gone]), isForced: true), true)
        scene.cluster.run(300)
        #expect(scene.cluster.removed == [scene.ids[gone]])
        #expect(!scene.cluster[scene.cluster.leaders[0]].peerIDs.contains(scene.ids[gone]))
        let term = scene.cluster[scene.ids[gone]].term
        for other in 0..<5 where other != gone { scene.cluster.cut(gone, other) }
        scene.cluster.run(3000)
        #expect(scene.cluster[scene.ids[gone]].role == .follower)
        #expect(scene.cluster[scene.ids[gone]].term == term)
    }

    /// Its log may not name those who lead now, and whoever knows of a leader lets nobody in that it does not know.
    @Test func `who cannot be elected knows of no leader when it has not heard one for long`() {
        var scene = GrowthScene(members: 3, spares: 1, seed: 11)
        must(scene.change(.addLearner(scene.ids[3])), true)
        scene.cluster.run(200)
        #expect(scene.cluster[scene.ids[3]].leader == scene.cluster.leaders[0])
        for other in 0..<3 { scene.cluster.cut(3, other) }
        scene.cluster.run(2000)
        #expect(scene.cluster[scene.ids[3]].leader == nil)
        #expect(scene.cluster[scene.ids[3]].role == .follower)
        for other in 0..<3 { scene.cluster.mend(3, other) }
        scene.cluster.run(500)
        #expect(scene.cluster[scene.ids[3]].leader == scene.cluster.leaders[0])
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `a leader forgets a removed node that it cannot reach`() {
        var scene = GrowthScene(members: 5, spares: 0, seed: 8)
        let gone = (scene.leader + 1) % 5
        scene.cluster.crash(gone)
        must(scene.change(.remove(scene.ids[gone]), isForced: true), true)
        #expect(scene.cluster[scene.cluster.leaders[0]].peerIDs.contains(scene.ids[gone]))
        scene.cluster.run(4000)
        #expect(!scene.cluster[scene.cluster.leaders[0]].peerIDs.contains(scene.ids[gone]))
    }

    @Test func `leadership is not handed over to a learner`() {
        var scene = GrowthScene(members: 3, spares: 1, seed: 9)
        must(scene.change(.addLearner(scene.ids[3])), true)
        scene.cluster.run(200)
        for target in [scene.ids[3], nil] {
            scene.cluster.turn(scene.leader) { raft, now, out in
                var refusal: HandoverRefusal?
                do throws(HandoverRefusal) {
                    try raft.beginHandover(to: target, now: now, deadline: now + .seconds(1), into: &out)
                } catch {
                    refusal = error
                }
                #expect(refusal == target.map { .unknownNode($0) })
                #expect(raft.handoverTarget != NodeID("n4"))
            }
        }
    }

    @Test func `what would lose the quorum or tolerance is refused, unless it is insisted on`() {
        var scene = GrowthScene(members: 5, spares: 0, seed: 10)
        let others = scene.ids.filter { $0 != scene.cluster.leaders[0] }
        expect(&scene, .remove(others[0]), is: .reducesTolerance(from: 2, to: 1))
        for node in others[2...] { scene.cluster.crash(scene.cluster.position(node)) }
        scene.write(100)
        // Three of five are a quorum, two of four are none.
        let there = scene.ids.filter { $0 != others[0] && $0 != others[2] && $0 != others[3] }
        expect(&scene, .remove(others[0]), is: .wouldLoseQuorum(answering: there))
        expect(&scene, .remove(others[3]), is: .reducesTolerance(from: 2, to: 1))
        expect(&scene, .remove(others[3]), isForced: true, is: nil)
        #expect(scene.configuration.voters.count == 4)
        expect(&scene, .remove(others[0]), is: nil)
        #expect(scene.configuration.voters.count == 3)
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `a removal that would need the vote of a node without one is refused, also when it is insisted on`()
        throws
    {
        var scene = GrowthScene(members: 3, spares: 0, absent: 1, seed: 11)
        let (leader, absent) = (scene.cluster.leaders[0], scene.ids[2])
        let other = try #require(scene.ids.first { $0 != leader && $0 != absent })
        expect(&scene, .remove(other), is: .wouldNeed([absent]))
        expect(&scene, .remove(other), isForced: true, is: .wouldNeed([absent]))
        scene.cluster.start(scene.cluster.position(absent))
        scene.write(100)
        expect(&scene, .remove(other), is: .reducesTolerance(from: 1, to: 0))
        expect(&scene, .remove(other), isForced: true, is: nil)
        #expect(scene.configuration.voters.count == 2)
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `a removal that would need a member that does not trust its state is refused as long as it does not`() {
        var scene = GrowthScene(members: 3, spares: 0, seed: 12)
        let others = scene.ids.filter { $0 != scene.cluster.leaders[0] }
        let doubtful = scene.cluster.position(others[0])
        scene.cluster.turn(doubtful) { raft, now, out in raft.setQuarantined(true, now: now, into: &out) }
        scene.write(100)
        expect(&scene, .remove(others[1]), isForced: true, is: .wouldNeed([others[0]]))
        scene.cluster.turn(doubtful) { raft, now, out in raft.setQuarantined(false, now: now, into: &out) }
        scene.write(100)
        expect(&scene, .remove(others[1]), is: .reducesTolerance(from: 1, to: 0))
        expect(&scene, .remove(others[1]), isForced: true, is: nil)
        #expect(scene.cluster.judge.findings == [])
    }

    private func must(_ isDone: Bool, _ expected: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(isDone == expected, sourceLocation: location)
    }

    private func expect(
        _ scene: inout GrowthScene, _ request: MembershipRequest, isForced: Bool = false, is refusal: MembershipRefusal?
    ) {
        let known = scene.cluster.refusals.count
        let isDone = scene.change(request, isForced: isForced)
        #expect(isDone == (refusal == nil))
        #expect(scene.cluster.refusals.dropFirst(known).first == refusal)
    }

    @Test func `every refusal of a change of membership says what and what to do`() {
        let a = NodeID("a")!
        let refusals: [MembershipRefusal] = [
            .notLeader(leader: nil), .notLeader(leader: a), .termNotOpened, .underWay, .barred(.noSpace),
            .unknownNode(a), .alreadyMember(a), .alreadyVoter(a), .tooManyMembers, .noVoterLeft, .unreachable(a),
            .repairing(a), .noSpace(a), .tooFarBehind(a, match: .zero, last: LogIndex(7)),
            .wouldNeed([a]), .wouldLoseQuorum(answering: [a]), .reducesTolerance(from: 1, to: 0),
        ]
        for refusal in refusals {
            #expect(!refusal.description.isEmpty)
            #expect(!refusal.remedy.text.isEmpty)
        }
        #expect(Set(refusals.map(\.description)).count == refusals.count)
        #expect(refusals.filter(\.isOverridable).count == 2)
    }
}
