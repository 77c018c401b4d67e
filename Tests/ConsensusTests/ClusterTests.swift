// Clusters in memory under seeded faults: safety at every step, and progress once the faults end.

import Testing
import Vocabulary

@testable import Consensus

/// What a seed turns on, and how much of it.
struct Weather {
    var loses = 0
    var repeats = 0
    var reorders = 0
    var crashes = 0
    var cuts = 0
    var pauses = false
    var stalls = false
    var fills = false
    var hands = false
    /// How often a node's newest ballots, and frames, are lost to damage; never on two nodes at a time.
    var damages = 0
    /// Changes of membership, snapshots that cut a log, and states that are not trusted for a while.
    var changes = 0
    var compacts = 0
    var quarantines = 0
    /// How often the nodes fall into two halves that do not see each other.
    var splits = 0

    init(_ random: inout TestRandom) {
        if random.chance(40) { loses = 1 + random.below(20) }
        if random.chance(30) { repeats = 1 + random.below(15) }
        if random.chance(30) { reorders = 1 + random.below(60) }
        if random.chance(60) { crashes = 1 + random.below(25) }
        if random.chance(50) { cuts = 1 + random.below(25) }
        pauses = random.chance(20)
        stalls = random.chance(30)
        fills = random.chance(15)
        hands = random.chance(30)
    }
}

struct Storm {
    var random: TestRandom
    var weather: Weather
    var cluster: SimulatedCluster
    var stalled: Set<Int> = []
    var paused: Set<Int> = []
    /// Nodes, members or not.
    let count: Int
    /// Microseconds that a step takes at most, ordinarily.
    let pace: Int

    init(seed: UInt64, count fixed: Int? = nil, spares: Int = 0) {
        random = TestRandom(seed)
        weather = Weather(&random)
        let drawn = [3, 3, 3, 3, 3, 5, 5, 2, 1][random.below(9)]
        let members = fixed ?? drawn
        count = members + spares
        pace = [500, 4000, 15_000][random.below(3)]
        var options = ConsensusOptions()
        options.inflightFramesMax = 1 + random.below(8)
        options.appendBytesMax = 300
        options.inflightBytesMax = 1000
        let ids = (1...count).map { NodeID("n\($0)")! }
        cluster = SimulatedCluster(
            Array(ids.prefix(members)), spares: Array(ids.dropFirst(members)), options: options, seed: random.next())
        for i in 0..<count { cluster.start(i) }
    }

    mutating func rage(steps: Int) {
        for _ in 0..<steps {
            step()
            if !cluster.judge.findings.isEmpty { return }
        }
    }

    private mutating func step() {
        let node = random.below(count)
        cluster.now = cluster.now + .microseconds(random.below(random.chance(5) ? 60_000 : pace))
        for i in 0..<count where !paused.contains(i) {
            if let deadline = cluster.nodes[i].raft?.nextDeadline, deadline <= cluster.now { cluster.tick(i) }
        }
        switch random.below(20) {
        case 0...9: pass()
        case 10...14: if !stalled.contains(node), !paused.contains(node) { persist(node) }
        case 15, 16: if !paused.contains(node) { work(node) }
        default: strike(node)
        }
    }

    /// One packet moves, or meets the weather.
    private mutating func pass() {
        for _ in 0...random.below(3) where !cluster.wire.isEmpty {
            let bound = random.chance(weather.reorders) ? cluster.wire.count : min(1, cluster.wire.count)
            let slot = random.below(bound)
            if paused.contains(cluster.position(cluster.wire[slot].to)) { continue }
            if random.chance(weather.loses) {
                cluster.wire.remove(at: slot)
            } else {
                cluster.deliver(slot, keepsTwin: random.chance(weather.repeats))
            }
        }
    }

    private mutating func persist(_ node: Int) {
        cluster.persist(node, count: random.chance(70) ? .max : 1 + random.below(2))
    }

