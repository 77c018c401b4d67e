// The operator's command: arguments in, calls of NodeControl out.

import ArgumentParser
import NodeControl
import Platform
import Vocabulary

@main struct Nodectl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodectl", abstract: "Looks at a Trireme cluster and works on it.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused because it would be unsafe, 4 not over in time and \
            going on, 5 restored, but not whole.
            """,
        version: NodeControlVersion.text,
        subcommands: [
            StatusCommand.self, MembersCommand.self, JoinCommand.self, FailoverCommand.self, DoctorCommand.self,
            RepairCommand.self, RecoverCommand.self, RestoreCommand.self, BackupCommand.self, DrillCommand.self,
            ArchiveCommand.self, ReportCommand.self, IndexCommand.self, SnapshotCommand.self, QuiesceCommand.self,
            CompactCommand.self, PlaygroundCommand.self, WALCommand.self, VersionCommand.self,
        ])

    @OptionGroup var common: CommonOptions

    /// Parses and runs; every way out passes here, so that exit codes are what docs/OPERATING.md says.
    static func main() {
        Signals.ignoreBrokenPipe()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as ControlError {
            fail("nodectl: \(error)\n  \(error.remedy.text)\n", code: error.exitCode)
        } catch let code as ExitCode {
            leave(code.rawValue)
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error) == .success {
                StandardStreams.writeOutput(text + "\n")
                leave(0)
            }
            fail(text + "\n", code: 2)
        }
    }

    private static func fail(_ text: String, code: Int32) -> Never {
        StandardStreams.writeError(text)
        leave(code)
    }

    private static func leave(_ code: Int32) -> Never { ThisProcess.exit(code) }
}

enum OutputForm: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// Where the cluster is and how to print, before or behind the command's name.
struct CommonOptions: ParsableArguments {
    @Option(help: "The cluster's description (default: .trireme/cluster.json).", completion: .file())
    var cluster: String?

    @Option(help: "Admin addresses instead of a description: HOST:PORT,…")
    var endpoint: String?

    @Option(help: "With --endpoint: certificates of the authorities that sign the nodes' (PEM).", completion: .file())
    var authority: String?

    @Option(help: "With --endpoint: a file of mode 0600 with an admin token.", completion: .file())
    var tokenFile: String?

    @Option(help: "How to print: table for people, json for scripts.")
    var output: OutputForm?
}

/// A command's own options with those before its name behind them.
struct Surroundings {
    let cluster: String?
    let endpoint: String?
    let authority: String?
    let tokenFile: String?
    let output: OutputForm

    static let clusterStandard = ".trireme/cluster.json"

    init(_ root: CommonOptions, _ own: CommonOptions) {
        cluster = own.cluster ?? root.cluster
        endpoint = own.endpoint ?? root.endpoint
        authority = own.authority ?? root.authority
        tokenFile = own.tokenFile ?? root.tokenFile
        output = own.output ?? root.output ?? .table
    }

    /// Whether to colour what people read.
    var inColour: Bool { ThisProcess.isStandardOutputTerminal && ThisProcess.environment("NO_COLOR") == nil }

    var clusterFile: String { cluster ?? Surroundings.clusterStandard }

    func view() throws(ControlError) -> ClusterView {
        guard let endpoint else { return try ClusterView(file: clusterFile) }
        return try ClusterView(
            endpoints: endpoint, authorityFile: authority, tokenFile: tokenFile, clusterFile: clusterFile)
    }

    func print(json: [UInt8], table: String) {
        if output == .json { StandardStreams.writeOutput(json.span.bytes) } else { StandardStreams.writeOutput(table) }
    }
}

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the nodes, their roles and how far each is.")

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let view = try surroundings.view()
        let status = ClusterStatus(view.askAll())
        surroundings.print(
            json: status.json, table: status.table(name: view.name, inColour: surroundings.inColour))
        if status.answered == 0 { throw ExitCode(1) }
    }
}

struct FailoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover", abstract: "Hands leadership over to another node, without an error for clients.")

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Option(help: "The node that is to lead (default: the one that is furthest).")
    var to: String?

    @Flag(help: "Take a node that is far behind too: writes wait until it has caught up, for 10 s at most.")
    var force = false

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let report = try surroundings.view().failover(to: to, isForced: force)
        surroundings.print(json: report.json, table: report.text)
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Shows the version of this program.")

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    func run() {
        let version = NodeControlVersion.text
        Surroundings(root.common, common).print(
            json: Array("{\"version\":\"\(version)\"}\n".utf8), table: "nodectl \(version)\n")
    }
}
