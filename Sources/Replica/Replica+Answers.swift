// What clients are told: outcomes of writes, results of reads, and honest reasons for everything else.

import ByteCoding
import Consensus
import Keyspace
import PeerProtocol
import RESP
import Vocabulary

/// Why a request was not carried out. The texts are the protocol's (docs/COMPATIBILITY.md); the first word decides what
/// a client may do: all but `unknown` promise that the request had no effect and never will have.
enum Refusal {
    case notLeader
    case noLeader
    case noSpace
    case archiveFull
    case unknown
    case noState

    var text: StaticString {
        switch self {
        case .notLeader: "TRYAGAIN this node no longer leads; the request had no effect"
        case .noLeader: "CLUSTERDOWN no leader could be reached in time; the request had no effect"
        case .noSpace: "NOSPACE the log has no room for more entries; free space on the node's disk"
        case .archiveFull: "NOSPACE as much log waits for the archive as may; the request had no effect"
        case .noState: "CLUSTERDOWN this node's state is being rebuilt; ask another node, the request had no effect"
        case .unknown: "UNKNOWNRESULT the outcome of this request is not known; read before you repeat it"
        }
    }
}

extension Replica {
    /// Calls `body` with the batch that answers for `origin` go into; nil when that conversation is over.
    @inline(__always)
    private func withAnswers(
        for origin: Origin, in effects: inout ReplicaEffects, _ body: (inout AnswerBatch) -> Void
    ) {
        switch origin {
        case .ownClient:
            body(&effects.replies)
        case .peer(let peer, let conversation):
            guard self.conversation(with: peer) == conversation else { return }
            let position: Int
            if let known = effects.answers.firstIndex(where: { $0.to == peer }) {
                position = known
            } else {
                position = effects.answers.count
                effects.answers.append((peer, AnswerBatch()))
            }
            body(&effects.answers[position].batch)
        }
    }

    func answer(
        _ item: RequestBatch.Item, of arrival: Arrival, _ refusal: Refusal, into effects: inout ReplicaEffects
    ) {
        answer(item.token, arrival.origin, item.version, refusal, into: &effects)
    }

    func answer(
        _ token: UInt64, _ origin: Origin, _ version: RESPVersion, _ refusal: Refusal,
        into effects: inout ReplicaEffects
    ) {
        guard token != Replica.nobody || origin != .ownClient else { return }
        withAnswers(for: origin, in: &effects) { answers in
            // Between nodes, "not logged here" is a fact of its own: the other node sends the request elsewhere.
            if case .notLeader = refusal, origin != .ownClient {
                answers.declined(token)
            } else {
                answers.answer(token, version: version) { $0.error(refusal.text) }
            }
        }
    }

    /// Answers a write that is refused for want of memory before it is logged. False when it is to be logged.
    func refuseForMemory(
        _ item: RequestBatch.Item, of arrival: Arrival, into effects: inout ReplicaEffects
    ) -> Bool {
        var reply = ReplyWriter(version: item.version)
        let entry = arrival.batch.bytes.rawBytes.extracting(item.range)
        guard keyspace.refusesForMemory(entry, reply: &reply) else { return false }
        withAnswers(for: arrival.origin, in: &effects) { answers in
            answers.answer(item.token, version: item.version) { $0.bytes.append(contentsOf: reply.bytes) }
        }
        return true
    }

    /// Carries out a read on the keyspace as it is and answers it. Returns the reply's size in bytes.
    @discardableResult
    mutating func read(
        _ item: RequestBatch.Item, of arrival: Arrival, at now: Moment, into effects: inout ReplicaEffects
    ) -> Int {
        figures.reads += 1
        let time = readTime(now)
        var size = 0
        withAnswers(for: arrival.origin, in: &effects) { answers in
            answers.answer(item.token, version: item.version) { reply in
                let start = reply.bytes.count
                keyspace.read(
                    arrival.batch.bytes.rawBytes.extracting(item.range), clock: time, seed: figures.reads,
                    reply: &reply)
                size = reply.bytes.count - start
            }
        }
        return size
    }

    /// Hands the reply of an applied write to whoever waits for it.
    @inline(__always)
    mutating func apply(
        _ entry: RawSpan, at time: Timestamp, _ index: LogIndex, at now: Moment, into effects: inout ReplicaEffects
    ) {
        defer { if !keyspace.served.isEmpty { answerServed(into: &effects) } }
        guard let write = writes.take(index), write.token != Replica.nobody || write.origin != .ownClient else {
            scratch.bytes.removeAll(keepingCapacity: true)
            keyspace.apply(entry, at: time, index: index, isOneOfMany: true, reply: &scratch)
            return
        }
        switch write.origin {
        case .ownClient:
            let isAnswered = effects.replies.answerIfAny(write.token, version: write.version) {
                keyspace.apply(entry, at: time, index: index, isOneOfMany: true, reply: &$0)
            }
            if !isAnswered {
                park(index, write.token, write.version, Keyspace.timeout(of: entry), at: now, into: &effects)
            }
        case .peer:
            scratch.bytes.removeAll(keepingCapacity: true)
            scratch.version = write.version
            let outcome = keyspace.apply(entry, at: time, index: index, isOneOfMany: true, reply: &scratch)
            let reply = scratch.bytes
            if outcome == .parked { parkGuest(index, of: write.origin) }
            withAnswers(for: write.origin, in: &effects) { answers in
                guard outcome == .answered else { return answers.parked(write.token, at: index) }
                answers.answer(write.token, version: write.version) { $0.bytes.append(contentsOf: reply) }
            }
        }
    }

