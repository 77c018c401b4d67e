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
        case .archived:
            // The shell's affair: it says what of the log is kept.
            break
        case .wish(let floor):
            guard raft.role == .leader else { return }
            if let offered, offered > floor {
                effects.stateMessages.append((sender, .offer(offered)))
            } else if max(stored?.newest.index ?? .zero, snapshotToCome) <= floor {
                schedule.ask(.rebuild)
            }
        }
    }

    /// What this node is about to cut, or is writing. One that was cut and failed does not come.
    private var snapshotToCome: LogIndex { max(snapshotUnderWay ?? .zero, cutAt > appliedIndex ? cutAt : .zero) }

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
        if let offered { effects.stateMessages.append((peer, .offer(offered))) }
        nextOfferAt = now.instant + options.wishInterval
    }

    /// An offer may be lost, or come before its receiver knows who leads; and a newer snapshot may have come.
    mutating func offerAgain(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.role == .leader else { return bareSince = nil }
        guard now.instant >= nextOfferAt else { return }
        guard connected.contains(where: { isAwaitingSnapshot($0.node) }) else { return bareSince = nil }
        guard let offered else { return awaitConfirmation(at: now) }
        nextOfferAt = now.instant + options.wishInterval
        bareSince = nil
        for (peer, _, _) in connected where isAwaitingSnapshot(peer) {
            effects.stateMessages.append((peer, .offer(offered)))
        }
    }

    /// No quorum confirms this leader's snapshots, and the ones confirmed before are lost: what if its state is wrong,
    /// and the follower that waits for it would be the one to tell? Whoever leads next may have a better one to give.
    private mutating func awaitConfirmation(at now: Moment) {
        let since = bareSince ?? now.instant
        bareSince = since
        guard now.instant - since >= options.confirmationPatience else { return }
        bareSince = nil
        raft.lacksSnapshotToGive(now: now.instant, into: &directives)
    }

    /// The newest snapshot of a state that led to one that a quorum agreed upon. Were another one given to a node that
    /// needs it, and wrong, two would be wrong, and a quorum perhaps.
    private var offered: LogIndex? {
        guard let stored else { return nil }
        if stored.newest.index <= agreedThrough { return stored.newest.index }
        return stored.oldest <= agreedThrough ? stored.oldest : nil
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
        takeBackReads()
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

    /// Changes a bit of a string of this replica alone, as faulty memory would: for tests of what comes of that. False
    /// when there is no such string.
    public mutating func flipBitForTest(_ key: [UInt8]) -> Bool { keyspace.flipBitForTest(key) }

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
        let change = ConfigurationChange(index: state.index, configuration: state.configuration)
        raft.learn(change, now: now.instant, into: &directives)
        effects.retired = keyspace
        agreement.forgetAll()
        begin(with: state)
        raft.setApplied(appliedIndex)
        clock.observe(state.timestamp)
        agreedThrough = max(agreedThrough, state.index)
        toldDigest = nil
        schedule = SnapshotSchedule(at: now.instant)
        changes = ChangeJournal(indexesMax: options.changeIndexes, bytesMax: options.changeNoteBytes)
        releasedBefore = max(releasedBefore, state.index.next)
        // Their entries are passed over here: what became of them is in the state, and their answers are not.
        giveUp(writes.takeAll(), into: &effects)
        for token in parked.skip(to: state.index, isWaiting: { keyspace.isWaiting($0) }) {
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
        agreement.note(NotedDigest(index: state.index, digest: state.keyspace.digest))
    }
}
