// Nodes of other timelines and nodes that are no members yet: who is heard, who is refused, and who gives up.

import PeerProtocol
import Platform
import Testing
import Vocabulary

@testable import Node

@Suite struct TimelineTests {
    let world: MeshWorld
    let later = Timeline.first.next { 7 }

    init() throws { world = try MeshWorld() }

    private func superseded(_ node: MeshNode) -> [Timeline] {
        node.events.compactMap { if case .superseded(_, let timeline) = $0 { timeline } else { nil } }
    }

    @Test(arguments: [true, false])
    func `a node of a timeline that was given up is refused and told, whoever dials`(isDialer: Bool) throws {
        let (n1, n2) = try world.pair()
        let (old, new) = isDialer ? (n1, n2) : (n2, n1)
        new.mesh.hello.timeline = later
        try world.turn("it is told") { superseded(old).contains(later) }
        #expect(n1.connected + n2.connected == [])
        #expect(superseded(new) == [])
        try world.turn("the other one says so") {
            new.complaints.contains { $0.contains("\(old.node) was given up") }
        }
    }

    @Test(arguments: [true, false])
    func `a node without a history joins the later timeline`(isDialer: Bool) throws {
        let (n1, n2) = try world.pair()
        let (blank, new) = isDialer ? (n1, n2) : (n2, n1)
        new.mesh.hello.timeline = later
        var joined: [Timeline] = []
        blank.mesh.joins = {
            joined.append($0); return true
        }
        try world.connect(n1, n2)
        #expect(joined == [later])
        #expect(blank.mesh.hello.timeline == later)
        #expect(superseded(blank) == [])
    }

    @Test func `whom the log does not name gives nobody up`() throws {
        let one = try freeAddress()
        let n1 = try world.node("n1", at: one, members: [])
        let n2 = try world.node("n2", members: [("n1", one)])
        n2.mesh.hello.timeline = later
        world.turn()
        world.ahead += PeerMesh.strangerDelay
        try world.turn("it is refused") { !n1.complaints.isEmpty && !n2.complaints.isEmpty }
        #expect(superseded(n1) == [] && n1.connected == [])
    }

    @Test func `two recoveries of one cluster have nothing to do with each other, and neither gives up`() throws {
        let (n1, n2) = try world.pair()
        n1.mesh.hello.timeline = later
        n2.mesh.hello.timeline = Timeline.first.next { 8 }
        try world.turn("both say so") {
            [n1, n2].allSatisfy { $0.complaints.contains { $0.contains("recovered twice") } }
        }
        #expect(n1.connected + n2.connected == [])
        #expect(superseded(n1) + superseded(n2) == [])
    }

    // MARK: Guests

    /// n1, whose log does not know n2, and n2, which knows n1.
    private func strangers() throws -> (MeshNode, MeshNode) {
        let one = try freeAddress()
        return (
            try world.node("n1", storage: 1, at: one, members: []),
            try world.node("n2", storage: 2, members: [("n1", one)])
        )
    }

    @Test func `while nobody leads, whoever knows a node may call it, and is heard`() throws {
        let (n1, n2) = try strangers()
        n1.mesh.admitsGuests = { true }
        world.turn()
        world.ahead += PeerMesh.strangerDelay
        try world.connect(n1, n2)
        // A leader is there, and it is not of those that the leader's log names.
        n1.mesh.admitsGuests = { false }
        n1.mesh.dismissGuests(at: world.now)
        try world.turn("n2 has lost it") { !n2.isConnected(to: n1) }
        world.ahead += PeerMesh.strangerDelay
        try world.turn("it is told") { n2.complaints.contains { $0.contains("not a member") } }
    }

    @Test func `with a leader, whom the log does not name is turned away`() throws {
        let (n1, n2) = try strangers()
        world.turn()
        world.ahead += PeerMesh.strangerDelay
        try world.turn("n2 is told") { n2.complaints.contains { $0.contains("n2 is not a member, as far as n1") } }
        #expect(n1.connected + n2.connected == [])
    }

    /// n1 and n2, of whom n1 knows another disk under the other's name than the one that it comes with.
    private func pairWithAnotherDisk() throws -> (MeshNode, MeshNode) {
        let (n1, n2) = try world.pair()
        n1.mesh.admits = { node, storage in node != n2.node || storage != n2.storage }
        return (n1, n2)
    }

    @Test func `a member with another disk is heard while nobody leads, and let go once another one does`() throws {
        let (n1, n2) = try pairWithAnotherDisk()
        n1.mesh.admitsGuests = { true }
        try world.connect(n1, n2)
        n1.mesh.dismissGuests(at: world.now)
        #expect(n1.isConnected(to: n2))
        n1.mesh.admitsGuests = { false }
        n1.mesh.dismissGuests(at: world.now)
        #expect(!n1.isConnected(to: n2))
        try world.turn("n1 says why it is turned away") {
            n1.complaints.contains { $0.contains("which is not the one it is known by") }
        }
    }

    @Test func `a member with another disk stays when it is the leader, whose log will say why`() throws {
        let (n1, n2) = try pairWithAnotherDisk()
        n1.mesh.admitsGuests = { true }
        try world.connect(n1, n2)
        n1.mesh.admitsGuests = { false }
        n1.mesh.isLeader = { $0 == n2.node }
        n1.mesh.dismissGuests(at: world.now)
        for _ in 0..<5 { world.turn() }
        #expect(n1.isConnected(to: n2) && n2.isConnected(to: n1))
        // By then the log has said so.
        n1.mesh.admits = { _, _ in true }
        n1.mesh.isLeader = { _ in false }
        n1.mesh.dismissGuests(at: world.now)
        #expect(n1.isConnected(to: n2))
    }

    @Test(arguments: [true, false])
    func `with a leader, a member with another disk is turned away, whoever dials`(isDialer: Bool) throws {
        let (n1, n2) = try world.pair()
        let (knowing, other) = isDialer ? (n1, n2) : (n2, n1)
        knowing.mesh.admits = { node, _ in node != other.node }
        try world.turn("it says so") {
            knowing.complaints.contains { $0.contains("\(other.node) comes with data directory") }
        }
        #expect(knowing.connected == [])
    }

    @Test func `two that know each other have one connection, also when both call`() throws {
        let (n1, n2) = try world.pair()
        world.turn()
        world.ahead += PeerMesh.strangerDelay
        try world.connect(n1, n2)
        for _ in 0..<20 { world.turn() }
        #expect(n1.mesh.links.count == 1 && n2.mesh.links.count == 1)
        #expect(n1.mesh.links.map(\.isOutbound) == [true])
    }
}
