// `nodectl archive copy --every`: a second archive that follows the first.

import ArchiveFormat
import ArchiveRestore
import Platform
import Vocabulary

/// Brings what is new again and again, until the process ends. What it has compared it does not read anew.
public struct ArchiveFollowing {
    private let source: ArchivePlace
    private let target: ArchivePlace
    private let tell: (String) -> Void
    private var copies: [ClusterID: ArchiveCopy] = [:]
    private var before: [ClusterID: ArchiveCopyReport] = [:]
    private var failures = 0

    public init(
        from source: ArchivePlace, to target: ArchivePlace, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        guard source.store.location != target.store.location else {
            throw .usage("--from and --to name the same place: \(source.store.location)")
        }
        (self.source, self.target, self.tell) = (source, target, tell)
    }

    /// Never returns: a pass that fails is told, and made again after the next pause.
    public mutating func run(every pause: Duration) -> Never {
        tell(
            "copy: \(source.store.location) to \(target.store.location), every \(pause.inSeconds) s"
        )
        while true {
            let began = MonotonicClock.now()
            do throws(ControlError) { try pass() } catch {
                failures += 1
                tell("copy: failed, \(failures) in a row: \(error); \(error.remedy.text)")
            }
            Pause.wait(max(.milliseconds(10), pause - (MonotonicClock.now() - began)))
        }
    }

    /// Once. Says what it has brought, if anything.
    mutating func pass() throws(ControlError) {
        for view in try source.views() {
            var copy =
                copies[view.cluster] ?? ArchiveCopy(from: view.store, of: view.cluster, to: target.store) { _ in }
            let report = try restoring { () throws(RestoreError) in
                let report = try copy.run()
                try copy.removeSuperseded()
                return report
            }
            copies[view.cluster] = copy
            note(report, of: view.cluster)
        }
        if failures > 0 { tell("copy: it works again") }
        failures = 0
    }

    private mutating func note(_ report: ArchiveCopyReport, of cluster: ClusterID) {
        let last = before[cluster]
        before[cluster] = report
        for (name, why) in report.damaged.dropFirst(last?.damaged.count ?? 0) {
            tell("copy: \(name) is damaged and was not copied: \(why)")
        }
        let (objects, bytes) = (report.copied - (last?.copied ?? 0), report.copiedBytes - (last?.copiedBytes ?? 0))
        guard objects > 0 || last == nil else { return }
        tell(
            "copy: \(objects) objects, \(ByteCount(bytes).rough); cluster \(cluster) up to index \(report.last), "
                + "\(report.backups) backups")
    }
}
