// Nodes find each other, talk, notice who is gone, and find each other again.

import ByteCoding
import Consensus
import PeerProtocol
import Platform
import RESP
import Telemetry
import Testing
import Vocabulary

@testable import Node
@testable import Replica

@Suite struct PeerMeshTests {
    let world: MeshWorld

    init() throws { world = try MeshWorld() }

    @Test func `two nodes connect once, and the lower id dials`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        for _ in 0..<20 { world.turn() }
        #expect(n1.connected == [n2.node])
        #expect(n2.connected == [n1.node])
        #expect(n1.mesh.links.map(\.isOutbound) == [true])
        #expect(n2.mesh.links.map(\.isOutbound) == [false])
        #expect(n1.mesh.link(to: n2.node)?.version == "test")
        #expect(n1.complaints + n2.complaints == [])
        guard case .connected(_, let storage)? = n2.events.first else { return #expect(Bool(false)) }
        #expect(storage == n1.storage)
    }

    @Test func `messages and batches arrive as they were sent, in order`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        let message = Message(
            term: Term(3), body: .heartbeat(commitIndex: LogIndex(9), round: .zero.next, mayRepair: true))
        var requests = RequestBatch()
        requests.append(token: 77, kind: .write, version: .three) { $0 += [UInt8](repeating: 5, count: 1 << 19) }
        requests.append(token: 78, kind: .read, version: .two) { $0 += [1, 2, 3] }
        var answers = AnswerBatch()
        answers.answer(77, version: .two) { $0.ok() }
        answers.declined(78)
        for (from, to) in [(n1, n2), (n2, n1)] {
            from.mesh.send(OutgoingMessage(to: to.node, message: message, frames: []))
            from.mesh.send(requests, to: to.node)
            from.mesh.send(answers, to: to.node)
            try world.turn("three frames") { to.messages.count == 3 }
            guard case .message(let first, let frames, from.node) = to.messages[0],
                case .requests(let second, from.node) = to.messages[1],
                case .answers(let third, from.node) = to.messages[2]
            else { return #expect(Bool(false)) }
            #expect(first == message)
            #expect(frames.isEmpty)
            // Compared as truth values: a failure must not print half a megabyte.
            let isSame = contents(second) == contents(requests)
            #expect(isSame)
            #expect(contents(third) == contents(answers))
        }
    }

    // MARK: Publications

    private func batch(_ count: Int, size: Int = 5) -> PublicationBatch {
        var batch = PublicationBatch()
        let channel = Array("news".utf8)
        for number in 0..<count {
            let message = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
            batch.append(channel.rawBytes, message.rawBytes, isSharded: number % 2 == 1)
        }
        return batch
    }

    private func publications(_ node: MeshNode) -> [PublishedMessage] {
        node.events.compactMap { if case .publication(let publication) = $0 { publication } else { nil } }
    }

