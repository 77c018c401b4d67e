// Where the planted bugs sit: between the parts, where a shell could get it wrong.

import ByteCoding
import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaSnapshots
import Vocabulary

extension World {
    /// In a disk.
    func plant(in disk: SimulatedDisk) {
        disk.isLying = bug == .syncDoesNothing
        disk.retriesSync = bug == .retryFailedSync
        disk.forgetsPacks = bug == .manifestBeforeData
    }

    /// In what a replica begins with.
    func plant(in start: inout ReplicaStart) {
        switch bug {
        case .forgetBallot:
            start.restored.term = start.restored.last.position.term
            start.restored.votedFor = nil
        case .damageAsTornTail:
            start.restored.fence = nil
            start.restored.isBallotUncertain = false
        default: break
        }
    }

    /// In a message that leaves a node.
    func plant(in message: inout Message, from position: Int, to peer: Int) {
        guard bug == .commitOldTermByCounting, let life = nodes[position].life else { return }
        guard life.replica.raft.role == .leader else { return }
        let reached = World.majority(of: life.replica)
        switch message.body {
        case .append(var append):
            append.commitIndex = max(append.commitIndex, reached)
            message.body = .append(append)
        case .heartbeat(let commitIndex, let round, let mayRepair):
            message.body = .heartbeat(
                commitIndex: max(commitIndex, reached), round: round, mayRepair: mayRepair)
        default: break
        }
    }

    /// What a majority has, whatever its term.
    private static func majority(of replica: borrowing Replica) -> LogIndex {
        let members = replica.peers.filter { replica.raft.configuration.isMember($0) }
        let peers = members.map { replica.raft.progress(of: $0).matchIndex }
        let all = (peers + [replica.raft.persistedIndex]).sorted()
        return all[(all.count - 1) / 2]
    }

    /// In what reaches a node.
    func plant(in content: inout Content, at position: Int) {
        switch (bug, content) {
        case (.voteForAnyLog, .message(var message, let frames)):
            let end = LogPosition(term: Term(message.term.rawValue - 1), index: LogIndex(1 << 40))
            switch message.body {
            case .vote(let candidacy): message.body = .vote(.init(last: end, isHandover: candidacy.isHandover))
            case .preVote(let candidacy): message.body = .preVote(.init(last: end, isHandover: candidacy.isHandover))
            default: return
            }
            content = .message(message, frames)
        case (.corruptForwards, .requests(var batch)):
            guard random.chance(30), let item = batch.items.last, !item.range.isEmpty else { return }
            batch.bytes[item.range.upperBound - 1] ^= 1
            content = .requests(batch)
        case (.wrongWaiter, .answers(let batch)):
            guard let other = nodes[position].life?.replica.keyspace.waiterIndexes.first else { return }
            var changed = AnswerBatch()
            for item in batch.items {
                if item.isDeclined {
                    changed.declined(item.token)
                } else if let index = batch.parkedIndex(item) {
                    changed.parked(item.token, at: min(index, other))
                } else {
                    changed.answer(item.token, version: .two) { $0.bytes += batch.writer.bytes[item.range] }
                }
            }
            content = .answers(changed)
        default: break
        }
    }

    /// After an answer has reached a node: as if it came from those, too, whose place its sender takes or has taken.
    func plantConsent(of content: Content, from peer: Int, to position: Int) {
        guard bug == .singleStepMembership, let life = nodes[position].life, case .message(let message, _) = content,
            message.body.isConsent
        else { return }
        for node in nodes.indices where node != position && node != peer {
            guard World.stands(nodes[peer].id, for: nodes[node].id, life.replica) else { continue }
            post(.content(content, from: node), to: position)
        }
    }

    private static func stands(_ new: NodeID, for old: NodeID, _ replica: borrowing Replica) -> Bool {
        let configuration = replica.raft.configuration
        if replica.raft.promotionTarget == new { return replica.raft.replacedVoter == old }
        guard let outgoing = configuration.outgoing, configuration.voters.contains(new) else { return false }
        return outgoing.contains(old) && !configuration.voters.contains(old)
    }

    /// In what is sent: true when it is lost.
    func plantsLoss(of content: Content) -> Bool {
        guard bug == .skippedDigests, case .state(.digest) = content else { return false }
        return true
    }

    /// In what the keeper of snapshots is told.
    func planted(in order: KeeperOrder, _ life: SimulatedNode.Life) -> KeeperOrder {
        guard bug == .snapshotOfMovingState, case .store(var snapshot) = order, life.replica.condition.isSound else {
            return order
        }
        snapshot.state.keyspace = life.replica.keyspace
        return .store(snapshot)
    }

    /// After the keeper was told to store a snapshot: as if it were stored already.
    func plantClaim(of order: SnapshotOrder, _ position: Int) {
        guard bug == .releaseTooEarly else { return }
        post(.claimed(StoredSnapshots(newest: order.state.end, oldest: order.state.index)), to: position)
    }

    /// In what is sent: true when it goes out a second time.
    func plantsTwin(of content: Content) -> Bool {
        guard bug == .repeatForwards, case .requests = content else { return false }
        return random.chance(50)
    }

