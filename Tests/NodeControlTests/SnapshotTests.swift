// `nodectl snapshot`: how an order is followed to the last node, what is told of it, and which way each case ends.

import Foundation
import Platform
import Telemetry
import Testing
import Vocabulary

@testable import NodeControl

extension NodeStatus {
    /// Gives the node a snapshot that it wrote itself.
    mutating func keepSnapshot(_ index: UInt64, digest: UInt64 = 7, made: Int = 3 << 20) {
        snapshot.kept.append(
            SnapshotStatus.Kept(
                index: LogIndex(index), term: Term(4), time: .zero, digest: Digest(high: 0, low: digest), records: 9,
                plain: ByteCount(5 << 20), stored: ByteCount(4 << 20)))
        snapshot.last = SnapshotStatus.Written(
            index: LogIndex(index), took: .milliseconds(250), made: ByteCount(made), reused: ByteCount(1536))
        snapshot.writing = nil
    }
}

@Suite struct SnapshotFollowerTests {
    private func asked(_ changes: [(inout NodeStatus) -> Void], leader: Int = 0) throws -> [AskedNode] {
        try changes.enumerated().map { position, change in
            var status = Scene.status(position, of: changes.count, leader: leader, term: 4)
            change(&status)
            return AskedNode(
                name: status.id.description, address: "x:1",
                outcome: .success(try NodeReport.decode(status.json(), from: "x")))
        }
    }

    private let silent = AskedNode(name: "n9", address: "x:9", outcome: .failure(.unauthorized(address: "x:9")))

    @Test func `it is over when every node that answers has the leader's snapshot`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        #expect(follower.look(at: try asked([{ $0.keepSnapshot(60) }, { _ in }])) == .under("waiting for n1"))
        let writing: (inout NodeStatus) -> Void = {
            $0.snapshot.writing = SnapshotStatus.Writing(index: LogIndex(110), percent: 42.5)
        }
        #expect(follower.look(at: try asked([writing, writing])) == .under("waiting for n1 (index 110, 42%)"))
        #expect(follower.outcome == nil)
        #expect(
            follower.look(at: try asked([{ $0.keepSnapshot(110) }, writing]))
                == .under("at index 110, waiting for n2 (index 110, 42%)"))
        #expect(follower.outcome?.unfinished == ["n2"])
        let both = try asked([{ $0.keepSnapshot(110) }, { $0.keepSnapshot(110) }])
        guard case .done(let outcome) = follower.look(at: both + [silent]) else {
            Issue.record("not done")
            return
        }
        #expect(outcome.isGood && outcome.unfinished.isEmpty)
        #expect((outcome.index, outcome.term, outcome.records) == (110, 4, 9))
    }

    @Test func `what a node has left out is ordered again`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        let applied: (inout NodeStatus) -> Void = { $0.appliedIndex = LogIndex(120) }
        let stored: (inout NodeStatus) -> Void = { $0.keepSnapshot(110) }
        let earlier: (inout NodeStatus) -> Void = {
            applied(&$0)
            $0.snapshot.writing = SnapshotStatus.Writing(index: LogIndex(90), percent: 42.5)
        }
        for _ in 0..<5 {
            #expect(
                follower.look(at: try asked([stored, earlier]))
                    == .under("at index 110, waiting for n2 (index 90, 42%)"))
        }
        // Once may be chance.
        #expect(follower.look(at: try asked([stored, applied])) == .under("at index 110, waiting for n2"))
        #expect(follower.look(at: try asked([stored, applied])) == .leftOut)
    }

    @Test func `of several the first that is new enough is followed`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        let all: (inout NodeStatus) -> Void = { for index: UInt64 in [99, 100, 110] { $0.keepSnapshot(index) } }
        guard case .done(let outcome) = follower.look(at: try asked([all, all])) else {
            Issue.record("not done")
            return
        }
        #expect(outcome.index == 100)
    }

    @Test func `a node that has removed it for a newer one is done, and its own figures are told`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        guard
            case .done(let outcome) = follower.look(
                at: try asked([{ $0.keepSnapshot(110) }, { $0.keepSnapshot(200, digest: 8) }]))
        else {
            Issue.record("not done")
            return
        }
        #expect(outcome.isGood && outcome.nodes[1].index == 200)
    }

    @Test func `another digest is told loudly`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        guard
            case .done(let outcome) = follower.look(
                at: try asked([{ $0.keepSnapshot(110) }, { $0.keepSnapshot(110, digest: 8) }]))
        else {
            Issue.record("not done")
            return
        }
        #expect(!outcome.isGood)
        #expect(outcome.text(inColour: false).contains("n2: its snapshot has ANOTHER DIGEST than the leader's"))
    }

    @Test func `a failure of the leader ends it, a failure of another node is its own`() throws {
        let fails: (inout NodeStatus) -> Void = {
            $0.snapshot.failure = SnapshotStatus.Failure(
                index: LogIndex(110), text: "no space", remedy: "free some")
        }
        let before: (inout NodeStatus) -> Void = {
            $0.snapshot.failure = SnapshotStatus.Failure(index: LogIndex(60), text: "no space", remedy: "free some")
        }
        var follower = SnapshotFollower(leader: "n1", from: 100)
        #expect(follower.look(at: try asked([before, { _ in }])) == .under("waiting for n1"))
        #expect(
            follower.look(at: try asked([fails, { _ in }]))
                == .failed(message: "the snapshot failed: no space", remedy: "free some"))
        guard case .done(let outcome) = follower.look(at: try asked([{ $0.keepSnapshot(110) }, fails])) else {
            Issue.record("not done")
            return
        }
        #expect(!outcome.isGood)
        #expect(outcome.text(inColour: false).contains("n2: failed: no space"))
        guard case .under = follower.look(at: try asked([{ $0.keepSnapshot(110) }, before])) else {
            Issue.record("an earlier failure says nothing of this one")
            return
        }
    }

    @Test func `another leader is asked again, until the snapshot is known`() throws {
        var follower = SnapshotFollower(leader: "n1", from: 100)
        #expect(follower.look(at: try asked([{ _ in }, { _ in }], leader: 1)) == .moved)
        #expect(follower.look(at: [silent]) == .under("n1 does not answer"))
        #expect(
            follower.look(at: try asked([{ $0.keepSnapshot(110) }, { _ in }]))
                == .under("at index 110, waiting for n2"))
        guard case .done = follower.look(at: try asked([{ _ in }, { $0.keepSnapshot(110) }], leader: 1).suffix(1))
        else {
            Issue.record("a snapshot that is known does not depend on who leads")
            return
        }
    }
}

