// Whoever is not who it has to be is turned away, with a reason that an operator can use.

import ByteCoding
import PeerProtocol
import Platform
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import Node

@Suite struct PeerRefusalTests {
    let world: MeshWorld

    init() throws { world = try MeshWorld() }

    /// Waits for a complaint at each end that contains the text, and expects that nobody is connected.
    private func expectRefusal(_ dialler: MeshNode, _ acceptor: MeshNode, _ text: String) throws {
        try world.turn("both complain of \(text)") {
            dialler.complaints.contains { $0.contains(text) } && acceptor.complaints.contains { $0.contains(text) }
        }
        #expect(dialler.connected == [])
        #expect(acceptor.connected == [])
    }

    @Test func `a node of another cluster is turned away`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", cluster: ClusterID(high: 0, low: 9), at: one, members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [("n1", one)])
        try expectRefusal(n1, n2, "n1 is of cluster \(ClusterID(high: 0, low: 9)), not \(world.cluster)")
        #expect(n2.mesh.metrics.rejected[.identity] > 0)
    }

    @Test func `a greeting that names another node than the certificate is turned away`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", certificate: "n0", at: one, members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [("n1", one)])
        try expectRefusal(n1, n2, "the greeting names n1, the certificate n0")
    }

    @Test func `a dialled node with another node's certificate is not believed`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", at: one, members: [("n2", two)])
        let n2 = try world.node("n2", certificate: "n3", at: two, members: [("n1", one)])
        try world.turn("n1 complains") { !n1.complaints.isEmpty }
        #expect(n1.complaints[0].contains("n2"))
        #expect(n1.connected + n2.connected == [])
    }

    @Test func `a node that is no member is turned away`() throws {
        let two = try freeAddress()
        let n1 = try world.node("n1", members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [])
        try expectRefusal(n1, n2, "n1 is not a member, as far as n2 knows")
    }

    @Test func `a node is admitted once it is a member, and closed when it is none any more`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", at: one, members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [])
        try expectRefusal(n1, n2, "n1 is not a member, as far as n2 knows")
        // Where it is need not be known: it comes by itself.
        n2.mesh.follow([PeerAddress(node: n1.node, peer: nil)], at: world.now)
        world.ahead += PeerMesh.strangerDelay
        try world.turn("both are connected") { !n1.connected.isEmpty && !n2.connected.isEmpty }
        n2.mesh.follow([], at: world.now)
        try world.turn("n1 has lost it") { n1.mesh.links.isEmpty || n1.mesh.link(to: n2.node) == nil }
        #expect(n2.mesh.links.isEmpty)
    }

    @Test func `another data directory under a known name is turned away`() throws {
        let (n1, n2) = try world.pair()
        n2.mesh.admits = { _, storage in storage == StorageID(high: 0, low: 99) }
        try expectRefusal(n1, n2, "n1 comes with data directory \(n1.storage), which is not the one it is known by")
    }

    @Test func `a higher id that dials is turned away`() throws {
        let two = try freeAddress()
        // The lower id dials: n5 has to call n9, not the reverse.
        let n5 = try world.node("n5", at: two, members: [("n9", try freeAddress())])
        let visitor = try Visitor(two)
        let session = try TLSSession(
            client: try TLSContext.client(try world.authority.identity("n9")), descriptor: visitor.descriptor,
            expectedName: "n5")
        try world.turn("the handshake") { session.handshake() == .done }
        var hello: [UInt8] = []
        PeerCoding.append(
            PeerHello(
                featureLevel: 1, cluster: world.cluster, node: try #require(NodeID("n9")),
                storage: StorageID(high: 0, low: 9), build: "", clientAddress: "", adminAddress: ""), to: &hello)
        _ = hello.withUnsafeBytes { session.write($0) }
        try world.turn("n5 complains") { !n5.complaints.isEmpty }
        #expect(n5.complaints[0].contains("n5 dials n9, not the reverse"))
        #expect(n5.connected == [])
    }

    @Test func `a node without a common version is told so`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node(
            "n1", at: one, versions: PeerVersions(min: 7, max: 9), members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [("n1", one)])
        try world.turn("both complain") { !n1.complaints.isEmpty && !n2.complaints.isEmpty }
        #expect(n1.complaints[0].contains("noCommonVersion"), "\(n1.complaints)")
        #expect(n1.connected + n2.connected == [])
    }

    @Test func `a client's certificate opens no peer port`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", role: .client, at: one, members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [("n1", one)])
        try world.turn("n2 complains") { !n2.complaints.isEmpty }
        #expect(n1.connected + n2.connected == [])
        let rejected = n2.mesh.metrics.rejected
        #expect(rejected[.handshake] + rejected[.certificate] > 0)
    }

    @Test func `a certificate of another authority is turned away`() throws {
        let (one, two) = (try freeAddress(), try freeAddress())
        let n1 = try world.node("n1", at: one, authority: try Authority(), members: [("n2", two)])
        let n2 = try world.node("n2", at: two, members: [("n1", one)])
        try world.turn("n1 complains") { !n1.complaints.isEmpty }
        #expect(n1.connected + n2.connected == [])
    }

    @Test func `garbage on the peer port harms nobody, and does not fill the log`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        var random = SplitMix64(seed: 1)
        for _ in 0..<20 {
            let visitor = try Visitor(n2.address)
            visitor.write((0..<500).map { _ in UInt8(truncatingIfNeeded: random.next()) | 0x80 })
            try world.turn("it is closed") {
                visitor.read()
                return visitor.hasEnded
            }
        }
        #expect(n2.mesh.metrics.rejected[.handshake] == 20)
        #expect((1...2).contains(n2.complaints.count), "\(n2.complaints)")
        #expect(n1.isConnected(to: n2))
        #expect(n1.disconnected + n2.disconnected == [])
    }

    @Test func `a look at whether the peer port is open is no fault, a word and a hang-up are`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        func visit(_ word: [UInt8]) throws {
            let accepted = n2.mesh.metrics.accepted
            let visitor = try Visitor(n2.address)
            visitor.write(word)
            try world.turn("it is accepted") { n2.mesh.metrics.accepted == accepted + 1 }
            visitor.close()
            try world.turn("its end is seen") { n2.mesh.links.count == 1 }
        }
        try visit([])
        #expect(n2.complaints == [])
        #expect(n2.mesh.metrics.rejected[.handshake] == 0)
        try visit([22])
        #expect(n2.complaints.count == 1)
        #expect(n2.mesh.metrics.rejected[.handshake] == 1)
    }

    @Test func `a member that talks nonsense is cut off, and may come again`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        try #require(n1.mesh.link(to: n2.node)).channel.output.append([1, 0, 0, 0, 99].rawBytes)
        try world.turn("n2 cuts it off") { n2.disconnected == [n1.node] }
        #expect(n2.mesh.metrics.rejected[.protocolError] == 1)
        #expect(n2.complaints.first?.hasPrefix("n1: ") == true)
        try world.connect(n1, n2)
    }

    @Test func `a caller that says nothing is closed after a while, and cannot take all places`() throws {
        let (n1, n2) = try world.pair()
        try world.connect(n1, n2)
        let visitors = try (0..<PeerMesh.inboundMax + 5).map { _ in try Visitor(n2.address) }
        try world.turn("all places are taken") { n2.mesh.links.count == PeerMesh.inboundMax }
        try world.turn("the others are refused") { n2.mesh.metrics.rejected[.connectionLimit] == 6 }
        let later = world.now + PeerLink.greetingMax + .seconds(1)
        // The member's own link is old too, but it was heard of.
        n2.mesh.link(to: n1.node)?.lastHeard = later
        n2.mesh.tick(at: later)
        #expect(n2.mesh.links.count == 1)
        #expect(n2.isConnected(to: n1))
        #expect(visitors.count == 69)
    }
}
