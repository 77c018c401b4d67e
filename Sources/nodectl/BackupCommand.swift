// `nodectl backup`: backups of a running cluster, and those in an archive.

import ArgumentParser

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Makes backups, and looks at those in an archive.",
        subcommands: [
            BackupCreate.self, BackupPrune.self, BackupDelete.self, BackupPin.self, BackupUnpin.self,
        ])

    @ParentCommand var root: Nodectl
}
