// Between the replica and its consensus: messages in, directives carried out.

import ByteCoding
public import Consensus
import Keyspace
public import LogFormat
import PeerProtocol
import Vocabulary

extension Replica {
    mutating func receive(
        _ message: Message, _ frames: [Frame], from sender: NodeID, at now: Moment, into effects: inout ReplicaEffects
    ) {
        guard counts(message.body, from: sender) else { return }
        var message = message
        if case .append(var append) = message.body {
            append.frames = frames.map { FrameSummary($0) }
            append.configurations = configurations(in: frames, from: sender, into: &effects)
            message.body = .append(append)
        }
        raft.receive(message, from: sender, now: now.instant, into: &directives)
        carryOut(frames, at: now, into: &effects)
    }

    /// A member with another disk than the one that this node knows it by may have that place by entries which this
    /// node lacks: it may lead and be voted for, which takes a majority who know it. But what it promises, or says that
    /// it has stored, counts for nothing here: its disk may as well be one that has forgotten.
    private func counts(_ body: Message.Body, from sender: NodeID) -> Bool {
        switch body {
        case .preVote, .vote, .append, .heartbeat, .timeoutNow: return true
        case .preVoteReply, .voteReply, .progress:
            guard let peer = connected.first(where: { $0.node == sender }) else { return true }
            return registry.admits(sender, peer.storage)
        }
    }

    /// Carries out what consensus asked for; `frames` are those of the append being received.
    mutating func carryOut(_ frames: [Frame] = [], at now: Moment, into effects: inout ReplicaEffects) {
        guard !directives.isEmpty else { return }
        var position = 0
        // Carrying out one directive may add others behind it.
        while position < directives.count, failure == nil {
            carryOut(directives[position], frames, at: now, into: &effects)
            position += 1
        }
        directives.removeAll(keepingCapacity: true)
    }

    private mutating func carryOut(
        _ directive: Directive, _ frames: [Frame], at now: Moment, into effects: inout ReplicaEffects
    ) {
        switch directive {
        case .send(let message, let peer):
            effects.messages.append(OutgoingMessage(to: peer, message: message, frames: []))
        case .persistBallot(let term, let vote, let ticket):
            effects.logWrites.append(LogWrite(.ballot(term, votedFor: vote), ticket: ticket))
        case .truncate(let index, let ticket):
            precondition(index > appliedIndex, "cut at \(index), applied up to \(appliedIndex)")
            cache.truncate(from: index)
            announcedAddresses.removeAll { $0.index >= index }
            giveUp(writes.takeCut(from: index), into: &effects)
            effects.logWrites.append(LogWrite(.truncate(from: index), ticket: ticket))
        case .store(let range, let ticket):
            for frame in frames[range] { log(frame, ticket: ticket, into: &effects) }
        case .commit:
            applyCommitted(at: now, into: &effects)
        case .roleChanged(let role, let term, let leader):
            roleChanged(to: role, term, leader, at: now, into: &effects)
        case .becameLeader:
            beginTerm(at: now, into: &effects)
        case .readConfirmed(let round, let index):
            reads.confirm(round, at: index)
        case .readsAborted:
            inbox.putBack(reads.takeAll())
        case .handoverEnded(let outcome):
            effects.news.append(.handoverEnded(outcome))
        case .steppedDown(let reason):
            effects.news.append(.steppedDown(String(describing: reason)))
        case .fenceRaised(let index):
            effects.logWrites.append(LogWrite(.raiseFence(index), ticket: nil))
            effects.news.append(.fenceRaised(index))
        case .fenceCleared:
            effects.logWrites.append(LogWrite(.clearFence, ticket: nil))
            effects.news.append(.fenceCleared)
        case .repairGranted(let index):
            // Behind the damage on disk: a proof, for the start that follows, that the log did not end before it.
            effects.logWrites.append(LogWrite(.raiseFence(index), ticket: nil))
            effects.news.append(.repairGranted(index))
        case .restartLog(let end, let ticket):
            cache.removeAll()
            announcedAddresses = []
            giveUp(writes.takeAll(), into: &effects)
            effects.logWrites.append(LogWrite(.restart(at: end.position, checksum: end.checksum), ticket: ticket))
        case .anomaly(let anomaly):
            effects.news.append(.anomaly(String(describing: anomaly)))
        case .halt(let divergence):
            failure = .divergence(divergence)
        case .proposeConfiguration(let configuration):
            propose(configuration, at: now, into: &effects)
        case .configurationChanged(let configuration, let isCommitted):
            effects.news.append(.members(configuration, isCommitted: isCommitted))
        case .membershipEnded(let outcome):
            effects.news.append(.membershipEnded(outcome))
        case .removed:
            effects.news.append(.removed)
        }
    }

    /// Adds a frame to the log: in memory now, on disk by the log thread.
    mutating func log(_ frame: Frame, ticket: WriteTicket, into effects: inout ReplicaEffects) {
        cache.append(frame)
        noteAddresses(in: frame)
        clock.observe(frame.header.timestamp.advanced(by: Int(frame.header.count) - 1))
        effects.logWrites.append(LogWrite(.append(frame, commitIndex: raft.commitIndex), ticket: ticket))
    }

    private mutating func roleChanged(
        to role: Role, _ term: Term, _ leader: NodeID?, at now: Moment, into effects: inout ReplicaEffects
    ) {
        effects.news.append(.role(role, term, leader: leader))
        leaderChangedAt = now.instant
        if role != .leader {
            framesUnderWay.removeAll(keepingCapacity: true)
            if !writes.isEmpty { pendingDeadline = now.instant + options.resultTimeout }
            inbox.putBack(reads.takeAll())
            inbox.putBack(waits.takeAll())
            parked.forgetGuests()
        }
    }