@Suite struct SnapshotOrderTests {
    @Test func `the leader is ordered, and all nodes are told with what each wrote`() throws {
        let scene = try Scene()
        let boards = scene.boards
        let asked = scene.answer(0, .snapshotAsked(from: LogIndex(105))) {
            for (position, board) in boards.enumerated() {
                board.update { $0.keepSnapshot(110, made: position == 2 ? 0 : 3 << 20) }
            }
        }
        let outcome = try scene.view().snapshot { Issue.record("told \($0) within two seconds") }
        #expect(asked.all == [.snapshot(waits: false)])
        #expect(outcome.isGood && outcome.unfinished.isEmpty)
        #expect(
            outcome.text(inColour: false) == """
                snapshot at index 110 of term 4, 9 records
                NODE  INDEX  DIGEST                            WRITTEN  REUSED
                n1    110    00000000000000000000000000000007  3.0MiB   1.5KiB
                n2    110    00000000000000000000000000000007  3.0MiB   1.5KiB
                n3    110    00000000000000000000000000000007  0B       1.5KiB

                """)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(outcome.json)) as? [String: Any])
        #expect(document["done"] as? Bool == true)
        #expect(document["digest"] as? String == "00000000000000000000000000000007")
        let nodes = try #require(document["nodes"] as? [[String: Any]])
        #expect(nodes.map { $0["bytes_written"] as? Int } == [3 << 20, 3 << 20, 0])
        #expect(nodes[0]["seconds"] as? Double == 0.25)
    }

    @Test func `a leader that has just changed is followed, and one that changes meanwhile is asked anew`() throws {
        let scene = try Scene()
        let boards = scene.boards
        let first = scene.answer(0, .notLeader(leader: NodeID("n2")))
        let second = scene.answer(1, .snapshotAsked(from: LogIndex(105))) { Scene.elect(2, 6, boards) }
        let third = scene.answer(2, .snapshotAsked(from: LogIndex(107))) {
            for board in boards { board.update { $0.keepSnapshot(110) } }
        }
        let outcome = try scene.view().snapshot { _ in }
        #expect(outcome.leader == "n3" && outcome.index == 110)
        #expect([first, second, third].map(\.all.count) == [1, 1, 1])
    }

    @Test func `a node that is not done in time is named, and one that is gone is not waited for`() throws {
        let scene = try Scene()
        let boards = scene.boards
        scene.stop(2)
        _ = scene.answer(0, .snapshotAsked(from: LogIndex(105))) { boards[0].update { $0.keepSnapshot(110) } }
        let outcome = try scene.view().snapshot(within: .milliseconds(300)) { _ in }
        #expect(outcome.isGood && outcome.unfinished == ["n2"])
        let text = outcome.text(inColour: false)
        #expect(text.contains("\nn2    -      -") && text.contains("\nn2: not done yet\n"))
        #expect(text.contains("n3: ") && text.contains("Connection refused"))
    }

    @Test func `an order that comes to nothing ends as what it is`() throws {
        let scene = try Scene()
        func ending(_ outcome: OperatorOutcome) -> ControlError? {
            _ = scene.answer(0, outcome)
            return #expect(throws: ControlError.self) {
                try scene.view().snapshot(within: .milliseconds(300)) { _ in }
            }
        }
        #expect(ending(.refused(reason: "one is being written", override: nil))?.exitCode == 3)
        #expect(ending(.timedOut)?.exitCode == 4)
        #expect(ending(.snapshotAsked(from: LogIndex(105)))?.exitCode == 4)
        #expect(ending(.done([]))?.exitCode == 1)
        scene.boards[0].update {
            $0.snapshot.failure = SnapshotStatus.Failure(
                index: LogIndex(105), text: "no space", remedy: "free some")
        }
        let failed = ending(.snapshotAsked(from: LogIndex(105)))
        #expect(failed?.exitCode == 1 && failed?.remedy.text == "free some")
    }
}