    /// After a leader's own sync: as if a peer had the same.
    func plantProgress(_ position: Int, _ life: SimulatedNode.Life) {
        guard bug == .acknowledgeBeforeQuorum, life.replica.raft.role == .leader else { return }
        let report = Message.ProgressReport(
            round: .zero, matchIndex: life.replica.raft.lastPosition.index, resendFrom: nil, counts: true,
            hasSpace: true, wantsRepair: false, appliedIndex: .zero)
        let message = Message(term: life.replica.raft.term, body: .progress(report))
        post(.content(.message(message, []), from: (position + 1) % nodes.count), to: position)
    }

    /// After orders were given to the disk: as if a ballot among them were on it.
    func plantPersisted(_ orders: [LogOrder], _ position: Int, _ life: SimulatedNode.Life) {
        guard bug == .voteBeforeSync else { return }
        let ballot = orders.last { if case .ballot = $0.action { true } else { false } }
        if let ballot { post(.persisted(ballot.ticket, life.writer.room), to: position) }
    }

    /// In frames that are read back to be applied.
    func plant(in frames: inout [Frame], for read: LogRead, _ position: Int) {
        guard read.purpose == .apply else { return }
        let wall = nodes[position].clock.moment(at: now).wall
        switch bug {
        case .ignoreChecksums where random.chance(200):
            frames = frames.map { frame in
                var isFirst = true
                return World.resealed(frame, at: frame.header.timestamp) { entry in
                    if isFirst { entry[entry.count - 1] ^= 1 }
                    isFirst = false
                }
            }
        case .replayByLocalClock:
            frames = frames.map { World.resealed($0, at: wall) { _ in } }
        case .outcomesLostInReplay:
            frames = frames.map { World.resealed($0, at: $0.header.timestamp) { EnvelopeBytes($0)?.rename(&$0, 0) } }
        case .waitersLostInReplay:
            frames = frames.map { World.resealed($0, at: $0.header.timestamp) { EnvelopeBytes($0)?.unblock(&$0) } }
        default: break
        }
    }

    /// In what clients have sent to a node.
    func plant(in requests: inout RequestBatch, at position: Int, _ life: SimulatedNode.Life) {
        guard bug == .conditionsOnArrival || bug == .outcomesOfOneLeader else { return }
        var changed = RequestBatch()
        for item in requests.items {
            var entry = Array(requests.bytes[item.range])
            if item.kind == .write, let envelope = EnvelopeBytes(entry) {
                if bug == .outcomesOfOneLeader {
                    envelope.rename(&entry, UInt8(truncatingIfNeeded: life.replica.raft.term.rawValue))
                } else if envelope.holds(entry, life.replica.keyspace) {
                    envelope.dropConditions(&entry)
                }
            }
            changed.append(token: item.token, kind: item.kind, version: item.version) { $0 += entry }
        }
        requests = changed
    }

    private static func resealed(
        _ frame: Frame, at time: Timestamp, _ change: (inout [UInt8]) -> Void
    ) -> Frame {
        let header = frame.header
        guard header.kind == .entries else { return frame }
        var builder = FrameBuilder(cluster: cluster)
        builder.begin()
        do throws(FrameError) {
            try frame.withPayload { payload throws(FrameError) in
                var cursor = EntryCursor(header)
                while let range = try cursor.next(in: payload) {
                    var entry = [UInt8](payload.extracting(range))
                    change(&entry)
                    builder.appendEntry(entry.rawBytes)
                }
            }
        } catch { return frame }
        return builder.seal(
            kind: header.kind, term: header.term, firstIndex: header.firstIndex, timestamp: time,
            previousTerm: header.previousTerm, previousChecksum: header.previousChecksum)
    }

    // MARK: Before a start

    /// Looks at the log as a start would, and forgets it when it is damaged.
    func forgetDamagedLog(_ node: SimulatedNode) throws(LogError) {
        guard !node.isNew else { return }
        let copy = SimulatedDisk(files: node.disk.files)
        let (_, recovered) = try LogEngine.open(
            copy, identity: identity(node), isNew: false, options: traits.log, now: .zero)
        guard case .damaged = recovered.verdict else { return }
        for name in node.disk.segmentNames { node.disk.removeFile(name) }
        node.isNew = true
    }

    /// Zeroes the newest frame on the disk, and all behind it.
    func cutGoodTail(_ node: SimulatedNode) {
        let records = DiskRecord.all(on: node.disk)
        guard random.chance(300), let frame = records.last(where: \.isFrame) else { return }
        for record in records where record.lsn >= frame.lsn {
            node.disk.edit(record.file) { bytes in
                bytes.replaceSubrange(record.range, with: repeatElement(0, count: record.range.count))
            }
        }
    }
}

extension Message.Body {
    /// Whether it is counted for a majority.
    fileprivate var isConsent: Bool {
        switch self {
        case .progress, .voteReply(granted: true), .preVoteReply(granted: true): true
        default: false
        }
    }
}
