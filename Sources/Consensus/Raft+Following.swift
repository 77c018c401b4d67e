// A follower's side of replication: what connects, what conflicts, what is reported.

import Vocabulary

extension Raft {
    /// Recognises `node` as the leader of `other`, the term of its message. False when the message is to be ignored:
    /// it is of an older term (then its sender is told), or claims a term that somebody else leads.
    mutating func follow(
        _ node: NodeID, term other: Term, commitIndex: LogIndex, now: Instant, into out: inout [Directive]
    ) -> Bool {
        if other < term {
            // It is deaf or late: without the answer it would go on for ever.
            send(.progress(progressReport(resendFrom: nil)), to: node, into: &out)
            return false
        }
        if other > term, isBlank {
            fence.close(at: commitIndex)
            out.append(.fenceRaised(commitIndex))
        }
        if other > term { enter(other, by: node, now: now, into: &out) }
        if role == .leader || leader ?? node != node {
            out.append(.anomaly(.secondLeader(term, known: leader ?? id, claims: node)))
            return false
        }
        role = .follower
        leader = node
        leaderHeardAt = now
        leaderConnectionLost = false
        armTimer(now: now)
        announce(into: &out)
        return true
    }

    mutating func receiveHeartbeat(
        commitIndex: LogIndex, round: ReadRound, mayRepair: Bool, now: Instant, into out: inout [Directive]
    ) {
        noteCommit(commitIndex, now: now, into: &out)
        if mayRepair { takeRepairLeave(into: &out) }
        seenRound = max(seenRound, round)
        askTerms(into: &out)
        reportProgress(into: &out)
    }

    mutating func receiveAppend(_ append: Message.Append, from: NodeID, now: Instant, into out: inout [Directive]) {
        guard append.isChain(until: term) else {
            return out.append(.anomaly(.brokenAppend(from, previous: append.previous)))
        }
        switch log.place(append, verifiedIndex: verifiedIndex) {
        case .gap:
            seenRound = max(seenRound, append.round)
            let here = progressReport(resendFrom: verifiedIndex.next)
            return send(.progress(here), to: from, into: &out)
        case .divergence(let index, let there):
            refuse(there, at: index, from: from, into: &out)
        case .connects(let known, let conflict):
            if let conflict { truncate(from: conflict, now: now, into: &out) }
            store(append, from: known, now: now, into: &out)
            verifiedIndex = max(verifiedIndex, append.end.index)
            doubt?.connected(in: term)
            noteCommit(append.commitIndex, now: now, into: &out)
            // New frames are reported when they are durable; a round that reads wait for, and old news, at once.
            let isNews = append.round > seenRound || known == append.frames.count
            seenRound = max(seenRound, append.round)
            if isNews { reportProgress(into: &out) }
        }
    }

    /// An append contradicts what may not change. Behind the commit index that is the leader's own fault, which
    /// contradicts itself. At or below, one of the two logs is not the cluster's.
    private mutating func refuse(
        _ there: FrameEnd, at index: LogIndex, from leader: NodeID, into out: inout [Directive]
    ) {
        let here = log.end(at: index)
        guard index <= commitIndex else {
            return out.append(.anomaly(.contradiction(leader, at: index, here: here, there: there)))
        }
        let found = Divergence(
            leader: leader, term: term, index: index, here: here, there: there, commitIndex: commitIndex)
        divergence = found
        out.append(.halt(found))
    }

    private mutating func truncate(from index: LogIndex, now: Instant, into out: inout [Directive]) {
        precondition(index > commitIndex, "cut at \(index), committed \(commitIndex)")
        precondition(index > verifiedIndex, "cut at \(index), equal to the leader's up to \(verifiedIndex)")
        log.truncate(from: index)
        out.append(.truncate(from: index, ticket: nextTicket(now: now)))
        cutConfigurations(from: index, now: now, into: &out)
    }

    private mutating func store(
        _ append: Message.Append, from known: Int, now: Instant, into out: inout [Directive]
    ) {
        let frames = append.frames
        guard known < frames.count else { return }
        let ticket = nextTicket(now: now)
        for frame in frames[known...] { log.append(frame, ticket: ticket) }
        out.append(.store(frames: known..<frames.count, ticket: ticket))
        for change in append.configurations where change.index >= frames[known].firstIndex {
            appended(change, now: now, into: &out)
        }
    }

