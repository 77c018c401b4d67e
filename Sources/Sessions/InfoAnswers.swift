// INFO: the node's facts as text, in Redis's sections and under Redis's names where there is such a thing.

import RESP
import Telemetry
import Vocabulary

enum InfoAnswers {
    /// The Redis release whose commands' behaviour is kept; clients decide by it what they may ask.
    static let redisVersion = "7.0.15"

    private static let sections = [
        "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "cluster", "keyspace",
    ]
    /// Only when they are named, or everything is.
    private static let moreSections = ["commandstats", "errorstats"]

    /// `INFO [section …]`: without a section, or with `default`, those that are not long; with `all` or
    /// `everything` all.
    static func answer(
        _ request: borrowing Request, _ facts: NodeFacts, _ wall: Timestamp, _ reply: inout ReplyWriter
    ) {
        var wanted: [String] = []
        for position in 1..<max(1, request.count) { wanted.append(request.name(position)) }
        if wanted.isEmpty || wanted.contains("default") { wanted += sections }
        if wanted.contains(where: { $0 == "all" || $0 == "everything" }) { wanted += sections + moreSections }
        var texts: [String] = []
        for section in sections + moreSections where wanted.contains(section) {
            let heading = "# " + (section == "cpu" ? "CPU" : section.prefix(1).uppercased() + section.dropFirst())
            let lines = fields(of: section, facts, wall).map { "\($0):\($1)\r\n" }
            texts.append(heading + "\r\n" + lines.joined())
        }
        reply.verbatim(text: texts.joined(separator: "\r\n"))
    }

    private typealias Fields = [(String, String)]

    private static func fields(of section: String, _ facts: NodeFacts, _ wall: Timestamp) -> Fields {
        switch section {
        case "server": server(facts, wall)
        case "clients":
            [
                ("connected_clients", "\(facts.status.connections)"), ("maxclients", "\(facts.clientsMax)"),
                ("blocked_clients", "\(facts.activity.blockedClients)"),
                ("pubsub_clients", "\(facts.status.subscribers)"),
            ]
        case "memory": memory(facts)
        case "persistence": persistence(facts)
        case "stats": stats(facts)
        case "replication": replication(facts)
        case "cpu":
            [
                ("used_cpu_sys", seconds(facts.activity.systemTime)),
                ("used_cpu_user", seconds(facts.activity.userTime)),
            ]
        case "cluster": cluster(facts)
        case "commandstats": facts.calls.called.map { ("cmdstat_\($0.name)", "calls=\($0.calls)") }
        case "errorstats": errors(facts)
        default: keyspace(facts)
        }
    }

    private static func server(_ facts: NodeFacts, _ wall: Timestamp) -> Fields {
        let uptime = facts.status.uptime.components.seconds
        return [
            ("redis_version", redisVersion), ("redis_mode", "standalone"), ("trireme_version", facts.status.version),
            ("arch_bits", "64"), ("multiplexing_api", "epoll"), ("process_id", "\(facts.status.processID)"),
            ("run_id", ClusterAnswers.identity(of: facts.status.id)), ("tcp_port", "\(facts.own?.port ?? 0)"),
            ("server_time_usec", "\(wall.rawValue)"), ("uptime_in_seconds", "\(uptime)"),
            ("uptime_in_days", "\(uptime / 86_400)"),
        ]
    }

    private static func memory(_ facts: NodeFacts) -> Fields {
        let activity = facts.activity
        let (used, peak) = (activity.keyspaceMemory, activity.keyspaceMemoryPeak)
        let resident = facts.status.memory
        func share(_ part: ByteCount, of whole: ByteCount) -> String {
            MemoryText.ratio(part.rawValue * 100, to: whole.rawValue) + "%"
        }
        return [
            ("used_memory", "\(used.rawValue)"), ("used_memory_human", MemoryText.short(used)),
            ("used_memory_rss", "\(resident.rawValue)"), ("used_memory_rss_human", MemoryText.short(resident)),
            ("used_memory_peak", "\(peak.rawValue)"), ("used_memory_peak_human", MemoryText.short(peak)),
            ("used_memory_peak_perc", share(used, of: peak)),
            ("used_memory_overhead", "\(used.rawValue - activity.payload.rawValue)"),
            ("used_memory_dataset", "\(activity.payload.rawValue)"),
            ("used_memory_dataset_perc", share(activity.payload, of: used)),
            ("maxmemory", "\(facts.memoryMax?.rawValue ?? 0)"),
            ("maxmemory_human", MemoryText.short(facts.memoryMax ?? .zero)), ("maxmemory_policy", "noeviction"),
            ("mem_fragmentation_ratio", MemoryText.ratio(resident.rawValue, to: used.rawValue)),
            ("mem_fragmentation_bytes", "\(resident.rawValue - used.rawValue)"), ("mem_allocator", "libc"),
            ("lazyfree_pending_objects", "\(activity.unfreedPieces)"),
            ("trireme_memory_full", activity.isMemoryFull ? "1" : "0"),
        ]
    }

