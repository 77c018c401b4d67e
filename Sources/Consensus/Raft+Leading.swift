// A leader's side of replication: proposing, feeding followers, counting copies.

public import Vocabulary

/// Frames that a peer should be sent now.
public struct AppendWish: Hashable, Sendable {
    /// The first frame to send is the one that holds this index, its first one unless the peer has miscounted.
    public let from: LogIndex
    /// The peer's log is being felt for; nothing follows this message before its answer.
    public let isProbe: Bool
    /// Send whole frames of together at most so many bytes, but at least one frame.
    public let byteLimit: Int
}

/// Why a leader, or one who is none, proposes nothing.
public enum ProposalBar: Hashable, Sendable {
    case notLeader
    case handingOver
    /// This node's disk is full, or those of so many connected voters that no quorum could store more.
    case noSpace
    /// Too many bytes wait to be committed; they will be, or this leader steps down.
    case backlog
}

extension Raft {
    // MARK: - Proposing

    /// Why nothing may be proposed now; nil when it may.
    public var proposalBar: ProposalBar? {
        guard role == .leader else { return .notLeader }
        if handover != nil { return .handingOver }
        if !hasSpace || !quorumHasSpace { return .noSpace }
        return log.bytes >= options.uncommittedBytesMax ? .backlog : nil
    }

    /// Leads, hands over to nobody, and there is room for more entries.
    public var mayPropose: Bool { proposalBar == nil }

    /// Absent nodes decide nothing here: whether enough are present is the quorum check's business.
    private var quorumHasSpace: Bool {
        guard configuration.hasQuorum(where: { isPresent($0, withSpace: false) }) else { return true }
        return configuration.hasQuorum { isPresent($0, withSpace: true) }
    }

    private func isPresent(_ node: NodeID, withSpace: Bool) -> Bool {
        guard let position = position(of: node) else { return hasSpace || !withSpace }
        return peers[position].isConnected && (peers[position].hasSpace || !withSpace)
    }

    /// The caller has made the next frame and orders the log thread to write it under the ticket returned.
    ///
    /// Traps unless this node leads and may propose (or it is the first frame of the term, which always may be, or what
    /// `proposeConfiguration` has asked for), and unless the frame is of this term and chains to the log's end.
    ///
    /// - Parameter configuration: what the frame's last entry is, if that is a configuration.
    public mutating func appendedByLeader(
        _ frame: FrameSummary, configuration: Configuration? = nil, now: Instant, into out: inout [Directive]
    ) -> WriteTicket {
        precondition(role == .leader, "a \(role) appends")
        precondition(frame.term == term, "frame of term \(frame.term) in term \(term)")
        let isCalledFor = configuration != nil || frame.firstIndex == rule.firstOwnIndex
        precondition(isCalledFor || mayPropose, "proposed in spite of a bar")
        precondition(configuration == nil || configuration == membership.awaited, "a configuration nobody asked for")
        let ticket = nextTicket(now: now)
        log.append(frame, ticket: ticket)
        if let configuration {
            membership.awaited = nil
            let change = ConfigurationChange(index: frame.lastIndex, configuration: configuration)
            appended(change, now: now, into: &out)
        }
        return ticket
    }

    // MARK: - Feeding followers

    /// What `peer` should be sent now; nil when it has everything, its window is full, or it is not reachable. To be
    /// asked again after every `sent`.
    public func nextAppend(to peer: NodeID) -> AppendWish? {
        guard role == .leader, let position = position(of: peer) else { return nil }
        let progress = peers[position]
        guard progress.isConnected, progress.nextIndex <= log.last.index else { return nil }
        // A full disk gets what the term cannot start without, and no more; its reserve is for that.
        if !progress.hasSpace, progress.nextIndex > rule.firstOwnIndex { return nil }
        guard let bytes = progress.allowance(options) else { return nil }
        return AppendWish(from: progress.nextIndex, isProbe: progress.state == .probe, byteLimit: bytes)
    }

