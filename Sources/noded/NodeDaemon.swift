// `noded`: one node of the cluster as a process. Arguments in, library calls out.

import AdminAPI
import ArgumentParser
import Logging
import Node
import Platform
import Settings
import TLS
import Telemetry

@main
struct NodeDaemon: ParsableCommand {
    static let build = Build(version: ProgramVersion.text, featureLevel: 2)

    static let configuration = CommandConfiguration(
        commandName: "noded", abstract: "Runs one node of a Trireme cluster.",
        discussion: """
            Settings come from the file, then from TRIREME_* variables, then from flags: every setting of \
            docs/CONFIGURATION.md is one, as --log.reserve 128MiB or --set log.reserve=128MiB.

            SIGTERM hands leadership over, answers what is outstanding and stops; SIGHUP reads certificates, tokens \
            and log level again. Exit codes: 0 clean stop, 1 failure at run time, 64 bad usage, 65 damaged data, \
            78 bad configuration.
            """)

    @Option(help: "The configuration file (YAML).")
    var config: String?

    @Flag(help: "Say what is wrong with the configuration, and exit: 0 when nothing is, 78 otherwise.")
    var checkConfig = false

    @Flag(
        help: ArgumentHelp(
            "Build all indexes of a node that does not run anew, in memory, and prove them; then exit.",
            discussion: "Nothing in the node's directories is changed. Exit code 1 when an index differs."))
    var rebuildIndexes = false

    @Flag(help: "Print the version and exit.")
    var version = false

    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        do {
            let flags = try SettingsFlag.take(from: &arguments)
            let daemon = parseOrExit(arguments)
            if daemon.version { return print("noded \(build.version), feature level \(build.featureLevel)") }
            guard let file = daemon.config else {
                throw ValidationError("which configuration file? Say --config FILE.")
            }
            let load = { () throws(SettingsError) in
                try NodeSettings.load(file: file, environment: ThisProcess.environment, flags: flags)
            }
            let settings = try load()
            if daemon.checkConfig { return print("\(file): good") }
            if daemon.rebuildIndexes { ThisProcess.exit(OfflineRebuild.run(settings)) }
            if let code = run(settings, again: load) { ThisProcess.exit(code) }
            let error = ThisProcess.startAnew()
            complain("the process cannot start again by itself: \(error)", remedy: "start it")
            ThisProcess.exit(1)
        } catch let error as SettingsError {
            complain("\(error)", remedy: error.remedy.text)
            ThisProcess.exit(SettingsError.exitCode)
        } catch let error as SettingsUsageError {
            complain("\(error)", remedy: "see noded --help")
            ThisProcess.exit(64)
        } catch {
            exit(withError: error)
        }
    }

    /// Runs the node; returns the exit code, nil when the process is to start again. `again` reads the settings anew,
    /// of which a reload takes the log level.
    private static func run(
        _ settings: NodeSettings, again: @escaping () throws(SettingsError) -> NodeSettings
    ) -> Int32? {
        let threshold = LogThreshold(settings.logging.level)
        LoggingSystem.bootstrap { [style = settings.logging.style, node = settings.node] _ in
            LineLogHandler(style: style, threshold: threshold, node: node)
        }
        let logger = Logger(label: "noded")
        let board = StatusBoard(NodeStatus(id: settings.node))
        let desk = OperatorDesk()
        do {
            // A process that started itself again goes by the name of the link that it did it through.
            ThisProcess.setName("noded")
            Signals.ignoreBrokenPipe()
            ThisProcess.forbidCoreFiles()
            ThisProcess.prepareToGrow()
            ThisProcess.raiseDescriptorLimit(to: settings.clients.connectionsMax + 1024)
            // Before any thread: they all inherit the mask, so signals come by the descriptor only.
            let signals = try Signals.open([.terminate, .interrupt, .hangup])
            let admin = try AdminPort(settings, board: board, desk: desk, logger: logger)
            defer { admin.stop() }
            let node = Node(
                settings: settings, build: build, logger: logger, board: board, desk: desk, signals: signals,
                reloaded: {
                    admin.reload()
                    reload(threshold, again, logger)
                })
            return try node.run() == .restart ? nil : 0
        } catch let error as NodeError {
            logger.critical("\(error)", metadata: ["remedy": "\(error.remedy.text)"])
            return error.exitCode
        } catch let error as AdminPortError {
            logger.critical("\(error)", metadata: ["remedy": "\(error.remedy)"])
            return error.exitCode
        } catch {
            logger.critical("\(error)")
            return 1
        }
    }

    private static func reload(
        _ threshold: LogThreshold, _ again: () throws(SettingsError) -> NodeSettings, _ logger: Logger
    ) {
        do throws(SettingsError) {
            threshold.set(try again().logging.level)
        } catch {
            logger.error("settings not read again: the earlier ones stay", metadata: ["reason": "\(error)"])
        }
    }

    private static func complain(_ text: String, remedy: String) {
        StandardStreams.writeError("noded: \(text)\nremedy: \(remedy)\n")
    }
}
