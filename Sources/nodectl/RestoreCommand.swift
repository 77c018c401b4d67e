// `nodectl restore`: a node's data directory out of an archive, with the cluster down.

import ArgumentParser
import NodeControl
import Platform

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a node's data directory out of an archive, exact to the entry.",
        discussion: """
            Needs the archive only. The state is compared with the digests that the cluster had, and nothing has the \
            directory's name before it is whole; what has that name is renamed, never removed. All of it is in \
            DIR.restore.log too. Exit code 3 when it would be unsafe, or the target is not in the archive's range.

            With --into-live no directory is made: some keys of the running cluster become what they were, as one \
            transaction. It shows what would change first, and asks.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Option(help: "The archive: file:///path or s3://bucket/prefix (with --into-live: default the leader's).")
    var from: String?

    @OptionGroup var access: ArchiveAccess

    @Option(help: "The data directory to make.", completion: .directory)
    var to: String?

    @OptionGroup var point: RestorePoint

    @OptionGroup var live: LiveUndoOptions

    @Option(help: "Whose data directory it will be (default: the node's of the directory that is there, or n1).")
    var node: String?

    @OptionGroup var way: RestoreWay

    @Option(help: "As root: the user that the files will belong to (default: who had the directory, or the one above).")
    var owner: String?

    @Option(help: "A unit of systemd: it is stopped before, and started after.")
    var service: String?

    @Flag(help: "Say what would be done, and write nothing.")
    var plan = false

    func validate() throws {
        try live.check()
        guard !live.intoLive else {
            let others = to == nil && node == nil && owner == nil && service == nil && !plan && !way.isGiven
            guard others, !point.replace, point.backup == nil else {
                throw ValidationError("--into-live goes with --keys, --at or --index, --timeline, --from and --reason")
            }
            guard (point.at == nil) != (point.index == nil) else {
                throw ValidationError("--into-live needs one of --at and --index")
            }
            return
        }
        guard from != nil else { throw ValidationError("Missing expected argument '--from <from>'") }
        guard to != nil else { throw ValidationError("Missing expected argument '--to <to>'") }
    }

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        if live.intoLive {
            let past = PastPoint(time: point.at, index: point.index, timeline: point.timeline)
            return try live.run(surroundings, from: from, access, past)
        }
        guard let from, let to else { preconditionFailure("validated") }
        var request = RestoreRequest(directory: to, node: node)
        point.fill(&request)
        way.fill(&request)
        (request.owner, request.service) = (owner, service)
        ThisProcess.prepareToGrow()
        let job = try RestoreJob(request, from: try access.place(from), log: !plan) {
            StandardStreams.writeError($0 + "\n")
        }
        if plan {
            let report = try job.planReport()
            return surroundings.print(json: report.json, table: report.text)
        }
        let outcome = try job.run()
        surroundings.print(json: outcome.json, table: outcome.text)
        if !outcome.isWhole { throw ExitCode(RestoreWay.notWhole) }
    }
}

/// To which point a restore goes, and what it may take the place of.
struct RestorePoint: ParsableArguments {
    @Option(help: "The last moment to restore, in UTC: 2026-11-21T02:13:34Z (default: all that there is).")
    var at: String?

    @Option(help: "The last entry to restore.")
    var index: UInt64?

    @Option(help: "The backup to restore, without the log behind it.")
    var backup: String?

    @Option(help: "The timeline: its name or number (default: the newest).")
    var timeline: String?

    @Flag(help: "Also when the directory has newer entries, or is of another cluster, or can not be read.")
    var replace = false

    func fill(_ request: inout RestoreRequest) {
        (request.time, request.index, request.backup) = (at, index, backup)
        (request.timeline, request.replaces) = (timeline, replace)
    }
}

/// How a restore goes about it.
struct RestoreWay: ParsableArguments {
    @Flag(help: "Use only backups of which every object is whole: each that would be used is read for that.")
    var newestVerified = false

    @Flag(help: "Where objects are damaged or missing, restore the nearest earlier point, and say what was lost.")
    var fallback = false

    @Flag(help: "Where parts of the backup are damaged or missing, restore all else, and name the slots that are lost.")
    var bestEffort = false

    @Flag(help: "Keep the snapshots that the directory has, and replace its log.")
    var logOnly = false

    @Flag(help: "Restore the newest backup up to the target, without the log behind it.")
    var snapshotOnly = false

    @Flag(help: "Count the keys that the restore removes, changes and brings back: builds the newest state as well.")
    var compare = false

    @Option(help: "Leave out these entries of the log: 4711-4720. The state is marked as derived. Repeatable.")
    var skipIndex: [String] = []

    @Option(help: "Leave out the entries of this time, ends included: 2026-11-21T02:13:34Z..2026-11-21T02:14:00Z.")
    var skipTime: [String] = []

    @Option(help: "Leave out entries that name a key of this pattern, transactions as a whole: 'user:7:*'.")
    var skipKeys: [String] = []

    /// The exit code of a restore that is done, and lacks slots.
    static let notWhole: Int32 = 5

    /// Whether any of it was asked for.
    var isGiven: Bool {
        newestVerified || fallback || bestEffort || logOnly || snapshotOnly || compare
            || !(skipIndex + skipTime + skipKeys).isEmpty
    }

    func fill(_ request: inout RestoreRequest) {
        (request.verifiesBackups, request.fallsBack) = (newestVerified, fallback)
        (request.keepsState, request.isWithoutLog) = (logOnly, snapshotOnly)
        (request.compares, request.isBestEffort) = (compare, bestEffort)
        (request.skippedIndexes, request.skippedTimes, request.skippedKeys) = (skipIndex, skipTime, skipKeys)
    }
}

/// Where a restore takes from.
struct RestoreSource: ParsableArguments {
    @Option(help: "The archive: file:///path or s3://bucket/prefix.")
    var from: String

    @OptionGroup var access: ArchiveAccess

    func place() throws(ControlError) -> ArchivePlace { try access.place(from) }
}

/// How an archive is read.
struct ArchiveAccess: ParsableArguments {
    @Option(help: "A file of mode 0600 with the store's credentials (default: the environment).", completion: .file())
    var credentialsFile: String?

    @Option(help: "Certificates of the authorities that sign the store's (PEM).", completion: .file())
    var caFile: String?

    @Option(help: "The cluster's id, if the archive is of several.")
    var clusterID: String?

    func place(_ url: String) throws(ControlError) -> ArchivePlace {
        try ArchivePlace(url: url, credentialsFile: credentialsFile, authorityFile: caFile, cluster: clusterID)
    }
}

/// Which archive a command is about.
struct ArchiveOptions: ParsableArguments {
    @Option(help: "The archive: file:///path or s3://bucket/prefix.")
    var archive: String

    @OptionGroup var access: ArchiveAccess

    func place() throws(ControlError) -> ArchivePlace { try access.place(archive) }
}