    /// Makes the message for frames as wished for by `nextAppend` in this very turn, and counts them as under way.
    public mutating func sent(_ frames: [FrameSummary], to peer: NodeID, now: Instant) -> Message {
        precondition(role == .leader, "a \(role) sends frames")
        guard let position = position(of: peer) else { preconditionFailure("\(peer) is no peer") }
        guard let first = frames.first else { preconditionFailure("no frames for \(peer)") }
        let next = peers[position].nextIndex
        precondition(first.firstIndex <= next, "frames from \(first.firstIndex) for \(peer), which needs \(next)")
        precondition(first.lastIndex >= next, "frames from \(first.firstIndex) for \(peer), which needs \(next)")
        precondition(frames[frames.count - 1].lastIndex <= log.last.index, "frames beyond \(log.last.index)")
        let round = rounds.announce()
        peers[position].sentRound = round
        peers[position].sentCommitIndex = commitIndex
        for frame in frames { peers[position].sent(frame, now: now) }
        let append = Message.Append(
            previous: first.previous.position, previousChecksum: first.previousChecksum, frames: frames,
            commitIndex: commitIndex, round: round)
        precondition(append.isChain(until: term), "frames from \(first.firstIndex) are no chain")
        return Message(term: term, body: .append(append))
    }

    mutating func receiveProgress(
        _ report: Message.ProgressReport, from: NodeID, now: Instant, into out: inout [Directive]
    ) {
        guard let position = position(of: from) else { return }
        guard report.round <= rounds.announced else { return out.append(.anomaly(.implausible(from))) }
        guard report.matchIndex <= log.last.index else {
            let anomaly = Anomaly.progressBeyondLog(from, match: report.matchIndex, last: log.last.index)
            return out.append(.anomaly(anomaly))
        }
        peers[position].heard(now: now)
        peers[position].counts = report.counts
        peers[position].hasSpace = report.hasSpace
        peers[position].wantsRepair = report.wantsRepair
        peers[position].hasReported = true
        noteReturn(of: peers[position])
        peers[position].appliedIndex = report.appliedIndex
        if !report.counts, report.matchIndex < peers[position].matchIndex {
            // Its log was damaged: what it had once is not what it has.
            peers[position].matchIndex = report.matchIndex
            peers[position].backToProbe(next: report.matchIndex.next)
        }
        peers[position].acknowledge(through: report.matchIndex, now: now)
        if let index = report.resendFrom {
            resend(from: index, to: position, into: &out)
        } else {
            peers[position].connects(through: report.matchIndex)
        }
        if report.counts { peers[position].ackedRound = max(peers[position].ackedRound, report.round) }
        advanceCommit(now: now, into: &out)
        confirmReads(into: &out)
        advanceHandover(now: now, into: &out)
        if !configuration.isMember(from) { dismissLeavingPeers(now: now) }
        if from == promotionTarget { advanceMembership(now: now, into: &out) }
    }

    private mutating func resend(from index: LogIndex, to position: Int, into out: inout [Directive]) {
        let peer = peers[position]
        let index = max(LogIndex(1), min(index, log.last.index.next))
        if peer.counts, index <= peer.matchIndex {
            out.append(.anomaly(.lostAcknowledged(peer.id, match: peer.matchIndex, resendFrom: index)))
        }
        peers[position].reject(resendFrom: index)
    }

    // MARK: - Counting

    /// Commits what a quorum has durable. This node counts with its own disk only.
    mutating func advanceCommit(now: Instant, into out: inout [Directive]) {
        let quorum = configuration.reached { node in
            guard let position = position(of: node) else { return log.persistedIndex.rawValue }
            return peers[position].counts ? peers[position].matchIndex.rawValue : 0
        }
        // A peer's number may be any; a commit index is a frame's end.
        let end = log.end(atOrBelow: LogIndex(quorum))
        guard let index = rule.commitIndex(quorumMatch: end.index, committed: commitIndex) else { return }
        log.commit(end)
        out.append(.commit(index))
        committedConfigurations(now: now, into: &out)
        if notice == nil { notice = commitNotice(now: now) }
        confirmReads(into: &out)
        if isChangingMembership { advanceMembership(now: now, into: &out) }
    }

    // MARK: - Time

    mutating func tickLeader(now: Instant, into out: inout [Directive]) {
        if !isAlone, !isDiskHeld, isDiskStalled(now: now) {
            return leaveForDisk(disk.debt(now: now), now: now, into: &out)
        }
        guard hearsQuorum(now: now) else { return stepDown(.lostQuorum, now: now, into: &out) }
        tickHandover(now: now, into: &out)
        noticeCommit(now: now, into: &out)
        guard now >= heartbeatDeadline else { return }
        heartbeatDeadline = now + options.heartbeatInterval
        dismissLeavingPeers(now: now)
        giveRepairLeave(now: now, into: &out)
        for i in peers.indices where peers[i].isConnected {
            if !peers[i].inflight.isEmpty, now - peers[i].owedSince > options.electionTimeoutMax {
                peers[i].backToProbe(next: peers[i].matchIndex.next)
            }
            heartbeat(to: i, into: &out)
        }
        advanceMembership(now: now, into: &out)
    }

