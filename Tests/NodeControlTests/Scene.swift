// A cluster without nodes: real admin ports over boards and desks that a test fills, below a directory of its own.

import AdminAPI
import Foundation
import Logging
import Platform
import Synchronization
import TLS
import Telemetry
import Vocabulary

@testable import NodeControl

/// A directory that goes with the test.
final class Scratch: Sendable {
    let path: String

    init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "trireme-control") }
    deinit { try? FileSystem.removeTree(path) }
}

/// Admin ports that answer as nodes would. What it may not do: agree on anything. The test says who leads.
final class Scene {
    let scratch: Scratch
    let boards: [StatusBoard]
    private let servers: [AdminServer]
    let desks: [OperatorDesk]
    var file: String { scratch.path + "/cluster.json" }

    init(nodes count: Int = 3) throws {
        scratch = try Scratch()
        var options = PlaygroundOptions()
        options.nodes = count
        let plan = try PlaygroundPlan(options)
        try PlaygroundFiles(directory: scratch.path, plan: plan).makeSecrets()
        var description = plan.clusterFile
        let token = try FileSystem.readAll(scratch.path + "/pki/admin.token", limit: 1000).dropLast()
        var boards: [StatusBoard] = []
        var servers: [AdminServer] = []
        var desks: [OperatorDesk] = []
        for position in 0..<count {
            let node = Scene.node(position)
            let base = "\(scratch.path)/pki/\(node)"
            let identity = TLSIdentity(
                certificateFile: base + ".crt", keyFile: base + ".key", authorityFile: scratch.path + "/pki/ca.crt")
            let board = StatusBoard(Scene.status(position, of: count, leader: 0, term: 4))
            let desk = OperatorDesk()
            let server = try AdminServer(
                AdminOptions(listen: .loopback(port: 0)), board: board, desk: desk,
                tokens: AdminTokens(admin: [Array(token)]),
                context: try TLSContext.server(identity, clientCertificates: .notAsked),
                log: Logger(label: "admin") { _ in SwiftLogNoOpLogHandler() })
            try server.start()
            description.nodes[position].admin = server.address.description
            boards.append(board)
            servers.append(server)
            desks.append(desk)
        }
        try description.write(scratch.path + "/cluster.json")
        self.boards = boards
        self.servers = servers
        self.desks = desks
    }

    deinit { for server in servers { server.stop() } }

    func stop(_ position: Int) { servers[position].stop() }

    func view() throws -> ClusterView { try ClusterView(file: file) }

    /// Answers every request to one node at once, and does `then` after.
    func answer(
        _ position: Int, _ outcome: OperatorOutcome, then: @escaping @Sendable () -> Void = {}
    ) -> Asked {
        let asked = Asked()
        let desk = desks[position]
        desk.attachNode {
            for (ticket, request) in desk.takeRequests() {
                asked.requests.withLock { $0.append(request) }
                then()
                desk.answer(ticket, outcome)
            }
        }
        return asked
    }

    final class Asked: Sendable {
        let requests = Mutex<[OperatorRequest]>([])
        var all: [OperatorRequest] { requests.withLock { $0 } }
    }

    /// Makes another node lead, in a later term.
    static func elect(_ leader: Int, _ term: UInt64, _ boards: [StatusBoard]) {
        for (position, board) in boards.enumerated() {
            board.update { $0 = status(position, of: boards.count, leader: leader, term: term) }
        }
    }

    static func node(_ position: Int) -> NodeID { NodeID("n\(position + 1)")! }

    static func status(_ position: Int, of count: Int, leader: Int, term: UInt64) -> NodeStatus {
        var status = NodeStatus(id: node(position))
        status.role = position == leader ? .leader : .follower
        status.leader = node(leader)
        status.term = Term(term)
        status.lastIndex = LogIndex(12)
        status.commitIndex = LogIndex(11)
        status.appliedIndex = LogIndex(11 - UInt64(position))
        status.lagEntries = position
        status.lag = .milliseconds(position * 2)
        status.digest = Digest(high: UInt64(position), low: 1)
        status.version = "0.1.0"
        status.progress = StartProgress(phase: .ready)
        status.readiness = Readiness(reasons: [], mayServeReads: true)
        status.peers = (0..<count).filter { $0 != position }.map { PeerStatus(id: node($0), isConnected: true) }
        return status
    }
}
