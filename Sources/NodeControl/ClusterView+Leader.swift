// What only a leader does is asked of the leader, whoever that is by then.

import Platform
import Settings
import Vocabulary

extension ClusterView {
    /// Who led when it answered, and the answer's body.
    struct LeaderAnswer {
        let leader: String
        let node: Node
        let body: [UInt8]
    }

    /// The leader by what nodes have answered.
    static func leader(by asked: [AskedNode]) throws(ControlError) -> String {
        guard let leader = ClusterStatus(asked).leader else { throw .noLeader(reason: silence(asked)) }
        return leader
    }

    /// Has the leader do something. It may change between question and request: it is followed, but not for ever.
    ///
    /// - Parameter asked: what the nodes said just now of who leads.
    func askLeader(
        to path: String, body: [UInt8], knowing asked: [AskedNode], until deadline: Instant
    ) throws(ControlError) -> LeaderAnswer {
        var asked = asked
        var leader = try ClusterView.leader(by: asked)
        for _ in 0..<3 {
            guard let node = node(leader, in: asked) else {
                throw .noLeader(reason: "\(leader) leads, but its admin address is not known here")
            }
            let answer = try client(node).send("POST", path, body: body, until: deadline)
            if answer.status == 200 { return LeaderAnswer(leader: leader, node: node, body: answer.body) }
            let error = AdminError(answer.body)
            guard error.code == "not_leader", let next = error.leader, next != leader else {
                throw error.asControlError(status: answer.status, address: node.admin.description)
            }
            leader = next
            asked = ask()
        }
        throw .noLeader(reason: "it changes faster than it can be asked")
    }

    /// Where the leader takes clients: as its log says, or the description.
    func clientAddress(of report: NodeReport, clusterFile: String?) throws(ControlError) -> HostPort {
        let id = report.node.id
        var address = report.members?.first { $0.id == id }?.client
        if address == nil, let clusterFile, FileSystem.exists(clusterFile) {
            address = try ClusterFile.read(clusterFile).nodes.first { $0.id == id }?.client
        }
        guard let address, let place = HostPort(address) else {
            throw .noLeader(reason: "\(id) leads, but its address for clients is not known")
        }
        return place
    }

    static func silence(_ asked: [AskedNode]) -> String {
        let silent = asked.filter { $0.report == nil }.map(\.name)
        return silent.isEmpty ? "no node says that it leads" : "\(silent.joined(separator: ", ")) did not answer"
    }
}
