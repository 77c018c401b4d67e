// Replacing the log of a data directory whose snapshots are whole: does the archive's log go on where one of them ends?

import ArchiveFormat
import ArchiveStore
import Consensus
import LogFormat
import LogStore
import Platform
import SnapshotFormat
import SnapshotStore
import Vocabulary

/// A snapshot on this machine that a restore begins with, instead of a backup.
struct LocalBase: Sendable {
    /// The directory with snapshots.
    let path: String
    let manifest: SnapshotManifest
}

extension RestorePlan {
    /// Keeps the newest snapshot of a data directory that the archive's log goes on behind.
    ///
    /// - Throws: `noMeeting` when none of them and the log meet.
    public init(
        keepingStateOf directory: String, _ target: RestoreTarget, timeline: String? = nil, in view: ArchiveView
    ) throws(RestoreError) {
        let began = MonotonicClock.now()
        let lineage = try Lineage(of: try view.timeline(timeline), in: view)
        let path = directory + "/snapshots"
        var reasons: [String] = []
        for manifest in try RestorePlan.snapshots(at: path, of: view.cluster) {
            let runs: [RunCatalogue.Item]
            switch try LogMeeting(manifest.end, target, lineage, view).find() {
            case .runs(let found): runs = found
            case .none(let why):
                reasons.append("the snapshot at index \(manifest.index): \(why)")
                continue
            }
            self.init(
                view: view, lineage: lineage, target: target, local: LocalBase(path: path, manifest: manifest),
                runs: runs, duration: MonotonicClock.now() - began)
            return
        }
        throw .noMeeting(path: path, reasons: reasons)
    }

    /// Newest first.
    private static func snapshots(at path: String, of cluster: ClusterID) throws(RestoreError) -> [SnapshotManifest] {
        guard FileSystem.isDirectory(path) else { return [] }
        do throws(SnapshotError) {
            return try SnapshotCatalogue.open(DirectoryStorage(path: path), cluster: cluster).snapshots
        } catch { throw .state(.snapshot(error)) }
    }
}

/// Whether a log in an archive goes on behind a state.
private struct LogMeeting {
    enum Finding {
        case runs([RunCatalogue.Item])
        case none(String)
    }

    let end: FrameEnd
    let target: RestoreTarget
    let lineage: Lineage
    let view: ArchiveView

    init(_ end: FrameEnd, _ target: RestoreTarget, _ lineage: Lineage, _ view: ArchiveView) {
        (self.end, self.target, self.lineage, self.view) = (end, target, lineage, view)
    }

    func find() throws(RestoreError) -> Finding {
        let log = lineage.runs
        guard log.last >= end.index else {
            return .none("the archive's log ends before it, at index \(log.last)")
        }
        guard let holder = log.items.first(where: { $0.name.first <= end.index && end.index <= $0.name.last }) else {
            let next = log.items.map(\.name.first).filter { $0 > end.index }.min() ?? end.index
            return .none("the archive's log begins behind it: the next object begins with entry \(next)")
        }
        let run = try archived { () throws(ArchiveError) in try ArchivedRun.fetch(holder.name, from: view.store) }
        let own = run.ends.first { $0.position.index == end.index }
        guard let own, own.position == end.position, own.checksum == end.checksum else {
            return .none("the archive has another entry \(end.index) than the one that the snapshot ends with")
        }
        return path()
    }

    /// The objects behind the state, up to the target.
    private func path() -> Finding {
        let log = lineage.runs
        let wanted: LogIndex
        switch target {
        case .latest: wanted = log.last
        case .index(let index): wanted = index
        case .time(let time): wanted = log.items.first { $0.name.lastTime >= time }?.name.last ?? log.last.next
        case .backup: return .none("a backup is no point of the log")
        }
        guard wanted >= end.index else { return .none("it is behind \(target)") }
        let path = log.path(behind: end.index, through: wanted)
        let last = path.last?.name.last ?? end.index
        guard last >= wanted else { return .none("the archive's log has nothing behind entry \(last)") }
        return .runs(path)
    }
}
