// What the nodes say of the archive, judged: behind, failing, damaged, not restorable.

import JSON
import Vocabulary

enum ArchiveExamination {
    /// More is worth a warning: shipping is meant to be a second behind.
    static let lagToleranceMilliseconds = 10_000.0

    static func findings(_ node: String, _ archive: NodeReport.Archive?) -> [Finding] {
        guard let archive else { return [] }
        return shipping(node, archive) + contents(node, archive) + trial(node, archive)
    }

    private static func shipping(_ node: String, _ archive: NodeReport.Archive) -> [Finding] {
        guard archive.isShipping else { return [] }
        if let failure = archive.failure {
            let behind = RoughTime.text(seconds: archive.lagMilliseconds / 1000)
            return [
                Finding(
                    archive.isFull ? .error : .warning, node,
                    "the archive can not be written and is \(behind) behind: \(failure.message)", remedy: failure.remedy
                )
            ]
        }
        guard archive.lagMilliseconds > lagToleranceMilliseconds else {
            let verified = archive.verifiedIndex.map { ", read back up to \($0)" } ?? ""
            return [
                Finding(.good, "archive", "has everything up to index \(archive.archivedIndex ?? 0)\(verified)")
            ]
        }
        return [
            Finding(
                .warning, node, "the archive is \(RoughTime.text(seconds: archive.lagMilliseconds / 1000)) behind",
                remedy: "see whether the store or the network to it is slow: `nodectl archive check`")
        ]
    }

    private static func contents(_ node: String, _ archive: NodeReport.Archive) -> [Finding] {
        var findings: [Finding] = []
        if let damage = archive.damage {
            findings.append(
                Finding(.error, "archive", "is damaged: \(damage)", remedy: "run `nodectl archive verify`"))
        }
        if let failure = archive.backupFailure {
            findings.append(
                Finding(.warning, node, "could not make a backup: \(failure.message)", remedy: failure.remedy))
        }
        if archive.backupVerdict == "suspicious" {
            let ratio = archive.backupSizeRatio.map { "\(Int(($0 * 100).rounded())) %" } ?? "another share"
            findings.append(
                Finding(
                    .warning, "archive", "the newest backup has \(ratio) of the size of those before it",
                    remedy: "see whether so much was written or removed; `nodectl backup pin` keeps an earlier one"))
        }
        if let failure = archive.retentionFailure {
            findings.append(
                Finding(.warning, node, "retention failed: \(failure.message)", remedy: failure.remedy))
        }
        return findings
    }

    private static func trial(_ node: String, _ archive: NodeReport.Archive) -> [Finding] {
        guard let trial = archive.trial else { return [] }
        guard let failure = trial.failure else {
            return [
                Finding(
                    .good, "archive",
                    "was restored and proven up to index \(trial.index ?? 0) at \(trial.at) by \(node)")
            ]
        }
        return [
            Finding(
                failure.code == "backup-damaged" ? .error : .warning, node,
                "could not restore from the archive at \(trial.at) (\(failure.code)): \(failure.message)",
                remedy: failure.remedy)
        ]
    }
}

extension NodeReport.Archive {
    /// For `nodectl status --output json`.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("location", location)
            writer.member("shipping", isShipping)
            writer.member("archived_index", archivedIndex)
            writer.member("lag_ms", lagMilliseconds)
            writer.member("lag_entries", lagEntries)
            writer.member("failure", failure?.message)
            writer.member("newest_backup", newestBackup?.id)
            writer.member("verified_index", verifiedIndex)
            writer.member("verified_lag_ms", verifiedLagMilliseconds)
            writer.member("damage", damage)
            writer.member("restore_trial_passed") { json in
                if let trial { json.value(trial.passed) } else { json.value(String?.none) }
            }
        }
    }

    /// One line for people, of the node that ships.
    var line: String {
        var parts = [location]
        if let failure {
            let behind = RoughTime.text(seconds: lagMilliseconds / 1000)
            parts.append("FAILING, \(behind) behind: \(failure.message)")
        } else {
            parts.append("\(RoughTime.text(.milliseconds(Int64(lagMilliseconds)))) behind")
        }
        if let verifiedIndex { parts.append("read back up to \(verifiedIndex)") }
        if let damage { parts.append("DAMAGED: \(damage)") }
        parts.append(newestBackup.map { "newest backup \($0.id)" } ?? "no backup yet")
        return "archive: " + parts.joined(separator: ", ")
    }
}
