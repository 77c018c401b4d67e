// `nodectl backup verifications`: whether what is in the archive could be restored, day by day.

import ArgumentParser
import NodeControl

struct BackupVerifications: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verifications",
        abstract: "Lists the restores that the nodes have tried, and how many are proven.",
        discussion: "Exit code 1 when none was tried, a record can not be read, or fewer than 95 % are proven.")

    @ParentCommand var parent: BackupCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions
    @Option(help: "How far back.") var days = 7

    func validate() throws {
        guard (1...36_500).contains(days) else { throw ValidationError("--days takes a number from 1 to 36500") }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let list = try VerificationList(try options.place(), days: days)
        surroundings.print(json: list.json, table: list.text(inColour: surroundings.inColour))
        if !list.isGood { throw ExitCode(1) }
    }
}
