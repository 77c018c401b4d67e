// Two or more meshes on one reactor, connected over loopback with certificates of their own.

import ByteCoding
import PeerProtocol
import Platform
import TLS
import Testing
import Vocabulary

@testable import Node

/// One node's mesh, and what it has reported.
final class MeshNode {
    let mesh: PeerMesh
    let node: NodeID
    let storage: StorageID
    let address: SocketAddress
    fileprivate(set) var events: [PeerEvent] = []

    fileprivate init(_ mesh: PeerMesh, _ address: SocketAddress) {
        self.mesh = mesh
        node = mesh.hello.node
        storage = mesh.hello.storage
        self.address = address
    }

    func isConnected(to other: MeshNode) -> Bool { mesh.link(to: other.node) != nil }

    /// Who connected, with which storage, in order.
    var connected: [NodeID] {
        events.compactMap { if case .connected(let node, _) = $0 { node } else { nil } }
    }
    var disconnected: [NodeID] {
        events.compactMap { if case .disconnected(let node, _) = $0 { node } else { nil } }
    }
    var refusing: [NodeID] {
        events.compactMap { if case .refuses(let node) = $0 { node } else { nil } }
    }
    var complaints: [String] {
        events.compactMap { if case .turnedAway(let why, _) = $0 { why } else { nil } }
    }
    var messages: [PeerEvent] {
        events.filter {
            switch $0 {
            case .message, .requests, .answers: true
            default: false
            }
        }
    }
}

/// Nodes n1, n2, … in one thread. The clock is the machine's, unless a test sets it ahead.
final class MeshWorld {
    let reactor: Reactor
    let authority: Authority
    let cluster = ClusterID(high: 1, low: 2)
    private let scratch = Scratch()
    private var nodes: [MeshNode] = []
    private var events: [ReadyEvent] = []
    /// Added to the machine's clock.
    var ahead = Duration.zero

    init() throws {
        reactor = try Reactor()
        authority = try Authority()
    }

    var now: Instant { MonotonicClock.now() + ahead }

    /// A node whose certificate and greeting may say different things.
    func node(
        _ name: String, certificate: String? = nil, role: CertificateRole = .node, cluster: ClusterID? = nil,
        storage: UInt64 = 7, at address: SocketAddress? = nil, authority other: Authority? = nil,
        versions: PeerVersions = .ours, members: [(String, SocketAddress)]
    ) throws -> MeshNode {
        let identity = try (other ?? authority).identity(certificate ?? name, role)
        let hello = PeerHello(
            versions: versions, featureLevel: 1, cluster: cluster ?? self.cluster, node: try #require(NodeID(name)),
            storage: StorageID(high: 0, low: storage), build: "test", clientAddress: "localhost:1", adminAddress: "")
        let mesh = PeerMesh(
            hello: hello, members: try members.map { PeerAddress(node: try #require(NodeID($0.0)), peer: $0.1) },
            frameLimit: .mebibytes(8),
            serverContext: try TLSContext.server(identity, clientCertificates: .required),
            clientContext: try TLSContext.client(identity), reactor: reactor, scratch: scratch.buffer)
        let address = try address ?? freeAddress()
        try mesh.open(address)
        let node = MeshNode(mesh, address)
        nodes.append(node)
        return node
    }

    /// n1 and n2, which know each other.
    func pair() throws -> (MeshNode, MeshNode) {
        let (one, two) = (try freeAddress(), try freeAddress())
        return (
            try node("n1", storage: 1, at: one, members: [("n2", two)]),
            try node("n2", storage: 2, at: two, members: [("n1", one)])
        )
    }

    func turn() {
        for node in nodes { node.mesh.tick(at: now) }
        reactor.wait(until: MonotonicClock.now() + .milliseconds(2), into: &events)
        for event in events {
            _ = nodes.contains { $0.mesh.handle(event, at: now) }
        }
        for node in nodes {
            node.mesh.flush(at: now)
            node.events += node.mesh.events
            node.mesh.events.removeAll()
        }
    }

    /// Turns until `condition` holds; fails when it does not come to hold.
    func turn(_ what: Comment, _ location: SourceLocation = #_sourceLocation, until condition: () -> Bool) throws {
        let deadline = farDeadline()
        while !condition() {
            guard MonotonicClock.now() < deadline else {
                let told = nodes.map { "\($0.node): \($0.events)" }.joined(separator: "\n")
                Issue.record("\(what) did not come:\n\(told)", sourceLocation: location)
                throw Overdue()
            }
            turn()
        }
    }

    func connect(_ one: MeshNode, _ two: MeshNode) throws {
        try turn("\(one.node) and \(two.node) connect") { one.isConnected(to: two) && two.isConnected(to: one) }
    }

    /// Stops a node and forgets it.
    func stop(_ node: MeshNode) {
        node.mesh.closeAll(at: now)
        nodes.removeAll { $0 === node }
    }
}

struct Overdue: Error {}
