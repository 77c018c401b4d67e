// Snapshots: a peer that needs one because the log does not reach back far enough, and a node that has received one.

public import Vocabulary

extension Raft {
    // MARK: - As the leader

    /// The log cannot give `peer` what `nextAppend` wished for: it begins at `firstAvailable`. The peer gets nothing
    /// until it says that it has what is in the snapshot that ends at `through`, or that it needs no more than the log
    /// has; a lost connection and a new term end the wait too, and `nextAppend` wishes again.
    ///
    /// Traps unless the snapshot is of committed state and the log connects to it.
    public mutating func needsSnapshot(_ peer: NodeID, through: LogIndex, firstAvailable: LogIndex) {
        precondition(through <= commitIndex, "a snapshot at \(through), committed \(commitIndex)")
        precondition(firstAvailable <= through.next, "a snapshot at \(through), the log begins at \(firstAvailable)")
        guard role == .leader, let position = position(of: peer), peers[position].isConnected,
            peers[position].matchIndex.next < firstAvailable
        else { return }
        peers[position].backToProbe(next: peers[position].matchIndex.next)
        peers[position].state = .snapshot(through: through)
        peers[position].firstAvailable = firstAvailable
    }

    /// The transfer to `peer` was given up: what it needs is found out anew.
    public mutating func snapshotAbandoned(_ peer: NodeID) {
        guard let position = position(of: peer), case .snapshot = peers[position].state else { return }
        peers[position].backToProbe(next: peers[position].matchIndex.next)
    }

    /// A follower needs a snapshot, and its caller has none that it may give away: another node may have one. Nothing
    /// happens when nobody is fit to lead, or it was tried just before.
    public mutating func lacksSnapshotToGive(now: Instant, into out: inout [Directive]) {
        guard role == .leader else { return }
        beginOwnHandover(for: .noSnapshot, now: now, into: &out)
    }

    // MARK: - As its receiver

    /// Whether a snapshot that ends at `end` would bring this node on. To be asked before it is made durable, and to be
    /// waited for: if it were durable before this node's ballot is, a crash would leave a log that is ahead of its
    /// node's term, or one of a node that has forgotten its fence.
    public func mayInstall(_ end: FrameEnd) -> Bool { isOfUse(end) && ballotTicket <= durable }

    /// Whether a snapshot of the present leader's may be fetched and made durable: this node's ballot is, and no
    /// snapshot of a leader whom it follows is of a later term.
    public var acceptsSnapshots: Bool {
        divergence == nil && role != .leader && !isBlank && ballotTicket <= durable
    }

    private func isOfUse(_ end: FrameEnd) -> Bool {
        divergence == nil && role != .leader && !isBlank && end.index > commitIndex && end.position.term <= term
    }

    /// The caller has a durable snapshot of the state at `end`, with the configuration that was in force there, from
    /// this cluster.
    ///
    /// Is this very frame end in the log, everything before it is too, and only the commit index moves up, as soon as
    /// the log is durable as far. Is it not, no entry of this log behind the commit index is of any worth: what is
    /// committed is what the snapshot has. Then the log begins anew behind it (`restartLog`), and nothing is
    /// acknowledged before that is durable. An `end` at or below the commit index brings nothing new, a leader needs no
    /// snapshot, and a blank node has to meet a leader first: then nothing happens.
    public mutating func install(
        _ end: FrameEnd, configuration snapshot: Configuration, now: Instant, into out: inout [Directive]
    ) {
        guard isOfUse(end) else { return }
        let isHere = log.end(at: end.index) == end
        guard isHere || end.index > verifiedIndex else {
            return out.append(.anomaly(.foreignSnapshot(end, here: log.end(at: end.index))))
        }
        if !isHere { restart(at: end, snapshot, now: now, into: &out) }
        verifiedIndex = max(verifiedIndex, end.index)
        leaderCommitIndex = max(leaderCommitIndex, end.index)
        followCommit(now: now, into: &out)
        openFence(into: &out)
        reportProgress(into: &out)
    }

    /// The state that this node goes on from tells which configuration was in force at its end, which is committed. A
    /// node that had a log and no state could not know of one that is older than its log.
    public mutating func learn(_ change: ConfigurationChange, now: Instant, into out: inout [Directive]) {
        precondition(change.index <= commitIndex, "a state at \(change.index), committed \(commitIndex)")
        guard history.learn(change) else { return }
        if change.configuration.isMember(id) { wasMember = true }
        adoptConfiguration(now: now, into: &out)
    }

    private mutating func restart(
        at end: FrameEnd, _ snapshot: Configuration, now: Instant, into out: inout [Directive]
    ) {
        // A candidate's log is not what it has shown any more.
        role = .follower
        announce(into: &out)
        log.restart(at: end)
        appliedIndex = end.index
        restartTicket = nextTicket(now: now)
        out.append(.restartLog(at: end, ticket: restartTicket))
        let change = ConfigurationChange(index: end.index, configuration: snapshot)
        history.restart(at: change)
        if snapshot.isMember(id) { wasMember = true }
        adoptConfiguration(now: now, into: &out)
    }
}
