// A leader's changes of membership: what is refused, and what is proposed next.

public import Vocabulary

extension Raft {
    /// Whether a change of membership is under way, as far as this leader knows: its own, or one that it found. That of
    /// its own removal ends with its office.
    public var isChangingMembership: Bool {
        guard role == .leader else { return false }
        return !membership.isIdle || !history.isCommitted || configuration.isJoint || !configuration.isVoter(id)
    }

    /// Whether this leader has asked for that configuration (`Directive.proposeConfiguration`), and waits for it still.
    public func awaits(_ configuration: Configuration) -> Bool {
        role == .leader && membership.awaited == configuration
    }

    /// The learner that becomes a voter as soon as it has caught up.
    public var promotionTarget: NodeID? {
        if case .catchingUp(let learner, _) = membership.stage { learner } else { nil }
    }

    /// The voter whose place it takes, if it takes one's.
    public var replacedVoter: NodeID? {
        if case .catchingUp(_, let old) = membership.stage { old } else { nil }
    }

    /// Begins a change of membership. `proposeConfiguration` follows for each of its steps, and `membershipEnded`.
    ///
    /// - Parameters:
    ///   - isForced: it may stop the cluster until other nodes come (`MembershipRefusal.isOverridable`). It suspends
    ///     no rule that protects data.
    public mutating func changeMembership(
        _ request: MembershipRequest, isForced: Bool = false, now: Instant, into out: inout [Directive]
    ) throws(MembershipRefusal) {
        guard role == .leader else { throw .notLeader(leader: leader) }
        guard rule.knowsCommitted(commitIndex) else { throw .termNotOpened }
        if let bar = proposalBar { throw .barred(bar) }
        // Nobody is to wait any longer for a learner that shall go.
        if case .remove(let node) = request, node == promotionTarget { cancelPromotion(into: &out) }
        guard !isChangingMembership else { throw .underWay }
        switch request {
        case .addLearner(let node):
            let next = try withLearner(node)
            propose(next, then: .settling, into: &out)
        case .promote(let node, let whenCaughtUp):
            if whenCaughtUp { return try promoteWhenReady(node, replacing: nil, now: now, into: &out) }
            let next = try with(node, now: now)
            try checkVoters(of: next, isForced: isForced, now: now)
            propose(next, then: .settling, into: &out)
        case .remove(let node):
            let next = try without(node)
            if configuration.isVoter(node) {
                try checkVoters(of: next, isForced: isForced, now: now)
            }
            propose(next, then: .settling, into: &out)
        case .replace(let old, let new):
            guard configuration.isVoter(old) else { throw .unknownNode(old) }
            if configuration.isLearner(new) {
                try promoteWhenReady(new, replacing: old, now: now, into: &out)
            } else {
                let next = try withLearner(new)
                propose(next, then: .catchingUp(learner: new, replacing: old), into: &out)
            }
        }
    }

    /// Calls off a promotion that waits for its learner. Changes nothing when none does.
    public mutating func cancelPromotion(into out: inout [Directive]) {
        guard role == .leader, promotionTarget != nil else { return }
        membership.stage = .idle
        out.append(.membershipEnded(.cancelled))
    }

    // MARK: - Checks

    private func withLearner(_ node: NodeID) throws(MembershipRefusal) -> Configuration {
        if configuration.isMember(node) { throw .alreadyMember(node) }
        guard let next = configuration.adding(learner: node) else { throw .tooManyMembers }
        return next
    }

    private func without(_ node: NodeID) throws(MembershipRefusal) -> Configuration {
        if let next = configuration.removing(learner: node), configuration.isLearner(node) { return next }
        guard configuration.isVoter(node) else { throw .unknownNode(node) }
        guard let next = configuration.joint(adding: nil, removing: node) else { throw .noVoterLeft }
        return next
    }

    /// With a learner as a voter, from now on.
    private func with(_ node: NodeID, now: Instant) throws(MembershipRefusal) -> Configuration {
        try checkIsLearner(node)
        try checkReadiness(of: node, now: now)
        guard let next = configuration.joint(adding: node, removing: nil) else { throw .noVoterLeft }
        return next
    }

    /// A learner becomes a voter, in the place of `old` if one is named, as soon as it can.
    private mutating func promoteWhenReady(
        _ node: NodeID, replacing old: NodeID?, now: Instant, into out: inout [Directive]
    ) throws(MembershipRefusal) {
        try checkIsLearner(node)
        membership.stage = .catchingUp(learner: node, replacing: old)
        advanceMembership(now: now, into: &out)
    }

    private func checkIsLearner(_ node: NodeID) throws(MembershipRefusal) {
        if configuration.isVoter(node) { throw .alreadyVoter(node) }
        guard configuration.isLearner(node) else { throw .unknownNode(node) }
    }

