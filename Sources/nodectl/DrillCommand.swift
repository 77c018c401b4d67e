// `nodectl drill …`: disasters rehearsed on a scratch copy, and what came of them.

import ArchiveFormat
import ArgumentParser
import NodeControl
import Platform

struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Rehearses disasters on a scratch copy, and keeps what came of it.",
        subcommands: [DrillRun.self, List.self, Show.self, VerifyReport.self])

    @ParentCommand var root: Nodectl

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the drills of an archive, newest first, and how recovery times change.")
        @ParentCommand var parent: DrillCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var source: RestoreSource
        @Option(help: "How many of the newest.") var limit = 50

        func validate() throws {
            if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
        }

        func run() throws {
            let history = try DrillHistory(try source.place(), limit: limit)
            let surroundings = Surroundings(parent.root.common, common)
            surroundings.print(json: history.json, table: history.table(inColour: surroundings.inColour))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows all of one drill; as JSON, its sealed record.")
        @ParentCommand var parent: DrillCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var source: RestoreSource
        @Option(help: "Write it as Markdown, HTML and JSON below this directory too.", completion: .directory)
        var report: String?
        @Argument(help: "As `nodectl drill list` shows it.") var id: String

        func run() throws {
            let outcome = try DrillHistory.outcome(try source.place(), id)
            if let report { try DrillReportFile.write(outcome, to: report) }
            Surroundings(parent.root.common, common).print(json: outcome.json, table: outcome.text)
        }
    }

    struct VerifyReport: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify-report",
            abstract: "Says whether a record, as --report or --output json wrote it, is what was written.",
            discussion: "Needs neither cluster nor archive. Exit code 1 when it was changed.")
        @ParentCommand var parent: DrillCommand
        @OptionGroup var common: CommonOptions
        @Argument(help: "The file.", completion: .file()) var file: String

        func run() throws {
            let outcome = try DrillReportFile.verify(file)
            Surroundings(parent.root.common, common).print(
                json: outcome.json, table: "\(file): whole, as it was written\n" + outcome.text)
        }
    }
}

/// How a restore is rehearsed.
struct RehearsalOptions: ParsableArguments {
    @Option(help: "A file of checks, in lines of `COMMAND ARGUMENT… => ANSWER`.", completion: .file())
    var checks: String?

    @Option(help: "RTO in seconds: a recovery that takes longer is over budget.")
    var rto: Int?

    @Option(help: "RPO in seconds: a loss of more than the writes of so long is over budget.")
    var rpo: Int?

    @Option(help: "Write the report as Markdown, HTML and JSON below this directory.", completion: .directory)
    var report: String?

    @Option(help: "Where the scratch copy is made (default: $TMPDIR, then /tmp).", completion: .directory)
    var scratch: String?

    @Flag(help: "Leave no record in the archive.")
    var noRecord = false

    @Option(help: "The node's program (default: the one beside nodectl, then in PATH).", completion: .file())
    var noded: String?

    private static let secondsMax = 1_000_000_000

    func validate() throws {
        for (name, value) in [("--rto", rto), ("--rpo", rpo)] {
            guard let value else { continue }
            guard (0...RehearsalOptions.secondsMax).contains(value) else {
                throw ValidationError("\(name) takes a number of seconds up to \(RehearsalOptions.secondsMax)")
            }
        }
    }

    var isGiven: Bool {
        checks != nil || rto != nil || rpo != nil || report != nil || scratch != nil || noRecord || noded != nil
    }

    func order() throws(ControlError) -> DrillOrder {
        var order = DrillOrder()
        if let checks { try order.readChecks(checks) }
        (order.targets.recovery, order.targets.loss) = (rto.map { .seconds($0) }, rpo.map { .seconds($0) })
        (order.isRecorded, order.noded, order.scratch) = (!noRecord, noded, scratch)
        return order
    }

    /// Prints what came of it, first of all; exit code 1 unless all is well.
    func report(_ outcome: DrillOutcome, _ surroundings: Surroundings) throws {
        surroundings.print(json: outcome.json, table: outcome.text)
        if let why = outcome.notKept {
            StandardStreams.writeError("warning: the archive does not keep this record: \(why)\n")
        }
        if let report { try DrillReportFile.write(outcome, to: report) }
        if !outcome.isGood { throw ExitCode(1) }
    }
}
