// `nodectl index …`: secondary indexes are proved, or rebuilt, on every node.

import ArgumentParser
import NodeControl
import Platform

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Proves and rebuilds secondary indexes.",
        discussion: """
            Each node derives its indexes from its own records. A proof compares each index, element by element, with \
            the records of a state that stands still, while the node serves. A rebuild makes a new index beside the \
            one in service, which answers until the new one takes its place.
            """,
        subcommands: [Verify.self, Rebuild.self])

    @ParentCommand var root: Nodectl

    struct Chosen: ParsableArguments {
        @Argument(help: "The index (default: all).")
        var name: String?
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proves that indexes equal their records on every node; exit code 1 when one does not.")

        @ParentCommand var parent: IndexCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var chosen: Chosen

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let outcome = try surroundings.view().verifyIndexes(chosen.name)
            surroundings.print(json: outcome.json, table: outcome.text)
            if !outcome.isGood { throw ExitCode(1) }
        }
    }

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Builds indexes anew on every node, while queries go on; exit code 1 when a node could not.")

        @ParentCommand var parent: IndexCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var chosen: Chosen

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let outcome = try surroundings.view().rebuildIndexes(chosen.name)
            surroundings.print(json: outcome.json, table: outcome.text)
            if !outcome.isGood { throw ExitCode(1) }
        }
    }
}
