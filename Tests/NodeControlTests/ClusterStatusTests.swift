// Many reports as one status: who leads, what is not known, and how both outputs look.

import Foundation
import Telemetry
import Testing
import Vocabulary

@testable import NodeControl

@Suite struct ClusterStatusTests {
    private func asked(_ status: NodeStatus) throws -> AskedNode {
        AskedNode(
            name: status.id.description, address: "127.0.0.1:1",
            outcome: .success(try NodeReport.decode(status.json(), from: "x")))
    }

    private func silent(_ name: String) -> AskedNode {
        AskedNode(name: name, address: "127.0.0.1:9", outcome: .failure(.unauthorized(address: "127.0.0.1:9")))
    }

    private func three(leader: Int, term: UInt64) throws -> [AskedNode] {
        try (0..<3).map { try asked(Scene.status($0, of: 3, leader: leader, term: term)) }
    }

    @Test func `the leader of the newest term leads`() throws {
        var nodes = try three(leader: 1, term: 7)
        #expect(ClusterStatus(nodes).leader == "n2")
        // One that was paused and still believes itself the leader.
        nodes[0] = try asked(Scene.status(0, of: 3, leader: 0, term: 6))
        #expect(ClusterStatus(nodes).leader == "n2")
        #expect(ClusterStatus(nodes).term == 7)
    }

    @Test func `a leader that does not answer is no leader, though others name it`() throws {
        var nodes = try three(leader: 1, term: 7)
        nodes[1] = silent("n2")
        #expect(ClusterStatus(nodes).leader == nil)
    }

    @Test func `a leader that was not asked is taken from the others`() throws {
        let nodes = try three(leader: 1, term: 7)
        #expect(ClusterStatus([nodes[0], nodes[2]]).leader == "n2")
        let unknown = AskedNode(name: "a:1", address: "a:1", outcome: .failure(.unauthorized(address: "a:1")))
        #expect(ClusterStatus([nodes[0], unknown]).leader == nil)
    }

    /// A node's own figure is of the entries it has heard of: a follower that is a million behind says 0.
    @Test func `what a follower lacks is what its leader says, if that is more`() throws {
        var leader = Scene.status(0, of: 3, leader: 0, term: 7)
        leader.peers[0].lagEntries = 1_000_000
        leader.peers[0].lag = .seconds(20)
        leader.peers[1].lagEntries = 1
        let followers = try (1..<3).map { try asked(Scene.status($0, of: 3, leader: 0, term: 7)) }
        let status = ClusterStatus([try asked(leader)] + followers)
        #expect(status.nodes.map(\.lagEntries) == [0, 1_000_000, 2])
        #expect(status.nodes.map(\.lagMilliseconds) == [0, 20_000, 4])
    }

    @Test func `nobody answers`() {
        let status = ClusterStatus([silent("n1")])
        #expect(status.leader == nil)
        #expect(status.answered == 0)
        #expect(status.nodes[0].reasons.map(\.code) == ["unreachable"])
    }

    @Test func `the document has every field for every node`() throws {
        var nodes = try three(leader: 0, term: 7)
        nodes[2] = silent("n3")
        let text = String(decoding: ClusterStatus(nodes).json, as: UTF8.self)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(document["leader"] as? String == "n1")
        #expect(document["term"] as? Int == 7)
        #expect(document["commit_index"] as? Int == 11)
        let records = try #require(document["nodes"] as? [[String: Any]])
        #expect(records.map { $0["id"] as? String } == ["n1", "n2", "n3"])
        #expect(records.map { $0["healthy"] as? Bool } == [true, true, false])
        #expect(records[1]["lag_entries"] as? Int == 1)
        #expect(records[1]["lag_ms"] as? Double == 2)
        #expect(records[1]["digest"] as? String == "00000000000000010000000000000001")
        let fields: Set<String> = [
            "id", "role", "healthy", "term", "last_index", "commit_index", "applied_index", "digest", "lag_entries",
            "lag_ms", "version", "feature_level", "snapshot", "state", "seconds_left",
        ]
        for record in records { #expect(fields.isSubset(of: record.keys)) }
    }

    @Test func `the table lines up and tells what is wrong below`() throws {
        var nodes = try three(leader: 0, term: 7)
        var slow = Scene.status(1, of: 3, leader: 0, term: 7)
        slow.readiness.reasons = [.lagging(entries: 9)]
        slow.isDurabilityFull = false
        slow.durability = "written"
        nodes[1] = try asked(slow)
        nodes[2] = silent("n3")
        #expect(
            ClusterStatus(nodes).table(name: "test", inColour: false) == """
                test: leader n1, term 7, commit index 11
                NODE  ROLE      HEALTH       TERM  LAST  COMMIT  APPLIED  LAG       DIGEST        SNAPSHOT  VERSION
                n1    leader    ok           7     12    11      11       0         000000000000  -         0.1.0
                n2    follower  lagging      7     12    11      10       1 (2 ms)  000000000000  -         0.1.0
                n3    ?         unreachable  -     -     -       -        -         -             -         -

                n2: the node is 9 entries behind the leader
                    wait: the figures beside show the progress
                n3: 127.0.0.1:9 does not accept the token
                    use the token file of this cluster's nodes (`auth.admin-token-file`)
                n2: a write is acknowledged when it is written, which is too early

                """)
    }

