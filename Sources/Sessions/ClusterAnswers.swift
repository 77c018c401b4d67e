// ROLE and CLUSTER: who leads and where, in Redis Cluster's terms: one shard has all slots, the leader is its master.
//
// The answers let cluster-aware clients find the leader by its announced name. `INFO` says `cluster_enabled:0`
// nevertheless, and `HELLO` says `standalone`: no slot ever moves, no request is answered MOVED, and clients that
// adapt to what a server claims must not forbid themselves commands over many slots.

import Keyspace
import RESP
import Vocabulary

enum ClusterAnswers {
    static let slots: Int64 = 16384

    // MARK: ROLE

    static func role(_ facts: NodeFacts, _ reply: inout ReplyWriter) {
        guard !facts.isLeader else {
            reply.arrayHeader(3)
            reply.bulk(text: "master")
            reply.integer(offset(facts.status.commitIndex))
            reply.arrayHeader(facts.followers.count)
            for member in facts.followers {
                reply.arrayHeader(3)
                reply.bulk(text: member.host)
                reply.bulk(text: "\(member.port)")
                reply.bulk(text: "\(facts.position(of: member.id))")
            }
            return
        }
        reply.arrayHeader(5)
        reply.bulk(text: "slave")
        reply.bulk(text: facts.leader?.host ?? "")
        reply.integer(Int64(facts.leader?.port ?? 0))
        reply.bulk(text: facts.leader.map { facts.isReachable($0.id) } == true ? "connected" : "connect")
        reply.integer(offset(facts.status.appliedIndex))
    }

    // MARK: CLUSTER

    static func answer(
        _ request: borrowing Request, _ facts: NodeFacts, usesTLS: Bool, _ reply: inout ReplyWriter
    ) {
        let subcommand = request.name(1)
        guard let command = CommandDescription.named("cluster|" + subcommand) else {
            return Session.refuseSubcommand("CLUSTER", request, &reply)
        }
        guard command.accepts(argumentCount: request.count) else { return Session.refuseArity(command.name, &reply) }
        switch subcommand {
        case "info": reply.verbatim(text: info(facts))
        case "keyslot": reply.integer(Int64(HashSlot.of(request[2])))
        case "myid": reply.bulk(text: identity(of: facts.status.id))
        case "nodes": reply.verbatim(text: facts.members.map { line(of: $0, facts) + "\n" }.joined())
        case "replicas", "slaves": replicas(of: request, facts, &reply)
        case "slots": slots(facts, &reply)
        case "shards": shards(facts, usesTLS: usesTLS, &reply)
        default: Session.writeHelp("CLUSTER", help, &reply)
        }
    }

    private static let help = [
        "COUNTKEYSINSLOT <slot>", "    Return the number of keys in a slot.",
        "GETKEYSINSLOT <slot> <count>", "    Return keys of a slot.",
        "INFO", "    Return information about the cluster.",
        "KEYSLOT <key>", "    Return the hash slot of a key.",
        "MYID", "    Return the node id.", "NODES", "    Return the nodes, one per line.",
        "REPLICAS <node-id>", "    Return the nodes that follow the leader.",
        "SHARDS", "    Return the one shard and its nodes.", "SLOTS",
        "    Return the one range of slots and its nodes.",
    ]

    /// A node's name as 40 hex characters, as cluster clients expect an id: it stays the same for ever.
    static func identity(of node: NodeID) -> String {
        let name = ClusterID(high: node.high, low: node.low)
        return "\(name)00000000"
    }

    private static func offset(_ index: LogIndex) -> Int64 { Int64(clamping: index.rawValue) }