    private mutating func work(_ node: Int) {
        let leader = cluster.leaders.first.map { cluster.position($0) } ?? node
        let chosen = random.chance(80) ? leader : node
        guard !paused.contains(chosen) else { return }
        if random.chance(60) { cluster.propose(chosen, count: 1 + random.below(3)) } else { cluster.read(chosen) }
    }

    private mutating func strike(_ node: Int) {
        if random.chance(weather.crashes) {
            if cluster.nodes[node].isUp {
                cluster.crash(node, keeping: random.below(cluster.nodes[node].orders.count + 1))
                paused.remove(node)
            } else {
                cluster.start(node)
            }
        }
        if !cluster.nodes[node].isUp, random.chance(20) { cluster.start(node) }
        if count > 1, random.chance(weather.cuts) {
            let other = (node + 1 + random.below(count - 1)) % count
            if random.chance(50) { cluster.cut(node, other) } else { cluster.mend(node, other) }
        }
        if weather.pauses, random.chance(3) { paused.formSymmetricDifference([node]) }
        if weather.stalls, random.chance(3) { stalled.formSymmetricDifference([node]) }
        if weather.fills, random.chance(3) {
            cluster.nodes[node].raft?.setHasSpace(random.chance(50))
        }
        if random.chance(weather.damages) { damage(node) }
        if weather.changes > 0, random.chance(weather.changes) { changeMembership() }
        if weather.splits > 0, random.chance(weather.splits) { split() }
        if weather.compacts > 0, random.chance(weather.compacts) { cluster.nodes[node].compact() }
        if weather.quarantines > 0, random.chance(weather.quarantines), !paused.contains(node) {
            let isQuarantined = random.chance(50)
            cluster.turn(node) { raft, now, out in raft.setQuarantined(isQuarantined, now: now, into: &out) }
        }
        if weather.hands, random.chance(5), !paused.contains(node) { handOver(node) }
    }

    /// Takes ballots, and sometimes frames, from a disk, unless another node is new or fenced itself. The repair has
    /// not seen more than what is left, so that the fence is a lower bound.
    private mutating func damage(_ node: Int) {
        guard count > 2, cluster.nodes.allSatisfy({ $0.disk.fence == nil && $0.disk.term > .zero }) else { return }
        let disk = cluster.nodes[node].disk
        let newest = disk.log.last?.term ?? .zero
        let back = random.chance(60) ? newest.rawValue : UInt64(random.below(Int(disk.term.rawValue) + 1))
        cluster.damage(node, after: Term(back))
        paused.remove(node)
        if random.chance(80) { cluster.start(node) }
    }

    /// Cuts the nodes into two halves, or joins them all again.
    private mutating func split() {
        let isCut = random.chance(60)
        let half = random.below(1 << count)
        for i in 0..<count {
            for j in 0..<i {
                if isCut, (half >> i ^ half >> j) & 1 == 1 { cluster.cut(i, j) } else { cluster.mend(i, j) }
            }
        }
    }

    private mutating func handOver(_ node: Int) {
        cluster.turn(node) { raft, now, out in
            try? raft.beginHandover(to: nil, now: now, deadline: now + .milliseconds(100), into: &out)
        }
    }

    /// Everything works again: a leader, and an entry of its committed on every node, within `milliseconds`.
    mutating func heal(milliseconds: Int) -> Bool {
        paused = []
        stalled = []
        for i in 0..<count {
            for j in 0..<i { cluster.mend(j, i) }
            if !cluster.nodes[i].isUp { cluster.start(i) }
            cluster.nodes[i].raft?.setHasSpace(true)
            cluster.turn(i) { raft, now, out in raft.setQuarantined(false, now: now, into: &out) }
        }
        cluster.run(milliseconds) { $0.isSettled }
        guard cluster.isSettled, let leader = cluster.leaders.first else { return false }
        let before = cluster.judge.committedIndex
        cluster.propose(cluster.position(leader), count: 2)
        cluster.read(cluster.position(leader))
        cluster.run(100) { $0.isSettled }
        return cluster.isSettled && cluster.judge.committedIndex == before + 2
    }
}

