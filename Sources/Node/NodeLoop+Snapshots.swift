// Between the loop and the threads that keep snapshots: orders out, reports in, and what operators are told.

import Logging
import LogStore
import PeerProtocol
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import Telemetry
import Vocabulary

/// What the loop knows of this node's snapshots.
struct SnapshotCare {
    var status = SnapshotStatus()
    /// Operators who wait for a snapshot that is newer than what was applied when they asked.
    var waiting: [(ticket: OperatorTicket, after: LogIndex)] = []
    var comparedIndex: LogIndex?
    var mismatches: UInt64 = 0
}

extension NodeLoop {
    /// Hands on what the replica wants of snapshots and of other nodes' states.
    func carryOutSnapshots() {
        for order in effects.snapshots {
            snapshotCare.status.writing = SnapshotStatus.Writing(index: order.state.index, percent: 0)
            logger.info(
                "snapshot begun",
                metadata: ["snapshot.index": "\(order.state.index)", "cause": "\(order.cause)"])
            snapshots.post(.keeper(.store(formed(order))))
        }
        if let index = effects.confirmedSnapshot { snapshots.post(.keeper(.confirmed(index))) }
        if let evidence = effects.evidence { snapshots.post(.keepEvidence(evidence)) }
        if let retired = effects.retired { snapshots.post(.discard(retired)) }
        for (node, index) in effects.fetches {
            if snapshotCare.status.fetching?.index != index || snapshotCare.status.fetching?.peer != node {
                logger.notice(
                    "fetching a snapshot", metadata: ["peer.id": "\(node)", "snapshot.index": "\(index)"])
                snapshotCare.status.fetching = SnapshotStatus.Transfer(peer: node, index: index)
            }
            snapshots.post(.keeper(.fetch(index, from: node)))
        }
        for (node, message) in effects.stateMessages { mesh.send(message, to: node) }
    }

    // MARK: Reports

    func take(_ letter: SnapshotThread.Letter, at now: Moment) {
        switch letter {
        case .keeper(let report): take(report, at: now)
        case .evidenceKept(let directory):
            logger.error(
                "the state that was not the cluster's is kept",
                metadata: ["directory": "\(directory)", "remedy": "look for its reason, then remove it"])
        case .evidenceLost(let why):
            logger.error("the state that was not the cluster's cannot be kept", metadata: ["reason": "\(why)"])
        case .held(let number): quiesceStands(ofSnapshots: number)
        case .memoryTrimmed: memoryTrimmed(at: now)
        }
    }

    private func take(_ report: KeeperReport, at now: Moment) {
        switch report {
        case .stored(let stored, let outcome):
            note(outcome, at: now)
            metrics.snapshotsWritten += 1
            metrics.snapshotBytesWritten += UInt64(outcome.figures.bytesWritten)
            metrics.snapshotBytesReused += UInt64(max(0, outcome.manifest.storedBytes - outcome.figures.bytesWritten))
            replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
            answerWaiting(outcome, at: now)
            noteCompaction(outcome.left, at: now)
        case .collected(let stored, let left):
            note(left)
            take(stored, at: now)
            noteCompaction(left, at: now)
        case .failed(let why):
            metrics.snapshotsFailed += 1
            let index = snapshotCare.status.writing?.index ?? .zero
            snapshotCare.status.writing = nil
            snapshotCare.status.failure = SnapshotStatus.Failure(index: index, text: why, remedy: "")
            logger.error("snapshot given up", metadata: ["snapshot.index": "\(index)", "reason": "\(why)"])
            replica.step(.snapshotFailed, at: now, into: &effects)
        case .stateDamaged(let damage): replica.step(.stateDamaged(damage), at: now, into: &effects)
        case .underWay(let share):
            snapshotCare.status.writing?.percent = (share * 1000).rounded() / 10
        case .ask(let read, let node): mesh.send(read, to: node)
        case .fetching(let bytes): snapshotCare.status.fetching?.bytes = bytes
        case .fetched(let state, let stored, let outcome):
            note(outcome, at: now)
            snapshotCare.status.fetching = nil
            logger.notice(
                "snapshot fetched",
                metadata: [
                    "snapshot.index": "\(state.index)", "bytes": "\(outcome.figures.bytesWritten)",
                    "seconds": "\((now.instant - outcome.began).inSeconds)",
                    "digest": "\(outcome.manifest.contents.digest)",
                ])
            replica.step(.stateFetched(state), at: now, into: &effects)
            take(stored, at: now)
        case .fetchFailed(let why):
            snapshotCare.status.fetching = nil
            logger.error("snapshot could not be fetched", metadata: ["reason": "\(why)"])
        case .quarantined(let loss):
            take(loss, at: now)
            quarantineEnded()
        case .quarantineFailed(let index, let error):
            tellDamageStays(index, error)
            quarantineEnded()
        case .nothingToQuarantine: quarantineEnded()
        }
    }

