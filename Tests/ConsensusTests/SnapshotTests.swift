// A snapshot and a log in every relation that they can have; and a leader whose log does not reach back far enough.

import Testing
import Vocabulary

@testable import Consensus

struct SnapshotTests {
    private static let ids = ["n1", "n2", "n3"].map { NodeID($0)! }
    private let now = Instant(nanoseconds: 1_000_000_000)
    private let configuration = Configuration(voters: ids)!

    /// A follower of n2 in term 3, whose log has frames of these terms and is committed up to `commit`.
    private func follower(_ frames: [FrameSummary], commit: UInt64, fence: LogIndex? = nil) -> Raft {
        let restored = Restored(
            term: Term(3), votedFor: nil, last: frames.last?.end ?? .zero,
            uncommitted: frames.filter { $0.firstIndex > LogIndex(commit) }, fence: fence)
        var raft = Raft(
            id: SnapshotTests.ids[0], configuration: configuration, options: ConsensusOptions(), restored: restored,
            seed: 1, now: now)
        _ = heartbeat(&raft, commit: commit)
        return raft
    }

    private func heartbeat(_ raft: inout Raft, commit: UInt64) -> [Directive] {
        let body = Message.Body.heartbeat(commitIndex: LogIndex(commit), round: .zero, mayRepair: false)
        var out: [Directive] = []
        raft.receive(Message(term: Term(3), body: body), from: SnapshotTests.ids[1], now: now, into: &out)
        raft.checkInvariants()
        return out
    }

    private func install(_ end: FrameEnd, in raft: inout Raft) -> [Directive] {
        var out: [Directive] = []
        raft.install(end, configuration: configuration, now: now, into: &out)
        raft.checkInvariants()
        return out
    }

    private func matches(_ directives: [Directive]) -> [LogIndex] {
        directives.compactMap {
            guard case .send(let message, _) = $0, case .progress(let report) = message.body else { return nil }
            return report.matchIndex
        }
    }

    private func restarts(_ directives: [Directive]) -> [FrameEnd] {
        directives.compactMap { if case .restartLog(let end, _) = $0 { end } else { nil } }
    }

    @Test func `a state tells of the configuration that is older than the log`() throws {
        let frames = chain(after: .zero, [1, 1, 2, 2])
        let learner = try #require(NodeID("n4"))
        let wider = try #require(Configuration(voters: SnapshotTests.ids, learners: [learner]))
        var raft = follower(frames, commit: 4)
        var out: [Directive] = []
        raft.learn(ConfigurationChange(index: LogIndex(2), configuration: wider), now: now, into: &out)
        #expect(raft.configuration == wider)
        #expect(out == [.configurationChanged(wider, isCommitted: true)])
        raft.checkInvariants()
        // What the log itself has brought since is newer than an older state.
        raft.learn(ConfigurationChange(index: LogIndex(1), configuration: configuration), now: now, into: &out)
        #expect(raft.configuration == wider && out.count == 1)
    }

    /// Logs of up to four frames in terms up to 3 that share a beginning with the snapshot's, all commit indexes in the
    /// shared part, all ends.
    @Test func `a snapshot in any relation to a log brings it to its end, and cuts nothing that it has`() {
        var kept = 0
        var restarted = 0
        QuorumTests.forAll(length: 8, base: 3) { digits in
            let snapshot = chain(after: .zero, digits.prefix(4).sorted().map { UInt64($0) + 1 })
            let frames = chain(after: .zero, digits.suffix(4).sorted().map { UInt64($0) + 1 })
            for length in 0...4 {
                let log = Array(frames.prefix(length))
                let shared = zip(log, snapshot).prefix { $0 == $1 }.count
                for commit in 0...shared {
                    let end = snapshot[digits[0] + 1].end
                    var raft = follower(log, commit: UInt64(commit))
                    let out = install(end, in: &raft)
                    let isHere = log.contains { $0.end == end }
                    #expect(raft.commitIndex == max(end.index, LogIndex(UInt64(commit))))
                    if end.index.rawValue <= commit {
                        #expect(out.isEmpty)
                    } else if isHere {
                        #expect(restarts(out) == [] && out.contains(.commit(end.index)))
                        #expect(raft.lastPosition == log.last?.end.position)
                        kept += 1
                    } else {
                        #expect(restarts(out) == [end] && matches(out) == [])
                        #expect(raft.log.last == end && raft.persistedIndex == end.index)
                        var later: [Directive] = []
                        raft.persisted(raft.issued, now: now, into: &later)
                        #expect(matches(later) == [end.index])
                        restarted += 1
                    }
                }
            }
        }
        #expect(kept > 1000 && restarted > 1000)
    }

