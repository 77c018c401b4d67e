// Between the loop and the threads that write the archive: what is shipped, what is kept for it, when a backup is due.

import ArchiveFormat
import ArchivePlan
import ArchiveStore
import Consensus
import LogFormat
import LogStore
import Logging
import PeerProtocol
import Platform
import Replica
import Settings
import SnapshotFormat
import Telemetry
import Vocabulary

/// What the loop knows of the archive.
struct ArchiveCare {
    var status = ArchiveStatus()
    /// The term in which this node ships; nil while it does not.
    var shippingTerm: Term?
    /// Targets that were posted and are not reached yet, with the time of each.
    var posted: [(index: LogIndex, at: Instant)] = []
    /// The newest entry that is known to be archived, by this node or by what its leader said.
    var archived = LogIndex.zero
    var nextTargetAt = Instant(nanoseconds: 0)
    var toldArchived = LogIndex.zero

    // Backups.
    /// Whether the archive's newest backup was looked up since this node leads.
    var knowsBackups = false
    var newest: BackupManifest?
    /// The snapshot that is being stored there.
    var underWay: LogIndex?
    /// A backup of an entry behind this one is wanted.
    var wantedBehind: LogIndex?
    var nextTryAt = Instant(nanoseconds: 0)
    var failures = 0

    // What is in the archive.
    var retention = DailyJob()
    var trials = DailyJob()
    var isReadingBack = false
}

/// The threads of a node that has an archive.
struct ArchiveThreads {
    var place: ArchivePlace
    var retention: RetentionSettings
    var shipping: ArchiveThread
    var backups: BackupThread
    var care: ArchiveCareThread

    func stop() {
        shipping.stop()
        backups.stop()
        care.stop()
    }
}

extension NodeLoop {
    /// How often the shipping thread is told how far it may go.
    private static let targetInterval = Duration.milliseconds(50)
    /// The wait before another try to make a backup, and what it is multiplied by up to.
    private static let backupPatience = Duration.seconds(5)
    private static let backupPatienceMax = 60

    var archiveOwner: ArchiveOwner { ArchiveOwner(cluster: replica.cluster, timeline: mesh.hello.timeline) }

    /// Every turn of the house: begins or ends shipping with leadership, and says how far it may go.
    func followArchive(at now: Moment) {
        guard let archive else { return }
        followTrials(at: now.wall)
        let leads = replica.raft.role == .leader && replica.condition.isSound
        let term = leads ? replica.raft.term : nil
        if term != archiveCare.shippingTerm {
            archiveCare.shippingTerm = term
            archiveCare.posted = []
            archiveCare.status.failure = nil
            archiveCare.knowsBackups = false
            if let term {
                archive.shipping.post(.lead(archiveOwner, term, known: archiveCare.archived))
                archive.backups.post(.look(replica.cluster))
            } else {
                archive.shipping.post(.rest)
                restArchiveCare()
            }
        }
        guard term != nil else { return }
        postTarget(at: now.instant)
        followBackups(at: now)
        followArchiveCare(at: now.wall)
        barWrites(archive.place.settings)
    }

    private func postTarget(at now: Instant) {
        guard now >= archiveCare.nextTargetAt else { return }
        archiveCare.nextTargetAt = now + NodeLoop.targetInterval
        let applied = replica.appliedIndex
        guard applied > archiveCare.posted.last?.index ?? archiveCare.archived else { return }
        archiveCare.posted.append((applied, now))
        archive?.shipping.post(.target(ShippingTarget(index: applied, digest: replica.keyspace.digest)))
        // A long outage is told by the oldest; of the others some will do.
        if archiveCare.posted.count > 1024 {
            let kept = archiveCare.posted.enumerated().filter { $0.offset.isMultiple(of: 2) || $0.offset > 1000 }
            archiveCare.posted = kept.map(\.element)
        }
    }

    func take(_ letter: ArchiveThread.Letter, at now: Moment) {
        guard archiveCare.shippingTerm != nil else { return }
        switch letter {
        case .shipped(let outcome):
            if let failure = archiveCare.status.failure {
                logger.notice("the archive can be written again", metadata: ["failures": "\(failure.count)"])
            }
            archiveCare.status.failure = nil
            note(outcome, at: now)
        case .failed(let error, let count):
            metrics.archive.failures += 1
            let isNew = archiveCare.status.failure?.code != error.code
            archiveCare.status.failure = ArchiveStatus.Failure(error, count: count)
            if case .hole(let from, let to) = error { tellHole(from...to) }
            // Nobody else may read there for long; with its log damaged this node lets another one lead and ship.
            if case .log(.unreadable(let damage)) = error { takeDamage(damage, at: now) }
            guard isNew || count.isMultiple(of: 100) else { return }
            logger.error(
                "the archive can not be written: the log is kept for it",
                metadata: [
                    "reason": "\(error)", "code": "\(error.code)", "failures": "\(count)",
                    "remedy": "\(error.remedy.text)",
                ])
        }
    }