    private func note(_ outcome: SnapshotOutcome, at now: Moment) {
        let manifest = outcome.manifest
        let took = now.instant - outcome.began
        snapshotCare.status.writing = nil
        snapshotCare.status.failure = nil
        snapshotCare.status.damage = nil
        if let fetching = snapshotCare.status.fetching, fetching.index <= manifest.index {
            snapshotCare.status.fetching = nil
        }
        note(outcome.left)
        snapshotCare.status.last = SnapshotStatus.Written(
            index: manifest.index, took: took, made: ByteCount(outcome.figures.bytesWritten),
            reused: ByteCount(max(0, manifest.storedBytes - outcome.figures.bytesWritten)))
        logger.info(
            "snapshot stored",
            metadata: [
                "snapshot.index": "\(manifest.index)", "seconds": "\(took.inSeconds)",
                "bytes.written": "\(outcome.figures.bytesWritten)", "bytes.stored": "\(manifest.storedBytes)",
                "digest": "\(manifest.contents.digest)",
            ])
    }

    /// One that was fetched may not have been installed.
    private func take(_ stored: StoredSnapshots, at now: Moment) {
        guard replica.appliedIndex >= stored.newest.index else { return }
        replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
    }

    private func note(_ left: CollectionOutcome) {
        snapshotCare.status.kept = shelf.snapshots.reversed().map { SnapshotStatus.Kept($0) }
        snapshotCare.status.disk = left.bytesOnDisk
    }

    // MARK: Other nodes

    /// A node that fetches this node's snapshot wants a piece of it.
    func take(_ read: SnapshotRead, from node: NodeID) {
        snapshotServer.post(SnapshotServerThread.Order(read: read, from: node))
    }

    func take(_ piece: SnapshotPiece, for node: NodeID) {
        metrics.snapshotBytesSent += UInt64(piece.bytes?.count ?? 0)
        mesh.send(piece, to: node)
    }

    // MARK: Operators

    /// Answered when a snapshot of all that is applied now, or of more, is stored here.
    func takeSnapshotRequest(waits: Bool, _ ticket: OperatorTicket, at now: Moment) {
        guard replica.raft.role == .leader else {
            return desk.answer(ticket, .notLeader(leader: replica.raft.leader))
        }
        replica.step(.snapshotWanted(.operators), at: now, into: &effects)
        guard waits else { return desk.answer(ticket, .snapshotAsked(from: replica.appliedIndex.next)) }
        snapshotCare.waiting.append((ticket, replica.appliedIndex))
    }

    private func answerWaiting(_ outcome: SnapshotOutcome, at now: Moment) {
        let manifest = outcome.manifest
        for (ticket, after) in snapshotCare.waiting where manifest.index > after {
            guard let written = snapshotCare.status.last else { continue }
            desk.answer(ticket, .snapshot(SnapshotStatus.Kept(manifest), written))
        }
        snapshotCare.waiting.removeAll { $0.after < manifest.index }
    }

