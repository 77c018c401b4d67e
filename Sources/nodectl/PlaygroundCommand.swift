// `nodectl playground …`: a cluster on this machine, for trying and testing.

import ArgumentParser
import NodeControl
import Platform

struct PlaygroundCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "playground", abstract: "Runs a cluster on this machine, for trying and testing.",
        subcommands: [
            Up.self, Down.self, Add.self, Show.self, Start.self, Stop.self, Kill.self, Pause.self, Resume.self,
            Restart.self, Restore.self,
        ])

    struct Place: ParsableArguments {
        @Option(help: "Where it keeps everything.", completion: .directory)
        var dir = ".trireme"

        var playground: Playground {
            Playground(directory: trimmed) { StandardStreams.writeError($0 + "\n") }
        }

        private var trimmed: String { dir.count > 1 && dir.hasSuffix("/") ? String(dir.dropLast()) : dir }
    }

    struct Chosen: ParsableArguments {
        @Argument(help: "The node, such as n1 (default: all).")
        var node: String?

        @OptionGroup var place: Place
    }

    struct Program: ParsableArguments {
        @Option(help: "The node's program (default: the one beside nodectl, then in PATH).", completion: .file())
        var noded: String?
    }

    struct Up: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes what is missing, starts what is stopped, and waits for a leader.")

        @OptionGroup var place: Place
        @OptionGroup var program: Program

        @Option(help: "Node k listens on P + 10(k-1) + 1 to + 4 (default: 7100).")
        var basePort: Int?

        @Option(help: "How many nodes (default: 3).")
        var nodes: Int?

        @Flag(help: "An extra port for clients without TLS on each node, on loopback.")
        var plaintext = false

        @Option(help: "Settings to merge into every node's file.", completion: .file())
        var config: String?

        @Option(help: "Where the archive is to be, as a URL (default: `archive` in the directory); `none` for none.")
        var archive: String?

        func run() throws {
            var options = PlaygroundOptions()
            options.basePort = basePort
            options.nodes = nodes
            options.hasPlaintext = plaintext
            options.configFile = config
            options.archive = archive
            options.noded = program.noded
            let name = CommandLine.arguments.first ?? "nodectl"
            StandardStreams.writeOutput(try place.playground.up(options, programName: name))
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes one more node, starts it, and has the others take it in.")

        @OptionGroup var place: Place
        @OptionGroup var program: Program

        @Flag(help: "Leave it a learner, which is sent the log and does not vote.")
        var learner = false

        func run() throws {
            let members = try place.playground.add(noded: program.noded, asVoter: !learner)
            let inColour = ThisProcess.isStandardOutputTerminal && ThisProcess.environment("NO_COLOR") == nil
            StandardStreams.writeOutput(members.table(inColour: inColour))
        }
    }

    struct Restore: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a cluster from an archive: the first node is restored, the others join it.",
            discussion: """
                No node may run. Directories that are there are renamed, never removed. Where there is no playground, \
                one is made. The cluster is on a new timeline.
                """)

        @OptionGroup var place: Place
        @OptionGroup var program: Program
        @OptionGroup var archive: RestoreSource
        @OptionGroup var point: RestorePoint
        @OptionGroup var way: RestoreWay

        @Option(help: "Node k listens on P + 10(k-1) + 1 to + 4 (default: 7100).")
        var basePort: Int?

        @Option(help: "How many nodes (default: 3).")
        var nodes: Int?

        @Flag(help: "An extra port for clients without TLS on each node, on loopback.")
        var plaintext = false

        func run() throws {
            var options = PlaygroundOptions()
            options.basePort = basePort
            options.nodes = nodes
            options.hasPlaintext = plaintext
            options.noded = program.noded
            var request = RestoreRequest(directory: "", node: "")
            point.fill(&request)
            way.fill(&request)
            ThisProcess.prepareToGrow()
            let outcome = try place.playground.restore(request, from: try archive.place(), options)
            StandardStreams.writeOutput(outcome.text)
            if !outcome.isWhole { throw ExitCode(RestoreWay.notWhole) }
        }
    }

    struct Down: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops all nodes; their files stay.")
        @OptionGroup var place: Place
        func run() throws { try place.playground.down() }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Shows the nodes' processes and ports.")
        @OptionGroup var place: Place
        func run() throws {
            let inColour = ThisProcess.isStandardOutputTerminal && ThisProcess.environment("NO_COLOR") == nil
            StandardStreams.writeOutput(try place.playground.status(inColour: inColour))
        }
    }

    struct Start: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Starts a node, and waits until it serves.")
        @OptionGroup var chosen: Chosen
        @OptionGroup var program: Program
        func run() throws { try chosen.place.playground.start(chosen.node, noded: program.noded) }
    }

    struct Stop: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Asks a node to end (SIGTERM), and waits for that.")
        @OptionGroup var chosen: Chosen
        func run() throws { try chosen.place.playground.stop(chosen.node) }
    }

    struct Kill: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a node as a crash would (SIGKILL).")
        @OptionGroup var chosen: Chosen
        func run() throws { try chosen.place.playground.kill(chosen.node) }
    }

    struct Pause: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Holds a node as a stalled machine would (SIGSTOP).")
        @OptionGroup var chosen: Chosen
        func run() throws { try chosen.place.playground.pause(chosen.node) }
    }

    struct Resume: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets a paused node go on (SIGCONT).")
        @OptionGroup var chosen: Chosen
        func run() throws { try chosen.place.playground.resume(chosen.node) }
    }

    struct Restart: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stops a node and starts it again.")
        @OptionGroup var chosen: Chosen
        @OptionGroup var program: Program
        func run() throws { try chosen.place.playground.restart(chosen.node, noded: program.noded) }
    }
}
