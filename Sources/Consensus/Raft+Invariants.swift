// Walks a replica's state and traps where it contradicts itself.

import Vocabulary

extension Raft {
    /// For debug builds and simulations, after every step.
    public func checkInvariants() {
        log.checkInvariants()
        precondition(log.last.position.term <= term, "log ends at \(log.last.position), term \(term)")
        precondition(appliedIndex <= commitIndex, "applied \(appliedIndex), committed \(commitIndex)")
        precondition(durable <= issued, "durable \(durable), issued \(issued)")
        precondition(ballotTicket <= issued, "ballot \(ballotTicket), issued \(issued)")
        precondition(!fence.isClosed || role == .follower, "a \(role) behind a closed fence")
        precondition(announced == Announcement(role: role, term: term, leader: leader), "\(role) was not announced")
        precondition(fence.isClosed || doubt == nil, "a ballot in doubt without a fence")
        if role == .leader { checkLeader() } else { checkFollower() }
    }

    private func checkLeader() {
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
        precondition(verifiedIndex >= commitIndex, "verified \(verifiedIndex), committed \(commitIndex)")
        precondition(verifiedIndex <= log.last.index, "verified \(verifiedIndex), last \(log.last.index)")
        precondition(role != .candidate || votedFor == id, "a candidate without its own vote")
        precondition(role == .follower || leader == nil, "a \(role) with a leader")
    }
}
