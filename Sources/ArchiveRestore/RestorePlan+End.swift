// Where exactly a restore will end: the last objects of the log are read for that.

import ArchiveFormat
import ArchiveStore
import LogFormat
public import Vocabulary

/// The last entry of a restored state.
public struct RestoreEnd: Hashable, Sendable {
    public let position: LogPosition
    public let time: Timestamp
}

extension RestorePlan {
    /// Reads one object, or two where the target lies between them.
    public func exactEnd() throws(RestoreError) -> RestoreEnd {
        let cutter = RunCutter(target, view.cluster)
        for item in runs.reversed() {
            let run = try archived { () throws(ArchiveError) in try ArchivedRun.fetch(item.name, from: view.store) }
            guard let last = cutter.last(in: run.frames), last >= run.facts.first else { continue }
            guard let header = run.frames.frames.last(where: { $0.header.firstIndex <= last })?.header else { continue }
            return RestoreEnd(
                position: LogPosition(term: header.term, index: last),
                time: header.timestamp.advanced(by: last - header.firstIndex))
        }
        if let local { return RestoreEnd(position: local.manifest.end.position, time: local.manifest.facts.timestamp) }
        guard let backup else { throw .outOfRange(target, reachable: try lineage.reachable(in: view)) }
        return RestoreEnd(position: backup.position, time: backup.timestamp)
    }
}

extension Lineage {
    /// What can be restored, each range with the time that it begins at.
    public func reachable(in view: ArchiveView) throws(RestoreError) -> [RestorableRange] {
        var ranges = ranges(view.backups)
        for position in ranges.indices where ranges[position].firstTime == nil {
            let range = ranges[position]
            guard let first = runs.items.first(where: { $0.name.first == range.first })?.name,
                case .run(let facts) = try view.header(of: first).contents
            else { continue }
            ranges[position] = RestorableRange(
                timeline: range.timeline, first: range.first, last: range.last, firstTime: facts.firstTime,
                lastTime: range.lastTime)
        }
        return ranges
    }
}
