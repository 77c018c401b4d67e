// `nodectl archive copy`: an archive, or one cluster's part of it, into another store.

import ArchiveFormat
import ArchiveRestore
import ByteCoding
import JSON
import Vocabulary

public struct ArchiveCopying: Sendable {
    private let from: String
    private let to: String
    private var parts: [(cluster: ClusterID, report: ArchiveCopyReport)] = []

    /// - Parameter tell: hears a line a second once it takes longer than two.
    public init(from source: ArchivePlace, to target: ArchivePlace, tell: (String) -> Void) throws(ControlError) {
        from = source.store.location
        to = target.store.location
        guard from != to else { throw .usage("--from and --to name the same place: \(from)") }
        for view in try source.views() {
            let report = try withoutActuallyEscaping(tell) { tell throws(ControlError) in
                let pace = LinePace()
                return try restoring { () throws(RestoreError) in
                    var copy = ArchiveCopy(from: view.store, of: view.cluster, to: target.store) { step in
                        guard pace.isDue() else { return }
                        tell(
                            "copy: \(step.objects) of about \(step.objectsTotal) objects, "
                                + "\(ByteCount(step.bytes).rough) of \(ByteCount(step.bytesTotal).rough)")
                    }
                    return try copy.run()
                }
            }
            parts.append((view.cluster, report))
        }
    }

    public var isWhole: Bool { parts.allSatisfy(\.report.isWhole) }

    public var text: String {
        var lines = ["from     \(from)", "to       \(to)"]
        for (cluster, report) in parts {
            let isEqual = report.sourceDigest == report.targetDigest
            lines += [
                "cluster  \(cluster)",
                "copied   \(report.copied) objects, \(ByteCount(report.copiedBytes).rough); "
                    + "\(report.known) were there, \(ByteCount(report.knownBytes).rough)",
                "holds    \(report.backups) backups, and the log up to index \(report.last)",
                "digest   \(Hex.text(report.sourceDigest)) of what was read from the source",
                "         \(Hex.text(report.targetDigest)) of what was read back: "
                    + (isEqual ? "equal" : "DIFFERENT"),
            ]
            for (name, why) in report.damaged { lines.append("damaged  \(name) was not copied: \(why)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("from", from)
            writer.member("to", to)
            writer.member("whole", isWhole)
            writer.member("clusters") { writer in
                writer.array { writer in
                    for (cluster, report) in parts { ArchiveCopying.write(report, of: cluster, to: &writer) }
                }
            }
        }
        return writer.bytes + [0x0A]
    }

    private static func write(_ report: ArchiveCopyReport, of cluster: ClusterID, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("cluster_id", cluster.description)
            writer.member("objects_copied", report.copied)
            writer.member("bytes_copied", report.copiedBytes)
            writer.member("objects_known", report.known)
            writer.member("bytes_known", report.knownBytes)
            writer.member("backups", report.backups)
            writer.member("last_index", report.last.rawValue)
            writer.member("source_digest", Hex.text(report.sourceDigest))
            writer.member("target_digest", Hex.text(report.targetDigest))
            writer.member("damaged") { writer in
                writer.array { writer in
                    for (name, why) in report.damaged {
                        writer.object { writer in
                            writer.member("object", name)
                            writer.member("reason", why)
                        }
                    }
                }
            }
        }
    }
}
