// Who the members are, as one node says: for people and for scripts.

import JSON
import Telemetry

/// The members of a cluster by one node's log.
public struct MemberList: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public var id: String
        public var role: String
        public var isLeader: Bool
        /// As the leader sees it; nil for itself and where no leader was asked.
        public var isConnected: Bool?
        public var lagEntries: Int?
        public var peer: String?
        public var client: String?
        public var clientPlaintext: String?
        public var admin: String?
    }

    /// What is waited for.
    public enum Stage: String, Sendable {
        case catchingUp = "catching_up"
        case joint
        case committing

        var words: String {
            switch self {
            case .catchingUp: "waiting until it has caught up"
            case .joint: "both sets of voters decide, until the change is committed"
            case .committing: "waiting for a majority"
            }
        }
    }

    public let leader: String?
    public let stage: Stage?
    public let learner: String?
    public let replacing: String?
    public let members: [Member]
    public var voters: Int { members.count { $0.role == "voter" || $0.role == "joining" } }

    /// By the leader's word, or if nobody leads and `onlyOfLeader` is false, by that of the node that knows most. Nil
    /// when there is no such node.
    init?(_ asked: [AskedNode], onlyOfLeader: Bool) {
        let status = ClusterStatus(asked)
        let reports = asked.compactMap(\.report)
        let leading = reports.first { $0.node.id == status.leader && $0.node.role == "leader" }
        let best = reports.max { ($0.node.term, $0.node.lastIndex) < ($1.node.term, $1.node.lastIndex) }
        guard let report = leading ?? (onlyOfLeader ? nil : best), let listed = report.members else { return nil }
        leader = status.leader
        stage = report.membershipChange?.stage.flatMap { Stage(rawValue: $0) }
        learner = report.membershipChange?.learner
        replacing = report.membershipChange?.replacing
        members = listed.map { member in
            let peer = report.peers.first { $0.id == member.id }
            return Member(
                id: member.id, role: member.role, isLeader: member.id == status.leader,
                isConnected: peer?.connected, lagEntries: peer?.lagEntries, peer: member.peer, client: member.client,
                clientPlaintext: member.clientPlaintext, admin: member.admin)
        }
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("leader", leader)
            writer.member("stage", stage?.rawValue)
            writer.member("learner", learner)
            writer.member("replacing", replacing)
            writer.member("members") { writer in
                writer.array { writer in for member in members { member.write(to: &writer) } }
            }
        }
        return writer.bytes + [0x0A]
    }

    public func table(inColour: Bool) -> String {
        var table = TextTable(["NODE", "ROLE", "CONNECTED", "LAG", "PEER", "CLIENT", "ADMIN"])
        for member in members {
            let isConnected = member.isConnected ?? member.isLeader
            table.add([
                .init(member.id), .init(member.isLeader ? "leader" : member.role, member.isLeader ? .strong : .plain),
                .init(isConnected ? "yes" : "no", isConnected ? .good : .bad),
                .init(member.lagEntries.map { String($0) } ?? "-"), .init(member.peer ?? "?"),
                .init(member.client ?? "?"), .init(member.admin ?? "-"),
            ])
        }
        let heading = "\(leader.map { "leader \($0)" } ?? "no leader"), \(voters) voters"
        let change = stage.map { stage in
            let who = learner.map { replacing == nil ? " of \($0)" : " of \(replacing ?? "") by \($0)" } ?? ""
            return "change under way\(who): \(stage.words)\n"
        }
        return heading + "\n" + table.text(inColour: inColour) + (change ?? "")
    }
}

extension MemberList.Member {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("role", role)
            writer.member("leader", isLeader)
            writer.member("connected") { writer in
                if let isConnected { writer.value(isConnected) } else { writer.value(String?.none) }
            }
            writer.member("lag_entries", lagEntries)
            writer.member("peer", peer)
            writer.member("client", client)
            writer.member("client_plaintext", clientPlaintext)
            writer.member("admin", admin)
        }
    }
}
