// Everything is lost but the archive: a point that is not the newest is brought back, with a node on it.

import ArchiveFormat
import ArchiveRestore
import ArchiveStore
import Platform
import Vocabulary

extension Drill {
    /// - Parameter backup: the one to restore, without the log behind it; nil draws a point.
    func loseEverything(in directory: String, backup: BackupID?) throws(ControlError) {
        guard let place else { preconditionFailure("nothing to restore from") }
        let view = try place.view()
        var request = RestoreRequest(directory: "", node: "")
        if let backup {
            (request.timeline, request.backup) = (backup.timeline.description, backup.text)
            note(.step, "backup \(backup)")
        } else {
            let point = try draw(view)
            (request.timeline, request.index) = (point.timeline.description, point.index.rawValue)
            note(.step, "seed \(record.seed) draws index \(point.index) of timeline \(point.timeline)")
        }
        try checkEnd(of: view)
        let playground = playground(directory + "/cluster")
        let options = try options(nodes: order.nodes ?? 1, archive: "none")
        var loaded: (digest: String, duration: Duration) = ("none", .zero)
        note(.disaster, "everything is lost but \(place.store.location)")
        let began = MonotonicClock.now()
        let report = try playground.restore(request, from: place, options) { config, program throws(ControlError) in
            loaded = try Drill.load(config, program)
        }.report
        // What the drill itself took to look between restore and start is no part of a recovery.
        let served = MonotonicClock.now() - began - loaded.duration
        describe(report, view)
        let looked = report.phases.prefix { $0.phase == .detect || $0.phase == .decide }
        note(.detection, "archive read, backup and log chosen", at: began + looked.reduce(.zero) { $0 + $1.duration })
        note(.response, "restored and proven: \(report.proof)", at: began + report.duration)
        note(.recovery, "\(record.nodes == 1 ? "the node serves" : "the nodes serve")", at: began + served)
        phase("start", served - report.duration)
        phase("digest as a node loads it", loaded.duration)
        if let wanted = request.index {
            let lost = wanted > report.position.index.rawValue ? Int(wanted - report.position.index.rawValue) : 0
            record.loss.entries += lost
            check("index reached", expected: "\(wanted)", found: "\(report.position.index)")
        }
        let asked = MonotonicClock.now()
        check("digest", expected: report.digest.description, found: loaded.digest)
        try checkState(report, playground)
        try checkFlows(playground)
        try checkList(playground)
        phase("checks", MonotonicClock.now() - asked)
    }

    /// What the archive has behind a gap can not be brought back: that is lost.
    private func checkEnd(of view: ArchiveView) throws(ControlError) {
        let (newest, reachable) = try restoring { () throws(RestoreError) in
            let lineage = try Lineage(of: try view.timeline(nil), in: view)
            return (lineage.runs.items.map(\.name).max { $0.last < $1.last }, try lineage.reachable(in: view))
        }
        guard let newest, let end = reachable.max(by: { $0.last < $1.last }), end.last < newest.last else { return }
        record.loss.entries += newest.last - end.last
        if newest.lastTime > end.lastTime {
            record.loss.time += .microseconds(newest.lastTime.rawValue - end.lastTime.rawValue)
        }
        record.warnings.append("the archive can be restored up to index \(end.last) and ends with \(newest.last)")
    }

    /// The one that a drill with this number had, or one that is drawn from what there is now.
    private func draw(_ view: ArchiveView) throws(ControlError) -> DrillPoint {
        if order.seed != nil {
            if let known = try earlier(record.seed, view) { return known }
            record.warnings.append(
                "no drill with seed \(record.seed) is kept: its point is drawn from what the archive has now")
        }
        let ranges = try restoring { () throws(RestoreError) in
            try Lineage(of: try view.timeline(nil), in: view).reachable(in: view)
        }
        guard let point = DrillPoint(seed: record.seed, in: ranges) else {
            throw .refused(
                reason: "the archive has no point to restore but the newest",
                remedy: "write something, and run it again when it is archived", override: nil)
        }
        return point
    }

    private func earlier(_ seed: UInt64, _ view: ArchiveView) throws(ControlError) -> DrillPoint? {
        do throws(ArchiveError) {
            let log = DrillLog(view.store, view.cluster)
            for id in try log.ids() {
                let record: DrillRecord
                do throws(ArchiveError) { record = try log.record(id) } catch {
                    guard error.isDamage else { throw error }
                    continue
                }
                if record.seed == seed, record.scenario == .totalLoss, let source = record.source {
                    return DrillPoint(timeline: source.timeline, index: source.index)
                }
            }
            return nil
        } catch { throw .archive(error) }
    }

    /// The digest of the state as a node loads it from these files, without its clock: a leader that runs removes
    /// records whose time is over, and then has another digest for a good reason.
    private static func load(
        _ config: String, _ program: String
    ) throws(ControlError) -> (digest: String, duration: Duration) {
        let began = MonotonicClock.now()
        let environment = ThisProcess.environment.filter { !$0.key.hasPrefix("TRIREME_") }
        let result = try control { () throws(SystemError) in
            try ChildProcess.run(program, ["--config", config, "--rebuild-indexes"], environment: environment)
        }
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("log: ") }
        guard result.status.isSuccess, let digest = line?.split(separator: " ").last else {
            throw .conflict(
                reason: "\(program) could not load what was restored: "
                    + String(decoding: result.error.suffix(500), as: UTF8.self), remedy: "see the restore's report")
        }
        return (String(digest), MonotonicClock.now() - began)
    }

    /// Asked before anything is written.
    private func checkState(_ report: RestoreReport, _ playground: Playground) throws(ControlError) {
        let facts = try facts(playground)
        check("nodes that answer", expected: "\(record.nodes)", found: "\(facts.count)")
        for node in facts {
            let why = node.reasons?.last?.message ?? "not healthy"
            check("health of \(node.id)", expected: "healthy", found: node.healthy ? "healthy" : why)
        }
        guard let first = facts.first, let keys = first.keys else { return }
        if first.digest != report.digest.description, keys < report.records {
            let ended = report.records - Int(keys)
            record.warnings.append("\(ended) records ended when the node began to lead: their time was over")
        } else {
            check("digest of the running node", expected: report.digest.description, found: first.digest ?? "none")
            check("record count", expected: "\(report.records)", found: "\(keys)")
        }
    }
}
