// `nodectl join`: with a token, this machine gets what a node of the cluster needs.

import ArgumentParser
import NodeControl
import Platform

struct JoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Makes a node on this machine that joins a cluster, with a token of it.",
        discussion: """
            Makes a key, has the cluster sign a certificate for it, and writes both, the cluster's authority and \
            tokens, and a configuration, all of mode 0600. The cluster is known by the fingerprint in the token. The \
            node is a member from then on, and catches up once it is started.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Argument(help: "What `nodectl members token NODE` has printed, or - to read it from standard input.")
    var token: String

    @Option(help: "Where the node is to keep its data; made if it is missing.", completion: .directory)
    var dataDir: String

    @Option(help: "What clients are told, and where it listens for them: HOST:PORT.")
    var client: String

    @Option(help: "The same without TLS, on a loopback address.")
    var clientPlaintext: String?

    @Option(help: "Where the other nodes reach it, and it listens: HOST:PORT.")
    var peer: String

    @Option(help: "Where operators reach it, and it listens: HOST:PORT.")
    var admin: String

    @Option(help: "Refuse a token that is for another node.")
    var node: String?

    @Option(
        help: "Where the configuration is written (default: noded.yaml in the data directory).", completion: .file())
    var configOut: String?

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let plan = try JoinPlan(
            token: token == "-" ? readLine() ?? "" : token, node: node, peer: peer, client: client,
            clientPlaintext: clientPlaintext, admin: admin, dataDirectory: dataDir, configFile: configOut)
        let report = try Joining(plan).run()
        surroundings.print(json: report.json, table: report.text)
    }
}
