// Elections: who may ask, who may grant, and what follows.

import Vocabulary

extension Raft {
    // MARK: - Asking

    /// A new node, or one that lost its disk: it has neither an entry nor a ballot.
    ///
    /// It stops being blank in two ways only. With other blank nodes it elects a first leader; or a leader finds it,
    /// and then a fence closes with the first ballot. It takes no term from anybody else: with a ballot and without a
    /// fence it would vote like a node that has forgotten nothing.
    public var isBlank: Bool { log.last.index == .zero && term == .zero }

    /// The next candidacy without news from a leader. A node whose disk is full lets the others go first: it would
    /// only have to hand over.
    mutating func armTimer(now: Instant) {
        let patience = hasSpace ? .zero : options.electionTimeoutMax
        timer.arm(within: options.electionTimeoutMin + patience...options.electionTimeoutMax + patience, now: now)
    }

    mutating func electionDue(now: Instant, into out: inout [Directive]) {
        askTerms(into: &out)
        guard isElectable, takesPart else { return loseLeader(now: now, into: &out) }
        guard now >= campaignDeadline, !isDiskStalled(now: now) else { return armTimer(now: now) }
        if isAlone {
            if role != .candidate { campaign(isHandover: false, now: now, into: &out) }
            armTimer(now: now)
        } else {
            startPreVote(now: now, into: &out)
        }
    }

    /// Who may not campaign knows no leader either when another one would look for the next. It may be one that this
    /// node's log does not name, and is to be let in then.
    private mutating func loseLeader(now: Instant, into out: inout [Directive]) {
        if role == .follower { leader = nil }
        armTimer(now: now)
        announce(into: &out)
    }

    /// Whether this node votes, or did before a configuration that is not committed yet. The latter may be the only one
    /// to have that configuration, and then nobody else can be elected; it does not count its own vote (dissertation,
    /// section 4.2.2). A learner, and a node whose removal is committed, is never a candidate.
    var isElectable: Bool { history.all.contains { $0.configuration.isVoter(id) } }

    func isDiskStalled(now: Instant) -> Bool { disk.debt(now: now) > options.electionTimeoutMax }

    /// Asks whether an election would be won, before the term is raised for it: a node that was cut off disturbs
    /// nobody when it returns (dissertation, 9.6).
    private mutating func startPreVote(now: Instant, into out: inout [Directive]) {
        role = .preCandidate
        leader = nil
        tally = VoteTally()
        tally.record(id, granted: true, in: configuration)
        armTimer(now: now)
        announce(into: &out)
        // Promises nothing, so it waits for no disk.
        let candidacy = Message.Candidacy(last: lastPosition, isHandover: false)
        for voter in otherVoters { out.append(.send(Message(term: term.next, body: .preVote(candidacy)), to: voter)) }
    }

    mutating func campaign(isHandover: Bool, now: Instant, into out: inout [Directive]) {
        precondition(role != .leader, "the leader of term \(term) campaigns")
        precondition(takesPart, "campaign behind a closed fence")
        adopt(term.next, votedFor: id, now: now, into: &out)
        role = .candidate
        tally = VoteTally()
        armTimer(now: now)
        announce(into: &out)
        let candidacy = Message.Candidacy(last: lastPosition, isHandover: isHandover)
        for voter in otherVoters { send(.vote(candidacy), to: voter, into: &out) }
    }

    private var otherVoters: [NodeID] { configuration.allVoters.filter { $0 != id } }

    /// Counts an answer to the pre-vote or vote under way. A candidate's own vote comes here when it is durable.
    mutating func countVote(of node: NodeID, granted: Bool, now: Instant, into out: inout [Directive]) {
        tally.record(node, granted: granted, in: configuration)
        switch (tally.outcome(in: configuration), role) {
        case (.pending, _): break
        case (.won, .preCandidate): campaign(isHandover: false, now: now, into: &out)
        case (.won, _): becomeLeader(now: now, into: &out)
        case (.lost, .preCandidate):
            role = .follower
            announce(into: &out)
        case (.lost, _):
            // Nobody may have won this term: try again soon. The pre-vote keeps it from disturbing a winner.
            role = .follower
            timer.hasten(within: options.electionTimeoutMin / 4...options.electionTimeoutMin, now: now)
            announce(into: &out)
        }
    }

    // MARK: - Answering

    /// Whether this node's own log and history allow it to elect somebody with that log (Raft paper, section 5.4.1).
    private func mayElect(_ candidacy: Message.Candidacy) -> Bool {
        if !takesPart { return false }
        if isBlank, candidacy.last != .zero { return false }
        return candidacy.last >= lastPosition
    }

    /// A leader was heard within the shortest election timeout, over a connection that still stands.
    private func isLeaderAlive(now: Instant) -> Bool {
        if role == .leader { return true }
        return leader != nil && !leaderConnectionLost && now - leaderHeardAt < options.electionTimeoutMin
    }

    mutating func answerPreVote(
        _ candidacy: Message.Candidacy, for campaignTerm: Term, from: NodeID, now: Instant, into out: inout [Directive]
    ) {
        let isFree = campaignTerm > term && !isLeaderAlive(now: now)
        let granted = isFree && mayElect(candidacy)
        if granted, role == .preCandidate, candidacy.last > lastPosition || from < id {
            // Two ask each other at once: one of them yields, or they would split the vote.
            role = .follower
            armTimer(now: now)
            announce(into: &out)
        } else if isFree, candidacy.last < lastPosition {
            // The leader is gone for others too, and they cannot do without this node's entries.
            campaignDeadline = isDiskStalled(now: now) ? campaignDeadline : now
            if role != .candidate { timer.hasten(within: .zero...options.probeDelayMax, now: now) }
        }
        send(.preVoteReply(granted: granted), to: from, into: &out)
    }

