// SENTINEL: where the leader is, for clients that ask a Sentinel. Every node is one; the cluster is the one "master".

import RESP
import Vocabulary

enum SentinelAnswers {
    private static let arities = [
        "ckquorum": 3, "get-master-addr-by-name": 3, "help": 2, "master": 3, "masters": 2, "myid": 2, "replicas": 3,
        "sentinels": 3, "slaves": 3,
    ]

    static func answer(_ request: borrowing Request, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        let subcommand = request.name(1)
        guard let arity = arities[subcommand] else { return Session.refuseSubcommand("SENTINEL", request, &reply) }
        guard request.count == arity else { return Session.refuseArity("sentinel|" + subcommand, &reply) }
        switch subcommand {
        case "help": return Session.writeHelp("SENTINEL", help, &reply)
        case "myid": return reply.bulk(text: ClusterAnswers.identity(of: facts.status.id))
        case "masters":
            reply.arrayHeader(facts.leader == nil ? 0 : 1)
            if let leader = facts.leader { master(leader, facts, &reply) }
            return
        default: break
        }
        let isOurs = request.text(2) == facts.clusterName
        if subcommand == "get-master-addr-by-name" { return address(isOurs ? facts.leader : nil, &reply) }
        guard isOurs else { return reply.error("ERR No such master with that name") }
        tell(subcommand, facts, &reply)
    }

    private static let help = [
        "CKQUORUM <master-name>", "    Check that a majority of the nodes can be reached.",
        "GET-MASTER-ADDR-BY-NAME <master-name>", "    Return the leader's host and port.",
        "MASTER <master-name>", "    Show the leader.", "MASTERS", "    Show a list of the one leader.",
        "MYID", "    Return the node id.", "REPLICAS <master-name>", "    Show the nodes that do not lead.",
        "SENTINELS <master-name>", "    Show the nodes other than this one.",
    ]

    private static func address(_ leader: NodeFacts.Member?, _ reply: inout ReplyWriter) {
        guard let leader else { return reply.nullArray() }
        reply.arrayHeader(2)
        reply.bulk(text: leader.host)
        reply.bulk(text: "\(leader.port)")
    }

    private static func tell(_ subcommand: String, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        switch subcommand {
        case "master":
            guard let leader = facts.leader else { return reply.error("CLUSTERDOWN no leader is known") }
            master(leader, facts, &reply)
        case "ckquorum":
            let reachable = facts.members.count { facts.isReachable($0.id) }
            guard reachable > facts.members.count / 2 else {
                return reply.error(text: "NOQUORUM \(reachable) of \(facts.members.count) nodes can be reached")
            }
            reply.simple(text: "OK \(reachable) usable Sentinels. Quorum and failover authorization can be reached")
        case "sentinels":
            let others = facts.members.filter { $0.id != facts.status.id }
            reply.arrayHeader(others.count)
            for member in others { node(member, flags: "sentinel", facts, [], &reply) }
        default:
            reply.arrayHeader(facts.followers.count)
            for member in facts.followers { replica(member, facts, &reply) }
        }
    }

    private static func master(_ leader: NodeFacts.Member, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        let fields = [
            ("num-slaves", "\(facts.members.count - 1)"), ("num-other-sentinels", "\(facts.members.count - 1)"),
            ("quorum", "\(facts.members.count / 2 + 1)"), ("config-epoch", "\(facts.status.term)"),
        ]
        node(leader, name: facts.clusterName, flags: "master", facts, fields, &reply)
    }

    private static func replica(_ member: NodeFacts.Member, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        let fields = [
            ("master-link-status", facts.leader == nil ? "err" : "ok"), ("master-host", facts.leader?.host ?? "?"),
            ("master-port", "\(facts.leader?.port ?? 0)"), ("slave-priority", "100"),
            ("slave-repl-offset", "\(facts.position(of: member.id))"),
        ]
        node(member, flags: "slave", facts, fields, &reply)
    }

    private static func node(
        _ member: NodeFacts.Member, name: String? = nil, flags: String, _ facts: NodeFacts,
        _ more: [(String, String)], _ reply: inout ReplyWriter
    ) {
        let state = facts.isReachable(member.id) ? flags : flags + ",s_down,disconnected"
        let fields: [(String, String)] = [
            ("name", name ?? "\(member.host):\(member.port)"), ("ip", member.host), ("port", "\(member.port)"),
            ("runid", ClusterAnswers.identity(of: member.id)), ("flags", state),
        ]
        reply.mapHeader(fields.count + more.count)
        for (field, value) in fields + more {
            reply.bulk(text: field)
            reply.bulk(text: value)
        }
    }
}
