// What a playground consists of, as values: its nodes, their ports, their files' contents.

import ObjectStores
import Settings
import Vocabulary

/// What was asked of `playground up`. Nil and false mean "as it is, or the default".
public struct PlaygroundOptions: Hashable, Sendable {
    public var basePort: Int?
    public var nodes: Int?
    /// A port without TLS for clients, on loopback, for each node.
    public var hasPlaintext = false
    /// Settings to merge into every node's file.
    public var configFile: String?
    /// Where the archive is to be, as a URL; nil for `archive` in the playground's directory, `none` for none.
    public var archive: String?
    /// The program to run; nil looks for it.
    public var noded: String?

    public init() {}

    static let basePortStandard = 7100
    static let nodesStandard = 3
}

/// Where a playground has its archive.
enum PlaygroundArchive: Hashable, Sendable {
    /// In its own directory.
    case own
    case at(StoreURL)
    case none

    init(_ text: String?) throws(ControlError) {
        guard let text else {
            self = .own
            return
        }
        guard text != "none" else {
            self = .none
            return
        }
        do throws(StoreURLError) { self = .at(try StoreURL(text)) } catch {
            throw .usage("--archive: \(error); \(error.remedy.text)")
        }
    }
}

/// The nodes of a playground and where each listens. Ports of node k, counted from 1, at base port P:
/// P + 10(k-1) + 1 for clients, + 2 admin, + 3 peers, + 4 clients without TLS.
struct PlaygroundPlan: Hashable, Sendable {
    static let host = "127.0.0.1"

    let basePort: Int
    let nodes: Int
    let hasPlaintext: Bool
    let archive: PlaygroundArchive

    init(_ options: PlaygroundOptions) throws(ControlError) {
        archive = try PlaygroundArchive(options.archive)
        basePort = options.basePort ?? PlaygroundOptions.basePortStandard
        nodes = options.nodes ?? PlaygroundOptions.nodesStandard
        hasPlaintext = options.hasPlaintext
        guard (1...Member.countMax).contains(nodes) else {
            throw .usage("--nodes takes 1 to \(Member.countMax): \(nodes) is not")
        }
        guard basePort >= 1, basePort + 10 * (nodes - 1) + 4 <= 65535 else {
            throw .usage("--base-port \(basePort) leaves no room for the ports of \(nodes) nodes below 65536")
        }
    }

    func id(_ number: Int) -> String { "n\(number)" }

    private func address(_ number: Int, _ offset: Int) -> String {
        "\(PlaygroundPlan.host):\(basePort + 10 * (number - 1) + offset)"
    }

    /// The node's entry in `cluster.json`, without a process.
    func entry(_ number: Int) -> ClusterFile.Node {
        let id = id(number)
        return ClusterFile.Node(
            id: id, pid: nil, client: address(number, 1), clientPlaintext: hasPlaintext ? address(number, 4) : nil,
            admin: address(number, 2), peer: address(number, 3), data: "\(id)/data", config: "\(id)/noded.yaml",
            log: "\(id)/noded.log")
    }

    var clusterFile: ClusterFile {
        ClusterFile(
            name: "playground", ca: "pki/ca.crt", clientCert: "pki/admin.crt", clientKey: "pki/admin.key",
            tokenFile: "pki/admin.token", clientTokenFile: "pki/client.token", nodes: (1...nodes).map(entry))
    }

    /// The settings of a node, before those of `--config` are merged in. Paths count from the node's directory.
    func settings(_ number: Int, cluster: ClusterID, archive: StoreURL?) -> SettingsDocument {
        let entry = entry(number)
        var document = SettingsDocument()
        document.set("node.id", entry.id)
        document.set("cluster.id", cluster.description)
        document.set("cluster.name", "playground")
        document.set("members", .list((1...nodes).map { member(self.entry($0)) }))
        document.set("data.directory", "data")
        document.set("listen.client", entry.client)
        if let plaintext = entry.clientPlaintext { document.set("listen.client-plaintext", plaintext) }
        document.set("listen.peer", entry.peer)
        document.set("listen.admin", entry.admin)
        document.set("tls.certificate", "../pki/\(entry.id).crt")
        document.set("tls.key", "../pki/\(entry.id).key")
        document.set("tls.authority", "../pki/ca.crt")
        document.set("tls.authority-key", "../pki/ca.key")
        document.set("auth.client-token-file", "../pki/client.token")
        document.set("auth.admin-token-file", "../pki/admin.token")
        if let archive { document.set("archive.url", "\(archive)") }
        return document
    }

    func member(_ entry: ClusterFile.Node) -> SettingValue {
        var fields = [
            SettingValue.Field("id", .text(entry.id)), .init("peer", .text(entry.peer)),
            .init("client", .text(entry.client)),
        ]
        if let plaintext = entry.clientPlaintext { fields.append(.init("client-plaintext", .text(plaintext))) }
        return .map(fields + [.init("admin", .text(entry.admin))])
    }

    /// What only the playground may say, since the rest of it relies on that.
    static let ownKeys: Set<String> = [
        "node.id", "cluster.id", "members", "data.directory", "listen.client", "listen.client-plaintext", "listen.peer",
        "listen.admin",
    ]

    /// The contents of a node's file, with the settings of `configFile` in it.
    func yaml(
        _ number: Int, cluster: ClusterID, archive: StoreURL?, configFile: String?
    ) throws(ControlError) -> String {
        var document = settings(number, cluster: cluster, archive: archive)
        if let configFile {
            var extra = SettingsDocument()
            do {
                try extra.merge(file: configFile)
                try document.merge(file: configFile)
            } catch {
                throw .settings(error)
            }
            if let key = extra.keys.first(where: PlaygroundPlan.ownKeys.contains) {
                throw .usage("\(configFile) sets `\(key)`, which the playground sets itself: remove it")
            }
        }
        return document.yaml(comment: "Written by `nodectl playground`; docs/CONFIGURATION.md lists every key.")
    }

    /// What differs between this plan and a playground that was made before, as an option; nil when nothing does.
    func difference(from file: ClusterFile, asked options: PlaygroundOptions) -> String? {
        if let nodes = options.nodes, nodes != file.nodes.count { return "--nodes \(nodes)" }
        if let base = options.basePort, file.nodes.first?.client != address(1, 1) { return "--base-port \(base)" }
        if options.hasPlaintext, file.nodes.contains(where: { $0.clientPlaintext == nil }) { return "--plaintext" }
        return nil
    }
}