    // MARK: Peers

    mutating func connect(_ peer: NodeID, _ storage: StorageID, at now: Moment) {
        conversations += 1
        forgetConversation(with: peer)
        connected.append((peer, storage, conversations))
        if !raft.configuration.isMember(peer) { formerConversations.insert(conversations) }
        let isOtherDisk = storagesMet.contains { $0.node == peer && $0.storage != storage }
        storagesMet.removeAll { $0.node == peer }
        storagesMet.append((peer, storage))
        raft.peerConnected(peer, isOtherDisk: isOtherDisk, now: now.instant)
        diskReads.removeAll { $0 == .replicate(to: peer) }
    }

    private mutating func forgetConversation(with peer: NodeID) {
        if let old = conversation(with: peer) { formerConversations.remove(old) }
        connected.removeAll { $0.node == peer }
    }

    /// Whether every write and read of a peer's batch is an entry: nothing else may reach the log.
    func isWellFormed(_ batch: RequestBatch, from peer: NodeID, _ effects: inout ReplicaEffects) -> Bool {
        let bytes = batch.bytes.rawBytes
        for item in batch.items where item.kind != .wait {
            do throws(EntryError) {
                _ = try EntryView(bytes.extracting(item.range))
            } catch {
                effects.news.append(.anomaly("request from \(peer): \(error)"))
                return false
            }
        }
        return true
    }

    mutating func disconnect(_ peer: NodeID, at now: Moment, into effects: inout ReplicaEffects) {
        forgetConversation(with: peer)
        raft.peerDisconnected(peer, now: now.instant, into: &directives)
        if peer == raft.leader { effects.news.append(.probe(peer)) }
        for arrival in forwards.takeUnanswered(from: peer) { abandonForward(arrival, into: &effects) }
        parked.lose(peer)
    }

    mutating func beginHandover(
        to target: NodeID?, isForced: Bool, deadline: Instant, at now: Moment, into effects: inout ReplicaEffects
    ) {
        do throws(HandoverRefusal) {
            try raft.beginHandover(
                to: target, isForced: isForced, now: now.instant, deadline: deadline, into: &directives)
        } catch {
            effects.news.append(.handoverRefused(error))
        }
    }

    // MARK: Registration

    /// Members that are connected (and this node) but not in the registry yet.
    private var unregistered: [(NodeID, StorageID)] {
        // Looked at in every turn, and everybody is there in nearly all of them: only members are ever registered.
        if registry.count == raft.configuration.memberCount { return [] }
        // The old process of a node that was taken in again may not have been given up yet. One that has become a voter
        // over that conversation is not old.
        let present = connected.filter {
            !formerConversations.contains($0.conversation) || raft.votesKnowingly($0.node)
        }
        let all = [(id, storage)] + present.map { ($0.node, $0.storage) }
        return all.filter { raft.configuration.isMember($0.0) && registry.storage(of: $0.0) == nil }
    }

    /// Opens the term with an entry of its own, and registers whoever is new before any client's command.
    private mutating func beginTerm(at now: Moment, into effects: inout ReplicaEffects) {
        memorySaid = nil
        agreement.forgetReports()
        seal(.leaderStart, at: now, into: &effects)
        membersEntryAt = raft.lastPosition.index
        if raft.mayPropose, !unregistered.isEmpty { appendMembers(at: now, into: &effects) }
    }

    private mutating func appendMembers(at now: Moment, into effects: inout ReplicaEffects) {
        let entry = MemberRegistry.encode(unregistered)
        builder.appendEntry(entry.rawBytes)
        seal(.membership, at: now, into: &effects)
        membersEntryAt = raft.lastPosition.index
    }

    /// Registers members that connected after the term began, once the earlier entry is applied.
    mutating func registerNewMembers(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.mayPropose, appliedIndex >= membersEntryAt, !unregistered.isEmpty else { return }
        appendMembers(at: now, into: &effects)
    }

    /// Makes the frame that was built the newest of the log.
    ///
    /// - Parameter configuration: what its last entry is, if that is a configuration.
    mutating func seal(
        _ kind: FrameKind, configuration: Configuration? = nil, at now: Moment, into effects: inout ReplicaEffects
    ) {
        let first = raft.lastPosition.index.next
        let timestamp = clock.take(max(1, builder.count), wall: now.wall)
        let frame = builder.seal(
            kind: kind, term: raft.term, firstIndex: first, timestamp: timestamp,
            previousTerm: raft.lastPosition.term, previousChecksum: raft.lastChecksum)
        builder.begin()
        let ticket = raft.appendedByLeader(
            FrameSummary(frame), configuration: configuration, now: now.instant, into: &directives)
        framesUnderWay.append((frame.header.lastIndex, now.instant))
        catchUpPace.wrote(frame.bytes.count, at: now.instant)
        log(frame, ticket: ticket, into: &effects)
    }
}

extension FrameSummary {
    /// What consensus needs to know of a frame.
    public init(_ frame: Frame) {
        let header = frame.header
        self.init(
            term: header.term, firstIndex: header.firstIndex, lastIndex: header.lastIndex, checksum: header.checksum,
            previousTerm: header.previousTerm, previousChecksum: header.previousChecksum, size: frame.bytes.count)
    }
}
