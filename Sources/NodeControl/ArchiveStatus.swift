// `nodectl archive status`: what there is of each cluster in an archive, and what can be restored of it.

import ArchiveFormat
import ArchiveRestore
import ArchiveStore
import JSON
import Platform
import Telemetry
import Vocabulary

public struct ArchiveStatus: Sendable {
    struct Line: Sendable {
        let timeline: TimelineName
        let objects: Int
        let bytes: Int
        let newest: RunName?
        let ranges: [RestorableRange]
        /// Between the ranges: no object has these entries.
        let holes: [ClosedRange<LogIndex>]
    }

    struct Cluster: Sendable {
        let id: ClusterID
        let lines: [Line]
        let backups: [BackupID]
        let strangers: Int
    }

    let location: String
    let clusters: [Cluster]
    let now: Timestamp

    public init(_ place: ArchivePlace) throws(ControlError) {
        location = place.store.location
        now = WallClock.now()
        let views = try place.views()
        clusters = try restoring { () throws(RestoreError) in
            var clusters: [Cluster] = []
            for view in views { clusters.append(try ArchiveStatus.look(at: view)) }
            return clusters
        }
    }

    private static func look(at view: ArchiveView) throws(RestoreError) -> Cluster {
        var lines: [Line] = []
        for timeline in view.timelines {
            let ranges = try Lineage(of: timeline, in: view).reachable(in: view)
            let own = view.runs[timeline]?.items ?? []
            lines.append(
                Line(
                    timeline: timeline, objects: own.count, bytes: own.reduce(0) { $0 + $1.size },
                    newest: own.map(\.name).max { $0.last < $1.last }, ranges: ranges, holes: holes(between: ranges)))
        }
        return Cluster(
            id: view.cluster, lines: lines, backups: view.backups.ids, strangers: view.backups.strangers.count)
    }

    private static func holes(between ranges: [RestorableRange]) -> [ClosedRange<LogIndex>] {
        zip(ranges, ranges.dropFirst()).compactMap { before, after in
            before.last.next < after.first ? before.last.next...after.first.previous : nil
        }
    }

    /// Seconds since then; zero for what this machine's clock has ahead of it.
    private func age(of time: Timestamp) -> Double {
        now > time ? Double(now.rawValue - time.rawValue) / 1_000_000 : 0
    }

    public var text: String {
        var lines = [location]
        for cluster in clusters {
            lines.append("cluster \(cluster.id)")
            for line in cluster.lines {
                lines.append("  timeline \(line.timeline): \(line.objects) objects, \(ByteCount(line.bytes).rough)")
                if let newest = line.newest {
                    let age = RoughTime.text(seconds: age(of: newest.lastTime))
                    lines.append("    newest entry \(newest.last) of \(newest.lastTime), \(age) ago")
                }
                for range in line.ranges {
                    let from = range.firstTime.map { " (\($0))" } ?? ""
                    lines.append(
                        "    can be restored: index \(range.first)\(from) to \(range.last) (\(range.lastTime))")
                }
                for hole in line.holes { lines.append("    HOLE: \(hole.lowerBound) to \(hole.upperBound)") }
                if line.ranges.isEmpty {
                    lines.append("    nothing can be restored: there is no backup, and no log from the first entry on")
                }
            }
            let newest = cluster.backups.first.map {
                ", the newest \($0), \(RoughTime.text(seconds: age(of: $0.time))) old"
            }
            lines.append("  \(cluster.backups.count) backups\(newest ?? "")")
            if cluster.strangers > 0 { lines.append("  \(cluster.strangers) names that belong to no backup") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("archive", location)
            writer.member("clusters") { writer in
                writer.array { writer in for cluster in clusters { write(cluster, to: &writer) } }
            }
        }
        return writer.bytes + [0x0A]
    }

    private func write(_ cluster: Cluster, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("cluster_id", cluster.id.description)
            writer.member("timelines") { writer in
                writer.array { writer in for line in cluster.lines { write(line, to: &writer) } }
            }
            writer.member("backups", cluster.backups.count)
            writer.member("newest_backup", cluster.backups.first?.text)
            writer.member("newest_backup_age_seconds", cluster.backups.first.map { age(of: $0.time) })
        }
    }

    private func write(_ line: Line, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("timeline", line.timeline.description)
            writer.member("objects", line.objects)
            writer.member("bytes", line.bytes)
            writer.member("newest_index", line.newest?.last.rawValue)
            writer.member("newest_time", line.newest?.lastTime.description)
            writer.member("newest_age_seconds", line.newest.map { age(of: $0.lastTime) })
            writer.member("ranges") { writer in
                writer.array { writer in
                    for range in line.ranges {
                        writer.object { writer in
                            writer.member("first_index", range.first.rawValue)
                            writer.member("last_index", range.last.rawValue)
                            writer.member("first_time", range.firstTime?.description)
                            writer.member("last_time", range.lastTime.description)
                        }
                    }
                }
            }
            writer.member("holes") { writer in
                writer.array { writer in
                    for hole in line.holes {
                        writer.object { writer in
                            writer.member("first_index", hole.lowerBound.rawValue)
                            writer.member("last_index", hole.upperBound.rawValue)
                        }
                    }
                }
            }
        }
    }
}
