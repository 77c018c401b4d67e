// `nodectl report …`: figures of an archive over weeks, for whoever looks after it.

import ArgumentParser
import NodeControl

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Sums up what an archive says of weeks of backups and verifications.",
        subcommands: [Storage.self, Verification.self])

    @ParentCommand var root: Nodectl

    struct Storage: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the size of backups week by week, and how far the newest is from those before it.",
            discussion: """
                A week's baseline is the median of the last seven backups up to its end. Exit code 1 when there is no \
                backup, a manifest can not be read, or the newest size is suspicious: less than half or more than \
                twice the median of the seven before it.
                """)
        @ParentCommand var parent: ReportCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let report = try StorageReport(try options.place().view())
            surroundings.print(json: report.json, table: report.text(inColour: surroundings.inColour))
            if !report.isGood { throw ExitCode(1) }
        }
    }

    struct Verification: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how many restores were proven, how long they take, and whether that gets worse.",
            discussion: "Exit code 1 when none was tried, a record can not be read, or fewer than 95 % are proven.")
        @ParentCommand var parent: ReportCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Option(help: "How far back.") var days = 7

        func validate() throws {
            guard (1...36_500).contains(days) else { throw ValidationError("--days takes a number from 1 to 36500") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let report = try VerificationReport(try options.place(), days: days)
            surroundings.print(json: report.json, table: report.text(inColour: surroundings.inColour))
            if !report.isGood { throw ExitCode(1) }
        }
    }
}