    @Test func `a state that is not sound, a start and snapshots show in the table and in the document`() throws {
        var diverged = Scene.status(0, of: 3, leader: 0, term: 7)
        diverged.state = StateStatus(
            .diverged, text: "it differs", remedy: "wait",
            divergence: StateStatus.Divergence(
                index: LogIndex(9), own: Digest(high: 0, low: 1), agreed: Digest(high: 0, low: 2)))
        diverged.readiness.reasons = [.noLeader] + [try #require(diverged.state.unreadyReason)]
        diverged.keepSnapshot(10)
        diverged.snapshot.age = .seconds(130)
        var loading = Scene.status(1, of: 3, leader: 0, term: 7)
        loading.progress = StartProgress(phase: .loading)
        (loading.progress.recordsTotal, loading.progress.recordsLoaded) = (400, 100)
        loading.progress.elapsed = .seconds(100)
        loading.readiness.reasons = [.starting(.loading)]
        loading.snapshot.failure = SnapshotStatus.Failure(index: LogIndex(11), text: "a", remedy: "b")
        var fetching = Scene.status(2, of: 3, leader: 0, term: 7)
        fetching.snapshot.fetching = SnapshotStatus.Transfer(
            peer: NodeID("n1")!, index: LogIndex(10), bytes: ByteCount(50), total: ByteCount(200))
        let status = ClusterStatus(try [diverged, loading, fetching].map(asked))
        let lines = status.table(name: "test", inColour: false).split(separator: "\n")
        #expect(lines[2].contains("STATE DIVERGED") && lines[2].contains("10 (2 min)"))
        #expect(lines[3].contains("loading 25% (5 min left)") && lines[3].contains("  failed  "))
        #expect(lines[4].contains("fetching 25%"))
        #expect(
            lines[5] == """
                n1: STATE DIVERGED: it differs (at index 9 its digest was 00000000000000000000000000000001, the agreed \
                one 00000000000000000000000000000002)
                """)
        #expect(lines.count { $0.contains("it differs") } == 1, "told once, though it is a reason as well")
        #expect(status.table(name: "test", inColour: true).contains("\u{1B}[31mSTATE DIVERGED\u{1B}[0m"))
        let document = try JSONSerialization.jsonObject(with: Data(status.json)) as? [String: Any]
        let nodes = try #require(document?["nodes"] as? [[String: Any]])
        let state = try #require(nodes[0]["state"] as? [String: Any])
        #expect(state["condition"] as? String == "diverged" && state["diverged_at_index"] as? Int == 9)
        let snapshot = try #require(nodes[0]["snapshot"] as? [String: Any])
        #expect(snapshot["index"] as? Int == 10 && snapshot["kept"] as? Int == 1)
        #expect(snapshot["age_seconds"] as? Double == 130)
        #expect(nodes[1]["seconds_left"] as? Double == 300 && nodes[1]["progress_percent"] as? Double == 25)
        #expect((nodes[1]["snapshot"] as? [String: Any])?["failure"] as? String == "a")
        #expect((nodes[2]["snapshot"] as? [String: Any])?["fetching_percent"] as? Double == 25)
    }

    @Test func `a start that builds an index says which`() throws {
        var status = Scene.status(0, of: 3, leader: 0, term: 7)
        status.progress = StartProgress(phase: .indexing)
        (status.progress.index, status.progress.recordsToWalk, status.progress.recordsWalked) = ("users", 200, 50)
        status.progress.elapsed = .seconds(3)
        #expect(try asked(status).report?.node.startText == "indexing users 25% (9 s left)")
        status.progress = StartProgress(phase: .joining)
        #expect(try asked(status).report?.node.startText == "joining")
    }

    @Test func `times are told in one unit`() {
        let told = [0, 1.4, 119, 120, 7199, 7200, 172_799, 172_800, -5, .infinity].map { RoughTime.text(seconds: $0) }
        #expect(told == ["0 s", "1 s", "119 s", "2 min", "120 min", "2 h", "48 h", "2 d", "0 s", "0 s"])
    }

    @Test func `colour is for terminals only and covers the text alone`() throws {
        let status = ClusterStatus(try three(leader: 0, term: 7))
        let plain = status.table(name: "t", inColour: false)
        let coloured = status.table(name: "t", inColour: true)
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[32mok\u{1B}[0m"))
        #expect(coloured.replacing(/\u{1B}\[\d+m/, with: "") == plain)
    }

    @Test func `a status of a stranger is refused`() {
        #expect(throws: ControlError.self) { try NodeReport.decode(Array("{}".utf8), from: "x") }
        #expect(throws: ControlError.self) { try NodeReport.decode(Array("no".utf8), from: "x") }
    }
}
