// A drill's record as one page of HTML that needs nothing else: no script, and the timeline as a picture in it.

import ArchiveFormat
import Vocabulary

struct DrillPage {
    private let record: DrillRecord

    private static let width = 900.0
    private static let margin = 20.0
    private static let rowHeight = 22.0

    init(_ record: DrillRecord) { self.record = record }

    var html: String {
        let text = DrillText(record)
        var body = "<h1>Drill \(escaped(record.id.text))</h1>\n"
        body += table([], text.facts.map { [$0.name, $0.value] })
        body += "<h2>Timeline</h2>\n" + picture
        body += "<h2>Phases</h2>\n"
        body += table(["phase", "took"], record.phases.map { [$0.name, DrillText.time($0.duration)] })
        body += "<h2>Checks</h2>\n"
        let checks = record.checks.map { [$0.name, $0.passed ? "pass" : "FAIL", $0.expected, $0.found] }
        body += table(["check", "", "expected", "found"], checks)
        body += "<h2>Warnings</h2>\n"
        body += record.warnings.isEmpty ? "<p>none</p>\n" : table([], record.warnings.map { [$0] })
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Drill \(escaped(record.id.text))</title>
            <style>
            body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; color: #222 }
            table { border-collapse: collapse } td, th { border: 1px solid #ccc; padding: .2em .6em; text-align: left }
            svg text { font: 12px sans-serif }
            </style></head><body>
            \(body)</body></html>

            """
    }

    /// A line of time, and a mark with its text for each event, one below the other.
    private var picture: String {
        let events = record.events
        let end = max(events.map(\.offset).max() ?? .zero, .milliseconds(1)).inSeconds
        let height = DrillPage.rowHeight * Double(events.count + 2)
        let room = DrillPage.width - 2 * DrillPage.margin
        let scale = { (offset: Duration) in DrillPage.margin + room * 0.6 * offset.inSeconds / end }
        var shapes = ""
        for (row, event) in events.enumerated() {
            let (x, y) = (scale(event.offset), DrillPage.rowHeight * Double(row + 1))
            let colour = DrillPage.colour(event.kind)
            let words = "\(DrillText.time(event.offset))  \(event.text)"
            let shown = words.count > 70 ? words.prefix(70) + "…" : words[...]
            let isLate = x > DrillPage.width / 2
            shapes += """
                <line x1="\(x)" y1="\(y)" x2="\(x)" y2="\(height - 20)" stroke="#ddd"/>
                <circle cx="\(x)" cy="\(y)" r="5" fill="\(colour)"/>
                <text x="\(isLate ? x - 10 : x + 10)" y="\(y + 4)" text-anchor="\(isLate ? "end" : "start")">\
                \(escaped(String(shown)))</text>

                """
        }
        return """
            <svg viewBox="0 0 \(DrillPage.width) \(height)" width="100%" role="img" aria-label="what happened when">
            <line x1="\(DrillPage.margin)" y1="\(height - 20)" x2="\(DrillPage.margin + room * 0.6)" \
            y2="\(height - 20)" stroke="#888"/>
            \(shapes)<text x="\(DrillPage.margin)" y="\(height - 4)">0 s</text>
            <text x="\(DrillPage.margin + room * 0.6)" y="\(height - 4)" text-anchor="end">\
            \(DrillText.time(.microseconds(Int64(end * 1e6))))</text>
            </svg>

            """
    }

    private static func colour(_ kind: DrillRecord.Event.Kind) -> String {
        switch kind {
        case .step: "#888888"
        case .disaster: "#c0392b"
        case .detection: "#d68910"
        case .response: "#2471a3"
        case .recovery: "#1e8449"
        }
    }

    private func table(_ heads: [String], _ rows: [[String]]) -> String {
        var text = "<table>\n"
        if !heads.isEmpty { text += "<tr>" + heads.map { "<th>\(escaped($0))</th>" }.joined() + "</tr>\n" }
        for row in rows { text += "<tr>" + row.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>\n" }
        return text + "</table>\n"
    }

    private func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
