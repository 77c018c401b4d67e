// Damaged logs of running nodes: rebuilt one after the other, never two at a time.

import Testing
import Vocabulary

@testable import Consensus

/// A cluster whose nodes start again when they have leave to rebuild their logs, and that is watched all the time.
struct RepairScene {
    var cluster: SimulatedCluster
    /// Nodes that took their leave, and have not started again.
    var leaving: Set<Int> = []
    var repairs: [NodeID] = []
    /// The most nodes that were fenced at a time.
    var fencedMax = 0

    init(_ count: Int, seed: UInt64) {
        cluster = SimulatedCluster((1...count).map { NodeID("n\($0)")! }, seed: seed)
        for i in 0..<count { cluster.start(i) }
    }

    var fenced: [Int] {
        cluster.nodes.indices.filter { cluster.nodes[$0].raft?.fence.isClosed ?? leaving.contains($0) }
    }

    /// Looks at all nodes: to be called after every step.
    mutating func look() {
        fencedMax = max(fencedMax, fenced.count)
        for i in cluster.nodes.indices where cluster.nodes[i].raft?.isLeavingForRepair == true { leaving.insert(i) }
    }

    /// Ends a process that has its leave, and starts it again.
    mutating func restart(_ position: Int) {
        guard leaving.contains(position) else { return }
        cluster.crash(position, keeping: .max)
        cluster.start(position)
        leaving.remove(position)
        repairs.append(cluster.nodes[position].id)
        look()
    }

    /// Good weather: everything arrives, and whoever has leave starts again within the millisecond.
    mutating func run(_ milliseconds: Int, until isDone: (RepairScene) -> Bool = { _ in false }) {
        for _ in 0..<milliseconds {
            cluster.run(1)
            look()
            for position in leaving.sorted() { restart(position) }
            if isDone(self) { return }
        }
    }

    mutating func settle() {
        run(2000) { $0.cluster.leaders.count == 1 }
        let leader = cluster.position(cluster.leaders[0])
        for _ in 0..<5 { cluster.propose(leader, count: 2) }
        run(300)
    }

    var isWhole: Bool {
        cluster.nodes.allSatisfy { $0.disk.hole == nil && $0.raft?.fence.isClosed == false }
    }
}

