// How long a cluster is without a leader, in its own time: a hop and a sync take a millisecond each.

import Testing
import Vocabulary

@testable import Consensus

struct TakeoverTests {
    /// Milliseconds from `strike` on a settled cluster of `count` nodes until another leader has committed an entry,
    /// for many seeds, in ascending order.
    private func outages(
        count: Int = 3, seeds: Int = 200, _ strike: (inout SimulatedCluster, Int) -> Void
    ) -> [Int] {
        (0..<seeds).map { seed in
            var cluster = SimulatedCluster((1...count).map { NodeID("n\($0)")! }, seed: UInt64(seed))
            for i in 0..<count { cluster.start(i) }
            cluster.run(2000) { $0.isSettled }
            let old = cluster.leaders[0]
            cluster.propose(cluster.position(old), count: 1)
            cluster.run(40 + seed % 30)
            let committed = cluster.judge.committedIndex
            strike(&cluster, cluster.position(old))
            let begin = cluster.now
            cluster.run(3000) { cluster in
                cluster.judge.committedIndex > committed
                    && cluster.nodes.contains { node in
                        guard node.id != old, let raft = node.raft else { return false }
                        return raft.role == .leader && raft.commitIndex > committed
                    }
            }
            #expect(cluster.judge.findings.isEmpty, "seed \(seed): \(cluster.judge.findings)")
            return Int((cluster.now - begin).inNanoseconds / 1_000_000)
        }.sorted()
    }

    @Test func `a leader whose process died is replaced in tens of milliseconds`() {
        let times = outages { cluster, leader in cluster.crash(leader) }
        #expect(times[times.count / 2] <= 20, "\(times)")
        #expect(times[times.count - 1] <= 100, "\(times)")
    }

    @Test func `of five as of three`() {
        let times = outages(count: 5, seeds: 60) { cluster, leader in cluster.crash(leader) }
        #expect(times[times.count / 2] <= 20, "\(times)")
        #expect(times[times.count - 1] <= 400, "\(times)")
    }

    @Test func `a leader that falls silent is replaced after one election timeout`() {
        let times = outages { cluster, leader in
            // Its connections stand, but nothing comes through: no evidence but silence.
            for other in cluster.nodes.indices where other != leader { cluster.mute(leader, other) }
        }
        #expect(times[times.count / 2] <= 300, "\(times)")
        #expect(times[times.count - 1] <= 1000, "\(times)")
    }

    @Test func `a hand-over costs a few hops and syncs`() {
        let times = outages { cluster, leader in
            cluster.turn(leader) { raft, now, out in
                do throws(HandoverRefusal) {
                    try raft.beginHandover(to: nil, now: now, deadline: now + .seconds(1), into: &out)
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        #expect(times[times.count - 1] <= 10, "\(times)")
    }
}
