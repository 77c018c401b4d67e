// `nodectl archive browse|diff|history|export`: the past, read from an archive alone.

import ArgumentParser
import NodeControl
import Platform

/// Which state of the past is meant.
struct PastOptions: ParsableArguments {
    @Option(help: "The last moment, in UTC: 2026-11-21T02:13:34Z (default: all that there is).")
    var at: String?

    @Option(help: "The last entry.")
    var index: UInt64?

    @Option(help: "A backup's state, without the log behind it.")
    var backup: String?

    @Option(help: "The timeline: its name or number (default: the newest).")
    var timeline: String?

    var point: PastPoint { PastPoint(time: at, index: index, backup: backup, timeline: timeline) }
}

/// Progress, where people see it.
private func tell(_ line: String) { StandardStreams.writeError(line + "\n") }

extension ArchiveCommand {
    @Sendable private static func format(_ text: String) throws -> ExportFormat {
        guard let format = ExportFormat(rawValue: text) else {
            throw ValidationError("--format \(text) is neither resp nor jsonl")
        }
        return format
    }

    struct Browse: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what keys held at a point in the past.",
            discussion: """
                The whole keyspace of then is built in memory, and compared with the digests that the cluster had. \
                While a backup is read its files lie in $TMPDIR (/tmp) for a time. Exit code 1 when there was no such \
                key.
                """)
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @OptionGroup var past: PastOptions
        @Option(help: "The key.") var key: String?
        @Option(help: "A pattern of keys, as Redis has them.") var match: String?
        @Option(help: "With --match: how many keys at most.") var limit = 100

        func validate() throws {
            guard (key == nil) != (match == nil) else { throw ValidationError("give one of --key and --match") }
            guard limit > 0 else { throw ValidationError("--limit takes a number from 1 on") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let keys = key.map { PastKeys.one($0) } ?? .matching(match ?? "*", limit: limit)
            let found = try PastBrowse(try options.place().view(), at: past.point, keys, tell: tell)
            surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
            if found.isAbsent { throw ExitCode(1) }
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows which keys are different between two points in the past, and how.",
            discussion: "A point is a time in UTC, a log index, the id of a backup, or `latest`.")
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @Argument(help: "The point to compare with.") var first: String
        @Argument(help: "The point that is compared.") var second: String
        @Option(help: "The timeline: its name or number (default: the newest).") var timeline: String?
        @Option(help: "A pattern of keys, as Redis has them (default: all).") var match: String?
        @Option(help: "How many keys to name; all are counted.") var limit = 1000

        func validate() throws {
            guard limit >= 0 else { throw ValidationError("--limit takes a number from 0 on") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let (before, after) = (
                try PastPoint(first, timeline: timeline), try PastPoint(second, timeline: timeline)
            )
            let found = try PastDiff(
                try options.place().view(), before, after, matching: match, limit: limit, tell: tell)
            surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
        }
    }

    struct History: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the changes of a key, each with the value before and after it.",
            discussion: """
                Replays the log and looks at the key behind every entry, the newest first until there are as many \
                changes as are wanted.
                """)
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @OptionGroup var past: PastOptions
        @Argument(help: "The key.") var key: String
        @Option(help: "How many of the newest changes (default: all).") var limit: Int?

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
        }

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let found = try PastHistory(
                try options.place().view(), key: key, upTo: past.point, limit: limit, tell: tell)
            surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes what keys held at a point in the past for other programs.",
            discussion: """
                `resp` is what `redis-cli --pipe` loads: whatever has a key there is replaced, and times to live are \
                given as the times at which they end. `jsonl` has a line of JSON for each record. Exit code 3 when \
                the file is there already.
                """)
        @ParentCommand var parent: ArchiveCommand
        @OptionGroup var common: CommonOptions
        @OptionGroup var options: ArchiveOptions
        @OptionGroup var past: PastOptions
        @Option(help: "A pattern of keys, as Redis has them (default: all).") var match: String?
        @Option(help: "resp or jsonl.", transform: ArchiveCommand.format) var format: ExportFormat
        @Option(help: "The file to make; - for standard output.", completion: .file()) var to: String

        func run() throws {
            let surroundings = Surroundings(parent.root.common, common)
            let done = try PastExport(
                try options.place().view(), at: past.point, matching: match, as: format, to: to, tell: tell)
            // Standard output may be the export itself.
            guard to != "-" else { return StandardStreams.writeError(done.text) }
            surroundings.print(json: done.json, table: done.text)
        }
    }
}
