// `nodectl archive browse|diff|history|export`: the past, looked at without restoring anything.

import ArgumentParser
import NodeControl
import Platform

/// Which records are meant, and where they are looked at.
struct PastOptions: ParsableArguments {
    @Option(help: "The timeline: its name or number (default: the newest).") var timeline: String?

    @Option(
        help: "Where the state is put while it is looked at (default: the system's place for temporary files).",
        completion: .directory)
    var scratch: String?

    func fill(_ request: inout PastRequest) { (request.timeline, request.scratch) = (timeline, scratch) }
}

/// One point.
struct PastPoint: ParsableArguments {
    @Option(help: "The moment, in UTC: 2026-11-21T02:13:34Z (default: the newest entry).") var at: String?
    @Option(help: "The entry.") var index: UInt64?
    @Option(help: "The backup.") var backup: String?

    func request(_ options: PastOptions) -> PastRequest {
        var request = PastRequest()
        (request.time, request.index, request.backup) = (at, index, backup)
        options.fill(&request)
        return request
    }
}

struct BrowseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "browse", abstract: "Shows records as they were at a point.",
        discussion: "Exit code 1 when there was no such --key.")
    @ParentCommand var parent: ArchiveCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions
    @OptionGroup var point: PastPoint
    @OptionGroup var past: PastOptions
    @Option(help: "One key.") var key: String?
    @Option(help: "Keys of a glob pattern, as KEYS takes it.") var match = "*"
    @Option(help: "How many records are shown.") var limit = 100

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let found = try PastBrowse(
            point.request(past), in: try options.place(), key: key, matching: match, limit: limit)
        surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
        if found.isAbsent { throw ExitCode(1) }
    }
}

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compares two points: which keys were added, changed and removed.")
    @ParentCommand var parent: ArchiveCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions
    @OptionGroup var past: PastOptions
    @Argument(help: "A time, a log index or a backup's id.") var from: String
    @Argument(help: "The same; default: the newest entry.") var to: String?
    @Option(help: "Keys of a glob pattern only.") var match = "*"
    @Option(help: "How many keys are shown; all are counted.") var limit = 100

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit takes a number from 0 on") }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        var first = PastRequest(point: from)
        var second = to.map { PastRequest(point: $0) } ?? PastRequest()
        past.fill(&first)
        past.fill(&second)
        let found = try PastDifference(
            from: first, to: second, in: try options.place(), matching: match, limit: limit)
        surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
    }
}

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists the changes of a key, with what it was before and after.",
        discussion: "It begins with the earliest state from which the log leads to the point without a gap.")
    @ParentCommand var parent: ArchiveCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions
    @OptionGroup var point: PastPoint
    @OptionGroup var past: PastOptions
    @Argument(help: "The key.") var key: String
    @Option(help: "How many of the newest changes are shown.") var limit = 100

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let found = try PastKeyHistory(of: key, point.request(past), in: try options.place(), limit: limit)
        surroundings.print(json: found.json, table: found.text(inColour: surroundings.inColour))
    }
}

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes records as they were, for Redis or as JSON lines.",
        discussion: """
            `resp` is what `redis-cli --pipe` takes: commands that make the records, expiries as absolute times. \
            `jsonl` is one JSON object a line, as `browse` shows them.
            """)
    @ParentCommand var parent: ArchiveCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions
    @OptionGroup var point: PastPoint
    @OptionGroup var past: PastOptions
    @Option(help: "Keys of a glob pattern only.") var match = "*"
    @Option(help: "resp or jsonl.") var format = Format.resp

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case resp
        case jsonl

        var form: PastExport.Format { self == .resp ? .resp : .jsonl }
    }

    func run() throws {
        let done = try PastExport(
            point.request(past), in: try options.place(), matching: match, as: format.form
        ) { StandardStreams.writeOutput($0.span.bytes) }
        StandardStreams.writeError(done.text)
    }
}
