// Snapshots that were found damaged: told, counted, and replaced.

import Logging
import Replica
import ReplicaSnapshots
import SnapshotStore
import Telemetry
import Vocabulary

extension NodeLoop {
    /// A damaged snapshot was put aside. When it was the newest, this node writes another at once, so that what the log
    /// gives up is covered by one that can be read.
    func take(_ loss: SnapshotLoss, at now: Moment) {
        snapshotCare.status.scrub.damages += 1
        snapshotCare.status.kept = shelf.snapshots.reversed().map { SnapshotStatus.Kept($0) }
        let report = parameters.snapshotDirectory + "/" + loss.report
        tellDamage(loss.index, loss.damages, report: report, isReplaced: loss.wasNewest)
        replica.step(.snapshotsLost(loss.left, wasNewest: loss.wasNewest), at: now, into: &effects)
    }

    func tellDamageStays(_ index: LogIndex, _ error: SnapshotError) {
        snapshotCare.status.scrub.errors += 1
        logger.error(
            "a damaged snapshot cannot be put aside",
            metadata: [
                "snapshot.index": "\(index)", "reason": "\(error)", "remedy": "\(error.remedy.text)",
            ])
    }

    private func tellDamage(_ index: LogIndex, _ damages: [SnapshotDamage], report: String, isReplaced: Bool) {
        guard let first = damages.first else { return }
        let remedy =
            "look at the disk's health; what was found is in \(report). "
            + (isReplaced ? "Another snapshot is being written" : "Newer ones are there")
        snapshotCare.status.damage = SnapshotStatus.Damage(
            index: index, kind: first.kind.rawValue, file: first.file, offset: first.offset, report: report,
            remedy: remedy)
        logger.error(
            "snapshot damaged on disk",
            metadata: [
                "snapshot.index": "\(index)", "snapshot.damage": "\(first.kind.rawValue)",
                "snapshot.file": "\(first.file)", "snapshot.offset": "\(first.offset)", "report": "\(report)",
                "remedy": "\(remedy)",
            ])
    }
}
