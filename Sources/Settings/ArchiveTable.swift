// The settings of the archive.

public import ObjectStores
public import Vocabulary

/// Where the log and backups go off the cluster, how often, and what happens while they can not.
enum ArchiveTable {
    static let url = Setting(
        "archive.url", .storeURL, .absent("no archive"),
        """
        Where the archive is: `file:///DIRECTORY`, which has to be there, or \
        `s3://BUCKET/PREFIX?endpoint=…&region=…&style=path`. The same on every node; whoever leads writes to it. \
        Credentials for S3 come from `archive.credentials-file` or the usual variables (`AWS_ACCESS_KEY_ID` …).
        """)
    static let credentials = Setting(
        "archive.credentials-file", .path, .absent("the environment's credentials"),
        "Credentials for S3, as the AWS tools write them (mode 0600). Read again when it changes."
    ).isPath()
    static let authority = Setting(
        "archive.ca-file", .path, .absent("the system's authorities"),
        "Certificates of the authorities that sign the store's certificate (PEM)."
    ).isPath()
    static let interval = Setting(
        "archive.interval", .duration(.milliseconds(50) ... .seconds(3600)), .value("1s"),
        "How often the newest entries are shipped, while there are any: what a disaster may cost, and a little more.")
    static let runSize = Setting(
        "archive.run-size", .size(.kibibytes(64) ... .mebibytes(256)), .value("4MiB"),
        "Bytes of log for which the small objects of single intervals are put together into one, a run.")
    static let runAge = Setting(
        "archive.run-age", .duration(.seconds(1) ... .seconds(86_400)), .value("600s"),
        "How old such small objects become before they are put together, however small.")
    static let level = Setting(
        "archive.compression-level", .count(1...19), .value("1"),
        "The level of compression (zstd) of everything in the archive.")
    static let logMax = Setting(
        "archive.log-max", .size(.mebibytes(1) ... .mebibytes(1 << 20)), .value("4096MiB"),
        "Bytes of log that a node keeps for the archive while it can not be shipped.")
    static let whenFull = Setting<ArchiveBacklogPolicy>(
        "archive.when-full", .choice, .value("drop-archive-chain"),
        """
        What happens when so much waits. `drop-archive-chain`: the oldest of it goes, the archive has a hole, and a \
        new backup begins another interval that can be restored. `refuse-writes`: writes are refused with `-NOSPACE` \
        until the archive is there again.
        """)
    static let backupInterval = Setting(
        "backup.interval", .duration(.zero ... .seconds(2_592_000)), .value("3600s"),
        """
        A backup that is older calls for the next, if anything was written since. Each is whole in use, and stores \
        only what has changed. `0s`: only those that are asked for, and one when the archive begins or has a hole.
        """)

    static let all: [SettingDeclaration] = [
        url.declaration, credentials.declaration, authority.declaration, interval.declaration, runSize.declaration,
        runAge.declaration, level.declaration, logMax.declaration, whenFull.declaration, backupInterval.declaration,
    ]
}

/// What a node does when it has kept as much log for the archive as it may.
public enum ArchiveBacklogPolicy: String, CaseIterable, Sendable {
    case dropArchiveChain = "drop-archive-chain"
    case refuseWrites = "refuse-writes"
}

public struct ArchiveSettings: Hashable, Sendable {
    /// Nil without an archive.
    public var url: StoreURL?
    public var credentialsFile: String?
    public var authorityFile: String?
    public var interval: Duration
    public var runSize: ByteCount
    public var runAge: Duration
    public var level: Int
    public var logMax: ByteCount
    public var whenFull: ArchiveBacklogPolicy
    /// Nil for none but those that are asked for.
    public var backupInterval: Duration?

    init(from reader: inout SettingsReader) {
        url = reader.optional(ArchiveTable.url)
        credentialsFile = reader.optional(ArchiveTable.credentials)
        authorityFile = reader.optional(ArchiveTable.authority)
        interval = reader.value(ArchiveTable.interval)
        runSize = reader.value(ArchiveTable.runSize)
        runAge = reader.value(ArchiveTable.runAge)
        level = reader.value(ArchiveTable.level)
        logMax = reader.value(ArchiveTable.logMax)
        whenFull = reader.value(ArchiveTable.whenFull)
        let backupInterval = reader.value(ArchiveTable.backupInterval)
        self.backupInterval = backupInterval > .zero ? backupInterval : nil
    }
}

extension SettingForm where Value == StoreURL {
    static var storeURL: SettingForm {
        SettingForm("URL of a store (`file:///…` or `s3://…`)") { (written: String) throws(ValueFault) in
            do throws(StoreURLError) { return try StoreURL(written) } catch {
                throw ValueFault("\(error)", error.remedy.text)
            }
        }
    }
}