    @Test func `publications arrive as they were published, in order`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        for (from, to) in [(n1, n2), (n2, n1)] {
            from.mesh.send(batch(100))
            try world.turn("all of them") { publications(to).count == 100 }
            let received = publications(to)
            #expect(received.map { $0.bytes[$0.message].first } == (0..<100).map { UInt8($0) })
            #expect(received.map(\.isSharded) == (0..<100).map { $0 % 2 == 1 })
            #expect(from.mesh.metrics.publicationsDropped == 0)
        }
    }

    @Test func `publications are dropped for a peer that is not there, and for one with much waiting for it`() throws {
        let (n1, n2) = try world.pair()
        n1.mesh.send(batch(3))
        #expect(n1.mesh.metrics.publicationsDropped == 3)
        try world.connect(n1, n2)
        let link = try #require(n1.mesh.link(to: n2.node))
        n1.mesh.send(batch(20, size: 1 << 20))
        #expect(link.channel.output.count <= PeerLink.publicationBacklogMax + (1 << 20) + 64)
        let sent = 20 - Int(n1.mesh.metrics.publicationsDropped - 3)
        #expect((1..<20).contains(sent))
        try world.turn("what was not dropped") { publications(n2).count == sent }
        n1.mesh.send(batch(1))
        try world.turn("the next") { publications(n2).count == sent + 1 }
    }

    @Test func `a node of version 1 is sent no publications, and may not send any`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", storage: 1, at: one, members: [("n2", two)])
        let n2 = try world.node(
            "n2", storage: 2, at: two, versions: PeerVersions(min: 1, max: 1), members: [("n1", one)])
        try world.connect(n1, n2)
        #expect(n1.mesh.link(to: n2.node)?.protocolVersion == 1)
        n1.mesh.send(batch(2))
        #expect(n1.mesh.metrics.publicationsDropped == 2)
        #expect(n1.mesh.link(to: n2.node)?.channel.output.isEmpty == true)
        let frame = batch(1)
        try #require(n2.mesh.link(to: n1.node)).channel.output.append(frame.bytes.rawBytes)
        try world.turn("it is turned away") { n1.disconnected == [n2.node] }
        #expect(publications(n1).isEmpty)
        #expect(n1.mesh.metrics.rejected[.protocolError] == 1)
    }

    private func contents(_ batch: RequestBatch) -> [[UInt8]] {
        batch.items.map {
            [UInt8(truncatingIfNeeded: $0.token), $0.kind.rawValue, $0.version.rawValue] + batch.bytes[$0.range]
        }
    }

    private func contents(_ batch: AnswerBatch) -> [[UInt8]] {
        batch.items.map { [UInt8(truncatingIfNeeded: $0.token)] + batch.writer.bytes[$0.range] }
    }

    @Test func `what is sent to nobody is lost, and no harm`() throws {
        let (n1, n2) = try world.pair()
        n1.mesh.send(RequestBatch(), to: n2.node)
        #expect(n1.mesh.links.isEmpty)
        try world.connect(n1, n2)
        world.turn()
        #expect(n2.messages.isEmpty)
    }

    @Test func `a closed connection is noticed by both, and made again`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        let descriptor = try #require(n1.mesh.link(to: n2.node)).channel.descriptor
        Socket.finishWriting(descriptor)
        try world.turn("both notice") { n1.disconnected == [n2.node] && n2.disconnected == [n1.node] }
        try world.connect(n1, n2)
        #expect(n1.connected == [n2.node, n2.node])
    }

    @Test func `a node that comes back is found, and its port is told of while it refuses`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        world.stop(n2)
        try world.turn("n1 is refused") { !n1.refusing.isEmpty }
        #expect(n1.disconnected == [n2.node])
        let again = try world.node("n2", storage: 2, at: n2.address, members: [("n1", n1.address)])
        try world.connect(n1, again)
    }

    @Test func `a probe tells of a port that refuses, and says nothing of one that does not`() throws {
        let (n1, n2) = try world.pair()
        n2.mesh.probe(n1.node, at: world.now)
        for _ in 0..<20 { world.turn() }
        #expect(n2.refusing.isEmpty)
        world.stop(n1)
        n2.mesh.probe(n1.node, at: world.now)
        n2.mesh.probe(n1.node, at: world.now)
        try world.turn("n1 refuses") { !n2.refusing.isEmpty }
        for _ in 0..<10 { world.turn() }
        #expect(n2.refusing.count <= 2)
        n2.mesh.probe(try #require(NodeID("n9")), at: world.now)
        #expect(Set(n2.refusing) == [n1.node])
    }

    @Test func `a quiet connection is kept by pings, a silent one is given up`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        let before = try #require(n1.mesh.link(to: n2.node))
        for _ in 0..<10 {
            world.ahead = world.ahead + .milliseconds(1100)
            for _ in 0..<20 { world.turn() }
        }
        #expect(n1.mesh.link(to: n2.node) === before, "\(n1.events)")
        let silent = before.lastHeard + PeerLink.silenceMax
        n1.mesh.tick(at: silent)
        #expect(n1.mesh.link(to: n2.node) === before)
        n1.mesh.tick(at: silent + .nanoseconds(1))
        #expect(n1.mesh.link(to: n2.node) == nil)
    }

    /// A process that hangs: the system takes connections for it. The others turned without a pause.
    @Test func `while a peer's port takes a connection and says nothing, there is nothing to do`() throws {
        let silent = try freeAddress()
        let port = try ListenerPort(silent, reactor: try Reactor())
        defer { port.close() }
        let n1 = try world.node("n1", members: [("n2", silent)])
        try world.turn("it is dialed") { n1.mesh.links.contains { $0.phase == .securing } }
        for _ in 0..<4 {
            world.ahead += PeerMesh.redialMax
            n1.mesh.tick(at: world.now)
            #expect(n1.mesh.links.count == 1)
            let now = world.now
            #expect(n1.mesh.nextDeadline(now: now) > now)
        }
    }

    @Test func `a new connection replaces the one before it`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        // The same node again, in another process: n2 has not heard that the old one is dead.
        let twin = try world.node("n1", storage: 1, members: [("n2", n2.address)])
        try world.connect(twin, n2)
        #expect(n2.mesh.links.count { $0.peer == n1.node && $0.phase == .established } == 1)
        #expect(n2.disconnected.first == n1.node)
    }

    @Test func `a stop closes everything`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        world.stop(n1)
        world.stop(n2)
        #expect(world.reactor.count == 0)
        #expect(n1.mesh.metrics.sent > 0)
        #expect(n1.mesh.metrics.received > 0)
    }
}
