// Who calls whom, and nodes that are no members as far as this one knows: heard while nobody leads.

import PeerProtocol
import Vocabulary

/// The node with the lower name dials, so that there is one connection for each pair. But a node's log may be behind,
/// and not name a member yet that knows this one well. Perhaps only that one can be elected. So
///
/// 1. the other one dials too, once the first has not for `strangerDelay`; it is turned away if the first could dial;
/// 2. while nobody leads, whoever proves to be a node of this cluster and timeline is admitted, also a member that
///    comes with another disk than the one it is known by. That is safe whoever it is: votes are counted by the
///    configurations of the logs, those of another disk are not, and a removed node's log ends before its removal;
/// 3. with a leader, guests are let go, but for the leader itself: its log says why it is one.
extension PeerMesh {
    /// Whether it is this node that is to dial, as a rule.
    func dialsFirst(_ node: NodeID) -> Bool { hello.node < node }

    /// Whether this node knows where to call that one; who cannot be called may call.
    func canDial(_ node: NodeID) -> Bool { members.contains { $0.node == node && $0.peer != nil } }

    /// Whether a member that is not connected is to be dialed now.
    func isDue(_ node: NodeID, at now: Instant) -> Bool {
        if let redial = redials[node] { return redial.at <= now }
        guard !dialsFirst(node) else { return true }
        redials[node] = (now + PeerMesh.strangerDelay, PeerMesh.redialMin)
        return false
    }

    /// Lets guests go, unless they are admitted.
    func dismissGuests(at now: Instant) {
        guard !admitsGuests() else { return }
        for link in links where link.phase == .established {
            guard let peer = link.peer else { continue }
            let isMember = members.contains { $0.node == peer }
            guard !isMember || !isKnown(link) && !isLeader(peer) else { continue }
            flush(link, at: now)
            close(link, "\(isMember ? "another disk" : "no member"), and there is a leader", at: now)
            if !isMember { redials[peer] = nil }
        }
    }

    /// Whether a member is there with the disk that it is known by.
    private func isKnown(_ link: PeerLink) -> Bool {
        guard let peer = link.peer, let storage = link.storage else { return true }
        return admits(peer, storage)
    }
}
