// What a restore will do and has done, for people and scripts.

import ArchiveFormat
import ArchiveRestore
import JSON
import Vocabulary

public struct RestorePlanReport: Sendable {
    private let plan: RestorePlan
    private let end: RestoreEnd
    private let directory: String
    private let skips: SkipFilter

    init(_ plan: RestorePlan, _ end: RestoreEnd, directory: String, skips: SkipFilter) {
        self.skips = skips
        self.plan = plan
        self.end = end
        self.directory = directory
    }

    /// What is replayed, exactly.
    private var entries: Int { end.position.index - plan.start }

    /// What it will take at the rates that docs/PERFORMANCE.md has: fetched and expanded, then replayed.
    private var seconds: Double { Double(plan.expandedBytes) / 400e6 + Double(entries) / 800e3 }

    var lines: [String] {
        var lines = [
            "archive    \(plan.view.store.location), cluster \(plan.view.cluster), timeline \(plan.timeline)",
            "target     \(plan.target)",
            "backup     "
                + (plan.backup.map { "\($0.id), \($0.records) records" }
                    ?? plan.keptSnapshot.map { "none: the snapshot at index \($0) stays" }
                    ?? "none: from the first entry on"),
        ]
        for passed in plan.passedOver { lines.append("not used   \(passed.id): \(passed.why)") }
        if let first = plan.runs.first?.name, let last = plan.runs.last?.name {
            lines.append(
                "log        \(plan.runs.count) objects with entries \(first.first) to \(last.last), "
                    + "\(entries) to replay"
            )
        } else {
            lines.append("log        none")
        }
        lines.append(
            "bytes      \(ByteCount(plan.fetchedBytes).rough) to fetch, "
                + "about \(ByteCount(plan.expandedBytes).rough) on disk"
        )
        for text in skips.texts { lines.append("skipped    entries of \(text)") }
        lines.append("estimate   about \(RoughTime.text(seconds: seconds)) on a machine like this")
        lines.append("result     position \(end.position) of \(end.time), in \(directory)")
        return lines
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("archive", plan.view.store.location)
            writer.member("cluster_id", plan.view.cluster.description)
            writer.member("timeline", plan.timeline.description)
            writer.member("target", plan.target.description)
            writer.member("backup_id", plan.backup?.id.text)
            writer.member("passed_over") { writer in
                writer.array { writer in
                    for backup in plan.passedOver {
                        writer.object { writer in
                            writer.member("backup_id", backup.id.text)
                            writer.member("reason", backup.why)
                        }
                    }
                }
            }
            writer.member("objects") { writer in
                writer.array { writer in for item in plan.runs { writer.value(item.name.description) } }
            }
            writer.member("entries", entries)
            writer.member("fetched_bytes", plan.fetchedBytes)
            writer.member("expanded_bytes", plan.expandedBytes)
            writer.member("estimated_seconds", seconds)
            writer.member("skip") { writer in writer.array { writer in for text in skips.texts { writer.value(text) } }
            }
            writer.member("position", end.position.description)
            writer.member("index", end.position.index.rawValue)
            writer.member("timestamp", end.time.description)
            writer.member("directory", directory)
        }
        return writer.bytes + [0x0A]
    }
}

public struct RestoreOutcome: Sendable {
    let report: RestoreReport
    private let logFile: String?

    init(_ report: RestoreReport, logFile: String?) {
        self.report = report
        self.logFile = logFile
    }

    /// One for each phase.
    var phaseLines: [String] {
        report.phases.map { phase, duration in
            "\(phase.rawValue): \(RestoreOutcome.text(phase, report, duration)), \(RoughTime.text(duration))"
        }
    }

