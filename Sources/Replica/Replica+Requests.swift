// Where requests go: into the log, to the leader, into a read round, or back with a reason.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import RESP
import Vocabulary

extension Replica {
    mutating func endTurn(at now: Moment, into effects: inout ReplicaEffects) {
        finishInstalling(at: now, into: &effects)
        applyCommitted(at: now, into: &effects)
        expire(at: now, into: &effects)
        watchMemory(at: now, into: &effects)
        mark(at: now, into: &effects)
        registerNewMembers(at: now, into: &effects)
        sendAwayOverdue(at: now, into: &effects)
        route(at: now, into: &effects)
        startReadRound(at: now)
        carryOut(at: now, into: &effects)
        replicate(at: now, into: &effects)
        raft.flushRound(now: now.instant, into: &directives)
        carryOut(at: now, into: &effects)
        answerReads(at: now, into: &effects)
        answerWaits(at: now, into: &effects)
        if !effects.replies.items.isEmpty || !effects.answers.isEmpty { catchUpPace.served(at: now.instant) }
        tellDigest(into: &effects)
        wishForState(at: now, into: &effects)
        offerAgain(at: now, into: &effects)
        giveUpOverdue(at: now, into: &effects)
        forwards.sweep()
        cache.evict(applied: appliedIndex)
        if keyspace.hasIndexesToBuild { keyspace.buildIndexes(records: options.indexRecordsPerTurn) }
    }

    // MARK: Routing

    private mutating func route(at now: Moment, into effects: inout ReplicaEffects) {
        guard !inbox.isEmpty else { return }
        if raft.role == .leader {
            routeAsLeader(at: now, into: &effects)
        } else if let leader = raft.leader, conversation(with: leader) != nil {
            routeToLeader(leader, at: now, into: &effects)
        } else {
            for arrival in inbox.takeAll() {
                if let rest = answerLocally(arrival, at: now, into: &effects) {
                    if let rest = declineForwarded(rest, leader: nil, into: &effects) { inbox.add(rest) }
                }
            }
        }
    }

    private mutating func routeAsLeader(at now: Moment, into effects: inout ReplicaEffects) {
        guard forwards.isEmpty else { return }
        switch raft.proposalBar {
        case .noSpace: return refuseWrites(.noSpace, at: now, into: &effects)
        case .handingOver, .notLeader: return
        case .backlog, nil: if isArchiveFull { return refuseWrites(.archiveFull, at: now, into: &effects) }
        }
        let writesWait =
            !raft.mayPropose
            || framesUnderWay.count >= options.framesUnderWayMax && inbox.bytes < options.batchBytesMax.rawValue
        for arrival in inbox.takeAll() {
            guard var rest = answerLocally(arrival, at: now, into: &effects) else { continue }
            if writesWait {
                let writes = rest.batch.items.filter { $0.kind == .write }
                if !writes.isEmpty {
                    inbox.add(rest.only(writes))
                    rest = rest.only(rest.batch.items.filter { $0.kind != .write })
                }
            }
            propose(rest, at: now, into: &effects)
        }
        if builder.count > 0 { seal(.entries, at: now, into: &effects) }
    }

    /// Logs the writes of `arrival`, and queues its reads and waits.
    private mutating func propose(_ arrival: Arrival, at now: Moment, into effects: inout ReplicaEffects) {
        var hasReads = false
        var hasOthers = false
        for item in arrival.batch.items {
            switch item.kind {
            case .write:
                hasOthers = true
                if saysMemoryIsFull, refuseForMemory(item, of: arrival, into: &effects) { continue }
                builder.appendEntry(arrival.batch.bytes.rawBytes.extracting(item.range))
                let index = raft.lastPosition.index + builder.count
                writes.append(
                    PendingWrite(index: index, token: item.token, origin: arrival.origin, version: item.version))
                if builder.payload.count >= options.batchBytesMax.rawValue { seal(.entries, at: now, into: &effects) }
            case .read:
                hasReads = true
            case .wait:
                waits.add(item, of: arrival, index: raft.commitIndex, at: now.instant)
                hasOthers = true
            case .localRead:
                break
            }
        }
        guard hasReads else { return }
        // Reads are asked anew when leadership is lost. What was logged with them must never be.
        reads.add(hasOthers ? arrival.only(arrival.batch.items.filter { $0.kind == .read }) : arrival)
    }

    /// Without room in the log: writes are refused before they reach it, reads go on.
    private mutating func refuseWrites(
        _ refusal: Refusal, at now: Moment, into effects: inout ReplicaEffects
    ) {
        for arrival in inbox.takeAll() {
            guard let rest = answerLocally(arrival, at: now, into: &effects) else { continue }
            var other: [RequestBatch.Item] = []
            for item in rest.batch.items {
                if item.kind == .write {
                    answer(item, of: rest, refusal, into: &effects)
                } else {
                    other.append(item)
                }
            }
            if !other.isEmpty { propose(rest.only(other), at: now, into: &effects) }
        }
    }

    private mutating func routeToLeader(_ leader: NodeID, at now: Moment, into effects: inout ReplicaEffects) {
        // What another leader may still answer keeps later requests of the same clients waiting: order is kept.
        guard !forwards.hasUnanswered(otherThan: leader) else { return }
        for arrival in inbox.takeAll() {
            guard let rest = answerLocally(arrival, at: now, into: &effects),
                let own = declineForwarded(rest, leader: leader, into: &effects)
            else { continue }
            effects.forwards.append((leader, forwards.enter(own, for: leader)))
            figures.forwarded += UInt64(own.batch.items.count)
        }
    }

