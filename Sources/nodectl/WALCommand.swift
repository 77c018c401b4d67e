// `nodectl wal …`: a node's log on disk, without the node.

import ArgumentParser
import NodeControl
import Platform

struct WALCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wal", abstract: "Looks at a node's write-ahead log on disk; changes nothing.",
        subcommands: [Dump.self, Verify.self])

    @ParentCommand var root: Nodectl

    struct Place: ParsableArguments {
        @Argument(help: "A log or data directory, or a node of the cluster's description.", completion: .directory)
        var place: String
    }

    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a line for each record.")

        @ParentCommand var parent: WALCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var chosen: Place

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let log = try WriteAheadLog(chosen.place, clusterFile: surroundings.clusterFile)
            try log.dump(asJSON: surroundings.output == .json) { StandardStreams.writeOutput($0) }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every record down to its entries; exit code 1 when something is damaged.")

        @ParentCommand var parent: WALCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var chosen: Place

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let log = try WriteAheadLog(chosen.place, clusterFile: surroundings.clusterFile)
            let report = try log.verify { StandardStreams.writeError($0 + "\n") }
            surroundings.print(json: report.json, table: report.text)
            if !report.isWhole { throw ExitCode(1) }
        }
    }
}
