// INFO: the node's facts as text, in Redis's sections and under Redis's names where there is such a thing.

import RESP
import Vocabulary

enum InfoAnswers {
    /// The Redis release whose commands' behaviour is kept; clients decide by it what they may ask.
    static let redisVersion = "7.0.15"

    private static let sections = [
        "server", "clients", "memory", "persistence", "stats", "replication", "cpu", "cluster", "keyspace",
    ]

    /// `INFO [section …]`: without a section, or with `default`, `all` or `everything`, all of them.
    static func answer(
        _ request: borrowing Request, _ facts: NodeFacts, _ wall: Timestamp, _ reply: inout ReplyWriter
    ) {
        var wanted: [String] = []
        for position in 1..<max(1, request.count) { wanted.append(request.name(position)) }
        let isAll = wanted.isEmpty || wanted.contains { ["default", "all", "everything"].contains($0) }
        var texts: [String] = []
        for section in sections where isAll || wanted.contains(section) {
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
        case "clients": [("connected_clients", "\(facts.status.connections)"), ("maxclients", "\(facts.clientsMax)")]
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
        [
            ("used_memory", "\(facts.activity.keyspaceMemory.rawValue)"),
            ("used_memory_rss", "\(facts.status.memory.rawValue)"), ("maxmemory", "0"),
            ("maxmemory_policy", "noeviction"),
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
            ("rejected_connections", "\(activity.connectionsRejected)"), ("expired_keys", "\(activity.expiredKeys)"),
            ("evicted_keys", "0"),
        ]
    }

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
                    ))
            }
        } else {
            fields.append(("master_host", facts.leader?.host ?? ""))
            fields.append(("master_port", "\(facts.leader?.port ?? 0)"))
            fields.append(("master_link_status", facts.leader.map { facts.isReachable($0.id) } == true ? "up" : "down"))
            fields.append(("slave_repl_offset", "\(status.appliedIndex)"))
            fields.append(("slave_read_only", "1"))
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