    private static func info(_ facts: NodeFacts) -> String {
        let fields: [(String, String)] = [
            ("cluster_state", facts.leader == nil ? "fail" : "ok"), ("cluster_slots_assigned", "\(slots)"),
            ("cluster_slots_ok", facts.leader == nil ? "0" : "\(slots)"), ("cluster_slots_pfail", "0"),
            ("cluster_slots_fail", facts.leader == nil ? "\(slots)" : "0"),
            ("cluster_known_nodes", "\(facts.members.count)"), ("cluster_size", "1"),
            ("cluster_current_epoch", "\(facts.status.term)"), ("cluster_my_epoch", "\(facts.status.term)"),
        ]
        return fields.map { "\($0):\($1)\r\n" }.joined()
    }

    /// A node's line: id, address, flags, master, ping, pong, epoch, link, slots. Clients read the port for the bus and
    /// do not use it: it is the client port.
    private static func line(of member: NodeFacts.Member, _ facts: NodeFacts) -> String {
        let isMaster = member.id == facts.status.leader
        var flags = isMaster ? "master" : "slave"
        if member.id == facts.status.id { flags = "myself," + flags }
        if !facts.isReachable(member.id) { flags += ",fail?" }
        let link = facts.isReachable(member.id) ? "connected" : "disconnected"
        let master = isMaster ? nil : facts.leader.map { identity(of: $0.id) }
        return "\(identity(of: member.id)) \(member.host):\(member.port)@\(member.port),\(member.host) \(flags)"
            + " \(master ?? "-") 0 0 \(facts.status.term) \(link)" + (isMaster ? " 0-\(slots - 1)" : "")
    }

    private static func replicas(of request: borrowing Request, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        guard let member = facts.members.first(where: { identity(of: $0.id) == request.name(2) }) else {
            return reply.error("ERR Unknown node ", quoting: request[2], "")
        }
        guard member.id == facts.status.leader else { return reply.error("ERR The specified node is not a master") }
        reply.arrayHeader(facts.followers.count)
        for follower in facts.followers { reply.bulk(text: line(of: follower, facts)) }
    }

    private static func slots(_ facts: NodeFacts, _ reply: inout ReplyWriter) {
        guard let leader = facts.leader else { return reply.error("CLUSTERDOWN no leader is known") }
        reply.arrayHeader(1)
        reply.arrayHeader(2 + facts.members.count)
        reply.integer(0)
        reply.integer(slots - 1)
        for member in [leader] + facts.followers {
            reply.arrayHeader(4)
            reply.bulk(text: member.host)
            reply.integer(Int64(member.port))
            reply.bulk(text: identity(of: member.id))
            reply.arrayHeader(0)
        }
    }

    private static func shards(_ facts: NodeFacts, usesTLS: Bool, _ reply: inout ReplyWriter) {
        guard let leader = facts.leader else { return reply.error("CLUSTERDOWN no leader is known") }
        reply.arrayHeader(1)
        reply.mapHeader(2)
        reply.bulk(text: "slots")
        reply.arrayHeader(2)
        reply.integer(0)
        reply.integer(slots - 1)
        reply.bulk(text: "nodes")
        reply.arrayHeader(facts.members.count)
        for member in [leader] + facts.followers { shardNode(member, facts, usesTLS, &reply) }
    }

    private static func shardNode(
        _ member: NodeFacts.Member, _ facts: NodeFacts, _ usesTLS: Bool, _ reply: inout ReplyWriter
    ) {
        reply.mapHeader(8)
        reply.bulk(text: "id")
        reply.bulk(text: identity(of: member.id))
        reply.bulk(text: usesTLS ? "tls-port" : "port")
        reply.integer(Int64(member.port))
        reply.bulk(text: "ip")
        reply.bulk(text: member.host)
        reply.bulk(text: "endpoint")
        reply.bulk(text: member.host)
        reply.bulk(text: "hostname")
        reply.bulk(text: member.host)
        reply.bulk(text: "role")
        reply.bulk(text: member.id == facts.status.leader ? "master" : "replica")
        reply.bulk(text: "replication-offset")
        reply.integer(offset(facts.position(of: member.id)))
        reply.bulk(text: "health")
        reply.bulk(text: facts.isReachable(member.id) ? "online" : "fail")
    }
}
