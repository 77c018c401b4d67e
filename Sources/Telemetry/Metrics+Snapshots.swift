// Snapshots and the comparison of states as Prometheus reads them; docs/METRICS.md explains each.

import Vocabulary

extension Metrics {
    func writeSnapshots(with status: NodeStatus, to writer: inout PrometheusWriter) {
        writer.single(
            "trireme_snapshots_written_total", .counter, "Snapshots that this node has written.", snapshotsWritten)
        writer.single(
            "trireme_snapshots_failed_total", .counter, "Snapshots that it could not write.", snapshotsFailed)
        writer.single(
            "trireme_snapshot_written_bytes_total", .counter, "Bytes of files made for snapshots.",
            snapshotBytesWritten)
        writer.single(
            "trireme_snapshot_reused_bytes_total", .counter, "Bytes of files that a later snapshot took as they were.",
            snapshotBytesReused)
        writer.single(
            "trireme_snapshot_sent_bytes_total", .counter, "Bytes of snapshots sent to other nodes.", snapshotBytesSent)
        writer.single(
            "trireme_snapshot_received_bytes_total", .counter, "Bytes of snapshots received from leaders.",
            snapshotBytesReceived)
        status.snapshot.write(to: &writer)
        writer.single(
            "trireme_compactions_total", .counter, "Compactions of this node's disk and memory.",
            status.compaction.ended)
        status.state.write(to: &writer)
        writer.single(
            "trireme_digest_mismatch_total", .counter, "Comparisons in which this node's state differed.",
            digestMismatches)
        writer.single(
            "trireme_state_scrub_passes_total", .counter, "Passes over the records in memory that have ended.",
            stateScrubPasses)
    }
}

extension SnapshotStatus {
    /// Figures of the newest and of the last are missing while there is none.
    fileprivate func write(to writer: inout PrometheusWriter) {
        if let newest {
            writer.single(
                "trireme_snapshot_index", .gauge, "Index of the newest snapshot.", newest.index.rawValue)
            writer.single("trireme_snapshot_records", .gauge, "Records in it.", newest.records)
        }
        if let age { writer.single("trireme_snapshot_age_seconds", .gauge, "Its age.", age.inSeconds) }
        if let last {
            writer.single(
                "trireme_snapshot_last_duration_seconds", .gauge, "How long the last one took to write.",
                last.took.inSeconds)
        }
        writer.single("trireme_snapshots_kept", .gauge, "Snapshots on disk.", kept.count)
        writer.single("trireme_snapshot_disk_bytes", .gauge, "What they take on disk.", disk.rawValue)
        writer.single("trireme_snapshot_log_bytes", .gauge, "Bytes of log since the newest.", logSince.rawValue)
        writer.single(
            "trireme_snapshot_log_due_bytes", .gauge, "Bytes of log that call for the next.", logDue.rawValue)
        writer.single("trireme_snapshot_writing", .gauge, "1 while one is written.", writing == nil ? 0 : 1)
        writer.single(
            "trireme_snapshot_fetching", .gauge, "1 while this node fetches one.", fetching == nil ? 0 : 1)
        writer.single(
            "trireme_snapshot_scrub_read_bytes_total", .counter, "Bytes of snapshots read again.", scrub.bytes)
        writer.single(
            "trireme_snapshot_scrub_passes_total", .counter, "Ended passes over all snapshots.", scrub.passes)
        writer.single(
            "trireme_snapshot_scrub_errors_total", .counter, "Reads of snapshots that the disk refused.", scrub.errors)
        writer.single(
            "trireme_snapshot_damages_total", .counter, "Snapshots that were found damaged and put aside.",
            scrub.damages)
        writer.single("trireme_snapshot_serving", .gauge, "Nodes that one is sent to.", serving.count)
    }
}

extension StateStatus {
    fileprivate func write(to writer: inout PrometheusWriter) {
        writer.single(
            "trireme_state_sound", .gauge, "1 while the node's state is the agreed one, as far as is known.",
            isSound ? 1 : 0)
        writer.family("trireme_state_condition", .gauge, "1 for the condition of the state, 0 for the others.")
        for other in Condition.allCases {
            writer.sample("trireme_state_condition", [("condition", other.rawValue)], other == condition ? 1 : 0)
        }
        writer.single("trireme_digests_compared_total", .counter, "Comparisons of this node's digest.", compared)
        if let comparedIndex {
            writer.single(
                "trireme_state_compared_index", .gauge, "Index of the last comparison.", comparedIndex.rawValue)
        }
    }
}
