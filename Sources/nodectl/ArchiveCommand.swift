// `nodectl archive …`: an archive by itself, whatever state its cluster is in.

import ArgumentParser
import NodeControl
import Platform

struct ArchiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Looks at an archive and into the past that it holds, and copies it.",
        subcommands: [
            Status.self, List.self, Verify.self, Check.self, Browse.self, Diff.self, History.self, Export.self,
            Copy.self,
        ])

    @ParentCommand var root: Nodectl

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what there is of each cluster, and what can be restored.")
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions

        func run() throws {
            let status = try ArchiveStatus(try options.place())
            Surroundings(parent.root.common, common).print(json: status.json, table: status.text)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the log's objects.")
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Option(help: "The timeline: its name or number (default: all).") var timeline: String?
        @Option(help: "How many of the newest (default: all).") var last: Int?

        func validate() throws {
            if let last, last < 1 { throw ValidationError("--last takes a number from 1 on") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let list = try ArchiveObjectList(try options.place().view(), timeline: timeline, last: last)
            surroundings.print(json: list.json, table: list.text(inColour: surroundings.inColour))
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads every object and names each that is damaged or missing; exit code 1 when one is.")
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Flag(help: "Read names, manifests and fronts only, not what is in the objects.") var quick = false

        func run() throws {
            let found = try ArchiveVerification(try options.place(), isQuick: quick) {
                StandardStreams.writeError("verify: \($0)\n")
            }
            Surroundings(parent.root.common, common).print(json: found.json, table: found.text)
            if !found.isWhole { throw ExitCode(1) }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds out what a store can do, with small objects below check/ that it removes again.",
            discussion: "Exit code 1 when the store lacks what an archive needs.")
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let report = try options.place().check()
            surroundings.print(json: report.json, table: report.text(inColour: surroundings.inColour))
            if !report.isSufficient { throw ExitCode(1) }
        }
    }
}
