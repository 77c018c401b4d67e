// The settings of what becomes of an archive by itself: what is kept, and what is read back.

public import ArchivePlan
public import Vocabulary

/// When backups are made, how long they stay, and how it is known that they are good.
enum RetentionTable {
    static let backupAt = Setting(
        "backup.at", .dailyTime, .value("02:00"),
        """
        A time of day (UTC) at which a backup is made in any case, if anything was written since the last one; `off`: \
        only `backup.interval` calls for them.
        """)
    static let at = Setting(
        "retention.at", .dailyTime, .value("03:00"),
        """
        A time of day (UTC) at which the leader removes from the archive what no rule keeps. What any rule keeps \
        stays. `off`: nothing goes but with `nodectl backup prune`.
        """)
    static let window = Setting(
        "retention.window", .duration(.zero ... .seconds(315_360_000)), .value("7d"),
        "So far back from the newest entry every point can be restored.")
    static let count = Setting(
        "retention.count", .count(1...100_000), .value("1"), "So many of the newest backups stay.")
    static let age = Setting(
        "retention.age", .duration(.zero ... .seconds(315_360_000)), .value("0s"), "Backups that are younger stay.")
    static let daily = Setting(
        "retention.daily", .count(0...10_000), .value("7"),
        "Of each of the last so many days (UTC) that have any, the last backup stays.")
    static let weekly = Setting(
        "retention.weekly", .count(0...10_000), .value("0"), "The same of weeks, which begin on Monday.")
    static let monthly = Setting("retention.monthly", .count(0...10_000), .value("0"), "The same of months.")
    static let readBack = Setting(
        "verify.interval", .duration(.zero ... .seconds(86_400)), .value("60s"),
        """
        How often the leader reads back what was shipped since it did so last, and checks it: how far behind \
        `trireme_archive_verified_index` may be. `0s`: never.
        """)
    static let restoreAt = Setting(
        "verify.at", .dailyTime, .value("04:00"),
        """
        A time of day (UTC) at which a node restores the newest state from the archive into `verify.directory`, loads \
        it, compares its digest and count with the archive's, and removes it. A follower does so where there is one. \
        It takes memory and twice the disk of one more state while it runs. `off`: never.
        """)
    static let directory = Setting(
        "verify.directory", .path, .absent("`data.directory` with `.verify` behind it"),
        "Where a restore is tried; what is there is removed. Keep nothing else in it."
    ).isPath()

    static let checks = Setting(
        "verify.checks", .path, .absent("none"),
        """
        A file of questions that a restored state has to answer, in lines of `GET greeting => hello`; see \
        docs/OPERATING.md. It is read anew for each restore.
        """
    ).isPath()

    static let all: [SettingDeclaration] = [
        backupAt.declaration, at.declaration, window.declaration, count.declaration, age.declaration,
        daily.declaration, weekly.declaration, monthly.declaration, readBack.declaration, restoreAt.declaration,
        directory.declaration, checks.declaration,
    ]
}

public struct RetentionSettings: Hashable, Sendable {
    /// Nil for never by itself, here and below.
    public var backupAt: DailyTime?
    public var at: DailyTime?
    public var policy: RetentionPolicy
    public var readBackInterval: Duration?
    public var restoreAt: DailyTime?
    /// Nil for beside the data directory.
    public var directory: String?
    /// Nil for no questions.
    public var checks: String?

    init(from reader: inout SettingsReader) {
        backupAt = reader.value(RetentionTable.backupAt)
        at = reader.value(RetentionTable.at)
        policy = RetentionPolicy(
            window: reader.value(RetentionTable.window), count: reader.value(RetentionTable.count),
            age: reader.value(RetentionTable.age), daily: reader.value(RetentionTable.daily),
            weekly: reader.value(RetentionTable.weekly), monthly: reader.value(RetentionTable.monthly))
        let interval = reader.value(RetentionTable.readBack)
        readBackInterval = interval > .zero ? interval : nil
        restoreAt = reader.value(RetentionTable.restoreAt)
        directory = reader.optional(RetentionTable.directory)
        checks = reader.optional(RetentionTable.checks)
    }
}

extension SettingForm where Value == DailyTime? {
    static var dailyTime: SettingForm {
        SettingForm("time of day (`02:00`, UTC) or `off`") { (written: String) throws(ValueFault) in
            if written == "off" { return nil }
            guard let time = DailyTime(written) else {
                throw ValueFault("`\(written)` is no time of day", "write hours and minutes, such as 02:00, or off")
            }
            return time
        }
    }
}