    /// For tests of what comes of a state that is wrong.
    func corruptRecord(_ key: [UInt8], isHidden: Bool, _ ticket: OperatorTicket) {
        guard isHidden ? replica.flipBitForTest(key) : replica.alterForTest(key) else {
            return desk.answer(ticket, .refused(reason: "there is no string of this key", override: nil))
        }
        desk.answer(ticket, .done([]))
    }

    // MARK: Status

    /// Notes what the start has found on the disk.
    func beginSnapshots() {
        snapshotCare.status.kept = shelf.snapshots.reversed().map { SnapshotStatus.Kept($0) }
        var sizes: [PackNumber: Int] = [:]
        for pack in shelf.snapshots.flatMap(\.packs) { sizes[pack.number] = max(pack.size, sizes[pack.number] ?? 0) }
        snapshotCare.status.disk = ByteCount(sizes.values.reduce(0, +))
    }

    func fillSnapshots(_ status: inout NodeStatus, at now: Moment) {
        status.snapshot = snapshotCare.status
        status.compaction = compaction.status
        if let newest = snapshotCare.status.newest {
            let age = max(0, Int64(clamping: now.wall.rawValue) - Int64(clamping: newest.time.rawValue))
            status.snapshot.age = .microseconds(age)
        }
        status.snapshot.logSince = replica.logSinceSnapshot
        status.snapshot.logDue = replica.logDueForSnapshot
        status.state = stateStatus
        status.firstIndex = logState.firstIndex
    }

    var stateStatus: StateStatus {
        var status = StateStatus()
        let condition = replica.condition
        let isFetching = snapshotCare.status.fetching != nil
        switch condition {
        case .sound: break
        case .missing:
            status = StateStatus(
                isFetching ? .rebuilding : .missing, text: condition.description, remedy: condition.remedy.text)
        case .damaged:
            status = StateStatus(
                isFetching ? .rebuilding : .damaged, text: condition.description, remedy: condition.remedy.text)
        case .diverged(let found):
            status = StateStatus(
                isFetching ? .rebuilding : .diverged, text: condition.description, remedy: condition.remedy.text,
                divergence: .init(index: found.index, own: found.own, agreed: found.agreed))
        }
        status.compared = replica.figures.digestsCompared
        status.comparedIndex = replica.lastComparedIndex
        return status
    }

    /// The records in memory are to be proved, or were.
    func take(_ letter: StateScrubThread.Letter, at now: Moment) {
        switch letter {
        case .due: stateScrub.post(replica.keyspace.image)
        case .ended(let index, let took, nil):
            metrics.stateScrubPasses += 1
            logger.debug(
                "the records in memory have the digests that were kept of them",
                metadata: ["raft.index": "\(index)", "seconds": "\(took.inSeconds)"])
        case .ended(_, _, let damage?):
            metrics.stateScrubPasses += 1
            replica.step(.stateDamaged(damage), at: now, into: &effects)
        }
    }

    func tellLostState(_ condition: StateCondition, at now: Moment) {
        if case .missing = condition {} else { metrics.digestMismatches += 1 }
        logger.critical(
            "this node's state is not to be used: it serves nobody from it and does not vote",
            metadata: ["reason": "\(condition)", "remedy": "\(condition.remedy.text)"])
        // Nobody else has what was in memory; what is on the disk makes it again.
        if case .damaged = condition, replica.peers.isEmpty { beginRestart(at: now) }
    }
}

extension SnapshotStatus.Kept {
    init(_ manifest: SnapshotManifest) {
        let contents = manifest.contents
        self.init(
            index: manifest.index, term: manifest.facts.position.term, time: manifest.facts.timestamp,
            digest: contents.digest,
            records: contents.strings + contents.hashes + contents.lists + contents.sets + contents.sortedSets,
            plain: ByteCount(manifest.plainBytes), stored: ByteCount(manifest.storedBytes))
    }
}
