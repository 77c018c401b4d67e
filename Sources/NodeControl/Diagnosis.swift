// What a doctor found: each finding with its weight, its subject and what to do.

import JSON
import Telemetry

/// One thing that was looked at, or is wrong.
public struct Finding: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        /// Looked at and good.
        case good
        /// Worth knowing; nothing has to be done.
        case note
        case warning
        case error
    }

    public let severity: Severity
    /// The node, file or port.
    public let subject: String
    public let message: String
    /// What to do; empty where nothing has to be done.
    public let remedy: String

    init(_ severity: Severity, _ subject: String, _ message: String, remedy: String = "") {
        self.severity = severity
        self.subject = subject
        self.message = message
        self.remedy = remedy
    }
}

/// All findings of one examination.
public struct Diagnosis: Hashable, Sendable {
    public let findings: [Finding]

    public init(_ findings: [Finding]) { self.findings = findings }

    /// Whether there are no errors; warnings leave a cluster healthy.
    public var isHealthy: Bool { count(.error) == 0 }

    func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("healthy", isHealthy)
            writer.member("errors", count(.error))
            writer.member("warnings", count(.warning))
            writer.member("findings") { writer in
                writer.array { writer in
                    for finding in findings { Diagnosis.write(finding, to: &writer) }
                }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ finding: Finding, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("severity", finding.severity.rawValue)
            writer.member("subject", finding.subject)
            writer.member("message", finding.message)
            writer.member("remedy", finding.remedy)
        }
    }

    /// A line for each finding, its remedy below, and the counts at the end.
    public func text(inColour: Bool) -> String {
        let lines = findings.map { finding in
            TextTable.paint(Diagnosis.mark(finding.severity), Diagnosis.tone(finding.severity), inColour: inColour)
                + " \(finding.subject): \(finding.message)\n"
                + (finding.remedy.isEmpty ? "" : "          \(finding.remedy)\n")
        }
        return lines.joined() + "\(counted(.error, "error")), \(counted(.warning, "warning"))\n"
    }

    private func counted(_ severity: Finding.Severity, _ word: String) -> String {
        let number = count(severity)
        return "\(number) \(word)\(number == 1 ? "" : "s")"
    }

    private static func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .good: "ok       "
        case .note: "note     "
        case .warning: "warning  "
        case .error: "ERROR    "
        }
    }

    private static func tone(_ severity: Finding.Severity) -> TextTable.Tone {
        switch severity {
        case .good: .good
        case .note: .plain
        case .warning: .doubtful
        case .error: .bad
        }
    }
}
