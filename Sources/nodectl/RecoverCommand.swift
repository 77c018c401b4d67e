// `nodectl recover`: one node's directory becomes a cluster of one, when the majority is lost for good.

import ArgumentParser
import NodeControl
import Platform

struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Makes a cluster of one out of the directory of the only node that is left.",
        discussion: """
            For when a majority of the voters is lost for good: dead machines, dead disks. The node must not run. What \
            only the lost nodes had is gone. Of several survivors take the one whose log ends in the newest term, and \
            of those the longest; `nodectl wal verify` says so. The nodes that are not taken are refused afterwards \
            and have to be added anew.
            """)

    @ParentCommand var root: Nodectl
    @OptionGroup var common: CommonOptions

    @Flag(help: "Says that writes of the lost majority may be lost. Required.")
    var unsafeFromSurvivor = false

    @Option(help: "The survivor's data directory.", completion: .directory)
    var dataDir: String?

    @Option(help: "The survivor's configuration, which says where its files are.", completion: .file())
    var config: String?

    @Flag(help: "Do not ask.")
    var yes = false

    func validate() throws {
        guard unsafeFromSurvivor else {
            throw ValidationError("--unsafe-from-survivor is required: this gives up what the other nodes have.")
        }
        guard (dataDir == nil) != (config == nil) else {
            throw ValidationError("Name either --data-dir or --config.")
        }
    }

    func run() throws {
        let surroundings = Surroundings(root.common, common)
        let recovery = try SurvivorRecovery(place())
        StandardStreams.writeError(recovery.warning)
        if !recovery.hasBegun, !yes { try confirm(recovery) }
        let kept = try recovery.begin()
        surroundings.print(json: recovery.json(kept: kept), table: recovery.outcome(kept: kept))
    }

    private func place() throws(ControlError) -> SurvivorRecovery.Place {
        guard let config else { return SurvivorRecovery.Place(dataDirectory: dataDir ?? "") }
        return try SurvivorRecovery.Place(config: config)
    }

    private func confirm(_ recovery: SurvivorRecovery) throws {
        let refused = ControlError.refused(
            reason: "nobody has confirmed that the cluster goes on from \(recovery.node) alone; nothing was changed",
            remedy: "answer with the node's name on a terminal", override: "yes")
        guard ThisProcess.isStandardInputTerminal else { throw refused }
        StandardStreams.writeError("\nType the node's name to go on: ")
        guard readLine() == recovery.node.description else { throw refused }
    }
}
