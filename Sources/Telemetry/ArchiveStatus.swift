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
        }
    }

    private static func write(_ failure: Failure?, to writer: inout JSONWriter) {
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