    /// Answers reads that were asked for as "what this node has" (`READONLY`); returns what is left, if anything.
    private mutating func answerLocally(
        _ arrival: Arrival, at now: Moment, into effects: inout ReplicaEffects
    ) -> Arrival? {
        guard arrival.batch.hasLocalReads else { return arrival }
        for item in arrival.batch.items where item.kind == .localRead {
            if condition.isSound {
                read(item, of: arrival, at: now, into: &effects)
            } else {
                answer(item, of: arrival, .noState, into: &effects)
            }
        }
        let rest = arrival.batch.items.filter { $0.kind != .localRead }
        return rest.isEmpty ? nil : arrival.only(rest)
    }

    /// A peer that took us for the leader is told that nothing was logged; returns the arrival if it is our clients'.
    private mutating func declineForwarded(
        _ arrival: Arrival, leader: NodeID?, into effects: inout ReplicaEffects
    ) -> Arrival? {
        guard arrival.origin != .ownClient else { return arrival }
        for item in arrival.batch.items { answer(item, of: arrival, .notLeader, into: &effects) }
        return nil
    }

    // MARK: Replication and reads

    private mutating func replicate(at now: Moment, into effects: inout ReplicaEffects) {
        catchUpPace.beginTurn()
        guard raft.role == .leader else { return }
        for (peer, _, _) in connected {
            while let wish = raft.nextAppend(to: peer) {
                let frames = cache.frames(from: wish.from, byteLimit: wish.byteLimit)
                if frames.isEmpty {
                    guard let portion = catchUpPace.portion(at: now.instant) else { break }
                    let limit = min(wish.byteLimit, portion)
                    readFromDisk(.replicate(to: peer), from: wish.from, byteLimit: limit, into: &effects)
                    break
                }
                send(frames, to: peer, at: now, into: &effects)
            }
        }
    }

    private mutating func send(
        _ frames: [Frame], to peer: NodeID, at now: Moment, into effects: inout ReplicaEffects
    ) {
        let message = raft.sent(frames.map { FrameSummary($0) }, to: peer, now: now.instant)
        effects.messages.append(OutgoingMessage(to: peer, message: message, frames: frames))
    }

    mutating func readFromDisk(
        _ purpose: LogReadPurpose, from index: LogIndex, byteLimit: Int, into effects: inout ReplicaEffects
    ) {
        guard !diskReads.contains(purpose) else { return }
        diskReads.append(purpose)
        effects.logReads.append(LogRead(purpose: purpose, from: index, byteLimit: byteLimit))
    }

    /// Frames that were wanted have come from the log; if the wish has changed meanwhile, they are dropped.
    mutating func take(
        _ frames: [Frame], for request: LogRead, at now: Moment, into effects: inout ReplicaEffects
    ) {
        diskReads.removeAll { $0 == request.purpose }
        guard let first = frames.first?.header.firstIndex else { return }
        switch request.purpose {
        case .apply:
            for frame in frames
            where frame.header.firstIndex == appliedIndex.next
                && frame.header.lastIndex <= raft.commitIndex
            {
                apply(frame, at: now, into: &effects)
            }
        case .replicate(let peer):
            guard raft.role == .leader, let wish = raft.nextAppend(to: peer), wish.from == first else {
                return
            }
            catchUpPace.sent(frames.reduce(0) { $0 + $1.bytes.count }, at: now.instant)
            send(frames, to: peer, at: now, into: &effects)
        }
    }

    /// The log begins behind what was wished for.
    mutating func takeReleased(_ request: LogRead, first: LogIndex, at now: Moment, into effects: inout ReplicaEffects)
    {
        diskReads.removeAll { $0 == request.purpose }
        switch request.purpose {
        case .apply:
            guard request.from == appliedIndex.next else { return }
            // Nobody releases what is not applied.
            preconditionFailure("the log was released before \(request.from), which is to be applied")
        case .replicate(let peer):
            guard let wish = raft.nextAppend(to: peer), wish.from == request.from else { return }
            offerSnapshot(to: peer, firstAvailable: first, at: now, into: &effects)
        }
    }

    private mutating func startReadRound(at now: Moment) {
        guard raft.role == .leader, reads.wantsRound else { return }
        reads.begin(raft.requestRead(now: now.instant, into: &directives))
        figures.readRounds += 1
    }

    /// Answers confirmed reads, up to a bound of reply bytes per step.
    private mutating func answerReads(at now: Moment, into effects: inout ReplicaEffects) {
        readyReads.append(contentsOf: reads.takeReady(applied: appliedIndex))
        guard !readyReads.isEmpty else { return }
        precondition(condition.isSound, "reads from a state that is not to be trusted")
        var bytes = 0
        var done = 0
        for arrival in readyReads {
            for item in arrival.batch.items[readyOffset...] where bytes < options.readReplyBytesPerStep {
                if readyOffset.isMultiple(of: Keyspace.warmMax) { warm(arrival.batch, from: readyOffset) }
                readyOffset += 1
                if item.kind == .read { bytes += read(item, of: arrival, at: now, into: &effects) }
            }
            guard readyOffset == arrival.batch.items.count else { break }
            readyOffset = 0
            done += 1
        }
        readyReads.removeFirst(done)
    }

    /// What is not answered yet is asked anew, in its old order: the state that was to answer it is not this node's any
    /// more.
    mutating func takeBackReads() {
        if readyOffset > 0, let begun = readyReads.first {
            readyReads[0] = begun.only(Array(begun.batch.items[readyOffset...]))
        }
        inbox.putBack(readyReads + reads.takeAll())
        readyReads = []
        readyOffset = 0
    }

    private mutating func warm(_ batch: RequestBatch, from first: Int) {
        group.removeAll(keepingCapacity: true)
        for item in batch.items[first...].prefix(Keyspace.warmMax) { group.append(item.range) }
        keyspace.warm(batch.bytes.rawBytes, entries: group)
    }
}
