// Handing leadership over: on request, and by itself when the disk is full.

public import Vocabulary

extension Raft {
    /// Begins to hand over to `target`, or to the follower that is best prepared. From now on nothing may be
    /// proposed, until `handoverEnded`: at the latest at `deadline`.
    ///
    /// - Parameter isForced: one that is far behind will do. Writes then wait until it has caught up.
    public mutating func beginHandover(
        to target: NodeID?, isForced: Bool = false, now: Instant, deadline: Instant, into out: inout [Directive]
    ) throws(HandoverRefusal) {
        guard role == .leader else { throw .notLeader(leader: leader) }
        if let handover { throw .alreadyRunning(to: handover.target) }
        let chosen = try checked(target ?? bestSuccessor(orBehind: true), isForced: isForced)
        handover = Handover(target: chosen, deadline: deadline, cause: .operators)
        advanceHandover(now: now, into: &out)
    }

    private func checked(_ target: NodeID?, isForced: Bool) throws(HandoverRefusal) -> NodeID {
        guard let target else { throw .noCandidate }
        if target == id { throw .alreadyLeader(target) }
        guard configuration.voters.contains(target), let position = position(of: target) else {
            throw .unknownNode(target)
        }
        let peer = peers[position]
        guard peer.isConnected else { throw .unreachable(target) }
        guard peer.counts else { throw .repairing(target) }
        guard peer.hasSpace else { throw .noSpace(target) }
        guard isForced || isClose(peer) else {
            throw .tooFarBehind(target, match: peer.matchIndex, last: log.last.index)
        }
        return target
    }

    /// It has answered in this term, and everything committed has been sent to it at least.
    func isClose(_ peer: PeerProgress) -> Bool {
        peer.lastHeard != nil && peer.nextIndex > commitIndex
            && (peer.state == .replicate || peer.matchIndex >= commitIndex)
    }

    /// The voter that could lead soonest: connected, whole, with space, the furthest; the first by name of equals.
    /// `orBehind`: if none is close, one that is far behind. `unlessDamaged`: none that wants to repair its own log.
    func bestSuccessor(orBehind: Bool, unlessDamaged: Bool = false) -> NodeID? {
        let able = peers.filter {
            configuration.voters.contains($0.id) && $0.isConnected && $0.counts && $0.hasSpace
                && !(unlessDamaged && $0.wantsRepair)
        }
        let close = able.filter { isClose($0) }
        var best: PeerProgress?
        for peer in close.isEmpty && orBehind ? able : close {
            if best.map({ peer.matchIndex > $0.matchIndex }) ?? true { best = peer }
        }
        return best?.id
    }

    /// Tells the target to campaign once it has every entry.
    mutating func advanceHandover(now: Instant, into out: inout [Directive]) {
        guard role == .leader, let handover else { return }
        if !progress(of: handover.target).hasSpace {
            self.handover = nil
            ownHandoverDeadline = now
            return out.append(.handoverEnded(.targetFull(handover.target)))
        }
        guard !handover.isOrdered, progress(of: handover.target).matchIndex == log.last.index else { return }
        self.handover?.isOrdered = true
        send(.timeoutNow, to: handover.target, into: &out)
    }

    mutating func tickHandover(now: Instant, into out: inout [Directive]) {
        if let handover, now >= handover.deadline {
            self.handover = nil
            out.append(.handoverEnded(.timedOut(handover.target)))
        }
        // A full disk stops writes for all; another node may have space.
        if !hasSpace { beginOwnHandover(for: .fullDisk, now: now, into: &out) }
    }

    /// Hands over on this leader's own judgement, to a follower that is close, if there is one. Not again soon.
    mutating func beginOwnHandover(for cause: Handover.Cause, now: Instant, into out: inout [Directive]) {
        guard handover == nil, now >= ownHandoverDeadline,
            let target = bestSuccessor(orBehind: false, unlessDamaged: cause == .damagedLog)
        else { return }
        let deadline = now + options.electionTimeoutMax
        ownHandoverDeadline = deadline + options.electionTimeoutMax
        handover = Handover(target: target, deadline: deadline, cause: cause)
        advanceHandover(now: now, into: &out)
    }
}