    private static func persistence(_ facts: NodeFacts) -> Fields {
        [
            ("loading", facts.status.readiness.mayServeReads ? "0" : "1"), ("aof_enabled", "1"),
            ("aof_last_write_status", "ok"), ("aof_current_size", "\(facts.status.logSize.rawValue)"),
            ("trireme_durability", facts.status.durability),
            ("trireme_persisted_index", "\(facts.status.persistedIndex)"),
        ]
    }

    private static func stats(_ facts: NodeFacts) -> Fields {
        let activity = facts.activity
        return [
            ("total_connections_received", "\(activity.connectionsAccepted)"),
            ("total_commands_processed", "\(activity.commands)"),
            ("instantaneous_ops_per_sec", "\(activity.commandsPerSecond)"),
            ("total_net_input_bytes", "\(activity.bytesReceived)"),
            ("total_net_output_bytes", "\(activity.bytesSent)"),
            ("instantaneous_input_kbps", kibibytes(activity.bytesReceivedPerSecond)),
            ("instantaneous_output_kbps", kibibytes(activity.bytesSentPerSecond)),
            ("rejected_connections", "\(activity.connectionsRejected)"), ("expired_keys", "\(activity.expiredKeys)"),
            ("evicted_keys", "0"), ("keyspace_hits", "\(activity.keyHits)"),
            ("keyspace_misses", "\(activity.keyMisses)"), ("total_error_replies", "\(activity.errors.total)"),
            ("pubsub_channels", "\(activity.channels)"),
            ("pubsub_patterns", "\(activity.patterns)"), ("pubsubshard_channels", "\(activity.shardChannels)"),
        ]
    }

    private static func kibibytes(_ bytes: UInt64) -> String { MemoryText.ratio(Int(clamping: bytes), to: 1 << 10) }

    private static func errors(_ facts: NodeFacts) -> Fields {
        ErrorWord.allCases.filter { facts.activity.errors[$0] > 0 }.map {
            ("errorstat_\($0.label.uppercased())", "count=\(facts.activity.errors[$0])")
        }
    }

    /// A follower says how stale its answers to `READONLY` reads may be: what it knows to be committed and has not
    /// applied, and the time since which the leader may have committed more.
    private static func replication(_ facts: NodeFacts) -> Fields {
        let status = facts.status
        var fields: Fields = [("role", facts.isLeader ? "master" : "slave")]
        if facts.isLeader {
            fields.append(("connected_slaves", "\(status.peers.count(where: \.isConnected))"))
            for (number, member) in facts.followers.enumerated() {
                let state = facts.isReachable(member.id) ? "online" : "offline"
                fields.append(
                    (
                        "slave\(number)",
                        "ip=\(member.host),port=\(member.port),state=\(state),offset=\(facts.position(of: member.id))"
                            + ",lag=\(facts.lag(of: member.id)?.components.seconds ?? -1)"
                    ))
            }
        } else {
            fields.append(("master_host", facts.leader?.host ?? ""))
            fields.append(("master_port", "\(facts.leader?.port ?? 0)"))
            fields.append(("master_link_status", facts.leader.map { facts.isReachable($0.id) } == true ? "up" : "down"))
            // How stale a read after READONLY may be: what is known and not applied, and since when nothing was heard.
            let silence = status.peers.first { $0.id == status.leader }?.silence
            fields.append(("master_last_io_seconds_ago", silence.map { "\($0.components.seconds)" } ?? "-1"))
            fields.append(("trireme_leader_silence_ms", silence.map { "\($0.inNanoseconds / 1_000_000)" } ?? "-1"))
            fields.append(("master_sync_in_progress", "0"))
            fields.append(("slave_read_repl_offset", "\(status.appliedIndex)"))
            fields.append(("slave_repl_offset", "\(status.appliedIndex)"))
            fields.append(("slave_read_only", "1"))
            fields.append(("connected_slaves", "0"))
            fields.append(("trireme_lag_entries", status.lagEntries.map { "\($0)" } ?? "-1"))
            let staleness = facts.activity.staleness.map { $0.inNanoseconds / 1_000_000 }
            fields.append(("trireme_stale_ms", "\(staleness ?? -1)"))
        }
        fields.append(("master_replid", status.cluster.map { "\($0)00000000" } ?? ""))
        fields.append(("master_repl_offset", "\(status.commitIndex)"))
        return fields
    }

    private static func cluster(_ facts: NodeFacts) -> Fields {
        let status = facts.status
        return [
            ("cluster_enabled", "0"), ("trireme_node", "\(status.id)"),
            ("trireme_role", status.role.rawValue), ("trireme_leader", status.leader.map { "\($0)" } ?? ""),
            ("trireme_term", "\(status.term)"), ("trireme_last_index", "\(status.lastIndex)"),
            ("trireme_commit_index", "\(status.commitIndex)"), ("trireme_applied_index", "\(status.appliedIndex)"),
            ("trireme_digest", status.digest.map { "\($0)" } ?? ""), ("trireme_timeline", "\(status.timeline)"),
        ]
    }

    private static func keyspace(_ facts: NodeFacts) -> Fields {
        guard facts.status.keys > 0 else { return [] }
        return [("db0", "keys=\(facts.status.keys),expires=\(facts.activity.keysWithDeadline),avg_ttl=0")]
    }

    /// Seconds with six digits behind the point.
    private static func seconds(_ duration: Duration) -> String {
        let microseconds = duration.inNanoseconds / 1000
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
