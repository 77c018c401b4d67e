// The metrics of a node as Prometheus reads them; docs/METRICS.md explains each.

import Vocabulary

extension Metrics {
    /// Appends everything that a node's reactor counts, and the status's figures, to `writer`.
    public func write(with status: NodeStatus, to writer: inout PrometheusWriter) {
        status.writeNode(to: &writer)
        status.writeProgress(to: &writer)
        status.writeConsensus(to: &writer)
        writeElections(to: &writer)
        status.writePeers(to: &writer)
        writeCommands(to: &writer)
        writeMemory(to: &writer)
        writeMessages(with: status, to: &writer)
        writeLog(to: &writer)
        status.writeLogCare(to: &writer)
        writeSnapshots(with: status, to: &writer)
        writeArchive(with: status, to: &writer)
        status.writeResources(to: &writer)
        status.writeIndexes(to: &writer)
        writePorts(to: &writer)
    }

    private func writeElections(to writer: inout PrometheusWriter) {
        writer.single(
            "trireme_raft_elections_started_total", .counter, "Elections that this node stood in.", electionsStarted)
        writer.single("trireme_raft_elections_won_total", .counter, "Elections that this node won.", electionsWon)
        writer.single(
            "trireme_raft_leader_changes_total", .counter, "How often this node saw a new leader.", leaderChanges)
        writer.tally(
            "trireme_raft_handovers_total", .counter, "Planned changes of leader that this node led, by result.",
            label: "result", handovers)
        writer.single(
            "trireme_raft_read_rounds_total", .counter, "Rounds that confirmed leadership for reads.", readRounds)
    }

    private func writeCommands(to writer: inout PrometheusWriter) {
        writer.tally(
            "trireme_commands_total", .counter, "Commands taken from clients, by kind.", label: "kind", commands)
        writer.tally(
            "trireme_command_errors_total", .counter, "Error replies to clients, by first word.", label: "word",
            commandErrors)
        writer.single(
            "trireme_requests_forwarded_total", .counter, "Requests sent on to the leader.", forwardedRequests)
        writer.single(
            "trireme_requests_unknown_result_total", .counter, "Requests answered UNKNOWNRESULT.",
            commandErrors[.unknownResult])
        writer.single(
            "trireme_requests_held", .gauge, "Requests waiting for a hand-over or an election.", heldRequests)
        writer.histogram(
            "trireme_commit_duration_seconds", "From a write's arrival at the leader to its commit.", commit)
        writer.histogram("trireme_read_duration_seconds", "From a read's arrival to its answer.", read)
        writer.histogram("trireme_apply_duration_seconds", "Applying the committed entries of one turn.", apply)
        writer.single("trireme_expired_keys_removed_total", .counter, "Keys removed at their deadline.", expiredKeys)
    }

    private func writeMemory(to writer: inout PrometheusWriter) {
        writer.single(
            "trireme_keyspace_bytes", .gauge, "Memory that the keyspace takes.", keyspaceMemory.rawValue)
        writer.single(
            "trireme_keyspace_payload_bytes", .gauge, "The part of it that is keys and values.",
            keyspacePayload.rawValue)
        writer.single(
            "trireme_memory_max_bytes", .gauge, "What the keyspace may take while this node leads; 0 for no limit.",
            memoryMax?.rawValue ?? 0)
        writer.single(
            "trireme_memory_full", .gauge, "1 while commands that may grow the keyspace are refused.",
            isMemoryFull ? 1 : 0)
        writer.single(
            "trireme_unfreed_pieces", .gauge, "Pieces of removed values that are still to be freed.", unfreedPieces)
        writer.single("trireme_key_hits_total", .counter, "Keys that were there when a command read them.", keyHits)
        writer.single(
            "trireme_key_misses_total", .counter, "Keys that were not there when a command read them.", keyMisses)
        writer.single("trireme_clients_blocked", .gauge, "Clients that wait for an element.", blockedClients)
    }

    private func writeMessages(with status: NodeStatus, to writer: inout PrometheusWriter) {
        writer.tally(
            "trireme_pubsub_messages_total", .counter, "Messages for subscribers, by origin.", label: "origin",
            published)
        writer.single(
            "trireme_pubsub_delivered_total", .counter, "Copies handed to subscribers of this node.",
            messagesDelivered)
        writer.single(
            "trireme_pubsub_peer_dropped_total", .counter, "Copies that a peer did not get.", messagesDropped)
        writer.single(
            "trireme_pubsub_subscribers", .gauge, "Clients of this node with subscriptions.", status.subscribers)
    }

