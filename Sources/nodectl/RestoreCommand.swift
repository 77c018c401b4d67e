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
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @OptionGroup var source: RestoreSource

    @Option(help: "The data directory to make.", completion: .directory)
    var to: String

    @OptionGroup var point: RestorePoint

    @Option(help: "Whose data directory it will be.")
    var node = "n1"

    @Flag(help: "Say what would be done, and write nothing.")
    var plan = false

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        var request = RestoreRequest(directory: to, node: node)
        point.fill(&request)
        ThisProcess.prepareToGrow()
        let job = try RestoreJob(request, from: try source.place(), log: !plan) {
            StandardStreams.writeError($0 + "\n")
        }
        if plan {
            return surroundings.print(json: job.planReport.json, table: job.planReport.text)
        }
        let outcome = try job.run()
        surroundings.print(json: outcome.json, table: outcome.text)
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
