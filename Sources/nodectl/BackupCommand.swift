// `nodectl backup …`: makes backups, and looks at those in an archive, whatever state its cluster is in.

import ArchiveFormat
import ArgumentParser
import NodeControl
import Platform

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Makes backups, looks at those in an archive, and removes them.",
        subcommands: [
            BackupCreate.self, List.self, Show.self, Verify.self, BackupPrune.self, BackupDelete.self, BackupPin.self,
            BackupUnpin.self, BackupVerifications.self,
        ])

    @ParentCommand var root: Nodectl

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists backups, newest first; one whose manifest is damaged shows as invalid.",
            discussion: "With --check: exit code 1 when none of the last 24 hours is listed as valid.")
        @ParentCommand var parent: BackupCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Option(help: "How many of the newest (default: all).") var last: Int?
        @Flag(help: "Fail when no valid backup of the last 24 hours is among them.") var check = false

        func validate() throws {
            if let last, last < 1 { throw ValidationError("--last takes a number from 1 on") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let list = try BackupList(try options.place().view(), last: last)
            surroundings.print(json: list.json, table: list.text(inColour: surroundings.inColour))
            guard check, !list.isFresh(at: WallClock.now()) else { return }
            StandardStreams.writeError(
                "nodectl: no valid backup of the last 24 hours\n  see `nodectl doctor`, then `nodectl backup create`\n")
            throw ExitCode(1)
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a backup; as JSON, its manifest with every part.")
        @ParentCommand var parent: BackupCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Argument(help: "The backup's id.") var id: String

        func run() throws {
            let view = try options.place().view()
            for id in try view.chosen(id, last: nil) {
                let detail = try BackupDetail(view, id)
                Surroundings(parent.root.common, common).print(json: detail.json, table: detail.text)
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads all that a restore of a backup would; exit code 1 when something is damaged.",
            discussion: """
                Every part has to be there, be what the manifest says and decompress; every table and every chunk has \
                to be the one of its name. Without an id, the newest backup. With --full it is restored into \
                isolation and a node of its own is started on it, which has to be healthy, to have the same digest, \
                and to work; the archive keeps what came of it, as of a drill.
                """)
        @ParentCommand var parent: BackupCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Argument(help: "The backup's id.") var id: String?
        @Option(help: "How many of the newest.") var last: Int?
        @Flag(help: "Restore it in isolation, start a node on it, and check that.") var full = false
        @OptionGroup var rehearsal: RehearsalOptions

        func validate() throws {
            if !full, rehearsal.isGiven { throw ValidationError("these options need --full") }
            if full, last != nil { throw ValidationError("--full takes one backup, not --last") }
            if let last, last < 1 || id != nil { throw ValidationError("--last takes a number from 1 on, and no id") }
        }

        func run() throws {
            let view = try options.place().view()
            if full { return try restoreFully(try view.chosen(id, last: nil)) }
            let found = try ArchiveVerification(view, backups: try view.chosen(id, last: last)) {
                StandardStreams.writeError("verify: \($0)\n")
            }
            Surroundings(parent.root.common, common).print(json: found.json, table: found.text)
            if !found.isWhole { throw ExitCode(1) }
        }

        private func restoreFully(_ ids: [BackupID]) throws {
            var order = try rehearsal.order()
            order.scenario = .backup
            for id in ids {
                let drill = try Drill(try options.place(), order) { StandardStreams.writeError("verify: \($0)\n") }
                try rehearsal.report(drill.verify(id), Surroundings(parent.root.common, common))
            }
        }
    }
}