    /// Whether the voters to come, with those of now, are enough.
    private func checkVoters(of next: Configuration, isForced: Bool, now: Instant) throws(MembershipRefusal) {
        try checkElections(under: next)
        guard !isForced else { return }
        try checkQuorum(of: next, now: now)
        if next.voters.tolerance < configuration.voters.tolerance {
            throw .reducesTolerance(from: configuration.voters.tolerance, to: next.voters.tolerance)
        }
    }

    /// Whether a majority could elect a leader if this one died at once. Who has nothing, or has lost something, gets
    /// its vote from a leader's log only: were it needed for the election of that leader, there would never be one,
    /// with every node up and well. Only its answers tell that a node has something. That it was connected once, and
    /// so is registered, does not: it may have died before it was fed.
    private func checkElections(under next: Configuration) throws(MembershipRefusal) {
        func mayVote(_ node: NodeID) -> Bool {
            guard let position = position(of: node) else { return node == id }
            return peers[position].lastHeard != nil && peers[position].counts
        }
        guard !next.hasQuorum(where: mayVote) else { return }
        throw .wouldNeed(next.allVoters.filter { !mayVote($0) })
    }

    /// Whether a learner could vote at once without holding anything up.
    private func checkReadiness(of node: NodeID, now: Instant) throws(MembershipRefusal) {
        guard isAnswering(node, now: now), let position = position(of: node) else { throw .unreachable(node) }
        let peer = peers[position]
        guard peer.counts else { throw .repairing(node) }
        guard peer.hasSpace else { throw .noSpace(node) }
        let lag = log.last.index.rawValue - peer.matchIndex.rawValue
        guard peer.state == .replicate, lag <= MembershipChange.lagMax else {
            throw .tooFarBehind(node, match: peer.matchIndex, last: log.last.index)
        }
    }

    /// Whether a majority of the voters to come, and one of those of now, is there to decide.
    private func checkQuorum(of next: Configuration, now: Instant) throws(MembershipRefusal) {
        func isThere(_ node: NodeID) -> Bool {
            guard let position = position(of: node) else { return node == id }
            return isAnswering(node, now: now) && peers[position].counts
        }
        guard !next.hasQuorum(where: isThere) else { return }
        throw .wouldLoseQuorum(answering: next.voters.ids.filter(isThere))
    }

    private func isAnswering(_ node: NodeID, now: Instant) -> Bool {
        guard let position = position(of: node), let heard = peers[position].lastHeard else { return false }
        return peers[position].isConnected && now - heard <= options.electionTimeoutMax
    }

    // MARK: - Steps

    private mutating func propose(
        _ next: Configuration, then stage: MembershipChange.Stage, into out: inout [Directive]
    ) {
        membership.stage = stage
        membership.awaited = next
        out.append(.proposeConfiguration(next))
    }

    /// Takes the next step, if the last one is committed. Which one follows from the configuration in force; so a new
    /// leader goes on with what it finds.
    mutating func advanceMembership(now: Instant, into out: inout [Directive]) {
        guard role == .leader, rule.knowsCommitted(commitIndex), history.isCommitted, membership.awaited == nil else {
            return
        }
        if configuration.isJoint {
            if mayPropose { propose(configuration.settled, then: membership.stage, into: &out) }
            return
        }
        if !configuration.isVoter(id) { return leaveOffice(now: now, into: &out) }
        switch membership.stage {
        case .idle: break
        case .settling:
            membership.stage = .idle
            out.append(.membershipEnded(.done))
        case .catchingUp(let learner, let old):
            promoteIfReady(learner, replacing: old, now: now, into: &out)
        }
    }

    private mutating func promoteIfReady(
        _ learner: NodeID, replacing old: NodeID?, now: Instant, into out: inout [Directive]
    ) {
        guard mayPropose, let next = configuration.joint(adding: learner, removing: old) else { return }
        do throws(MembershipRefusal) {
            try checkReadiness(of: learner, now: now)
            try checkQuorum(of: next, now: now)
            propose(next, then: .settling, into: &out)
        } catch {
            // Not yet: asked again with the learner's next answer.
        }
    }

    /// A leader that has committed its own removal has nothing more to do: it hands over, or at least gives way
    /// (dissertation, section 4.2.2).
    private mutating func leaveOffice(now: Instant, into out: inout [Directive]) {
        if membership.stage == .settling {
            membership.stage = .idle
            out.append(.membershipEnded(.done))
        }
        guard handover == nil else { return }
        beginOwnHandover(for: .removal, now: now, into: &out)
        if role == .leader, handover == nil { stepDown(.removed(to: nil), now: now, into: &out) }
    }

    /// Lets go of removed peers that know of it, or that cannot be told.
    mutating func dismissLeavingPeers(now: Instant) {
        let patience = options.electionTimeoutMax * MembershipChange.farewellTimeouts
        peers.removeAll { peer in
            guard let index = peer.leavesAt else { return false }
            return peer.appliedIndex >= index || now - peer.quorumSince > patience
        }
    }
}