@Suite struct RepairTests {
    @Test func `a damaged follower gets leave, is refetched and counts again`() {
        var scene = RepairScene(3, seed: 1)
        scene.settle()
        let leader = scene.cluster.leaders[0]
        let damaged = (0..<3).first { scene.cluster.nodes[$0].id != leader }!
        scene.cluster.nodes[damaged].tear(from: LogIndex(2))
        scene.run(5000) { !$0.repairs.isEmpty && $0.isWhole }
        #expect(scene.repairs == [scene.cluster.nodes[damaged].id])
        #expect(scene.isWhole)
        scene.run(500)
        #expect(scene.cluster.nodes[damaged].disk.lastIndex == scene.cluster[leader].lastPosition.index)
        #expect(scene.cluster.leaders == [leader])
        #expect(scene.cluster[leader].repairingPeer == nil)
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `a damaged leader hands over, and its successor gives it leave`() {
        var scene = RepairScene(3, seed: 2)
        scene.settle()
        let leader = scene.cluster.leaders[0]
        scene.cluster.nodes[scene.cluster.position(leader)].tear(from: LogIndex(2))
        scene.run(5000) { !$0.repairs.isEmpty && $0.isWhole }
        #expect(scene.repairs == [leader])
        #expect(scene.cluster.leaders.count == 1 && scene.cluster.leaders != [leader])
        #expect(scene.fencedMax == 1)
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `all three damaged nodes are repaired, one after the other`() {
        var scene = RepairScene(3, seed: 3)
        scene.settle()
        for i in 0..<3 { scene.cluster.nodes[i].tear(from: LogIndex(UInt64(2 + i))) }
        scene.run(20_000) { $0.repairs.count >= 3 && $0.isWhole }
        #expect(scene.repairs.sorted() == scene.cluster.nodes.map(\.id))
        #expect(scene.isWhole)
        #expect(scene.fencedMax == 1)
        #expect(scene.cluster.judge.findings == [])
    }

    @Test func `with a member missing nobody gets leave, and everybody does when it is back`() {
        var scene = RepairScene(3, seed: 4)
        scene.settle()
        let leader = scene.cluster.position(scene.cluster.leaders[0])
        let (damaged, missing) = ((leader + 1) % 3, (leader + 2) % 3)
        scene.cluster.crash(missing)
        scene.cluster.nodes[damaged].tear(from: LogIndex(2))
        scene.run(3000)
        #expect(scene.repairs == [] && scene.fencedMax == 0)
        #expect(scene.cluster[scene.cluster.nodes[leader].id].mayPropose)
        scene.cluster.start(missing)
        scene.run(5000) { !$0.repairs.isEmpty && $0.isWhole }
        #expect(scene.repairs == [scene.cluster.nodes[damaged].id])
    }

    @Test func `a peer that has just restarted must say that it counts before another gets leave`() {
        var scene = RepairScene(3, seed: 5)
        scene.settle()
        let leader = scene.cluster.position(scene.cluster.leaders[0])
        let (damaged, fenced) = ((leader + 1) % 3, (leader + 2) % 3)
        // Its restart finds damage that nobody knew of, while the leader knows of the other one's wish.
        scene.cluster.crash(fenced)
        scene.cluster.nodes[damaged].tear(from: LogIndex(2))
        scene.run(200)
        #expect(scene.cluster[scene.cluster.nodes[leader].id].progress(of: scene.cluster.nodes[damaged].id).wantsRepair)
        scene.cluster.nodes[fenced].disk.hole = LogIndex(2)
        scene.cluster.start(fenced)
        scene.run(5000) { !$0.repairs.isEmpty && $0.isWhole }
        #expect(scene.repairs == [scene.cluster.nodes[damaged].id])
        #expect(scene.fencedMax == 1)
    }

    @Test func `an answer from before its leave does not set a node free of it`() {
        var scene = RepairScene(3, seed: 9)
        scene.settle()
        let leader = scene.cluster.position(scene.cluster.leaders[0])
        let others = (0..<3).filter { $0 != leader }
        let ids = scene.cluster.nodes.map(\.id)
        func answer(of node: Int, wantsRepair: Bool) -> Message {
            let raft = scene.cluster[ids[leader]]
            let report = Message.ProgressReport(
                round: .zero, matchIndex: raft.lastPosition.index, resendFrom: nil, counts: true, hasSpace: true,
                wantsRepair: wantsRepair, appliedIndex: .zero)
            return Message(term: raft.term, body: .progress(report))
        }
        func hear(_ node: Int, wantsRepair: Bool) {
            let message = answer(of: node, wantsRepair: wantsRepair)
            scene.cluster.turn(leader) { raft, now, out in raft.receive(message, from: ids[node], now: now, into: &out)
            }
        }
        // The leave is on its way, and late.
        for other in others { scene.cluster.mute(leader, other) }
        hear(others[0], wantsRepair: false)
        hear(others[1], wantsRepair: true)
        scene.cluster.now = scene.cluster.now + .milliseconds(45)
        scene.cluster.tick(leader)
        #expect(scene.cluster[ids[leader]].repairingPeer == ids[others[1]])
        hear(others[1], wantsRepair: true)
        hear(others[0], wantsRepair: true)
        scene.cluster.now = scene.cluster.now + .milliseconds(45)
        scene.cluster.tick(leader)
        #expect(scene.cluster[ids[leader]].repairingPeer == ids[others[1]])
        // Lost and back again, it counts: then it is the other one's turn.
        scene.cluster.cut(leader, others[1])
        scene.cluster.mend(leader, others[1])
        #expect(scene.cluster[ids[leader]].repairingPeer == ids[others[1]])
        hear(others[1], wantsRepair: false)
        scene.cluster.now = scene.cluster.now + .milliseconds(45)
        scene.cluster.tick(leader)
        #expect(scene.cluster[ids[leader]].repairingPeer == ids[others[0]])
    }

    @Test func `a lone node goes on as it is`() {
        var scene = RepairScene(1, seed: 6)
        scene.settle()
        scene.cluster.nodes[0].tear(from: LogIndex(2))
        scene.run(3000)
        #expect(scene.repairs == [])
        #expect(scene.cluster.leaders.count == 1)
    }

    @Test func `leave that was not asked for, or is of an earlier term, is not taken`() {
        var scene = RepairScene(3, seed: 7)
        scene.settle()
        let leader = scene.cluster.leaders[0]
        let follower = (0..<3).first { scene.cluster.nodes[$0].id != leader }!
        let term = scene.cluster[leader].term
        let leave = Message.Body.heartbeat(commitIndex: .zero, round: .zero, mayRepair: true)
        scene.cluster.turn(follower) { raft, now, out in
            raft.receive(Message(term: term, body: leave), from: leader, now: now, into: &out)
        }
        #expect(scene.cluster.nodes[follower].raft?.fence.isClosed == false)
        scene.cluster.nodes[follower].tear(from: LogIndex(2))
        scene.cluster.turn(follower) { raft, now, out in
            raft.receive(
                Message(term: Term(term.rawValue - 1), body: leave), from: leader, now: now, into: &out)
        }
        #expect(scene.cluster.nodes[follower].raft?.fence.isClosed == false)
        scene.cluster.turn(follower) { raft, now, out in
            raft.receive(Message(term: term, body: leave), from: leader, now: now, into: &out)
        }
        #expect(scene.cluster.nodes[follower].raft?.isLeavingForRepair == true)
    }

    @Test func `a node that holds its fence neither votes nor counts, whatever is committed`() {
        var scene = RepairScene(3, seed: 8)
        scene.settle()
        let leader = scene.cluster.position(scene.cluster.leaders[0])
        let (damaged, other) = ((leader + 1) % 3, (leader + 2) % 3)
        scene.cluster.nodes[damaged].tear(from: LogIndex(2))
        // It has its leave, and its process does not end.
        scene.cluster.run(500)
        #expect(scene.cluster.nodes[damaged].raft?.isLeavingForRepair == true)
        let committed = scene.cluster[scene.cluster.nodes[leader].id].commitIndex
        scene.cluster.propose(leader, count: 1)
        scene.cluster.run(500)
        #expect(scene.cluster[scene.cluster.nodes[leader].id].commitIndex == committed.next)
        #expect(scene.cluster.nodes[damaged].raft?.fence.isClosed == true)
        scene.cluster.crash(other)
        scene.cluster.run(3000)
        #expect(scene.cluster.leaders == [])
    }

    /// Loss, twins, reordering, cuts, crashes of whole nodes, and leaders that change while leave is on its way.
    @Test func `two damaged nodes are never out at a time, whatever the weather`() {
        for seed in UInt64(1)...400 {
            var random = TestRandom(seed)
            let count = random.chance(70) ? 3 : 5
            var scene = RepairScene(count, seed: random.next())
            scene.settle()
            let first = random.below(count)
            let second = (first + 1 + random.below(count - 1)) % count
            let whole = (0..<count).filter { $0 != first && $0 != second }
            scene.cluster.nodes[first].tear(from: LogIndex(2))
            if random.chance(50) { scene.cluster.nodes[second].tear(from: LogIndex(4)) }
            for step in 0..<1500 {
                if step == 700, scene.cluster.nodes[second].isUp, !scene.repairs.contains(ids(scene)[second]) {
                    scene.cluster.nodes[second].tear(from: LogIndex(4))
                }
                rage(&scene, &random, whole: whole)
                scene.look()
            }
            #expect(scene.fencedMax <= 1, "seed \(seed)")
            #expect(scene.cluster.judge.findings == [], "seed \(seed)")
            heal(&scene)
            scene.run(20_000) { $0.isWhole && $0.leaving.isEmpty }
            #expect(scene.isWhole, "seed \(seed): \(scene.repairs)")
            #expect(scene.fencedMax <= 1, "seed \(seed)")
            #expect(Set(scene.repairs) == [ids(scene)[first], ids(scene)[second]], "seed \(seed)")
            #expect(scene.cluster.judge.findings == [], "seed \(seed)")
            if scene.fencedMax > 1 || !scene.isWhole { return }
        }
    }

    private func ids(_ scene: RepairScene) -> [NodeID] { scene.cluster.nodes.map(\.id) }

    private func rage(_ scene: inout RepairScene, _ random: inout TestRandom, whole: [Int]) {
        let count = scene.cluster.nodes.count
        let node = random.below(count)
        scene.cluster.now = scene.cluster.now + .microseconds(random.below(random.chance(3) ? 80_000 : 8000))
        for i in 0..<count {
            if let deadline = scene.cluster.nodes[i].raft?.nextDeadline, deadline <= scene.cluster.now {
                scene.cluster.tick(i)
            }
        }
        for _ in 0..<4 where !scene.cluster.wire.isEmpty {
            let slot = random.below(random.chance(20) ? scene.cluster.wire.count : 1)
            if random.chance(4) {
                scene.cluster.wire.remove(at: slot)
            } else {
                scene.cluster.deliver(slot, keepsTwin: random.chance(10))
            }
        }
        if random.chance(70) { scene.cluster.persist(node) }
        if random.chance(10), let leader = scene.cluster.leaders.first {
            scene.cluster.propose(scene.cluster.position(leader), count: 1)
        }
        if random.chance(10) {
            scene.look()
            scene.restart(node)
        }
        if random.chance(2) {
            let other = (node + 1 + random.below(count - 1)) % count
            if random.chance(30) { scene.cluster.cut(node, other) } else { scene.cluster.mend(node, other) }
        }
        if random.chance(1), let chosen = whole.randomElement(using: &random) {
            if scene.cluster.nodes[chosen].isUp { scene.cluster.crash(chosen) } else { scene.cluster.start(chosen) }
        }
    }

    private func heal(_ scene: inout RepairScene) {
        let count = scene.cluster.nodes.count
        for a in 0..<count { for b in 0..<a { scene.cluster.mend(a, b) } }
        for i in 0..<count where !scene.cluster.nodes[i].isUp && !scene.leaving.contains(i) { scene.cluster.start(i) }
    }
}

extension TestRandom: RandomNumberGenerator {}
