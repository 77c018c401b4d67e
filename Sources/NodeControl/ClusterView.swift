// Asks every node for its status at the same time.

import Foundation
import Platform
public import Settings
import Synchronization
import Vocabulary

/// The nodes of one cluster as a tool sees them: where they are and how to log in.
public struct ClusterView: Sendable {
    public struct Node: Hashable, Sendable {
        /// The id, or the address where only that is known.
        public let name: String
        public let admin: HostPort
    }

    public let name: String
    public private(set) var nodes: [Node]
    public let credentials: Credentials
    /// How long one node may take to answer.
    public var patience = Duration.seconds(2)

    /// From `cluster.json`.
    public init(file path: String) throws(ControlError) {
        let file = try ClusterFile.read(path)
        let directory = FileSystem.parent(of: path)
        var nodes: [Node] = []
        for node in file.nodes {
            guard let admin = HostPort(node.admin) else {
                throw .clusterFile(path: path, reason: "`admin` of \(node.id) is no address: \(node.admin)")
            }
            nodes.append(Node(name: node.id, admin: admin))
        }
        guard !nodes.isEmpty else { throw .clusterFile(path: path, reason: "lists no nodes") }
        self.name = file.name
        self.nodes = nodes
        credentials = try Credentials(
            authorityFile: directory + "/" + file.ca, tokenFile: directory + "/" + file.tokenFile)
    }

    /// From admin addresses given by hand.
    public init(endpoints: [HostPort], credentials: Credentials) {
        name = "cluster"
        nodes = endpoints.map { Node(name: $0.description, admin: $0) }
        self.credentials = credentials
    }

    /// The same cluster, of which only these nodes are asked.
    func only(_ names: [String]) -> ClusterView {
        var view = self
        view.nodes = nodes.filter { names.contains($0.name) }
        return view
    }

    /// The same cluster with more nodes to ask.
    func adding(_ more: [Node]) -> ClusterView {
        var view = self
        view.nodes += more
        return view
    }

    /// Only these.
    func only(_ nodes: [Node]) -> ClusterView {
        var view = self
        view.nodes = nodes
        return view
    }

    func client(_ node: Node) -> AdminClient { AdminClient(node.admin, credentials) }

    /// The node of that name, or of that id among those that answered.
    func node(_ id: String, in asked: [AskedNode]) -> Node? {
        if let node = nodes.first(where: { $0.name == id }) { return node }
        guard let position = asked.firstIndex(where: { $0.report?.node.id == id }) else { return nil }
        return nodes[position]
    }

    /// Asks all nodes, each on a thread of its own; takes as long as the slowest, at most `patience`. In order.
    public func ask() -> [AskedNode] {
        let answers = Mutex<[Int: AskedNode]>([:])
        let deadline = MonotonicClock.now() + patience
        let shared = Shared(answers)
        var threads: [WorkerThread] = []
        for (position, node) in nodes.enumerated() {
            let work: @Sendable () -> Void = {
                let asked = ask(node, until: deadline)
                shared.answers.withLock { $0[position] = asked }
            }
            if let thread = try? WorkerThread.start(name: "ask-\(node.name)", work) {
                threads.append(thread)
            } else {
                work()
            }
        }
        for thread in threads { thread.join() }
        return shared.answers.withLock { answers in nodes.indices.compactMap { answers[$0] } }
    }

    private final class Shared: Sendable {
        let answers: Mutex<[Int: AskedNode]>
        init(_ answers: consuming Mutex<[Int: AskedNode]>) { self.answers = answers }
    }

    private func ask(_ node: Node, until deadline: Instant) -> AskedNode {
        let address = node.admin.description
        do throws(ControlError) {
            let answer = try client(node).get("/v1/status", until: deadline)
            guard answer.status == 200 else {
                throw AdminError(answer.body).asControlError(status: answer.status, address: address)
            }
            let report = try NodeReport.decode(answer.body, from: address)
            let ahead = answer.field("date").flatMap(ClusterView.seconds).map { $0 - Date().timeIntervalSince1970 }
            return AskedNode(name: node.name, address: address, outcome: .success(report), clockAhead: ahead)
        } catch {
            return AskedNode(name: node.name, address: address, outcome: .failure(error))
        }
    }

    /// Seconds since 1970 of an HTTP date (RFC 9110, section 5.6.7), which has no fraction.
    static func seconds(ofDate text: String) -> Double? {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text)?.timeIntervalSince1970
    }
}

// For addresses given by hand.
extension ClusterView {
    /// - Parameters:
    ///   - endpoints: `HOST:PORT,…`.
    ///   - authorityFile: nil takes the one of the cluster file.
    ///   - tokenFile: nil takes the one of the cluster file.
    public init(
        endpoints text: String, authorityFile: String?, tokenFile: String?, clusterFile: String
    ) throws(ControlError) {
        var endpoints: [HostPort] = []
        for part in text.split(separator: ",") {
            guard let address = HostPort(part) else {
                throw .usage("--endpoint takes HOST:PORT,…: `\(part)` is no address with a port")
            }
            endpoints.append(address)
        }
        guard !endpoints.isEmpty else { throw .usage("--endpoint names no address") }
        var authorityFile = authorityFile
        var tokenFile = tokenFile
        if authorityFile == nil || tokenFile == nil {
            guard FileSystem.exists(clusterFile) else {
                throw .usage(
                    "--endpoint needs --authority FILE and --token-file FILE where there is no \(clusterFile)")
            }
            let file = try ClusterFile.read(clusterFile)
            let directory = FileSystem.parent(of: clusterFile)
            authorityFile = authorityFile ?? directory + "/" + file.ca
            tokenFile = tokenFile ?? directory + "/" + file.tokenFile
        }
        self.init(
            endpoints: endpoints,
            credentials: try Credentials(authorityFile: authorityFile ?? "", tokenFile: tokenFile ?? ""))
    }
}
