// `nodectl repair …`: damage is looked for and repaired, on a running node or in a stopped one's directory.

import ArgumentParser
import NodeControl
import Platform

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Looks for damage in a node's log, and repairs it from the other nodes.",
        discussion: """
            A node that runs reads all of its log and, if something is damaged, starts itself again to rebuild it, as \
            soon as every other member is connected and whole. For the directory of a node that does not run, this \
            does what its next start would do: damaged files are kept in quarantine, the log ends before the damage, \
            and the node fetches the rest before it votes again.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Argument(help: "A node of the cluster, or the data directory of one that does not run.", completion: .directory)
    var place: String

    @Flag(help: "Rebuild although another node is down or under repair: writes stop until one of them is back.")
    var force = false

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let report: RepairReport
        if FileSystem.isDirectory(place) {
            report = try StoppedLog.repair(place)
        } else {
            report = try surroundings.view().repair(place, isForced: force) {
                StandardStreams.writeError("\(place): \($0)\n")
            }
        }
        surroundings.print(json: report.json, table: report.text)
    }
}
