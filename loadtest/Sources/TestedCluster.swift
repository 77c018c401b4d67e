// The cluster under test: who runs where, who leads, whether all states are equal, and how to start a node again.

import NodeControl
import Platform
import Vocabulary

/// Why a measurement could not go on.
struct TestFailure: Error, CustomStringConvertible, Sendable {
    let description: String
}

/// A playground, by its `cluster.json`.
struct TestedCluster: Sendable {
    /// The path of `cluster.json`.
    let path: String
    private let view: ClusterView

    init(path: String) throws {
        self.path = path
        view = try ClusterView(file: path)
    }

    /// The file as it is now: a node that was started again has another process.
    func file() throws -> ClusterFile { try ClusterFile.read(path) }

    func node(_ id: String) throws -> ClusterFile.Node {
        guard let node = try file().nodes.first(where: { $0.id == id }) else {
            throw TestFailure(description: "\(path) knows no node \(id)")
        }
        return node
    }

    func send(_ signal: SignalNumber, to id: String) throws {
        guard let process = try node(id).pid else { throw TestFailure(description: "\(id) has never run") }
        if let error = ChildProcess.signal(process, signal) { throw error }
    }

    func start(_ id: String) throws {
        let directory = FileSystem.parent(of: path)
        try Playground(directory: directory, progress: { _ in }).start(id, noded: nil)
    }

    /// Hands the leadership over to whoever is most fit.
    func handOver() throws { _ = try view.failover(to: nil, isForced: false) }

    /// Asks all nodes for their status until it gives what is wanted; nil when it does not in time.
    func eventually<Value>(
        within limit: Duration, _ wanted: (ClusterStatus) -> Value?
    ) throws(ControlError) -> Value? {
        try Pause.until(MonotonicClock.now() + limit, every: .milliseconds(50)) { () throws(ControlError) -> Value? in
            wanted(ClusterStatus(view.ask()))
        }
    }

    /// A file that `cluster.json` names.
    func resolve(_ relative: String) -> String {
        relative.hasPrefix("/") ? relative : FileSystem.parent(of: path) + "/" + relative
    }

    /// The token that clients log in with.
    func token() throws -> String {
        let file = try file()
        let path = resolve(file.clientTokenFile ?? file.tokenFile)
        return TestedCluster.firstLine(try FileSystem.readAll(path, limit: 4096))
    }

    /// The client ports of all nodes.
    func endpoints(plaintext: Bool) throws -> [Endpoint] {
        try file().nodes.map { node in
            guard plaintext else { return try Endpoint(node.client) }
            guard let port = node.clientPlaintext else {
                throw TestFailure(description: "\(node.id) has no plaintext port: start the cluster with --plaintext")
            }
            return try Endpoint(port)
        }
    }

    static func firstLine(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
}

extension ClusterStatus {
    var isHealthy: Bool { leader != nil && nodes.allSatisfy(\.isHealthy) }

    /// The state that all nodes have, as `INDEX DIGEST`; nil while one is unhealthy or behind.
    var agreement: String? {
        let states = Set(nodes.map { "\($0.facts?.appliedIndex ?? 0) \($0.facts?.digest ?? "unknown")" })
        return isHealthy && states.count == 1 ? states.first : nil
    }
}