    private static func text(_ phase: RestorePhase, _ report: RestoreReport, _ duration: Duration) -> String {
        let rate = { (count: Int) in
            duration > .zero ? ", \(Int(Double(count) / (duration / .seconds(1)))) a second" : ""
        }
        return switch phase {
        case .detect: "the archive's names read"
        case .decide: "backup and log chosen, room and target checked"
        case .download: "\(report.objects) objects, \(ByteCount(report.bytesFetched).rough)"
        case .decompress: "checked, decompressed and written"
        case .load:
            report.backup == nil && report.keptSnapshot == nil
                ? "began with nothing" : "state loaded, and its digest compared"
        case .replay: "\(report.entriesReplayed) entries replayed" + rate(report.entriesReplayed)
        case .index:
            report.checks.contains { $0.kind == .index }
                ? "secondary indexes built, queries answered" : "queries answered"
        case .compare: "the newest state built, and compared"
        case .ready: "everything on stable storage"
        }
    }

    private var rate: String {
        let seconds = report.duration / .seconds(1)
        return ByteCount(seconds > 0 ? Int(Double(report.bytesFetched) / seconds) : report.bytesFetched).rough + "/s"
    }

    var lines: [String] {
        var lines = [
            "restored   \(report.directory) at position \(report.position) of \(report.time)",
            "records    \(report.records)",
            "fetched    \(report.objects) objects, \(ByteCount(report.bytesFetched).rough), "
                + "\(rate) over \(RoughTime.text(report.duration))",
            "proof      \(report.proof)",
        ]
        for check in report.checks {
            lines.append("smoke      \(check.isGood ? "good" : "BAD"): \(check.kind.rawValue): \(check.text)")
        }
        if let comparison = report.comparison {
            lines.append(
                "compared   with the newest, \(comparison.newest): \(comparison.recordsBefore) records before, "
                    + "\(report.records) after; keys: \(comparison.removed) removed, \(comparison.changed) changed, "
                    + "\(comparison.returned) returned")
        }
        if let loss = report.loss {
            for part in loss.parts { lines.append("damaged    \(part.name): \(part.why)") }
            lines.append(
                "NOT WHOLE  \(loss.records) records of the backup are lost, of slots "
                    + loss.ranges.prefix(RestoreOutcome.rangesMax).joined(separator: ", ")
                    + (loss.ranges.count > RestoreOutcome.rangesMax ? ", …: all are in restore.json" : ""))
        }
        if report.skippedCount > 0 {
            let filters = report.filter.texts.joined(separator: ", ")
            lines.append(
                "derived    \(report.skippedCount) entries were left out by \(filters): they are listed in restore.json"
            )
        }
        if let shortfall = report.shortfall { lines += RestoreOutcome.text(shortfall, report) }
        if let aside = report.putAside { lines.append("put aside  what was there is in \(aside)") }
        if let newest = report.newest, newest.last > report.position.index {
            lines.append(
                "left out   \(newest.last - report.position.index) entries behind it, up to \(newest.last) of "
                    + "\(newest.lastTime)")
        }
        lines.append(
            "timeline   \(report.nextTimeline) begins with the node's next start, with this node as its only member")
        if let logFile { lines.append("log        \(logFile)") }
        lines.append(
            "next       start it: `noded --config FILE` with data.directory \(report.directory) and cluster.id "
                + "\(report.cluster); then add the others, each with an empty directory: `nodectl members add`")
        return lines
    }

    private static func text(_ shortfall: RestoreShortfall, _ report: RestoreReport) -> [String] {
        let lines = shortfall.damages.map { "damaged    \($0.name): \($0.why)" }
        let (entries, time) = (report.lostEntries, RoughTime.text(report.lostTime))
        guard entries > 0 else { return lines + ["fallback   nothing was lost: the wanted point was reached"] }
        return lines + [
            "fallback   \(entries) entries and \(time) are missing of what was wanted, which is index "
                + "\(shortfall.wanted.position.index) of \(shortfall.wanted.time)"
        ]
    }

    public var text: String { lines.joined(separator: "\n") + "\n" }

    /// False when slots of the backup are lost, which a best effort accepts.
    public var isWhole: Bool { report.loss == nil }

    /// So many ranges of slots are shown.
    private static let rangesMax = 50

    /// As in `restore.json` in the directory.
    public var json: [UInt8] { report.encoded + [0x0A] }
}