    private func note(_ outcome: ShippingOutcome, at now: Moment) {
        if let hole = outcome.hole { tellHole(hole) }
        if outcome.name != nil {
            metrics.archive.objects += 1
            metrics.archive.storedBytes += UInt64(outcome.storedBytes)
        }
        if let first = outcome.firstTime {
            metrics.archive.entries += UInt64(outcome.entries)
            metrics.archive.plainBytes += UInt64(outcome.plainBytes)
            let lag = Int64(clamping: now.wall.rawValue) - Int64(clamping: first.rawValue)
            metrics.archive.lag.record(.microseconds(max(0, lag)))
        }
        noteArchived(outcome.end.index, at: now)
        tellArchived()
    }

    private func tellHole(_ hole: ClosedRange<LogIndex>) {
        archiveCare.status.hole = hole
        archiveCare.wantedBehind = max(archiveCare.wantedBehind ?? .zero, hole.upperBound)
        metrics.archive.holes += 1
        logger.error(
            "the archive has a hole: these entries were released before they could be shipped",
            metadata: [
                "first": "\(hole.lowerBound)", "last": "\(hole.upperBound)",
                "remedy": "a new backup begins another interval that can be restored; see archive.log-max",
            ])
    }

    /// The log up to here need not be kept for the archive.
    func noteArchived(_ index: LogIndex, at now: Moment) {
        guard index > archiveCare.archived else { return }
        archiveCare.archived = index
        archiveCare.posted.removeAll { $0.index <= index }
        guard let stored = replica.stored, replica.appliedIndex >= stored.newest.index else { return }
        replica.step(.snapshotsStored(stored, keptFrom: logKeptFrom), at: now, into: &effects)
    }

    private func tellArchived() {
        guard archiveCare.archived > archiveCare.toldArchived else { return }
        archiveCare.toldArchived = archiveCare.archived
        for peer in replica.peers where mesh.link(to: peer)?.featureLevel ?? 0 >= StateMessage.archiveLevel {
            mesh.send(.archived(through: archiveCare.archived), to: peer)
        }
    }

    // MARK: What is kept

    /// The first entry that is kept for the archive: as much as it may be.
    var keptForArchive: LogIndex {
        guard let archive else { return extent.bounds.last.next }
        let next = archiveCare.archived.next
        guard archive.place.settings.whenFull == .dropArchiveChain else { return next }
        return max(next, extent.releasePoint(keeping: archive.place.settings.logMax))
    }

    private var waitingBytes: ByteCount {
        archiveCare.archived >= extent.bounds.last
            ? .zero : max(.zero, extent.bytes(from: archiveCare.archived.next))
    }

    private func barWrites(_ settings: ArchiveSettings) {
        archiveCare.status.lagBytes = waitingBytes
        archiveCare.status.isFull = archiveCare.status.lagBytes >= settings.logMax
        let bars = archiveCare.status.isFull && settings.whenFull == .refuseWrites
        guard bars != replica.isArchiveFull else { return }
        replica.isArchiveFull = bars
        if bars {
            logger.error(
                "writes are refused: as much log waits for the archive as may",
                metadata: [
                    "log.waiting": "\(archiveCare.status.lagBytes)", "archive.log-max": "\(settings.logMax)",
                    "remedy": "bring the archive back, or raise archive.log-max",
                ])
        } else {
            logger.notice("writes are taken again: the archive has caught up")
        }
    }

    // MARK: Backups

    /// Whether one is due, and what it is to be made of.
    private func followBackups(at now: Moment) {
        guard archiveCare.knowsBackups, archiveCare.underWay == nil, now.instant >= archiveCare.nextTryAt,
            let settings = archive?.place.settings
        else { return }
        let last = archiveCare.newest.flatMap { isOfThisLog($0) ? $0 : nil }
        var floor = archiveCare.wantedBehind
        if last == nil { floor = floor ?? .zero }
        if let last, let interval = settings.backupInterval, replica.appliedIndex > last.position.index {
            let age = Int64(clamping: now.wall.rawValue) - Int64(clamping: last.started.rawValue)
            if .microseconds(age) >= interval { floor = max(floor ?? .zero, last.position.index) }
        }
        if let last, let time = archive?.retention.backupAt, replica.appliedIndex > last.position.index,
            last.started < time.last(through: now.wall)
        {
            floor = max(floor ?? .zero, last.position.index)
        }
        guard let floor, replica.appliedIndex > .zero else { return }
        let newest = shelf.snapshots.first { $0.index <= replica.confirmedThrough }
        if let newest, newest.index > floor {
            archiveCare.underWay = newest.index
            archiveCare.status.backupPercent = 0
            shelf.hold(newest.index)
            archive?.backups.post(.make(newest, archiveOwner, replica.raft.term))
        } else if replica.snapshotUnderWay == nil, shelf.snapshots.first?.index ?? .zero <= floor {
            // One that is there and not confirmed yet will be, in a moment.
            archiveCare.nextTryAt = now.instant + .seconds(1)
            replica.step(.snapshotWanted(.schedule), at: now, into: &effects)
        }
    }

    /// A backup of another timeline may be of a history that this log does not go on from.
    private func isOfThisLog(_ backup: BackupManifest) -> Bool {
        backup.timeline == mesh.hello.timeline && backup.position.index <= replica.appliedIndex
    }

