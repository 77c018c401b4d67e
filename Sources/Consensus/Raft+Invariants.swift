// Walks a replica's state and traps where it contradicts itself.

import Vocabulary

extension Raft {
    /// For debug builds and simulations, after every step.
    public func checkInvariants() {
        log.checkInvariants()
        history.checkInvariants(commitIndex: commitIndex, lastIndex: log.last.index)
        checkConfiguration()
        precondition(log.last.position.term <= term, "log ends at \(log.last.position), term \(term)")
        precondition(appliedIndex <= commitIndex, "applied \(appliedIndex), committed \(commitIndex)")
        precondition(durable <= issued, "durable \(durable), issued \(issued)")
        precondition(ballotTicket <= issued, "ballot \(ballotTicket), issued \(issued)")
        precondition(takesPart || role == .follower, "a \(role) behind a closed fence")
        precondition(announced == Announcement(role: role, term: term, leader: leader), "\(role) was not announced")
        precondition(fence.isClosed || doubt == nil, "a ballot in doubt without a fence")
        if role == .leader { checkLeader() } else { checkFollower() }
    }

    /// What counts is what the log has, and every peer is there once.
    private func checkConfiguration() {
        precondition(configuration == history.current.configuration, "counts with an old configuration")
        let members = configuration.members.filter { $0 != id }
        precondition(peers.prefix(members.count).map(\.id) == members, "peers \(peerIDs), members \(members)")
        for (position, peer) in peers.enumerated() {
            precondition((position >= members.count) == (peer.leavesAt != nil), "\(peer.id) leaves, or does not")
            precondition(peers.firstIndex { $0.id == peer.id } == position, "\(peer.id) is a peer twice")
            precondition(role == .leader || peer.leavesAt == nil, "a \(role) says farewell to \(peer.id)")
        }
    }

    /// One change at a time, and none before the term is opened; this leader changes voters by way of a joint
    /// configuration only, and leads with a voice or until its removal is committed.
    private func checkMembership() {
        guard rule.knowsCommitted(commitIndex) else {
            precondition(history.current.index < rule.firstOwnIndex, "membership changed before the term was opened")
            return precondition(membership.isIdle, "changes membership before the term is opened")
        }
        precondition(history.uncommitted.count <= 1, "\(history.uncommitted.count) changes at once")
        guard !history.isCommitted else { return }
        let (old, new) = (history.base.configuration, configuration)
        precondition(old.isVoter(id), "leads without a voice")
        let isStep = new.outgoing == old.voters || old.isJoint && new == old.settled || new.voters == old.voters
        precondition(isStep, "from \(old) to \(new) in one step")
    }

    private func checkLeader() {
        checkMembership()
        precondition(leader == id, "leads and follows")
        precondition(votedFor == id, "leads without its own vote")
        precondition(ballotTicket <= durable, "leads on a ballot that is not durable")
        precondition(log.last.index >= rule.firstOwnIndex.previous, "the log was cut under its leader")
        for peer in peers {
            precondition(peer.matchIndex < peer.nextIndex, "\(peer.id): match \(peer.matchIndex)")
            precondition(peer.nextIndex <= log.last.index.next, "\(peer.id): next \(peer.nextIndex)")
            precondition(peer.ackedRound <= rounds.announced, "\(peer.id) returned a round that was never sent")
            precondition(peer.inflight.oldestEnd.map { $0 > peer.matchIndex } ?? true, "\(peer.id): window")
        }
    }

    private func checkFollower() {
        precondition(leader != id, "a \(role) is its own leader")
        precondition(handover == nil, "a \(role) hands over")
        precondition(membership.isIdle, "a \(role) changes membership")
        precondition(verifiedIndex >= commitIndex, "verified \(verifiedIndex), committed \(commitIndex)")
        precondition(verifiedIndex <= log.last.index, "verified \(verifiedIndex), last \(log.last.index)")
        precondition(role != .candidate || votedFor == id, "a candidate without its own vote")
        precondition(role == .follower || leader == nil, "a \(role) with a leader")
    }
}
