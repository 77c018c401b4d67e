// SENTINEL: where the leader is, for clients that ask a Sentinel. Every node is one; the cluster is the one "master".

import RESP
public import Vocabulary

enum SentinelAnswers {
    static func answer(_ request: borrowing Request, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        let subcommand = request.name(1)
        guard let command = CommandDescription.named("sentinel|" + subcommand) else {
            return Session.refuseSubcommand("SENTINEL", request, &reply)
        }
        guard command.accepts(argumentCount: request.count) else { return Session.refuseArity(command.name, &reply) }
        switch subcommand {
        case "help": return Session.writeHelp("SENTINEL", help, &reply)
        case "myid": return reply.bulk(text: ClusterAnswers.identity(of: facts.status.id))
        case "is-master-down-by-addr": return isDown(request, facts, &reply)
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
        "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
        "    Tell whether this node knows the node at the address to lead.",
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

    /// 1 when the node at the address is not the leader that this node hears of, then whom it votes for: nobody, since
    /// elections are not for clients to ask for.
    private static func isDown(_ request: borrowing Request, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        guard let port = request.integer(3), request.integer(4) != nil else {
            return reply.error("ERR value is not an integer or out of range")
        }
        let leader = facts.leader
        let isUp = leader.map { $0.host == request.text(2) && Int64($0.port) == port && facts.isReachable($0.id) }
        reply.arrayHeader(3)
        reply.integer(isUp == true ? 0 : 1)
        reply.bulk(text: "*")
        reply.integer(0)
    }

    private static func tell(_ subcommand: String, _ facts: NodeFacts, _ reply: inout ReplyWriter) {
        switch subcommand {
        case "master":
            guard let leader = facts.leader else { return reply.error("CLUSTERDOWN no leader is known") }
            master(leader, facts, &reply)
        case "ckquorum":
            let voters = facts.voters
            let reachable = voters.count { facts.isReachable($0.id) }
            guard reachable > voters.count / 2 else {
                return reply.error(text: "NOQUORUM \(reachable) of \(voters.count) nodes can be reached")
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
            ("quorum", "\(facts.voters.count / 2 + 1)"), ("config-epoch", "\(facts.status.term)"),
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

extension NodeFacts {
    /// What Sentinel publishes, and where, when another node leads: name, old host and port, new host and port, as
    /// clients who came with or without TLS reach the nodes. Nil unless both are members.
    public func switchMaster(from old: NodeID, to new: NodeID, usesTLS: Bool) -> (channel: String, message: String)? {
        let members = (usesTLS ? self : announcedWithoutTLS()).members
        guard let old = members.first(where: { $0.id == old }), let new = members.first(where: { $0.id == new })
        else { return nil }
        return ("+switch-master", "\(clusterName) \(old.host) \(old.port) \(new.host) \(new.port)")
    }
}