    func take(_ letter: BackupThread.Letter, at now: Moment) {
        switch letter {
        case .found(let newest):
            archiveCare.knowsBackups = true
            archiveCare.newest = newest
            archiveCare.status.newestBackup = newest.map { ArchiveStatus.Backup($0) }
        case .underWay(let share): archiveCare.status.backupPercent = (share * 1000).rounded() / 10
        case .made(let backup, let comparison):
            releaseSnapshot()
            noteMade(backup)
            note(comparison, of: backup)
        case .failed(let error):
            archiveCare.failures += 1
            let factor = min(NodeLoop.backupPatienceMax, 1 << min(archiveCare.failures - 1, 6))
            archiveCare.nextTryAt = now.instant + NodeLoop.backupPatience * factor
            if !archiveCare.knowsBackups, archiveCare.shippingTerm != nil {
                archive?.backups.post(.look(replica.cluster))
            }
            releaseSnapshot()
            archiveCare.status.backupPercent = nil
            archiveCare.status.backupFailure = ArchiveStatus.Failure(error, count: archiveCare.failures)
            metrics.archive.backupFailures += 1
            logger.error(
                "backup failed", metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
        }
    }

    /// The snapshot that was read may go, if it is not among those that are kept anyway.
    private func releaseSnapshot() {
        archiveCare.underWay = nil
        snapshots.post(.keeper(.confirmed(.zero)))
    }

    private func noteMade(_ made: BackupManifest) {
        let backup = ArchiveStatus.Backup(made)
        archiveCare.failures = 0
        archiveCare.newest = made
        archiveCare.status.newestBackup = backup
        archiveCare.status.backupPercent = nil
        archiveCare.status.backupFailure = nil
        if let wanted = archiveCare.wantedBehind, wanted < backup.index { archiveCare.wantedBehind = nil }
        metrics.archive.backups += 1
        metrics.archive.backupBytes += UInt64(made.uploadedBytes)
        logger.notice(
            "backup stored",
            metadata: [
                "backup.id": "\(made.id)", "backup.type": "\(made.type.rawValue)", "raft.index": "\(backup.index)",
                "bytes.uploaded": "\(made.uploadedBytes)", "bytes.stored": "\(made.storedBytes)",
                "seconds": "\(made.duration.inSeconds)", "digest": "\(made.digest)",
            ])
    }

    private func note(_ comparison: SizeComparison, of backup: BackupManifest) {
        archiveCare.status.backupSizeRatio = comparison.ratio
        archiveCare.status.backupVerdict = comparison.verdict.rawValue
        guard comparison.verdict == .suspicious else { return }
        logger.warning(
            "the backup's size is suspicious: less than half, or more than twice that of those before it",
            metadata: [
                "backup.id": "\(backup.id)", "bytes.plain": "\(backup.plainBytes)", "records": "\(backup.records)",
                "ratio": "\(comparison.ratio.map { "\($0)" } ?? "none")",
                "remedy": "see whether so much was written or removed; `nodectl backup pin` keeps an earlier one",
            ])
    }

    /// Answered at once with the index that the backup reaches at least; status tells when it is there.
    func takeBackupRequest(_ ticket: OperatorTicket, at now: Moment) {
        guard replica.raft.role == .leader else {
            return desk.answer(ticket, .notLeader(leader: replica.raft.leader))
        }
        guard archive != nil else {
            return desk.answer(
                ticket, .refused(reason: "this cluster has no archive: no `archive.url` is set", override: nil))
        }
        guard replica.appliedIndex > .zero else {
            return desk.answer(ticket, .refused(reason: "there is nothing to back up yet", override: nil))
        }
        let wanted = replica.appliedIndex
        archiveCare.wantedBehind = wanted.previous
        archiveCare.nextTryAt = now.instant
        desk.answer(ticket, .backupAsked(from: wanted))
    }

    // MARK: Status

    func fillArchive(_ status: inout NodeStatus, at now: Instant) {
        guard let archive else { return }
        archiveCare.status.location = "\(archive.place.url)"
        archiveCare.status.isShipping = archiveCare.shippingTerm != nil
        archiveCare.status.archivedIndex = archiveCare.archived > .zero ? archiveCare.archived : nil
        archiveCare.status.lagEntries = max(0, replica.appliedIndex - archiveCare.archived)
        archiveCare.status.lag = archiveCare.posted.first.map { now - $0.at } ?? .zero
        status.archive = archiveCare.status
    }
}

extension ArchiveStatus.Backup {
    init(_ manifest: BackupManifest) {
        self.init(
            id: manifest.id.text, index: manifest.position.index, time: manifest.timestamp, records: manifest.records,
            uploaded: ByteCount(manifest.uploadedBytes), stored: ByteCount(manifest.storedBytes),
            took: manifest.duration)
    }
}

extension ArchiveStatus.Failure {
    init(_ error: ArchiveError, count: Int) {
        self.init(code: error.code, text: error.description, remedy: error.remedy.text, count: count)
    }
}