    private func writeLog(to writer: inout PrometheusWriter) {
        writer.histogram("trireme_wal_fsync_duration_seconds", "Syncing the log to disk.", fsync)
        writer.histogram(
            "trireme_wal_batch_entries", "Entries per frame appended to the log.", batchEntries, scale: .plain,
            bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])
        writer.single("trireme_wal_segments", .gauge, "Segment files of the log.", walSegments)
        writer.single("trireme_wal_written_bytes_total", .counter, "Bytes written to the log.", walBytesWritten)
        writer.tally(
            "trireme_wal_damage_total", .counter, "Damaged places found in the log, by kind.", label: "kind", damages)
    }

    private func writePorts(to writer: inout PrometheusWriter) {
        writer.tally(
            "trireme_network_received_bytes_total", .counter, "Bytes received, by port.", label: "port", bytesReceived)
        writer.tally("trireme_network_sent_bytes_total", .counter, "Bytes sent, by port.", label: "port", bytesSent)
        writer.tally("trireme_connections", .gauge, "Open connections, by port.", label: "port", connections)
        writer.tally(
            "trireme_connections_accepted_total", .counter, "Connections accepted, by port.", label: "port", accepted)
        writer.tally(
            "trireme_connections_rejected_total", .counter, "Connections refused or cut off, by reason.",
            label: "reason", rejected)
        writer.single(
            "trireme_process_cpu_seconds_total", .counter, "Processor time used.", processorTime.inSeconds)
    }
}

extension NodeStatus {
    fileprivate func writeNode(to writer: inout PrometheusWriter) {
        writer.family("trireme_build_info", .gauge, "Always 1; the program's version is a label.")
        writer.sample("trireme_build_info", [("version", version), ("feature_level", "\(featureLevel)")], 1)
        writer.single("trireme_node_uptime_seconds", .gauge, "Since the process started.", uptime.inSeconds)
        writer.single(
            "trireme_health_status", .gauge, "1 when the node can serve clients, as /readyz says.",
            readiness.isReady ? 1 : 0)
        writer.single(
            "trireme_node_serves_reads", .gauge, "1 when the node may answer reads from its own state.",
            readiness.mayServeReads ? 1 : 0)
        writer.family("trireme_node_unready_reason", .gauge, "1 for each reason why the node is not ready.")
        for reason in readiness.reasons { writer.sample("trireme_node_unready_reason", [("reason", reason.code)], 1) }
        writer.single("trireme_node_maintenance", .gauge, "1 while maintenance is on.", isInMaintenance ? 1 : 0)
        writer.single(
            "trireme_durability_full", .gauge, "1 when a write is acknowledged only after a majority synced it.",
            isDurabilityFull ? 1 : 0)
        writer.single("trireme_timeline", .gauge, "1, and one more for each recovery.", timeline.number)
    }

    fileprivate func writeProgress(to writer: inout PrometheusWriter) {
        writer.family("trireme_node_phase", .gauge, "1 for the node's phase between start and stop, 0 for others.")
        for phase in LifePhase.allCases {
            writer.sample("trireme_node_phase", [("phase", phase.rawValue)], phase == progress.phase ? 1 : 0)
        }
        writer.family("trireme_start_phase_duration_seconds", .gauge, "How long each finished phase of the start took.")
        for finished in progress.finished {
            writer.sample(
                "trireme_start_phase_duration_seconds", [("phase", finished.phase.rawValue)],
                finished.duration.inSeconds)
        }
        writer.single(
            "trireme_start_segments_scanned", .gauge, "Log segments scanned by recovery.", progress.segmentsScanned)
        writer.single(
            "trireme_start_records_loaded", .gauge, "Records loaded from a snapshot by this start.",
            progress.recordsLoaded)
        writer.single(
            "trireme_start_entries_replayed", .gauge, "Entries replayed since the start.", progress.entriesReplayed)
        writer.single(
            "trireme_start_entries_per_second", .gauge, "Speed of the replay at start.", progress.entriesPerSecond)
        if let timeLeft = progress.timeLeft {
            writer.single(
                "trireme_start_phase_left_seconds", .gauge, "Estimate of what is left of the phase.",
                timeLeft.inSeconds)
        }
    }

