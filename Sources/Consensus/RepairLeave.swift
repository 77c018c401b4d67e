// The leave that a leader gives to one damaged node at a time, so that two never rebuild their logs at once.

import Vocabulary

/// A running node whose log is damaged on disk is still a correct voter: its memory is whole. Its repair is a restart:
/// recovery ends the log before the damage, and the node is fenced until it has everything again. Two fenced nodes of
/// three would stop the cluster for good, so nobody repairs without the leader's leave.
///
/// *The rule.* A leader gives leave to one peer only when, in its own term and over the connection that stands, every
/// other voter has answered that it counts. After leave for X it gives none to anybody before X's connection was lost
/// and X, over a later one, has answered that it counts, or before the term ends. Whoever takes a leave holds its fence
/// closed for the rest of its process, and says so (`counts` is false) in every answer from then on.
///
/// *Why never two nodes have leave at once.* In one term that is the rule itself, given what a connection is: nothing
/// sent over an earlier one arrives after it was lost. A process that counts never stops to count but by a leave. So
/// an answer "I count" can be out of date only by a leave that its sender took meanwhile: from this leader, who knows
/// it; or from an earlier one. But a node takes leave only from the leader of its own term, and its answer shows that
/// it had entered this one: an earlier leader's leave is ignored from there on. Had it taken that before, it would not
/// have said that it counts.
///
/// Quarantine is another matter (`Raft.setQuarantined`): such a node does not count for a while, and says so. Nobody
/// gets leave meanwhile, but it may begin while another node is away. And learners never count.
///
/// A damaged leader hands over first, and asks its successor. That needs no leave: nobody is fenced by it. It also
/// helps a follower that needs just what this leader cannot read any more.
struct RepairLeave: Hashable, Sendable {
    let node: NodeID
    /// The connection over which the leave went was lost.
    var hasLeft = false
}

extension Raft {
    /// Whether this node's log is damaged on disk, as its caller found. While its cluster allows it no repair, it goes
    /// on as it is.
    public mutating func setDamaged(_ isDamaged: Bool) { self.isDamaged = isDamaged }

    // MARK: - As a follower

    /// The leader of this term gives leave. What was not asked for is not taken: it may be an old message.
    mutating func takeRepairLeave(into out: inout [Directive]) {
        guard isDamaged, !fence.isClosed else { return }
        fence.hold(at: log.last.index)
        out.append(.repairGranted(log.last.index))
    }

    // MARK: - As the leader

    /// Gives leave to a peer that wants it; or, when this node wants it itself, hands over to get it.
    mutating func giveRepairLeave(now: Instant, into out: inout [Directive]) {
        if let peer = peers.first(where: { $0.wantsRepair && configuration.isMember($0.id) }), repairLeave == nil,
            canSpareOne
        {
            repairLeave = RepairLeave(node: peer.id)
        } else if isDamaged {
            beginOwnHandover(for: .damagedLog, now: now, into: &out)
        }
    }

    /// Every voter is here, whole, able to store entries, and has been sent all that is committed: service goes on
    /// without one of them.
    private var canSpareOne: Bool {
        guard !isAlone, handover == nil, hasSpace, rule.knowsCommitted(commitIndex), !isChangingMembership else {
            return false
        }
        let voters = peers.filter { configuration.isVoter($0.id) }
        return voters.allSatisfy { $0.isConnected && $0.hasReported && $0.counts && $0.hasSpace && isClose($0) }
    }

    mutating func noteDeparture(of peer: NodeID) {
        if repairLeave?.node == peer { repairLeave?.hasLeft = true }
    }

    /// An answer came over the connection that stands now.
    mutating func noteReturn(of peer: PeerProgress) {
        if let leave = repairLeave, leave.node == peer.id, leave.hasLeft, peer.counts { repairLeave = nil }
    }
}