    /// Appends tell followers what is committed. When none has followed for a while, a heartbeat goes out before its
    /// time, so that what is read on an idle cluster's followers is fresh.
    private mutating func noticeCommit(now: Instant, into out: inout [Directive]) {
        guard let told = notice, now >= told.deadline else { return }
        notice = commitIndex > told.index ? commitNotice(now: now) : nil
        for i in peers.indices where peers[i].isConnected && peers[i].sentCommitIndex < told.index {
            heartbeat(to: i, into: &out)
        }
    }

    private func commitNotice(now: Instant) -> CommitNotice {
        CommitNotice(index: commitIndex, deadline: now + options.heartbeatInterval / 8)
    }

    func hearsQuorum(now: Instant) -> Bool {
        configuration.hasQuorum { node in
            guard let position = position(of: node) else { return true }
            return peers[position].counts && now - peers[position].quorumSince <= options.electionTimeoutMax
        }
    }

    /// A sign of life. To a follower that has been sent everything over an earlier connection it is an append without
    /// frames: only when that connects does a follower that was restarted know that its log is the leader's.
    mutating func heartbeat(to position: Int, into out: inout [Directive]) {
        let round = rounds.announce()
        let peer = peers[position]
        peers[position].sentRound = round
        peers[position].sentCommitIndex = commitIndex
        if peer.state == .probe, peer.inflight.isEmpty, let end = log.end(at: peer.nextIndex.previous) {
            let probe = Message.Append(
                previous: end.position, previousChecksum: end.checksum, frames: [], commitIndex: commitIndex,
                round: round)
            send(.append(probe), to: peer.id, into: &out)
        } else {
            let mayRepair = repairLeave?.node == peer.id
            send(.heartbeat(commitIndex: commitIndex, round: round, mayRepair: mayRepair), to: peer.id, into: &out)
        }
    }

    /// A disk that does not answer makes no leader. The best follower is asked to take over at once; this node waits
    /// before it runs again, so that two slow disks do not pass the office back and forth.
    private mutating func leaveForDisk(_ debt: Duration, now: Instant, into out: inout [Directive]) {
        if let successor = bestSuccessor(orBehind: false) { send(.timeoutNow, to: successor, into: &out) }
        campaignDeadline = now + options.electionTimeoutMax * 10
        stepDown(.diskStall(debt), now: now, into: &out)
    }

    // MARK: - Connections

    /// Frames can be exchanged with `peer` (again).
    ///
    /// - Parameter isOtherDisk: what speaks under this name has not the log that spoke under it before.
    public mutating func peerConnected(_ peer: NodeID, isOtherDisk: Bool = false, now: Instant) {
        noteConnection(of: peer, stands: true)
        guard let position = position(of: peer) else { return }
        if isOtherDisk { peers[position].reset(next: log.last.index.next, now: now) }
        peers[position].isConnected = true
        peers[position].hasReported = false
        noteDeparture(of: peer)
    }

    /// The connection to `peer` broke; what was under way on it is lost.
    public mutating func peerDisconnected(_ peer: NodeID, now: Instant, into out: inout [Directive]) {
        noteConnection(of: peer, stands: false)
        if peer == leader { leaderConnectionLost = true }
        guard let position = position(of: peer) else { return }
        peers[position].isConnected = false
        peers[position].hasReported = false
        noteDeparture(of: peer)
        if role == .leader {
            peers[position].backToProbe(next: peers[position].matchIndex.next)
            if let handover, handover.target == peer {
                self.handover = nil
                out.append(.handoverEnded(.targetLost(peer)))
            }
        }
    }

    /// A node may be a member later that is connected now.
    private mutating func noteConnection(of node: NodeID, stands: Bool) {
        connected.removeAll { $0 == node }
        if stands { connected.append(node) }
    }

    /// The leader's port refused a connection after the one to it had broken: its process is gone.
    public mutating func leaderRefusesConnections(now: Instant, into out: inout [Directive]) {
        guard role == .follower, leader != nil, leaderConnectionLost else { return }
        timer.hasten(within: .zero...options.probeDelayMax, now: now)
    }
}
