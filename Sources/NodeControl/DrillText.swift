// A drill's record for people, on a terminal and as Markdown.

import ArchiveFormat
import Vocabulary

struct DrillText {
    private let record: DrillRecord

    init(_ record: DrillRecord) { self.record = record }

    /// Name and value of what every report says first, in order.
    var facts: [(name: String, value: String)] {
        var facts = [
            ("verdict", verdict), ("scenario", "\(record.scenario.rawValue), seed \(record.seed)"),
            ("machine", "\(record.machine), nodectl \(record.program), \(record.nodes) scratch nodes"),
            ("cluster", record.cluster == Drill.noCluster ? "of records made up" : record.cluster.description),
            ("time", "\(record.id.time), \(RoughTime.text(record.duration)) in all"),
        ]
        if let source = record.source {
            facts.append(("restored", "index \(source.index) of timeline \(source.timeline), \(source.time)"))
            let backup = source.backup.map {
                "\($0) of \($0.time): \(ByteCount(source.backupBytes).rough), "
                    + "\(ByteCount(source.expandedBytes).rough) unpacked"
            }
            facts.append(("backup", backup ?? "none: from the first entry on"))
            let rate = record.recovery.map { throughput(source.fetchedBytes, $0) } ?? ""
            facts.append(
                ("fetched", "\(ByteCount(source.fetchedBytes).rough)\(rate), \(source.entries) entries replayed"))
            facts.append(("state", "\(source.records) records, digest \(source.digest)"))
        }
        let spans = [("detection", record.detection), ("response", record.response), ("recovery", record.recovery)]
        for (name, span) in spans { facts.append((name, span.map { RoughTime.text($0) } ?? "did not come to that")) }
        facts.append(("lost", "\(record.loss.entries) entries, \(RoughTime.text(record.loss.time))"))
        facts.append(("targets", targets))
        return facts
    }

    var verdict: String {
        guard let failure = record.failure else {
            let missed = record.overruns.joined(separator: "; ")
            return record.verdict == .passed ? "passed" : "over budget: \(missed)"
        }
        return "FAILED, \(failure.code): \(failure.text)"
    }

    private var targets: String {
        func text(_ name: String, _ target: Duration?) -> String {
            "\(name) " + (target.map { RoughTime.text($0) } ?? "not given")
        }
        return text("RTO", record.targets.recovery) + ", " + text("RPO", record.targets.loss)
    }

    private func throughput(_ bytes: Int, _ duration: Duration) -> String {
        let seconds = duration.inSeconds
        return seconds > 0 ? ", \(ByteCount(Int(Double(bytes) / seconds)).rough)/s" : ""
    }

    static func time(_ duration: Duration) -> String { RoughTime.text(duration) }

    var text: String {
        var lines = ["drill      \(record.id)"]
        for (name, value) in facts {
            lines.append(name + String(repeating: " ", count: max(1, 11 - name.count)) + value)
        }
        for event in record.events {
            lines.append("  \(RoughTime.text(event.offset))  \(event.kind.rawValue): \(event.text)")
        }
        for phase in record.phases { lines.append("  took \(RoughTime.text(phase.duration))  \(phase.name)") }
        for check in record.checks {
            lines.append(
                "  \(check.passed ? "pass" : "FAIL")  \(check.name)"
                    + (check.passed ? "" : ": expected \(check.expected), found \(check.found)"))
        }
        return (lines + record.warnings.map { "  warning  \($0)" }).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        var lines = ["# Drill \(record.id)", "", "| | |", "| --- | --- |"]
        for (name, value) in facts { lines.append("| \(name) | \(cell(value)) |") }
        lines += ["", "## Timeline", "", "| at | | |", "| --- | --- | --- |"]
        for event in record.events {
            lines.append("| \(RoughTime.text(event.offset)) | \(event.kind.rawValue) | \(cell(event.text)) |")
        }
        lines += ["", "## Phases", "", "| phase | took |", "| --- | --- |"]
        for phase in record.phases { lines.append("| \(cell(phase.name)) | \(RoughTime.text(phase.duration)) |") }
        lines += ["", "## Checks", "", "| check | | expected | found |", "| --- | --- | --- | --- |"]
        for check in record.checks {
            let verdict = check.passed ? "pass" : "**FAIL**"
            lines.append("| \(cell(check.name)) | \(verdict) | \(cell(check.expected)) | \(cell(check.found)) |")
        }
        lines += ["", "## Warnings", ""]
        lines += record.warnings.isEmpty ? ["none"] : record.warnings.map { "- \(cell($0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Text that stays one cell, and is no markup.
    private func cell(_ text: String) -> String {
        var cell = ""
        for character in text {
            switch character {
            case "|", "\\", "`", "*", "_", "[", "]": cell += "\\" + String(character)
            case "<": cell += "&lt;"
            case "&": cell += "&amp;"
            case _ where character.isNewline: cell += " "
            default: cell.append(character)
            }
        }
        return cell
    }
}
