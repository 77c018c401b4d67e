// Disk and memory made smaller while the node serves: when somebody asks, and now and then by itself.

import Logging
import Platform
import Replica
import ReplicaSnapshots
import Telemetry
import Vocabulary

/// What the loop knows of compactions.
struct CompactionCare {
    var status = CompactionStatus()
    /// What is still to be done of the one under way.
    var pending: Set<CompactionPart> = []
    /// When the next comes by itself; nil when none does.
    var dueAt: Instant?
    var began: Instant?
}

extension NodeLoop {
    func takeCompactionRequest(_ parts: Set<CompactionPart>, _ ticket: OperatorTicket, at now: Moment) {
        beginCompaction(parts, at: now)
        desk.answer(ticket, .done([OperatorFact("compaction", .number(compaction.status.asked))]))
    }

    /// One that is under way ends together with this one.
    private func beginCompaction(_ parts: Set<CompactionPart>, at now: Moment) {
        compaction.status.asked += 1
        compaction.pending.formUnion(parts)
        compaction.status.parts = compaction.pending.sorted()
        compaction.began = compaction.began ?? now.instant
        logger.info(
            "compaction begun",
            metadata: ["parts": "\(compaction.status.parts.map(\.rawValue).joined(separator: ","))"])
        publish(at: now)
        guard !compaction.pending.contains(.snapshots) else { return }
        finishCompaction(at: now)
    }

    /// How the next snapshot is to be written.
    func formed(_ order: SnapshotOrder) -> SnapshotOrder {
        var order = order
        order.isCompact = compaction.pending.contains(.snapshots)
        return order
    }

    /// What is kept of the log behind snapshots: for the archive as long as it may be, and for followers.
    var logKeptFrom: LogIndex { min(logKeptForFollowers, keptForArchive) }

    /// Nothing but what those that are connected lack, while the log is made smaller.
    private var logKeptForFollowers: LogIndex {
        guard !compaction.pending.contains(.log) else { return neededFrom }
        guard logState.roomRule.hasRoom else { return extent.bounds.last.next }
        return extent.releasePoint(keeping: parameters.logRetained)
    }

    /// The first entry that a connected follower may still ask this node for. Only a leader is asked.
    private var neededFrom: LogIndex {
        guard replica.raft.role == .leader else { return extent.bounds.last.next }
        return replica.peers.filter { mesh.link(to: $0) != nil }
            .map { replica.raft.progress(of: $0).matchIndex.next }
            .reduce(extent.bounds.last.next) { min($0, $1) }
    }

    /// Snapshots were stored or removed, and the log released behind them.
    func noteCompaction(_ left: CollectionOutcome, at now: Moment) {
        guard left.endsCompaction, compaction.status.isUnderWay else { return }
        finishCompaction(at: now)
    }

    private func finishCompaction(at now: Moment) {
        if compaction.pending.contains(.log), !compaction.pending.contains(.snapshots), let stored = replica.stored {
            replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
        }
        guard compaction.pending.contains(.memory) else { return endCompaction(at: now) }
        snapshots.post(.trimMemory)
    }

    func memoryTrimmed(at now: Moment) {
        publication.memoryDueAt = now.instant
        endCompaction(at: now)
    }

    private func endCompaction(at now: Moment) {
        compaction.pending = []
        compaction.status.parts = []
        compaction.status.ended = compaction.status.asked
        compaction.status.endedAt = now.wall
        let took = compaction.began.map { now.instant - $0 } ?? .zero
        compaction.began = nil
        logger.info("compaction ended", metadata: ["seconds": "\(took.inSeconds)"])
        publish(at: now)
    }

    // MARK: By itself

    /// The nodes of a cluster take their turns: each begins its rhythm with another part of the interval.
    func planCompaction(startedAt: Instant) {
        guard parameters.compactInterval > .zero else { return }
        let members = (replica.peers + [replica.id]).sorted()
        let turn = (members.firstIndex(of: replica.id) ?? 0) + 1
        let share = parameters.compactInterval.inNanoseconds / Int64(members.count) * Int64(turn)
        compaction.dueAt = startedAt + .nanoseconds(share)
    }

    func compactIfDue(at now: Moment) {
        guard let due = compaction.dueAt else { return }
        compaction.status.nextIn = max(.zero, due - now.instant)
        guard now.instant >= due else { return }
        compaction.dueAt = now.instant + parameters.compactInterval
        beginCompaction(Set(CompactionPart.allCases), at: now)
    }
}
