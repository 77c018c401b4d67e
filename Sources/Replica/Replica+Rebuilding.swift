// The state of another node in place of this one's: for a follower whom the log cannot help, and for one that is wrong.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import RESP
import Vocabulary

extension Replica {
    mutating func receive(
        _ message: StateMessage, from sender: NodeID, at now: Moment, into effects: inout ReplicaEffects
    ) {
        switch message {
        case .digest(let digest, let index):
            guard raft.role == .leader else { return }
            agreement.report(NotedDigest(index: index, digest: digest), from: sender)
        case .offer(let index):
            // What becomes durable with a snapshot must not be ahead of this node's ballot.
            guard sender == raft.leader, raft.acceptsSnapshots, index > stateFloor else { return }
            effects.fetches.append((sender, index))
        case .wish(let floor):
            guard raft.role == .leader else { return }
            if let stored, stored.newest.index > floor {
                effects.stateMessages.append((sender, .offer(stored.newest.index)))
            } else if max(snapshotUnderWay ?? .zero, cutAt) <= floor {
                schedule.ask(.rebuild)
            }
        }
    }

    /// Only the state of an index behind this one helps.
    private var stateFloor: LogIndex { condition.isSound ? raft.commitIndex : wantedFloor }

    // MARK: As the leader

    /// The log no longer has what `peer` needs: it gets a snapshot.
    mutating func offerSnapshot(
        to peer: NodeID, firstAvailable: LogIndex, at now: Moment, into effects: inout ReplicaEffects
    ) {
        guard raft.role == .leader else { return }
        guard let stored, firstAvailable <= stored.newest.index.next else { return schedule.ask(.rebuild) }
        raft.needsSnapshot(peer, through: stored.newest.index, firstAvailable: firstAvailable)
        effects.stateMessages.append((peer, .offer(stored.newest.index)))
        nextOfferAt = now.instant + options.wishInterval
    }

    /// An offer may be lost, or come before its receiver knows who leads; and a newer snapshot may have come.
    mutating func offerAgain(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.role == .leader, let stored, now.instant >= nextOfferAt else { return }
        for (peer, _, _) in connected where isAwaitingSnapshot(peer) {
            nextOfferAt = now.instant + options.wishInterval
            effects.stateMessages.append((peer, .offer(stored.newest.index)))
        }
    }

    private func isAwaitingSnapshot(_ peer: NodeID) -> Bool {
        guard raft.peerIDs.contains(peer), case .snapshot = raft.progress(of: peer).state else { return false }
        return true
    }

    // MARK: A state that is not to be trusted

    /// From here on nobody is served from this node's state, and it neither votes nor counts, until it has another.
    mutating func loseState(_ found: StateCondition, at now: Moment, into effects: inout ReplicaEffects) {
        precondition(!found.isSound, "a sound state is lost")
        guard condition.isSound else { return }
        if case .diverged = found { effects.evidence = state }
        condition = found
        wantedFloor = appliedIndex
        nextWishAt = now.instant
        effects.news.append(.stateLost(found))
        effects.retired = keyspace
        emptyKeyspace()
        raft.setQuarantined(true, now: now.instant, into: &directives)
    }

    private mutating func emptyKeyspace() {
        let wanted = keyspace.events.wanted
        keyspace = Keyspace(of: cluster)
        keyspace.events.wanted = wanted
    }

    /// Alters a record of this replica alone, as a fault of the program or of the machine would: for tests of what
    /// comes of that. False when there is no such string.
    @discardableResult
    public mutating func alterForTest(_ key: [UInt8]) -> Bool {
        var reply = ReplyWriter(version: .two)
        let time = keyspace.lastAppliedTime
        let entry = EntryCoding.encoded(.append, [key, [0x21]])
        keyspace.apply(entry.rawBytes, at: time, index: keyspace.lastAppliedIndex, reply: &reply)
        return reply.bytes.first == UInt8(ascii: ":")
    }

    /// Asks the leader for a snapshot, again and again: it may have to cut one first, or be replaced.
    mutating func wishForState(at now: Moment, into effects: inout ReplicaEffects) {
        guard !condition.isSound, now.instant >= nextWishAt, let leader = raft.leader, conversation(with: leader) != nil
        else { return }
        nextWishAt = now.instant + options.wishInterval
        effects.stateMessages.append((leader, .wish(after: wantedFloor)))
    }

    /// A snapshot of another node is on stable storage here, and this is what it holds. Ignored when it is not newer
    /// than what this node has.
    mutating func install(_ state: ReplicatedState, at now: Moment, into effects: inout ReplicaEffects) {
        guard state.index > stateFloor else { return }
        raft.install(state.end, configuration: state.configuration, now: now.instant, into: &directives)
        installing = state
        finishInstalling(at: now, into: &effects)
    }

    /// Takes a fetched state over once consensus has committed its end, which it does when the log is durable as far.
    mutating func finishInstalling(at now: Moment, into effects: inout ReplicaEffects) {
        guard let state = installing else { return }
        guard state.index > (condition.isSound ? appliedIndex : wantedFloor) else { return installing = nil }
        guard raft.commitIndex >= state.index else { return }
        installing = nil
        effects.retired = keyspace
        begin(with: state)
        raft.setApplied(appliedIndex)
        clock.observe(state.timestamp)
        agreement.forgetAll()
        toldDigest = nil
        schedule = SnapshotSchedule(at: now.instant)
        changes = ChangeJournal(indexesMax: options.changeIndexes, bytesMax: options.changeNoteBytes)
        releasedBefore = max(releasedBefore, state.index.next)
        for token in parked.takeAll() {
            figures.unknownResults += 1
            answer(token, .ownClient, .two, .unknown, into: &effects)
        }
        effects.news.append(.stateInstalled(state.end.position))
        guard !condition.isSound else { return }
        condition = .sound
        raft.setQuarantined(false, now: now.instant, into: &directives)
    }

    /// Takes a state over as this replica's own.
    mutating func begin(with state: ReplicatedState) {
        let wanted = keyspace.events.wanted
        keyspace = state.keyspace
        keyspace.events.wanted = wanted
        registry = state.registry
        addresses = state.addresses
        appliedConfiguration = state.configuration
        appliedEnd = state.end
        appliedTime = state.timestamp
        appliedIndex = state.index
        markerAt = max(markerAt, state.index)
    }
}
