// `nodectl restore`: a data directory from an archive.

import ArgumentParser
import NodeControl
import Platform

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Restores a node's data directory from an archive, to any point of its past.",
        discussion: """
            Exact to the entry, or it fails. The state's digest is compared with what the cluster had at every point \
            that the replay passes. An existing directory is renamed, never removed. The node that is started on the \
            directory leads a cluster of one, on a new timeline; other nodes are added to it. Exit code 3 when it \
            would be unsafe, or the point is not in the archive.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions
    @OptionGroup var archive: ArchiveOptions

    @Option(help: "The directory.", completion: .directory)
    var to: String

    @OptionGroup var point: RestorePoint

    @Option(help: "The node whose directory it will be.")
    var node = "n1"

    @Flag(help: "Print what would be used, and write nothing.")
    var plan = false

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        var request = RestoreRequest(access: archive.access, directory: to, node: node)
        point.fill(&request)
        let restore = try DirectoryRestore(request)
        if plan { return surroundings.print(json: restore.plan.json, table: restore.plan.text + "\n") }
        StandardStreams.writeError(restore.plan.text + "\n")
        let report = try restore.run { StandardStreams.writeError("restore: \($0)\n") }
        surroundings.print(json: report.encoded + [0x0A], table: report.text + "\n")
    }
}
