// What a repair of a log came to, for people and for scripts.

import JSON
import Telemetry

/// What became of a log.
public struct RepairReport: Hashable, Sendable {
    /// The node's id, or the directory.
    public let subject: String
    /// False when nothing was damaged, and nothing was done.
    public internal(set) var wasDamaged: Bool
    /// What was found, in words.
    public internal(set) var found: String?
    public internal(set) var quarantined: [String]
    /// The identity file was made again from the log.
    public internal(set) var hasNewIdentity = false
    /// Snapshots that were damaged: put aside, and replaced.
    public internal(set) var snapshotsDamaged: UInt64 = 0
    public internal(set) var snapshotReport: String?
    /// The index up to which entries have to be fetched again before the node votes; nil when it has.
    public internal(set) var fence: UInt64?

    public var text: String {
        var lines: [String] = []
        if hasNewIdentity { lines.append("\(subject): the identity file was made again from the log's segments") }
        lines.append("\(subject): the log " + (wasDamaged ? "was repaired" : "is whole, nothing was done"))
        if let found { lines.append("  found: \(found)") }
        lines += quarantined.map { "  kept as it was found: \($0)" }
        if snapshotsDamaged > 0 {
            lines.append(
                "\(subject): snapshots that were damaged and put aside: \(snapshotsDamaged); another one is written"
                    + (snapshotReport.map { ", see \($0)" } ?? ""))
        }
        if let fence {
            lines.append(
                "  when the node starts next, it neither votes nor counts before it has fetched all entries up to "
                    + "\(fence) from the others")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("subject", subject)
            writer.member("damaged", wasDamaged)
            writer.member("identity_rebuilt", hasNewIdentity)
            writer.member("found", found)
            writer.member("quarantined") { $0.array { writer in for name in quarantined { writer.value(name) } } }
            writer.member("snapshots_damaged", snapshotsDamaged)
            writer.member("snapshot_report", snapshotReport)
            writer.member("fence", fence)
        }
        return writer.bytes + [0x0A]
    }
}