    @Test func `nothing is acknowledged before the new log's begin is durable, and the leader goes on behind it`() {
        let frames = chain(after: .zero, [1, 1, 2, 2, 3, 3])
        var raft = follower(Array(frames.prefix(1)), commit: 1)
        _ = install(frames[3].end, in: &raft)
        #expect(matches(heartbeat(&raft, commit: 6)) == [])
        let append = Message.Append(
            previous: frames[4].previous.position, previousChecksum: frames[4].previousChecksum,
            frames: Array(frames[4...]), commitIndex: LogIndex(6), round: .zero)
        var out: [Directive] = []
        raft.receive(Message(term: Term(3), body: .append(append)), from: SnapshotTests.ids[1], now: now, into: &out)
        #expect(matches(out) == [])
        raft.persisted(raft.issued, now: now, into: &out)
        raft.checkInvariants()
        #expect(matches(out).last == LogIndex(6))
        #expect(raft.commitIndex == LogIndex(6))
    }

    @Test func `what a log has is committed no earlier than it is durable`() {
        let frames = chain(after: .zero, [3, 3, 3])
        var raft = follower([], commit: 0)
        let append = Message.Append(
            previous: .zero, previousChecksum: 0, frames: frames, commitIndex: .zero, round: .zero)
        var out: [Directive] = []
        raft.receive(Message(term: Term(3), body: .append(append)), from: SnapshotTests.ids[1], now: now, into: &out)
        out = install(frames[1].end, in: &raft)
        #expect(!out.contains(.commit(LogIndex(2))))
        raft.persisted(raft.issued, now: now, into: &out)
        #expect(out.contains(.commit(LogIndex(2))))
    }

    @Test func `a snapshot that contradicts what this leader sent is named and ignored`() {
        let frames = chain(after: .zero, [3, 3])
        var raft = follower([], commit: 0)
        let append = Message.Append(
            previous: .zero, previousChecksum: 0, frames: frames, commitIndex: .zero, round: .zero)
        var out: [Directive] = []
        raft.receive(Message(term: Term(3), body: .append(append)), from: SnapshotTests.ids[1], now: now, into: &out)
        let other = chain(after: .zero, [2, 2])[1].end
        #expect(install(other, in: &raft) == [.anomaly(.foreignSnapshot(other, here: frames[1].end))])
        #expect(raft.log.last == frames[1].end)
    }

    @Test func `a snapshot of the leader's term opens a fence, an older one does not`() {
        let frames = chain(after: .zero, [1, 2, 3])
        for (position, opens) in [(1, false), (2, true)] {
            var raft = follower([], commit: 0, fence: LogIndex(2))
            let out = install(frames[position].end, in: &raft)
            #expect(out.contains(.fenceCleared) == opens)
            #expect((raft.fenceIndex == nil) == opens)
        }
        var beyond = follower([], commit: 0, fence: LogIndex(4))
        #expect(!install(frames[2].end, in: &beyond).contains(.fenceCleared))
    }

    @Test func `a node installs nothing of a term that it has not entered, nor before it has met a leader`() {
        let end = chain(after: .zero, [4])[0].end
        var raft = follower([], commit: 0)
        #expect(!raft.mayInstall(end))
        #expect(install(end, in: &raft) == [])
        var blank = Raft(
            id: SnapshotTests.ids[0], configuration: configuration, options: ConsensusOptions(), restored: .nothing,
            seed: 1, now: now)
        #expect(!blank.mayInstall(end))
        #expect(install(end, in: &blank) == [])
        // Its fence and its ballot are ordered, and not durable yet.
        _ = heartbeat(&blank, commit: 1)
        let known = chain(after: .zero, [3])[0].end
        #expect(!blank.mayInstall(known))
        var out: [Directive] = []
        blank.persisted(blank.issued, now: now, into: &out)
        #expect(blank.mayInstall(known))
    }

    // MARK: - As the leader

    @Test func `a follower that is behind the log's begin gets a snapshot, and then the log behind it`() {
        var cluster = SimulatedCluster(SnapshotTests.ids, seed: 3)
        for i in 0..<3 { cluster.start(i) }
        cluster.run(1000) { $0.isSettled }
        let leader = cluster.position(cluster.leaders[0])
        let behind = (leader + 1) % 3
        cluster.crash(behind)
        for _ in 0..<20 { cluster.propose(leader, count: 1) }
        cluster.run(200)
        cluster.nodes[leader].compact()
        for _ in 0..<3 { cluster.propose(leader, count: 1) }
        cluster.run(100)
        cluster.start(behind)
        cluster.run(500) { $0.isSettled }
        #expect(cluster.isSettled)
        #expect(cluster.snapshotsInstalled == 1)
        #expect(cluster.judge.findings == [])
        #expect(cluster.judge.anomalies == [])
    }

    @Test func `a peer gets nothing while it waits for its snapshot, and starts anew with its connection`() {
        var peer = PeerProgress(id: SnapshotTests.ids[1], now: now)
        peer.state = .snapshot(through: LogIndex(9))
        peer.firstAvailable = LogIndex(7)
        #expect(peer.allowance(ConsensusOptions()) == nil)
        peer.acknowledge(through: LogIndex(5), now: now)
        peer.reject(resendFrom: LogIndex(6))
        #expect(peer.state == .snapshot(through: LogIndex(9)))
        var early = peer
        early.acknowledge(through: LogIndex(6), now: now)
        #expect(early.state == .probe && early.nextIndex == LogIndex(7))
        peer.reject(resendFrom: LogIndex(8))
        #expect(peer.state == .probe && peer.nextIndex == LogIndex(8))
    }
}