    mutating func answerVote(
        _ candidacy: Message.Candidacy, for campaignTerm: Term, from: NodeID, now: Instant, into out: inout [Directive]
    ) {
        if campaignTerm < term { return send(.voteReply(granted: false), to: from, into: &out) }
        if campaignTerm > term {
            // A leader that works is not voted away (dissertation, 4.2.3), unless it asked for it.
            if isLeaderAlive(now: now), !candidacy.isHandover { return }
            let granted = mayElect(candidacy)
            if isBlank, !granted { return }
            endLeadership(by: from, term: campaignTerm, now: now, into: &out)
            adopt(campaignTerm, votedFor: granted ? from : nil, now: now, into: &out)
            if granted { armTimer(now: now) }
            announce(into: &out)
            return send(.voteReply(granted: granted), to: from, into: &out)
        }
        if votedFor == nil, leader == nil, role == .follower || role == .preCandidate, mayElect(candidacy) {
            votedFor = from
            persistBallot(now: now, into: &out)
            role = .follower
            armTimer(now: now)
            announce(into: &out)
        }
        send(.voteReply(granted: votedFor == from), to: from, into: &out)
    }

    mutating func receiveTimeoutNow(term: Term, from: NodeID, now: Instant, into out: inout [Directive]) {
        guard term >= self.term, !isBlank else { return }
        guard follow(from, term: term, commitIndex: .zero, now: now, into: &out) else { return }
        guard isElectable, takesPart, hasSpace, !isDiskStalled(now: now) else { return }
        campaign(isHandover: true, now: now, into: &out)
    }

    // MARK: - Terms

    /// Takes note of the term in a reply. False when it is an old one's, and when this node knew less: then the reply
    /// was to somebody it no longer is.
    mutating func learn(_ other: Term, from: NodeID, now: Instant, into out: inout [Directive]) -> Bool {
        guard other > term else { return true }
        if isBlank { return false }
        enter(other, by: from, now: now, into: &out)
        announce(into: &out)
        return false
    }

    /// A later term has begun, as `node` says; this one's leader does not lead any more.
    mutating func enter(_ other: Term, by node: NodeID, now: Instant, into out: inout [Directive]) {
        endLeadership(by: node, term: other, now: now, into: &out)
        adopt(other, votedFor: nil, now: now, into: &out)
    }

    /// Enters a later term as a follower, with a new ballot.
    mutating func adopt(_ newTerm: Term, votedFor vote: NodeID?, now: Instant, into out: inout [Directive]) {
        precondition(newTerm > term, "from term \(term) to \(newTerm)")
        precondition(role != .leader, "the leader of term \(term) did not step down")
        term = newTerm
        votedFor = vote
        role = .follower
        leader = nil
        leaderConnectionLost = false
        verifiedIndex = commitIndex
        seenRound = .zero
        owesProgress = false
        gate.clear()
        persistBallot(now: now, into: &out)
    }

    mutating func persistBallot(now: Instant, into out: inout [Directive]) {
        ballotTicket = nextTicket(now: now)
        out.append(.persistBallot(term: term, votedFor: votedFor, ticket: ballotTicket))
    }

    // MARK: - Office

    private mutating func becomeLeader(now: Instant, into out: inout [Directive]) {
        precondition(votedFor == id, "leads term \(term) with a vote for \(votedFor.map(\.description) ?? "nobody")")
        precondition(ballotTicket <= durable, "leads term \(term) before its ballot is durable")
        precondition(takesPart, "leads behind a closed fence")
        role = .leader
        leader = id
        rule = CommitRule(firstOwnIndex: log.last.index.next)
        gatherLeavingPeers(now: now)
        for i in peers.indices { peers[i].reset(next: log.last.index.next, now: now) }
        heartbeatDeadline = now + options.heartbeatInterval
        notice = nil
        ownHandoverDeadline = now
        announce(into: &out)
        out.append(.becameLeader)
    }

    /// Gives up leadership on this node's own judgement; the term stays.
    mutating func stepDown(_ reason: StepDownReason, now: Instant, into out: inout [Directive]) {
        precondition(role == .leader, "\(role) steps down")
        out.append(.steppedDown(reason))
        abandonDuties(.leadershipLost, into: &out)
        announce(into: &out)
        armTimer(now: now)
    }

    /// Another node's term has begun. Nothing to do for one that does not lead.
    private mutating func endLeadership(by node: NodeID, term other: Term, now: Instant, into out: inout [Directive]) {
        guard role == .leader else { return }
        if let handover, handover.isOrdered {
            let target = handover.target
            let reason: StepDownReason =
                switch handover.cause {
                case .operators: .handover(to: target)
                case .fullDisk: .noSpace(to: target)
                case .damagedLog: .repair(to: target)
                case .noSnapshot: .noSnapshot(to: target)
                case .removal: .removed(to: target)
                }
            out.append(.steppedDown(reason))
            abandonDuties(.handedOver(to: target, other), into: &out)
        } else {
            out.append(.steppedDown(.higherTerm(other, from: node)))
            abandonDuties(.leadershipLost, into: &out)
        }
        armTimer(now: now)
    }

    private mutating func abandonDuties(_ outcome: HandoverOutcome, into out: inout [Directive]) {
        role = .follower
        leader = nil
        repairLeave = nil
        forgetLeavingPeers()
        verifiedIndex = commitIndex
        if handover != nil {
            handover = nil
            out.append(.handoverEnded(outcome))
        }
        if !membership.isIdle { out.append(.membershipEnded(.leadershipLost)) }
        membership = MembershipChange()
        if let round = rounds.abort() { out.append(.readsAborted(through: round)) }
        noteRemoval(into: &out)
    }
}
