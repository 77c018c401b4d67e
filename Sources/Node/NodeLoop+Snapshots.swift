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
            snapshots.post(.store(order))
        }
        if let evidence = effects.evidence { snapshots.post(.keepEvidence(evidence)) }
        if let retired = effects.retired { snapshots.post(.discard(retired)) }
        for (node, index) in effects.fetches {
            if snapshotCare.status.fetching?.index != index || snapshotCare.status.fetching?.peer != node {
                logger.notice(
                    "fetching a snapshot", metadata: ["peer.id": "\(node)", "snapshot.index": "\(index)"])
                snapshotCare.status.fetching = SnapshotStatus.Transfer(peer: node, index: index)
            }
            snapshots.post(.fetch(index, from: node))
        }
        for (node, message) in effects.stateMessages { mesh.send(message, to: node) }
    }

    /// The log from here on is kept for followers that fall behind. On a full disk nothing is.
    private var logKeptFrom: LogIndex {
        guard logState.roomRule.hasRoom else { return extent.bounds.last.next }
        return extent.releasePoint(keeping: parameters.logRetained)
    }

    // MARK: Reports

    func take(_ letter: SnapshotThread.Letter, at now: Moment) {
        switch letter {
        case .stored(let stored, let outcome):
            note(outcome)
            metrics.snapshotsWritten += 1
            metrics.snapshotBytesWritten += UInt64(outcome.figures.bytesWritten)
            metrics.snapshotBytesReused += UInt64(max(0, outcome.manifest.storedBytes - outcome.figures.bytesWritten))
            replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
            answerWaiting(outcome, at: now)
        case .failed(let why):
            metrics.snapshotsFailed += 1
            let index = snapshotCare.status.writing?.index ?? .zero
            snapshotCare.status.writing = nil
            snapshotCare.status.failure = SnapshotStatus.Failure(index: index, text: why, remedy: "")
            logger.error("snapshot given up", metadata: ["snapshot.index": "\(index)", "reason": "\(why)"])
            replica.step(.snapshotFailed, at: now, into: &effects)
        case .underWay(let share):
            snapshotCare.status.writing?.percent = (share * 1000).rounded() / 10
        case .ask(let read, let node): mesh.send(read, to: node)
        case .fetching(let bytes): snapshotCare.status.fetching?.bytes = bytes
        case .fetched(let state, let stored, let outcome):
            note(outcome)
            snapshotCare.status.fetching = nil
            logger.notice(
                "snapshot fetched",
                metadata: [
                    "snapshot.index": "\(state.index)", "bytes": "\(outcome.figures.bytesWritten)",
                    "seconds": "\(outcome.took.inSeconds)", "digest": "\(outcome.manifest.contents.digest)",
                ])
            replica.step(.stateFetched(state), at: now, into: &effects)
            if replica.appliedIndex >= stored.newest.index {
                replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
            }
        case .fetchFailed(let why):
            snapshotCare.status.fetching = nil
            logger.error("snapshot could not be fetched", metadata: ["reason": "\(why)"])
        case .evidenceKept(let directory):
            logger.error(
                "the state that was not the cluster's is kept",
                metadata: ["directory": "\(directory)", "remedy": "look for its reason, then remove it"])
        }
    }

    private func note(_ outcome: SnapshotThread.SnapshotOutcome) {
        let manifest = outcome.manifest
        snapshotCare.status.writing = nil
        snapshotCare.status.failure = nil
        snapshotCare.status.kept = shelf.snapshots.reversed().map { SnapshotStatus.Kept($0) }
        snapshotCare.status.disk = outcome.bytesOnDisk
        snapshotCare.status.last = SnapshotStatus.Written(
            index: manifest.index, took: outcome.took, made: ByteCount(outcome.figures.bytesWritten),
            reused: ByteCount(max(0, manifest.storedBytes - outcome.figures.bytesWritten)))
        logger.info(
            "snapshot stored",
            metadata: [
                "snapshot.index": "\(manifest.index)", "seconds": "\(outcome.took.inSeconds)",
                "bytes.written": "\(outcome.figures.bytesWritten)", "bytes.stored": "\(manifest.storedBytes)",
                "digest": "\(manifest.contents.digest)",
            ])
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

    private func answerWaiting(_ outcome: SnapshotThread.SnapshotOutcome, at now: Moment) {
        let manifest = outcome.manifest
        for (ticket, after) in snapshotCare.waiting where manifest.index > after {
            guard let written = snapshotCare.status.last else { continue }
            desk.answer(ticket, .snapshot(SnapshotStatus.Kept(manifest), written))
        }
        snapshotCare.waiting.removeAll { $0.after < manifest.index }
    }

    /// For tests of what comes of a state that is wrong.
    func corruptRecord(_ key: [UInt8], _ ticket: OperatorTicket) {
        guard replica.alterForTest(key) else {
            return desk.answer(ticket, .refused(reason: "there is no string of this key", override: nil))
        }
        desk.answer(ticket, .done([]))
    }

    // MARK: Status

    /// Notes what the start has found on the disk.
    func beginSnapshots() { snapshotCare.status.kept = shelf.snapshots.reversed().map { SnapshotStatus.Kept($0) } }

    func fillSnapshots(_ status: inout NodeStatus, at now: Moment) {
        status.snapshot = snapshotCare.status
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
        case .diverged(let found):
            status = StateStatus(
                isFetching ? .rebuilding : .diverged, text: condition.description, remedy: condition.remedy.text,
                divergence: .init(index: found.index, own: found.own, agreed: found.agreed))
        }
        status.compared = replica.figures.digestsCompared
        status.comparedIndex = replica.lastComparedIndex
        return status
    }

    func tellLostState(_ condition: StateCondition) {
        if case .diverged = condition { metrics.digestMismatches += 1 }
        logger.critical(
            "this node's state is not to be used: it serves nobody from it and does not vote",
            metadata: ["reason": "\(condition)", "remedy": "\(condition.remedy.text)"])
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
