// The archive as Prometheus reads it; docs/METRICS.md explains each.

import Vocabulary

/// What shipping counts on a node, while it leads.
public struct ArchiveMetrics: Sendable, Equatable {
    public var objects: UInt64 = 0
    public var entries: UInt64 = 0
    /// Of the log, and of the objects that it became.
    public var plainBytes: UInt64 = 0
    public var storedBytes: UInt64 = 0
    public var failures: UInt64 = 0
    public var holes: UInt64 = 0
    public var backups: UInt64 = 0
    public var backupFailures: UInt64 = 0
    public var backupBytes: UInt64 = 0
    public var retentionRemoved: UInt64 = 0
    public var retentionFailures: UInt64 = 0
    public var trials: UInt64 = 0
    public var trialFailures: UInt64 = 0
    /// From the time of an object's oldest entry to when the object was there, in nanoseconds.
    public var lag = Histogram()

    public init() {}
}

extension Metrics {
    func writeArchive(with status: NodeStatus, to writer: inout PrometheusWriter) {
        guard status.archive.location != nil else { return }
        let figures = status.archive
        writer.single(
            "trireme_archive_shipping", .gauge, "1 while this node ships to the archive.", figures.isShipping ? 1 : 0)
        writer.single(
            "trireme_archive_index", .gauge, "The newest entry that is known to be archived.",
            figures.archivedIndex?.rawValue ?? 0)
        writer.single(
            "trireme_archive_lag_seconds", .gauge, "How long the oldest entry waits that is not archived.",
            figures.lag.inSeconds)
        writer.single(
            "trireme_archive_lag_entries", .gauge, "Entries that are not archived.", figures.lagEntries)
        writer.single(
            "trireme_archive_lag_bytes", .gauge, "Bytes of log that are not archived.", figures.lagBytes.rawValue)
        writer.single(
            "trireme_archive_backlog_full", .gauge, "1 while so much waits that archive.when-full acts.",
            figures.isFull ? 1 : 0)
        writer.single(
            "trireme_archive_failing", .gauge, "1 while the last try to ship failed.", figures.failure == nil ? 0 : 1)
        writer.single("trireme_archive_objects_total", .counter, "Objects of the log that were made.", archive.objects)
        writer.single("trireme_archive_entries_total", .counter, "Entries that were shipped.", archive.entries)
        writer.single(
            "trireme_archive_log_bytes_total", .counter, "Bytes of log that were shipped.", archive.plainBytes)
        writer.single(
            "trireme_archive_stored_bytes_total", .counter, "Bytes of the objects that they became.",
            archive.storedBytes)
        writer.single("trireme_archive_failures_total", .counter, "Tries to ship that failed.", archive.failures)
        writer.single(
            "trireme_archive_holes_total", .counter, "Times that the log did not reach back to the archive's end.",
            archive.holes)
        writer.histogram(
            "trireme_archive_ship_lag_seconds", "From an object's oldest entry to the object.", archive.lag)
        writer.single("trireme_backups_total", .counter, "Backups that this node has made.", archive.backups)
        writer.single(
            "trireme_backup_failures_total", .counter, "Backups that it could not make.", archive.backupFailures)
        writer.single(
            "trireme_backup_uploaded_bytes_total", .counter, "Bytes of objects made for backups.", archive.backupBytes)
        if let backup = figures.newestBackup {
            writer.single(
                "trireme_backup_index", .gauge, "Index of the newest backup that is known here.",
                backup.index.rawValue)
            writer.single(
                "trireme_backup_timestamp_seconds", .gauge, "Time of its newest entry, since 1970.",
                Double(backup.time.rawValue) / 1e6)
            writer.single(
                "trireme_backup_last_duration_seconds", .gauge, "How long it took to make.", backup.took.inSeconds)
        }
        writeArchiveCare(figures, to: &writer)
    }

    private func writeArchiveCare(_ figures: ArchiveStatus, to writer: inout PrometheusWriter) {
        if let ratio = figures.backupSizeRatio {
            writer.single(
                "trireme_backup_size_ratio", .gauge,
                "Size of the newest backup by the median of the seven before it.", ratio)
        }
        if let read = figures.readBack {
            writer.single(
                "trireme_archive_verified_index", .gauge, "Up to here the archive was read back and is good.",
                read.index.rawValue)
            writer.single(
                "trireme_archive_verified_lag_seconds", .gauge, "How old the oldest shipped entry is that was not.",
                read.lag.inSeconds)
            writer.single(
                "trireme_archive_damaged", .gauge, "1 while an object of the log is not as it was shipped.",
                read.finding == nil ? 0 : 1)
        }
        writer.single(
            "trireme_retention_removed_backups_total", .counter, "Backups that no rule kept.",
            archive.retentionRemoved)
        writer.single(
            "trireme_retention_failures_total", .counter, "Times that retention could not do its work.",
            archive.retentionFailures)
        writer.single(
            "trireme_restore_trials_total", .counter, "Restores that this node has tried.", archive.trials)
        writer.single(
            "trireme_restore_trial_failures_total", .counter, "Restores that it tried in vain.",
            archive.trialFailures)
        if let trial = figures.trial {
            writer.single(
                "trireme_restore_trial_passed", .gauge, "1 when the last restore that was tried is proven.",
                trial.failure == nil ? 1 : 0)
            writer.single(
                "trireme_restore_trial_timestamp_seconds", .gauge, "When it was, since 1970.",
                Double(trial.at.rawValue) / 1e6)
            writer.single(
                "trireme_restore_trial_duration_seconds", .gauge, "How long it took.", trial.took.inSeconds)
        }
    }
}