    mutating func answerWaits(at now: Moment, into effects: inout ReplicaEffects) {
        guard raft.role == .leader, !waits.isEmpty else { return }
        let members = peers.filter { raft.configuration.isMember($0) && conversation(with: $0) != nil }
        let peersSynced = members.map { raft.progress(of: $0).matchIndex }
        for (wait, count) in waits.takeEnded(at: now.instant, own: raft.persistedIndex, others: peersSynced) {
            withAnswers(for: wait.arrival.origin, in: &effects) { answers in
                answers.answer(wait.item.token, version: wait.item.version) { reply in
                    // `WAITAOF` tells of the leader's own disk apart.
                    if wait.local != nil {
                        reply.arrayHeader(2)
                        reply.integer(raft.persistedIndex >= wait.index ? 1 : 0)
                    }
                    reply.integer(Int64(count))
                }
            }
        }
    }

    // MARK: Outcomes from the leader

    /// Takes a leader's answers to what we forwarded: replies go to our clients, declined requests are routed anew.
    mutating func settle(
        _ batch: AnswerBatch, from leader: NodeID, at now: Moment, into effects: inout ReplicaEffects
    ) {
        var declined: [Arrival] = []
        for answer in batch.items {
            if answer.isDeclined {
                if let arrival = forwards.withdraw(answer.token, from: leader) { declined.append(arrival) }
            } else if let index = batch.parkedIndex(answer) {
                guard let arrival = forwards.withdraw(answer.token, from: leader) else { continue }
                for item in arrival.batch.items {
                    let timeout = Keyspace.timeout(of: arrival.batch.bytes.rawBytes.extracting(item.range))
                    park(index, item.token, item.version, timeout, at: now, into: &effects)
                }
            } else if let item = forwards.settle(answer.token, from: leader), item.token != Replica.nobody {
                effects.replies.answer(item.token, version: item.version) {
                    $0.bytes.append(bytes: batch.writer.bytes.rawBytes.extracting(answer.range))
                }
            }
        }
        if !declined.isEmpty { inbox.putBack(declined) }
    }

    /// A leader that we forwarded to is gone: reads are asked anew, the fate of writes is not known.
    mutating func abandonForward(_ arrival: Arrival, into effects: inout ReplicaEffects) {
        var again: [RequestBatch.Item] = []
        for item in arrival.batch.items {
            if item.kind == .write {
                figures.unknownResults += 1
                answer(item, of: arrival, .unknown, into: &effects)
            } else {
                again.append(item)
            }
        }
        if !again.isEmpty { inbox.putBack([arrival.only(again)]) }
    }

    /// The time of a forwarded arrival is over: a read is not asked anew, or it would be for ever.
    private mutating func expireForward(_ arrival: Arrival, into effects: inout ReplicaEffects) {
        for item in arrival.batch.items {
            if item.kind == .write { figures.unknownResults += 1 }
            answer(item, of: arrival, item.kind == .write ? .unknown : .noLeader, into: &effects)
        }
    }

    mutating func giveUp(_ cut: [PendingWrite], into effects: inout ReplicaEffects) {
        for write in cut {
            figures.unknownResults += 1
            answer(write.token, write.origin, write.version, .unknown, into: &effects)
        }
    }

    // MARK: Deadlines

    mutating func giveUpOverdue(at now: Moment, into effects: inout ReplicaEffects) {
        if let oldest = inbox.oldest, oldest + options.holdTimeout <= now.instant {
            // "Older than" an instant that lies `holdTimeout` back.
            let limit = Instant(nanoseconds: now.instant.nanoseconds &- UInt64(options.holdTimeout.inNanoseconds) &+ 1)
            for arrival in inbox.takeOlder(than: limit) {
                for item in arrival.batch.items { answer(item, of: arrival, .noLeader, into: &effects) }
            }
        }
        if let deadline = pendingDeadline, deadline <= now.instant {
            pendingDeadline = nil
            if raft.role != .leader { giveUp(writes.takeAll(), into: &effects) }
        }
        giveUpForwards(at: now, into: &effects)
    }

    /// Forwarded requests end when their time is up, or soon after their leader was replaced.
    private mutating func giveUpForwards(at now: Moment, into effects: inout ReplicaEffects) {
        guard !forwards.isEmpty else { return }
        if let changed = leaderChangedAt, changed + options.replacedLeaderGrace <= now.instant,
            raft.role == .leader || raft.leader != nil
        {
            leaderChangedAt = nil
            for peer in peers where peer != raft.leader {
                for arrival in forwards.takeUnanswered(from: peer) { abandonForward(arrival, into: &effects) }
            }
        }
        let age = UInt64(options.resultTimeout.inNanoseconds)
        guard now.instant.nanoseconds > age else { return }
        let limit = Instant(nanoseconds: now.instant.nanoseconds - age)
        for arrival in forwards.takeUnanswered(olderThan: limit) { expireForward(arrival, into: &effects) }
    }
}
