// `nodectl backup create`: a backup now.

import ArgumentParser
import NodeControl
import Platform

struct BackupCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Has the leader store a backup now, and waits until it is whole in the archive.",
        discussion: """
            Everything that was acknowledged when the command began is in it. Only what changed since the backup \
            before is uploaded; it restores by itself all the same. Exit code 3 when the cluster has no archive, 4 \
            when it is not done after an hour, and goes on.
            """)

    @ParentCommand var parent: BackupCommand
    @OptionGroup var common: CommonOptions

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let made = try surroundings.view().backup { StandardStreams.writeError("backup: \($0)\n") }
        surroundings.print(json: made.json, table: made.text)
    }
}