    fileprivate func writeConsensus(to writer: inout PrometheusWriter) {
        writer.family("trireme_raft_role", .gauge, "1 for the node's role, 0 for the others.")
        for role in NodeRole.allCases {
            writer.sample("trireme_raft_role", [("role", role.rawValue)], role == self.role ? 1 : 0)
        }
        writer.single("trireme_raft_has_leader", .gauge, "1 when the node knows a leader.", leader == nil ? 0 : 1)
        writer.single("trireme_raft_term", .gauge, "The node's term.", term.rawValue)
        writer.single(
            "trireme_raft_first_index", .gauge, "First index that is still in the node's log.", firstIndex.rawValue)
        writer.single("trireme_raft_last_index", .gauge, "Last index of the node's log.", lastIndex.rawValue)
        writer.single(
            "trireme_raft_persisted_index", .gauge, "Last index synced on this node's disk.", persistedIndex.rawValue)
        writer.single("trireme_raft_commit_index", .gauge, "Last index known to be committed.", commitIndex.rawValue)
        writer.single("trireme_raft_applied_index", .gauge, "Last index applied to the keys.", appliedIndex.rawValue)
        if let lagEntries {
            writer.single("trireme_node_lag_entries", .gauge, "Entries behind the leader's commit.", lagEntries)
        }
        if let lag {
            writer.single("trireme_node_lag_seconds", .gauge, "Time behind the leader's commit.", lag.inSeconds)
        }
    }

    fileprivate func writePeers(to writer: inout PrometheusWriter) {
        perPeer("trireme_peer_connected", "1 while the peer is connected.", &writer) { $0.isConnected ? 1 : 0 }
        perPeer("trireme_replication_lag_entries", "Entries that the peer lacks, seen by the leader.", &writer) {
            $0.lagEntries.map(Double.init)
        }
        perPeer("trireme_replication_lag_bytes", "Bytes of log that the peer lacks, seen by the leader.", &writer) {
            $0.lagBytes.map { Double($0.rawValue) }
        }
        perPeer("trireme_replication_lag_seconds", "Age of the oldest entry that the peer lacks.", &writer) {
            $0.lag?.inSeconds
        }
    }

    private func perPeer(
        _ name: String, _ help: String, _ writer: inout PrometheusWriter, _ value: (PeerStatus) -> Double?
    ) {
        writer.family(name, .gauge, help)
        for peer in peers {
            if let value = value(peer) { writer.sample(name, [("peer", peer.id.description)], value) }
        }
    }

    fileprivate func writeLogCare(to writer: inout PrometheusWriter) {
        writer.family("trireme_wal_repair", .gauge, "1 for the stage of the log's repair, 0 for the others.")
        for stage in RepairStatus.Stage.allCases {
            writer.sample("trireme_wal_repair", [("stage", stage.rawValue)], stage == repair?.stage ? 1 : 0)
        }
        let isFenced = repair.map { $0.stage != .found } ?? false
        writer.single(
            "trireme_wal_fenced", .gauge, "1 while the node neither votes nor counts, because of its log.",
            isFenced ? 1 : 0)
        writer.single(
            "trireme_wal_scrub_read_bytes_total", .counter, "Bytes of sealed segments read again.", scrub.bytes)
        writer.single(
            "trireme_wal_scrub_passes_total", .counter, "Ended passes over all sealed segments.", scrub.passes)
        writer.single(
            "trireme_wal_scrub_errors_total", .counter, "Reads of sealed segments that the disk refused.", scrub.errors)
        if let endedAt = scrub.endedAt {
            writer.single(
                "trireme_wal_scrub_ended_timestamp_seconds", .gauge, "When the last pass ended.",
                endedAt.milliseconds / 1000)
        }
        writer.single("trireme_quarantine_files", .gauge, "Files that repairs have put aside.", quarantine.files)
        writer.single("trireme_quarantine_size_bytes", .gauge, "Their size.", quarantine.size.rawValue)
    }

    fileprivate func writeResources(to writer: inout PrometheusWriter) {
        writer.single("trireme_wal_size_bytes", .gauge, "Size of the log's segment files.", logSize.rawValue)
        writer.single(
            "trireme_wal_room_bytes", .gauge, "How much the log can grow before writes are refused.", logRoom.rawValue)
        writer.single("trireme_keys", .gauge, "Keys in the keyspace.", keys)
        writer.single("trireme_memory_resident_bytes", .gauge, "Resident memory of the process.", memory.rawValue)
        if let certificateExpiry {
            writer.single(
                "trireme_certificate_expiry_timestamp_seconds", .gauge, "When the first certificate ends.",
                certificateExpiry.milliseconds / 1000)
        }
    }
}
