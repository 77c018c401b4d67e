// Who the members are: the mesh, discovery and status follow the log, and know addresses from it and from the settings.

import Consensus
import LogStore
import Logging
import Platform
import Replica
import Sessions
import Settings
import Telemetry
import Vocabulary

extension NodeLoop {
    /// Where a node is found: as the log says, or else the settings.
    func addresses(of node: NodeID) -> MemberAddresses? {
        replica.addresses(of: node) ?? parameters.listed.first { $0.id == node }.map { MemberAddresses($0) }
    }

    /// Has the mesh dial and admit whom consensus has to be connected with.
    func followMembers(at now: Instant) {
        let wanted = replica.raft.correspondents.map { node in
            PeerAddress(node: node, peer: addresses(of: node).flatMap { names.address(of: $0.peer, at: now) })
        }
        if wanted != mesh.members { mesh.follow(wanted, at: now) }
        mesh.dismissGuests(at: now)
    }

    /// A node without an entry and a ballot has no history to lose: it takes part in the one that it meets, from the
    /// moment when its directory says so. Whether it does.
    func join(_ timeline: Timeline) -> Bool {
        guard replica.raft.isBlank else { return false }
        do throws(DataDirectoryError) { try parameters.enterTimeline(timeline) } catch {
            logger.error(
                "timeline not entered", metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
            return false
        }
        logger.notice("this node begins on a later timeline", metadata: ["cluster.timeline": "\(timeline)"])
        return true
    }

    /// A name was looked up for the mesh.
    func take(_ address: SocketAddress?, of name: String, at now: Instant) {
        if !names.take(address, of: name, at: now) {
            logger.warning(
                "a member's address does not resolve",
                metadata: [
                    "peer.address": "\(name)",
                    "remedy": "correct the name service; the node is taken in when its name is found",
                ])
        }
        followMembers(at: now)
    }

    /// The members as clients are told of them.
    var announcedMembers: [NodeFacts.Member] {
        let configuration = replica.raft.configuration
        return configuration.members.compactMap { node in
            addresses(of: node).flatMap { NodeFacts.Member($0, isVoter: configuration.voters.contains(node)) }
        }
    }

    var membershipStatus: MembershipStatus {
        let configuration = replica.raft.configuration
        var status = MembershipStatus()
        status.isJoint = configuration.isJoint
        status.members = configuration.members.map { node in
            var member = MembershipStatus.Member(id: node, part: configuration.part(of: node) ?? .leaving)
            let found = addresses(of: node)
            (member.peer, member.client) = (found?.peer, found?.client)
            (member.clientPlaintext, member.admin) = (found?.clientPlaintext, found?.admin)
            return member
        }
        status.change = changeUnderWay(configuration)
        return status
    }

    private func changeUnderWay(_ configuration: Configuration) -> MembershipStatus.Change? {
        let raft = replica.raft
        if configuration.isJoint { return .init(stage: .joint, voters: configuration.voters.ids) }
        if !raft.isConfigurationCommitted { return .init(stage: .committing, voters: configuration.voters.ids) }
        guard let learner = raft.promotionTarget else { return nil }
        let staying = configuration.voters.ids.filter { $0 != raft.replacedVoter }
        return .init(
            stage: .catchingUp, learner: learner, replacing: raft.replacedVoter, voters: (staying + [learner]).sorted())
    }
}

extension Configuration {
    /// What a node is in this configuration; nil when it is no member.
    func part(of node: NodeID) -> MemberPart? {
        if isLearner(node) { return .learner }
        guard let outgoing else { return voters.contains(node) ? .voter : nil }
        switch (outgoing.contains(node), voters.contains(node)) {
        case (true, true): return .voter
        case (false, true): return .joining
        case (true, false): return .leaving
        case (false, false): return nil
        }
    }
}
