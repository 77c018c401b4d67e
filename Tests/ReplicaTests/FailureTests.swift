// A replica that finds that its state is not the cluster's ends, and answers nobody from then on.

import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import Testing
import Vocabulary

@testable import Replica

struct FailureTests {
    /// A follower with something committed, and an append from its leader whose one frame contradicts it.
    private func contradicted() throws -> (node: World.Node, leader: NodeID, event: ReplicaEvent, at: Moment) {
        let world = try World(3)
        let leader = world.elect()
        world.ask(leader, 1, .write, .set, "k", "v")
        world.pass(.milliseconds(100))
        let node = try #require(world.nodes[world.others(than: leader)[0]])
        var builder = FrameBuilder(cluster: World.cluster, compressionThreshold: ByteCount(.max))
        builder.begin()
        for _ in 0..<node.replica.raft.commitIndex.rawValue {
            builder.appendEntry(EntryCoding.encoded(.set, [[1], [2]]).rawBytes)
        }
        let frame = builder.seal(
            kind: .entries, term: Term(1), firstIndex: LogIndex(1), timestamp: Timestamp(microseconds: 1),
            previousTerm: .zero, previousChecksum: 0)
        let append = Message.Append(
            previous: .zero, previousChecksum: 0, frames: [], commitIndex: node.replica.raft.commitIndex, round: .zero)
        let message = Message(term: node.replica.raft.term, body: .append(append))
        return (node, leader, .message(message, frames: [frame], from: leader), world.now)
    }

    @Test func `a committed entry that the leader contradicts ends the replica`() throws {
        let (node, leader, event, now) = try contradicted()
        var effects = ReplicaEffects()
        node.replica.step(event, at: now, into: &effects)
        guard case .divergence(let found) = node.replica.failure else {
            Issue.record("\(String(describing: node.replica.failure))")
            return
        }
        #expect(found.leader == leader)
        #expect(found.index == node.replica.raft.commitIndex)
        #expect(found.term == node.replica.raft.term)
        #expect(found.here != found.there)
        let text = try #require(node.replica.failure?.description)
        #expect(text.contains("at index \(found.index)") && text.contains("\(leader)"))
        #expect(node.replica.failure?.remedy.text.contains("evidence") == true)
    }

    @Test func `what the turn had asked for before is not done`() throws {
        let (node, _, event, now) = try contradicted()
        var effects = ReplicaEffects()
        var batch = RequestBatch()
        batch.append(token: 9, kind: .localRead, version: .two) { $0 += EntryCoding.encoded(.get, [Array("k".utf8)]) }
        node.replica.step(.requests(batch), at: now, into: &effects)
        node.replica.step(.endOfTurn, at: now, into: &effects)
        #expect(!effects.replies.items.isEmpty)
        node.replica.step(event, at: now, into: &effects)
        #expect(effects.isEmpty)
    }

    @Test func `an ended replica neither answers nor votes nor stands`() throws {
        let (node, leader, event, start) = try contradicted()
        var now = start
        var effects = ReplicaEffects()
        node.replica.step(event, at: now, into: &effects)
        let candidacy = Message.Candidacy(
            last: LogPosition(term: Term(90), index: LogIndex(1_000_000)), isHandover: true)
        let vote = Message(term: Term(100), body: .vote(candidacy))
        for _ in 0..<10 {
            now.instant = now.instant + .seconds(1)
            node.replica.step(.tick, at: now, into: &effects)
            node.replica.step(.message(vote, frames: [], from: leader), at: now, into: &effects)
            var batch = RequestBatch()
            batch.append(token: 9, kind: .localRead, version: .two) {
                $0 += EntryCoding.encoded(.get, [Array("k".utf8)])
            }
            node.replica.step(.requests(batch), at: now, into: &effects)
            node.replica.step(.endOfTurn, at: now, into: &effects)
        }
        #expect(effects.isEmpty)
        #expect(node.replica.raft.term < Term(100))
    }

    @Test func `a members entry that cannot be read ends the replica`() throws {
        let (node, leader, _, now) = try contradicted()
        let last = node.replica.raft.lastPosition
        var builder = FrameBuilder(cluster: World.cluster, compressionThreshold: ByteCount(.max))
        builder.begin()
        builder.appendEntry([0xFF, 0xFF, 0x7F].rawBytes)
        let frame = builder.seal(
            kind: .membership, term: node.replica.raft.term, firstIndex: last.index.next,
            timestamp: Timestamp(microseconds: 1), previousTerm: last.term,
            previousChecksum: node.replica.raft.lastChecksum)
        let append = Message.Append(
            previous: last, previousChecksum: node.replica.raft.lastChecksum, frames: [], commitIndex: last.index.next,
            round: .zero)
        let message = Message(term: node.replica.raft.term, body: .append(append))
        var effects = ReplicaEffects()
        node.replica.step(.message(message, frames: [frame], from: leader), at: now, into: &effects)
        let ticket = try #require(effects.logWrites.last?.ticket)
        node.replica.step(.persisted(ticket), at: now, into: &effects)
        guard case .unreadableEntry(last.index.next, _, _) = node.replica.failure else {
            Issue.record("\(String(describing: node.replica.failure))")
            return
        }
        #expect(effects.isEmpty)
        #expect(node.replica.appliedIndex == last.index)
    }
}
