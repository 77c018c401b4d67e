// The cluster under test as its files and `nodectl` show it: who runs where, who leads, whether all states are equal.

import Foundation
import Platform
import Vocabulary

/// `cluster.json` of a playground, and the commands that change it.
struct Playground: Sendable {
    struct Node: Decodable, Sendable {
        let id: String
        let pid: Int32
        let client: String
        let clientPlaintext: String?
    }

    struct File: Decodable, Sendable {
        let ca: String
        let tokenFile: String
        let nodes: [Node]
    }

    struct Status: Decodable, Sendable {
        struct Node: Decodable, Sendable {
            let id: String
            let healthy: Bool
            let appliedIndex: UInt64?
            let digest: String?
        }
        let leader: String?
        let nodes: [Node]

        /// The state that all nodes have; nil while one is missing, unhealthy or behind.
        var agreement: String? {
            let states = Set(nodes.map { "\($0.appliedIndex ?? 0) \($0.digest ?? "")" })
            return nodes.allSatisfy(\.healthy) && states.count == 1 ? states.first : nil
        }
    }

    struct Failure: Error, CustomStringConvertible, Sendable {
        let description: String
    }

    /// The directory of `cluster.json`.
    let directory: String
    /// The program `nodectl`, which is installed beside this one.
    let nodectl: String

    init(clusterFile: String) {
        directory = FileSystem.parent(of: clusterFile)
        nodectl = FileSystem.parent(of: ThisProcess.executablePath) + "/nodectl"
    }

    /// The file as it is now: a node that was started again has another process.
    func file() throws -> File { try Playground.decode(File.self, FileSystem.readAll(clusterFile, limit: 1 << 20)) }

    func node(_ id: String) throws -> Node {
        guard let node = try file().nodes.first(where: { $0.id == id }) else {
            throw Failure(description: "\(clusterFile) knows no node \(id)")
        }
        return node
    }

    /// The token that its operator logs in with.
    func token() throws -> String {
        let text = String(decoding: try FileSystem.readAll(path(file().tokenFile), limit: 4096), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    /// The client ports of all nodes.
    func endpoints(plaintext: Bool) throws -> [Endpoint] {
        try file().nodes.map { node in
            guard plaintext else { return try Endpoint(node.client) }
            guard let port = node.clientPlaintext else {
                throw Failure(description: "\(node.id) has no plaintext port: start the cluster with --plaintext")
            }
            return try Endpoint(port)
        }
    }

    func path(_ relative: String) -> String { relative.hasPrefix("/") ? relative : directory + "/" + relative }

    func status() throws -> Status {
        let result = try run(["--cluster", clusterFile, "--output", "json", "status"])
        return try Playground.decode(Status.self, result.output)
    }

    func start(_ node: String) throws { try succeed(["playground", "start", node, "--dir", directory]) }

    /// Hands the leadership over to whoever is most fit.
    func handOver() throws { try succeed(["--cluster", clusterFile, "failover"]) }

    private var clusterFile: String { directory + "/cluster.json" }

    private func succeed(_ arguments: [String]) throws {
        let result = try run(arguments)
        guard result.status.isSuccess else {
            throw Failure(
                description: "nodectl \(arguments.joined(separator: " ")) ended with \(result.status): "
                    + String(decoding: result.error, as: UTF8.self))
        }
    }

    private func run(_ arguments: [String]) throws -> ProgramResult {
        try ChildProcess.run(nodectl, arguments, until: MonotonicClock.now() + .seconds(60))
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Foundation.Data(bytes))
    }
}