    private mutating func noteCommit(_ index: LogIndex, now: Instant, into out: inout [Directive]) {
        leaderCommitIndex = max(leaderCommitIndex, index)
        followCommit(now: now, into: &out)
        openFence(into: &out)
    }

    /// Opens the fence if it may. This term's vote is spent with it, unless it was known: a node that has forgotten
    /// what it did may have voted in this term, and must not again after a restart. The ballot names the leader, whom
    /// nobody can compete with any more.
    mutating func openFence(into out: inout [Directive]) {
        guard let leader else { return }
        if let doubt, !doubt.isSettled(term: term, committed: commitIndex, told: leaderCommitIndex) { return }
        guard fence.open(committed: log.commit.position, term: term) else { return }
        doubt = nil
        if votedFor == nil {
            votedFor = leader
            persistBallot(now: lastTick, into: &out)
        }
        out.append(.fenceCleared)
    }

    /// Asks the voters that must be heard before the fence may open.
    func askTerms(into out: inout [Directive]) {
        for node in unheardVoters { out.append(.send(BallotDoubt.question, to: node)) }
    }

    /// Commits what the leader has committed, as far as it is known to be the same here, and durable: a node that
    /// restarts then never knows less than it has shown.
    mutating func followCommit(now: Instant, into out: inout [Directive]) {
        let index = min(leaderCommitIndex, min(verifiedIndex, log.persistedIndex))
        guard index > commitIndex else { return }
        let end = log.end(atOrBelow: index)
        guard end.index > commitIndex else { return }
        log.commit(end)
        out.append(.commit(end.index))
        committedConfigurations(now: now, into: &out)
        noteRemoval(into: &out)
        openFence(into: &out)
    }

    /// Answers the leader with what is durable now; later, when this node's ballot is not.
    mutating func reportProgress(into out: inout [Directive]) {
        guard let leader, role == .follower else { return }
        owesProgress = max(ballotTicket, restartTicket) > durable
        guard !owesProgress else { return }
        send(.progress(progressReport(resendFrom: nil)), to: leader, into: &out)
    }

    private func progressReport(resendFrom: LogIndex?) -> Message.ProgressReport {
        Message.ProgressReport(
            round: seenRound, matchIndex: restartTicket > durable ? .zero : min(verifiedIndex, log.persistedIndex),
            resendFrom: resendFrom, counts: takesPart && !isBlank, hasSpace: hasSpace, wantsRepair: isDamaged,
            appliedIndex: appliedIndex)
    }
}

extension LogTail {
    /// How an append fits this log.
    enum Placement: Hashable, Sendable {
        /// The first `known` frames are here already; the others follow, after a cut at `conflict` if there is one.
        case connects(known: Int, conflict: LogIndex?)
        /// This log has no equal frame end where the append begins.
        case gap
        /// It contradicts what is committed, or what this leader itself had sent before.
        case divergence(LogIndex, there: FrameEnd)
    }

    /// Finds the place of an append whose frames are a chain. Up to `verifiedIndex` this log is known to be the
    /// leader's.
    func place(_ append: Message.Append, verifiedIndex: LogIndex) -> Placement {
        var known = 0
        if append.previous.index < commit.index {
            // All of it up to the commit index is here, by the leader's completeness.
            if contradicts(append.begin) { return .divergence(append.begin.index, there: append.begin) }
            while known < append.frames.count, append.frames[known].lastIndex <= commit.index {
                let end = append.frames[known].end
                if contradicts(end) { return .divergence(end.index, there: end) }
                known += 1
            }
            if known < append.frames.count, append.frames[known].previous != commit {
                return .divergence(commit.index, there: append.frames[known].previous)
            }
        } else if end(at: append.previous.index) != append.begin {
            return append.previous.index <= verifiedIndex
                ? .divergence(append.previous.index, there: append.begin) : .gap
        }
        while known < append.frames.count, let own = frame(startingAt: append.frames[known].firstIndex) {
            if own.end != append.frames[known].end {
                return own.firstIndex <= verifiedIndex
                    ? .divergence(own.firstIndex, there: append.frames[known].end)
                    : .connects(known: known, conflict: own.firstIndex)
            }
            known += 1
        }
        return .connects(known: known, conflict: nil)
    }

    /// Whether a leader's frame end at or below the commit index cannot be this log's. What is no longer held here is
    /// known by its term only: that of the commit index is not passed before it.
    private func contradicts(_ other: FrameEnd) -> Bool {
        if let own = end(at: other.index) { return own != other }
        return other.position.term > commit.position.term
    }
}
