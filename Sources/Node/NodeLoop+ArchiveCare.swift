// When the archive is read back, when what no rule keeps goes, and whose turn it is to try a restore.

import ArchiveRestore
import ArchiveStore
import Logging
import Replica
import Telemetry
import Vocabulary

extension NodeLoop {
    // MARK: The leader

    func followArchiveCare(at wall: Timestamp) {
        guard let archive else { return }
        if archiveCare.knowsBackups, !archiveCare.isReadingBack, archive.retention.readBackInterval != nil {
            archiveCare.isReadingBack = true
            archive.care.post(.readBack(archiveOwner, behind: provenByBackup))
        }
        guard archiveCare.retention.isDue(archive.retention.at, at: wall) else { return }
        if let finding = archiveCare.status.readBack?.finding {
            return logger.error(
                "retention is held back: the archive is damaged, and an old backup may be the only good one",
                metadata: ["archive.damage": "\(finding)", "remedy": "run `nodectl archive verify`"])
        }
        archive.care.post(.retain(replica.cluster))
    }

    /// A backup of this timeline is read whole when it is restored; what is behind it is read back.
    private var provenByBackup: LogIndex {
        guard let newest = archiveCare.newest, newest.timeline == archiveOwner.timeline else { return .zero }
        return newest.position.index
    }

    /// This node does not lead any more.
    func restArchiveCare() {
        archiveCare.isReadingBack = false
        archiveCare.status.readBack = nil
        archive?.care.post(.rest)
    }

    // MARK: Trials

    func followTrials(at wall: Timestamp) {
        guard let archive, archiveCare.trials.isDue(archive.retention.restoreAt, at: wall), isMyTurn else { return }
        logger.notice("a restore of the newest state is tried", metadata: ["archive": "\(archive.place.url)"])
        archive.care.post(.tryRestore(replica.cluster))
    }

    /// The first voter by name that does not lead; the leader where it is alone.
    private var isMyTurn: Bool {
        guard let leader = replica.raft.leader else { return false }
        let others = replica.raft.configuration.voters.ids.filter { $0 != leader }.sorted()
        return (others.first ?? leader) == replica.id
    }

    // MARK: What came of it

    func take(_ letter: ArchiveCareThread.Letter, at now: Moment) {
        switch letter {
        case .read(let outcome): note(outcome, at: now.wall)
        case .readFailed(let error):
            logger.warning(
                "the archive can not be read back",
                metadata: ["reason": "\(error)", "code": "\(error.code)", "remedy": "\(error.remedy.text)"])
        case .retained(let outcome):
            archiveCare.status.retentionAt = now.wall
            archiveCare.status.retentionFailure = nil
            metrics.archive.retentionRemoved += UInt64(outcome.backups)
            logger.notice(
                "retention done",
                metadata: [
                    "backups.removed": "\(outcome.backups)", "log.objects.removed": "\(outcome.runs)",
                    "pack.parts.removed": "\(outcome.parts)", "packs.marked": "\(outcome.marked)",
                    "objects.retained": "\(outcome.retained.count)",
                    "backups.unreadable": "\(outcome.unreadable.map(\.text).joined(separator: " "))",
                ])
        case .retentionHeld(let last):
            logger.error(
                "retention is held back: the newest state did not restore, an old backup may be the only good one",
                metadata: [
                    "verification.id": "\(last.id)", "reason": "\(last.failure?.text ?? "")",
                    "remedy": "run `nodectl archive verify`; after a verification that passes it goes on",
                ])
        case .recordFailed(let error):
            logger.warning(
                "what came of the restore that was tried is not in the archive",
                metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
        case .retentionFailed(let error):
            metrics.archive.retentionFailures += 1
            archiveCare.status.retentionFailure = ArchiveStatus.Failure(error, count: 1)
            logger.error("retention failed", metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
        case .tried(let trial): note(trial)
        }
    }

    private func note(_ outcome: ReadBackOutcome, at wall: Timestamp) {
        var status = ArchiveStatus.ReadBack(index: outcome.index)
        if let time = outcome.time, outcome.index < archiveCare.archived {
            status.lag = .microseconds(max(0, Int64(clamping: wall.rawValue) - Int64(clamping: time.rawValue)))
        }
        status.finding = outcome.finding?.description
        if let finding = outcome.finding, archiveCare.status.readBack?.finding != status.finding {
            logger.error(
                "the archive is damaged: what follows this object may not be restorable",
                metadata: ["archive.damage": "\(finding)", "remedy": "\(finding.remedy.text)"])
            // What follows can be restored from a backup behind it.
            archiveCare.wantedBehind = max(archiveCare.wantedBehind ?? .zero, archiveCare.archived)
        }
        archiveCare.status.readBack = status
    }

    private func note(_ trial: ArchiveStatus.Trial) {
        archiveCare.status.trial = trial
        metrics.archive.trials += 1
        if let failure = trial.failure {
            metrics.archive.trialFailures += 1
            return logger.error(
                "the newest state could not be restored from the archive",
                metadata: ["code": "\(failure.code)", "reason": "\(failure.text)", "remedy": "\(failure.remedy)"])
        }
        logger.notice(
            "the newest state can be restored from the archive",
            metadata: [
                "backup.id": "\(trial.backup ?? "none")", "raft.index": "\(trial.index.map(\.description) ?? "0")",
                "records": "\(trial.records ?? 0)", "digest": "\(trial.digest ?? "")",
                "seconds": "\(trial.took.inSeconds)", "proof": "\(trial.proof ?? "")",
            ])
    }
}
