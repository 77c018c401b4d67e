// `nodectl backup prune|delete|pin|unpin`: keeping an archive as large as it is to be.

import ArchivePlan
import ArgumentParser
import NodeControl

struct BackupPrune: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Removes backups and log that no rule keeps.",
        discussion: """
            What any rule keeps stays, and so does the newest backup that can be read, and whatever a point within the \
            window is restored from. Packs that nobody refers to any more go an hour later, with the next removal.
            """)

    @ParentCommand var parent: BackupCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions

    @Option(help: "Days back from the newest entry of which every point stays restorable.")
    var windowDays = 7

    @Option(help: "How many of the newest stay.")
    var keep = 1

    @Option(help: "Backups that are younger stay.")
    var keepDays = 0

    @Option(help: "Of each of the last so many days that have any, the last.")
    var daily = 7

    @Option(help: "The same of weeks.")
    var weekly = 0

    @Option(help: "The same of months.")
    var monthly = 0

    @Flag(help: "Print what would stay and what would go, and remove nothing.")
    var dryRun = false

    func validate() throws {
        guard [windowDays, keep, keepDays, daily, weekly, monthly].allSatisfy({ (0...100_000).contains($0) }) else {
            throw ValidationError("Numbers count from 0 to 100000.")
        }
    }

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let keeping = try BackupKeeping(try options.place())
        let policy = RetentionPolicy(
            window: .seconds(windowDays * 86_400), count: keep, age: .seconds(keepDays * 86_400), daily: daily,
            weekly: weekly, monthly: monthly)
        let plan = try keeping.plan(policy)
        if dryRun { return surroundings.print(json: plan.json, table: plan.text(inColour: surroundings.inColour)) }
        let report = try keeping.carryOut(plan)
        surroundings.print(json: report.json, table: report.text)
    }
}

struct BackupDelete: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Removes one backup.")

    @ParentCommand var parent: BackupCommand
    @OptionGroup var common: CommonOptions
    @OptionGroup var options: ArchiveOptions

    @Argument(help: "Its name, as `nodectl backup list` shows it.")
    var id: String

    @Flag(help: "Also the newest one, and one that is pinned.")
    var force = false

    func run() throws {
        let surroundings = Surroundings(parent.root.common, common)
        let report = try BackupKeeping(try options.place()).delete(id, isForced: force)
        surroundings.print(json: report.json, table: report.text)
    }
}

struct BackupPin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Keeps a backup until it is unpinned, whatever the rules say.")

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "Its name, as `nodectl backup list` shows it.")
    var id: String

    func run() throws { try BackupKeeping(try options.place()).pin(id, true) }
}

struct BackupUnpin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Leaves a pinned backup to the rules again.")

    @OptionGroup var options: ArchiveOptions

    @Argument(help: "Its name, as `nodectl backup list` shows it.")
    var id: String

    func run() throws { try BackupKeeping(try options.place()).pin(id, false) }
}