extension SimulatedCluster {
    /// One leader that all follow, who may propose, and whose whole log all have committed.
    var isSettled: Bool {
        guard let leader = leaders.first, leaders.count == 1, self[leader].mayPropose else { return false }
        let end = self[leader].log.last
        let configuration = self[leader].configuration
        guard !self[leader].isChangingMembership, configuration.isVoter(leader) else { return false }
        return nodes.allSatisfy {
            !configuration.isMember($0.id) || $0.raft?.leader == leader && $0.raft?.log.commit == end
        }
    }
}

struct ClusterTests {
    static let seeds: Range<UInt64> = 0..<1500

    @Test func `under any weather nothing committed is lost and all heals within bounded time`() {
        var confirmed = 0
        var elections = 0
        for seed in ClusterTests.seeds {
            var storm = Storm(seed: seed)
            storm.rage(steps: 400)
            let healed = storm.cluster.judge.findings.isEmpty && storm.heal(milliseconds: 2000)
            #expect(storm.cluster.judge.findings.isEmpty, "seed \(seed): \(storm.cluster.judge.findings)")
            #expect(healed, "seed \(seed) did not heal")
            guard healed else { break }
            confirmed += storm.cluster.judge.readsConfirmed
            elections += storm.cluster.judge.elections
        }
        #expect(confirmed > ClusterTests.seeds.count)
        #expect(elections > ClusterTests.seeds.count)
    }

    @Test func `nodes that lose ballots and entries to damage lose nothing for the cluster`() {
        var damages = 0
        for seed in 0..<500 as Range<UInt64> {
            var storm = Storm(seed: seed, count: 3)
            storm.cluster.run(300)
            storm.weather.damages = 25
            storm.weather.cuts = 50
            storm.rage(steps: 500)
            damages += storm.cluster.damages
            let healed = storm.cluster.judge.findings.isEmpty && storm.heal(milliseconds: 3000)
            #expect(storm.cluster.judge.findings.isEmpty, "seed \(seed): \(storm.cluster.judge.findings)")
            #expect(healed, "seed \(seed) did not heal")
            guard healed else { break }
        }
        #expect(damages > 500)
    }

    /// A leader is cut off. Of the two others one elects the other, and loses its ballot; then it sees nobody but the
    /// old leader, which may not have given up yet.
    @Test func `a node that has lost the vote it gave does not go back to the leader of before`() {
        var meetings = 0
        for seed in 0..<400 as Range<UInt64> {
            var storm = Storm(seed: seed, count: 3)
            storm.cluster.run(2000) { $0.isSettled }
            let old = storm.cluster.position(storm.cluster.leaders[0])
            let before = storm.cluster.nodes[old].disk.term
            for other in 0..<3 where other != old { storm.cluster.cut(old, other) }
            storm.cluster.run(1000) { $0.leaders.count == 2 }
            guard let new = (0..<3).first(where: { $0 != old && storm.cluster.nodes[$0].raft?.role == .leader }),
                storm.cluster.nodes[old].raft?.role == .leader
            else { continue }
            let voter = 3 - old - new
            storm.cluster.damage(voter, after: before)
            storm.cluster.cut(voter, new)
            storm.cluster.mend(voter, old)
            storm.cluster.start(voter)
            for _ in 0..<40 {
                storm.cluster.run(1 + storm.random.below(3))
                storm.cluster.propose(old, count: 1)
            }
            meetings += 1
            let healed = storm.heal(milliseconds: 3000)
            #expect(storm.cluster.judge.findings.isEmpty, "seed \(seed): \(storm.cluster.judge.findings)")
            #expect(healed, "seed \(seed) did not heal")
        }
        #expect(meetings > 20, "\(meetings)")
    }
}
