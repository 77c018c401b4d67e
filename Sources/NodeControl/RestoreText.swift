// Plans and reports of restores, for people and for scripts.

import ArchiveFormat
public import ArchiveRestore
import JSON
import Vocabulary

extension RestorePlan {
    /// Lines for people.
    public var text: String {
        var lines = ["archive    \(view.store.location), cluster \(view.cluster), timeline \(timeline)"]
        lines.append("target     \(target)")
        for passed in passedOver { lines.append("passed     backup \(passed.id): \(passed.why)") }
        if let backup {
            lines.append(
                "backup     \(backup.id): \(backup.records) records up to index \(backup.position.index), "
                    + "\(backup.timestamp), \(ByteCount(backup.storedBytes).rough)")
        } else {
            lines.append("backup     none: the log begins with the first entry")
        }
        if let first = runs.first?.name, let last = runs.last?.name {
            lines.append(
                "log        \(runs.count) objects, index \(first.first) to \(last.last) (\(last.lastTime)), at most "
                    + "\(entriesMax) entries, \(ByteCount(runs.reduce(0) { $0 + $1.size }).rough)")
        }
        lines.append(
            "to fetch   \(ByteCount(fetchedBytes).rough); room needed: \(ByteCount(2 * expandedBytes).rough)")
        return lines.joined(separator: "\n")
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("archive", view.store.location)
            json.member("cluster_id", view.cluster.description)
            json.member("timeline", timeline.description)
            json.member("target", target.description)
            json.member("backup_id", backup?.id.text)
            json.member("backup_index", backup?.position.index.rawValue)
            json.member("log_objects", runs.count)
            json.member("end_index", end.rawValue)
            json.member("end_time", (runs.last?.name.lastTime ?? backup?.timestamp)?.description)
            json.member("entries_max", entriesMax)
            json.member("bytes_to_fetch", fetchedBytes)
            json.member("bytes_needed", 2 * expandedBytes)
        }
        return writer.bytes + [0x0A]
    }
}

extension RestoreReport {
    /// Lines for people.
    public var text: String {
        var lines: [String] = []
        for phase in phases where phase.duration > .zero {
            lines.append("\(phase.phase.rawValue.padded(to: 10)) \(RoughSize.seconds(phase.duration))")
        }
        lines.append(
            "restored   \(records) records at index \(position.index), term \(position.term), \(time), in "
                + "\(RoughSize.seconds(duration))")
        lines.append("proof      \(proof)")
        if let newest, newest.last > position.index, case .latest = target {
            lines.append("beyond     the archive has entries up to \(newest.last) that do not follow")
        }
        if let newest { lines.append("archive    ends at index \(newest.last), \(newest.lastTime)") }
        if let putAside { lines.append("before     what was there is now \(putAside)") }
        lines.append("directory  \(directory), timeline \(nextTimeline)")
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Sizes and durations for people.
enum RoughSize {
    /// `1.4 GiB`.
    static func text(_ bytes: Int) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >= 1 << shift {
            let tenths = (bytes * 10) >> shift
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }

    static func seconds(_ duration: Duration) -> String { "\((duration.inSeconds * 1000).rounded() / 1000) s" }
}
