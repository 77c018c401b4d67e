// Markers, the snapshots that are cut at them, and what is no longer needed of the log once they are stored.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
public import Vocabulary

extension Replica {
    /// The leader puts a marker into the log: when a snapshot is due, and now and then while there is something new to
    /// compare, or to tell of what was compared. Before anything else of this turn is logged.
    mutating func mark(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.mayPropose, condition.isSound else { return }
        let agreed = agreement.agreement(as: id) { says in raft.configuration.hasQuorum(where: says) }
        if let agreed, let found = agreement.contradiction(of: agreed) {
            return loseState(.diverged(found), at: now, into: &effects)
        }
        if let agreed { confirm(agreed, into: &effects) }
        let isBusy = snapshotUnderWay != nil || cutAt > appliedIndex
        let cause = isBusy ? nil : schedule.due(options.snapshots, payload: keyspace.memory.payload, at: now.instant)
        // A marker changes no state: one that tells what the last one told already would be followed by others. Others
        // wait to hear of a cut, though.
        let wasCut = cutAt > lastComparedIndex ?? .zero
        let hasNews =
            appliedIndex > markerAt || agreed.map { $0.digest != agreedLast || wasCut && $0.index >= cutAt } ?? false
        guard cause != nil || hasNews && now.instant >= nextMarkerAt else { return }
        builder.appendEntry(Marker(cause: cause, agreed: agreed).encoded.rawBytes)
        seal(.marker, at: now, into: &effects)
        markerAt = raft.lastPosition.index
        if cause != nil { cutAt = markerAt }
        nextMarkerAt = now.instant + options.markerInterval
        if let agreed { agreement.settle(through: agreed.index) }
    }

    /// The state behind the entry that was applied last.
    var state: ReplicatedState {
        ReplicatedState(
            cluster: cluster, keyspace: keyspace, registry: registry, addresses: addresses,
            configuration: appliedConfiguration, end: appliedEnd, timestamp: appliedTime)
    }

    /// Takes a marker that was just applied, as the last entry of its frame.
    mutating func pass(_ marker: Marker, at now: Moment, into effects: inout ReplicaEffects) {
        if let agreed = marker.agreed {
            agreedLast = agreed.digest
            figures.digestsCompared += 1
            lastComparedIndex = agreed.index
            if let found = agreement.contradiction(of: agreed) {
                return loseState(.diverged(found), at: now, into: &effects)
            }
            confirm(agreed, into: &effects)
        }
        agreement.note(NotedDigest(index: appliedIndex, digest: keyspace.digest))
        markerAt = max(markerAt, appliedIndex)
        guard let cause = marker.cause else { return }
        // Whoever is busy with the last one, or has a newer one already, does without. The first is behind, and its log
        // goes on counting from the last.
        guard snapshotUnderWay == nil else { return }
        schedule.cut(at: now.instant)
        guard stored.map({ $0.newest.index < appliedIndex }) ?? true else { return }
        snapshotUnderWay = appliedIndex
        effects.snapshots.append(SnapshotOrder(state: state, cause: cause, confirmed: agreedThrough))
    }

    /// What was agreed upon confirms this replica's snapshots up to there, if it noted the same.
    private mutating func confirm(_ agreed: AgreedDigest, into effects: inout ReplicaEffects) {
        guard agreement.confirms(agreed), agreed.index > agreedThrough else { return }
        agreedThrough = agreed.index
        release(into: &effects)
        tellConfirmed(into: &effects)
    }

    /// Once for each snapshot: what was kept until this one is confirmed can go.
    private mutating func tellConfirmed(into effects: inout ReplicaEffects) {
        guard let newest = stored?.newest.index, newest <= agreedThrough, newest > toldConfirmed else { return }
        toldConfirmed = newest
        effects.confirmedSnapshot = newest
    }

    /// A follower tells its leader the digest that it noted last, once.
    mutating func tellDigest(into effects: inout ReplicaEffects) {
        guard raft.role == .follower, condition.isSound, let leader = raft.leader, let noted = agreement.newest,
            conversation(with: leader) != nil
        else { return }
        if let told = toldDigest, told.leader == leader, told.index == noted.index { return }
        toldDigest = (leader, noted.index)
        effects.stateMessages.append((leader, .digest(noted.digest, at: noted.index)))
    }

    /// A quorum has confirmed this replica's states up to here.
    public var confirmedThrough: LogIndex { agreedThrough }

    /// Bytes of log since the last snapshot, and how many call for the next.
    public var logSinceSnapshot: ByteCount { ByteCount(schedule.logBytes) }
    public var logDueForSnapshot: ByteCount {
        ByteCount(options.snapshots.logMax(payload: keyspace.memory.payload))
    }

    // MARK: On the disk

    /// Snapshots are on stable storage, and the log may begin behind the oldest of them, but not behind `keptFrom`:
    /// what is kept for followers that fall behind.
    mutating func take(_ snapshots: StoredSnapshots, keptFrom: LogIndex, into effects: inout ReplicaEffects) {
        precondition(
            snapshots.newest.index <= appliedIndex, "a snapshot of \(snapshots.newest), applied \(appliedIndex)")
        precondition(snapshots.oldest <= snapshots.newest.index, "the oldest snapshot is newer than the newest")
        stored = snapshots
        logKeptFrom = keptFrom
        if let underWay = snapshotUnderWay, underWay <= snapshots.newest.index { snapshotUnderWay = nil }
        release(into: &effects)
        tellConfirmed(into: &effects)
    }

    /// A snapshot is gone. Without the newest, this node cuts one by itself, of what it has applied: the others have
    /// theirs, and the log goes nowhere before it is stored.
    mutating func lose(_ left: StoredSnapshots?, wasNewest: Bool, into effects: inout ReplicaEffects) {
        stored = left
        guard wasNewest, condition.isSound, snapshotUnderWay == nil else { return }
        guard appliedIndex > left?.newest.index ?? .zero else { return }
        snapshotUnderWay = appliedIndex
        effects.snapshots.append(SnapshotOrder(state: state, cause: .rebuild, confirmed: agreedThrough))
    }

    /// The log's first segments go as far as snapshots cover them that a quorum has confirmed: were this node's state
    /// wrong, a node that is behind could not be brought up to tell. A full disk cannot wait for that.
    private mutating func release(into effects: inout ReplicaEffects) {
        guard let stored, stored.oldest <= agreedThrough || !raft.hasSpace else { return }
        let first = min(stored.oldest.next, logKeptFrom)
        guard first > releasedBefore, condition.isSound else { return }
        precondition(first <= appliedIndex.next, "release before \(first), applied \(appliedIndex)")
        releasedBefore = first
        effects.logWrites.append(LogWrite(.release(before: first), ticket: nil))
    }
}
