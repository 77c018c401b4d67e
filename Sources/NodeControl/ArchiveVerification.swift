// `nodectl archive verify` and `nodectl backup verify`: what is wrong with objects, and what to do.

public import ArchiveFormat
public import ArchiveRestore
import JSON
import Platform
import Vocabulary

public struct ArchiveVerification: Sendable {
    /// What was verified, and what came of it.
    let parts: [(subject: String, verdict: ArchiveVerdict)]

    /// All of an archive.
    ///
    /// - Parameter progress: hears a line a second once it takes longer than two.
    public init(
        _ place: ArchivePlace, isQuick: Bool, progress: (String) -> Void
    ) throws(ControlError) {
        var parts: [(subject: String, verdict: ArchiveVerdict)] = []
        for view in try place.views() {
            let verdict = try ArchiveVerification.following(progress) { report throws(RestoreError) in
                var verify = try ArchiveVerify(view, isQuick: isQuick, report: report)
                return try verify.run()
            }
            parts.append(("cluster \(view.cluster)", verdict))
        }
        self.parts = parts
    }

    /// Backups, one after the other.
    public init(
        _ view: ArchiveView, backups: [BackupID], progress: (String) -> Void
    ) throws(ControlError) {
        var parts: [(subject: String, verdict: ArchiveVerdict)] = []
        for id in backups {
            let verdict = try ArchiveVerification.following(progress) { report throws(RestoreError) in
                var verify = try ArchiveVerify(view, report: report)
                return try verify.run(id)
            }
            parts.append(("backup \(id)", verdict))
        }
        self.parts = parts
    }

    private static func following(
        _ progress: (String) -> Void,
        _ body: (@escaping (VerifyProgress) -> Void) throws(RestoreError) -> ArchiveVerdict
    ) throws(ControlError) -> ArchiveVerdict {
        do throws(RestoreError) {
            return try withoutActuallyEscaping(progress) { progress throws(RestoreError) in
                let pace = LinePace()
                return try body { step in
                    guard pace.isDue() else { return }
                    progress(
                        "\(step.objects) of \(step.objectsTotal) objects, \(ByteCount(step.bytes).rough) of "
                            + ByteCount(step.bytesTotal).rough)
                }
            }
        } catch { throw .restore(error) }
    }

    public var isWhole: Bool { parts.allSatisfy(\.verdict.isWhole) }

    public var text: String {
        var lines: [String] = []
        for (subject, verdict) in parts {
            lines.append("\(subject): \(verdict.isWhole ? "whole" : "DAMAGED")")
            let read = verdict.isQuick ? "looked at" : "read"
            lines.append(
                "  \(verdict.objects) objects \(read), \(ByteCount(verdict.bytes).rough); "
                    + "\(verdict.entries) entries in \(verdict.runs) objects of the log; "
                    + "\(verdict.goodBackups) of \(verdict.backups) backups whole"
            )
            for (timeline, range) in verdict.ranges {
                lines.append("  timeline \(timeline): index \(range.lowerBound) to \(range.upperBound) without a gap")
            }
            for finding in verdict.findings {
                lines.append("  \(finding.isDamage ? "damage" : "note"), \(finding)")
                lines.append("    \(finding.remedy.text)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("whole", isWhole)
            writer.member("verdicts") { writer in
                writer.array { writer in
                    for (subject, verdict) in parts { ArchiveVerification.write(verdict, of: subject, to: &writer) }
                }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ verdict: ArchiveVerdict, of subject: String, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("subject", subject)
            writer.member("whole", verdict.isWhole)
            writer.member("quick", verdict.isQuick)
            writer.member("objects", verdict.objects)
            writer.member("bytes", verdict.bytes)
            writer.member("entries", verdict.entries)
            writer.member("backups", verdict.backups)
            writer.member("good_backups", verdict.goodBackups)
            writer.member("ranges") { writer in
                writer.array { writer in
                    for (timeline, range) in verdict.ranges {
                        writer.object { writer in
                            writer.member("timeline", timeline)
                            writer.member("first_index", range.lowerBound.rawValue)
                            writer.member("last_index", range.upperBound.rawValue)
                        }
                    }
                }
            }
            writer.member("findings") { writer in
                writer.array { writer in
                    for finding in verdict.findings {
                        writer.object { writer in
                            writer.member("code", finding.kind.rawValue)
                            writer.member("damage", finding.isDamage)
                            writer.member("object", finding.object)
                            writer.member("text", finding.text)
                            writer.member("remedy", finding.remedy.text)
                        }
                    }
                }
            }
        }
    }
}

/// Says when the next line of progress is due: none in the first two seconds, and then one a second.
final class LinePace {
    private let began = MonotonicClock.now()
    private var told = MonotonicClock.now()

    func isDue() -> Bool {
        let now = MonotonicClock.now()
        guard now - began > .seconds(2), now - told > .seconds(1) else { return false }
        told = now
        return true
    }

    var elapsed: Duration { MonotonicClock.now() - began }
}
