// Members come and go under seeded faults: safety at every step, and progress once the faults end.

import Testing
import Vocabulary

@testable import Consensus

extension Storm {
    /// Asks the newest leader for something that its configuration allows, or for something that it does not.
    mutating func changeMembership() {
        guard let leader = cluster.leaders.max(by: { cluster[$0].term < cluster[$1].term }) else { return }
        guard !paused.contains(cluster.position(leader)) else { return }
        let configuration = cluster[leader].configuration
        let others = cluster.nodes.map(\.id).filter { !configuration.isMember($0) }
        let voter = configuration.voters.ids[random.below(configuration.voters.count)]
        let node = cluster.nodes[random.below(count)].id
        let learner = configuration.learners.first ?? node
        let other = others.isEmpty ? node : others[random.below(others.count)]
        let requests: [MembershipRequest] = [
            .addLearner(other), .promote(learner, whenCaughtUp: random.chance(70)), .remove(voter),
            .remove(learner), .remove(leader), .replace(voter, with: learner), .replace(voter, with: other),
            .replace(voter, with: other),
        ]
        let position = cluster.position(leader)
        if random.chance(10) {
            cluster.turn(position) { raft, _, out in raft.cancelPromotion(into: &out) }
        }
        cluster.change(requests[random.below(requests.count)], isForced: random.chance(50), at: position)
    }
}

struct MembershipTests {
    private func storm(_ seed: UInt64, skipsJoint: Bool = false) -> Storm {
        var storm = Storm(seed: seed, count: 3, spares: 3)
        storm.cluster.skipsJointConsensus = skipsJoint
        storm.cluster.judge.watchesSteps = !skipsJoint
        storm.weather.changes = 20 + storm.random.below(60)
        if storm.random.chance(50) { storm.weather.compacts = 1 + storm.random.below(30) }
        if storm.random.chance(50) { storm.weather.splits = 2 + storm.random.below(15) }
        if storm.random.chance(20) { storm.weather.quarantines = 1 + storm.random.below(5) }
        storm.cluster.run(300)
        storm.rage(steps: 900)
        return storm
    }

    @Test func `members come and go under any weather, and nothing committed is lost`() {
        var changes = 0
        var removed = 0
        var installed = 0
        for seed in 0..<600 as Range<UInt64> {
            var storm = storm(seed)
            let healed = storm.cluster.judge.findings.isEmpty && storm.heal(milliseconds: 5000)
            #expect(storm.cluster.judge.findings.isEmpty, "seed \(seed): \(storm.cluster.judge.findings)")
            #expect(healed, "seed \(seed) did not heal")
            guard healed else { break }
            changes += storm.cluster.judge.configurationsCommitted
            removed += storm.cluster.removed.count
            installed += storm.cluster.snapshotsInstalled
        }
        #expect(changes > 1500, "\(changes)")
        #expect(removed > 200, "\(removed)")
        #expect(installed > 200, "\(installed)")
    }

    /// Proof that the storms bite: majorities of the voters of before and of those of afterwards decide differently.
    @Test func `a cluster that changes voters in one step is found out`() {
        // One seed in some eight hundred meets the moment in which both decide.
        let seeds = 0..<1500 as Range<UInt64>
        let found = seeds.first { !storm($0, skipsJoint: true).cluster.judge.findings.isEmpty }
        #expect(found != nil)
    }
}
