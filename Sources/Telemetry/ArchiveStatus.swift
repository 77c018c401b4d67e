// How far the archive is, and what a disaster would cost now.

import JSON
public import Vocabulary

/// A node's view of the archive. The leader ships; the others know what it tells them.
public struct ArchiveStatus: Sendable, Equatable {
    /// What went wrong last, until something succeeds.
    public struct Failure: Sendable, Equatable {
        /// Which of a closed list of reasons (docs/OBJECT_STORES.md), for scripts.
        public var code: String
        public var text: String
        public var remedy: String
        /// How often in a row.
        public var count: Int

        public init(code: String, text: String, remedy: String, count: Int) {
            self.code = code
            self.text = text
            self.remedy = remedy
            self.count = count
        }
    }

    /// A backup that is whole in the archive.
    public struct Backup: Sendable, Equatable {
        public var id: String
        public var index: LogIndex
        public var time: Timestamp
        public var records: Int
        /// What it took to store, and what it refers to.
        public var uploaded: ByteCount
        public var stored: ByteCount
        public var took: Duration

        public init(
            id: String, index: LogIndex, time: Timestamp, records: Int, uploaded: ByteCount, stored: ByteCount,
            took: Duration
        ) {
            self.id = id
            self.index = index
            self.time = time
            self.records = records
            self.uploaded = uploaded
            self.stored = stored
            self.took = took
        }
    }

    /// A restore that was tried, to see whether it can be.
    public struct Trial: Sendable, Equatable {
        public var at: Timestamp
        public var took = Duration.zero
        /// The backup that it began with, and where it ended.
        public var backup: String?
        public var index: LogIndex?
        public var records: Int?
        public var digest: String?
        /// What the state was compared with.
        public var proof: String?
        /// Nil when it was good. `backup-damaged` is the archive's fault, `verifier-…` this node's.
        public var failure: Failure?

        public init(at: Timestamp) { self.at = at }
    }

    /// How far the archive was read back and found good.
    public struct ReadBack: Sendable, Equatable {
        public var index: LogIndex
        /// How old the newest entry is that is archived and was not read back; zero when all was.
        public var lag = Duration.zero
        /// The object that is in the way.
        public var finding: String?

        public init(index: LogIndex) { self.index = index }
    }

    /// Where it is, without secrets; nil when there is none.
    public var location: String?
    /// Whether this node ships.
    public var isShipping = false
    /// The newest entry that is in the archive, as far as is known; nil before anything is.
    public var archivedIndex: LogIndex?
    /// How long the oldest entry has waited that is not; zero when all are.
    public var lag = Duration.zero
    public var lagEntries = 0
    /// Bytes of log that wait.
    public var lagBytes = ByteCount.zero
    /// Whether so much waits that the policy acts.
    public var isFull = false
    public var failure: Failure?
    /// Entries that no log had any more when they were to be shipped.
    public var hole: ClosedRange<LogIndex>?
    public var newestBackup: Backup?
    /// How far the one is that is being made, from 0 to 100.
    public var backupPercent: Double?
    public var backupFailure: Failure?
    /// What the newest backup's size is beside the median of those before it, and the word for that.
    public var backupSizeRatio: Double?
    public var backupVerdict: String?
    public var readBack: ReadBack?
    public var retentionAt: Timestamp?
    public var retentionFailure: Failure?
    public var trial: Trial?

    public init() {}

    func write(to writer: inout JSONWriter) {
        guard let location else { return writer.value(String?.none) }
        writer.object { writer in
            writer.member("location", location)
            writer.member("shipping", isShipping)
            writer.member("archived_index", archivedIndex?.rawValue)
            writer.member("lag_ms", lag.milliseconds)
            writer.member("lag_entries", lagEntries)
            writer.member("lag_bytes", lagBytes.rawValue)
            writer.member("full", isFull)
            writer.member("failure") { ArchiveStatus.write(failure, to: &$0) }
            writer.member("hole_first", hole?.lowerBound.rawValue)
            writer.member("hole_last", hole?.upperBound.rawValue)
            writer.member("newest_backup") { newestBackup.write(to: &$0) }
            writer.member("backup_percent", backupPercent)
            writer.member("backup_failure") { ArchiveStatus.write(backupFailure, to: &$0) }
            writer.member("backup_size_ratio", backupSizeRatio)
            writer.member("backup_verdict", backupVerdict)
            writer.member("verified_index", readBack?.index.rawValue)
            writer.member("verified_lag_ms", readBack?.lag.milliseconds)
            writer.member("damage", readBack?.finding)
            writer.member("retention_at", retentionAt?.description)
            writer.member("retention_failure") { ArchiveStatus.write(retentionFailure, to: &$0) }
            writer.member("restore_trial") { trial.write(to: &$0) }
        }
    }

    fileprivate static func write(_ failure: Failure?, to writer: inout JSONWriter) {
        guard let failure else { return writer.value(String?.none) }
        writer.object { writer in
            writer.member("code", failure.code)
            writer.member("message", failure.text)
            writer.member("remedy", failure.remedy)
            writer.member("count", failure.count)
        }
    }
}

extension ArchiveStatus.Backup? {
    fileprivate func write(to writer: inout JSONWriter) {
        guard let backup = self else { return writer.value(String?.none) }
        writer.object { writer in
            writer.member("backup_id", backup.id)
            writer.member("index", backup.index.rawValue)
            writer.member("timestamp", backup.time.description)
            writer.member("record_count", backup.records)
            writer.member("uploaded_bytes", backup.uploaded.rawValue)
            writer.member("stored_bytes", backup.stored.rawValue)
            writer.member("duration_seconds", backup.took.milliseconds / 1000)
        }
    }
}

extension ArchiveStatus.Trial? {
    fileprivate func write(to writer: inout JSONWriter) {
        guard let trial = self else { return writer.value(String?.none) }
        writer.object { writer in
            writer.member("at", trial.at.description)
            writer.member("passed", trial.failure == nil)
            writer.member("duration_seconds", trial.took.milliseconds / 1000)
            writer.member("backup_id", trial.backup)
            writer.member("index", trial.index?.rawValue)
            writer.member("record_count", trial.records)
            writer.member("digest", trial.digest)
            writer.member("proof", trial.proof)
            writer.member("failure") { ArchiveStatus.write(trial.failure, to: &$0) }
        }
    }
}
