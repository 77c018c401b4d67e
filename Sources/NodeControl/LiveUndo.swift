// `nodectl restore --into-live`: some keys of a running cluster as they were at a point in the past.

import ArchiveFormat
import ArchiveRestore
import Keyspace
import Platform
import Settings
import Vocabulary

/// What an operator asks to be undone.
public struct UndoOrder: Sendable {
    /// Of keys, as Redis has patterns.
    public let pattern: String
    public let point: PastPoint
    /// Why: for the audit line.
    public let reason: String
    public let isDryRun: Bool

    public init(pattern: String, point: PastPoint, reason: String, isDryRun: Bool) {
        (self.pattern, self.point, self.reason, self.isDryRun) = (pattern, point, reason, isDryRun)
    }
}

/// Shows what would change and carries out just that, as one transaction that depends on that no key of it was written
/// meanwhile.
public struct LiveUndo {
    private let view: ClusterView
    private let clusterFile: String
    private let place: (String) throws(ControlError) -> ArchivePlace
    private let tell: (String) -> Void

    /// Reading the keys of a large pattern takes its time.
    static let patience = Duration.seconds(600)

    /// - Parameter place: opens the archive of a URL.
    public init(
        view: ClusterView, clusterFile: String, place: @escaping (String) throws(ControlError) -> ArchivePlace,
        tell: @escaping (String) -> Void
    ) {
        (self.view, self.clusterFile, self.place, self.tell) = (view, clusterFile, place, tell)
    }

    /// - Parameters:
    ///   - url: of the archive; nil for the one that the leader ships to.
    ///   - isConfirmed: is shown what would change, and says whether that is to be done.
    public func run(
        _ order: UndoOrder, from url: String?, isConfirmed: (UndoReport) -> Bool
    ) throws(ControlError) -> UndoReport {
        let leader = try leader()
        guard let url = url ?? leader.node.archive?.location else {
            throw .usage("the cluster has no archive: name one with --from")
        }
        let past = try past(order, try place(url), leader)
        let address = try view.clientAddress(of: leader, clusterFile: clusterFile)
        let deadline = MonotonicClock.now() + LiveUndo.patience
        var live = LiveRecords(
            try RecordClient.login(address, view.credentials, until: deadline), address: address.description)
        let plan = try plan(order, past.records, &live, until: deadline)
        var report = UndoReport(order, past.heading, plan)
        guard !order.isDryRun, !plan.changes.isEmpty else { return report }
        if let excess = plan.excess {
            throw .refused(
                reason: "\(excess); nothing was changed",
                remedy: "take a narrower pattern, several times; or restore into another cluster", override: nil)
        }
        guard isConfirmed(report) else {
            throw .refused(
                reason: "nobody has confirmed it; nothing was changed", remedy: "answer with yes on a terminal",
                override: "yes")
        }
        let log = try JobLog(clusterFile + ".restore.log")
        (report.logFile, report.who) = (log.path, UndoReport.operatorName)
        log.write("undo begins: \(report.audit)")
        do throws(ControlError) {
            // The time that people took to answer is none of the node's.
            try exchange(plan, &live, until: MonotonicClock.now() + .seconds(60))
        } catch {
            log.write("undo failed: \(error). \(error.remedy.text)")
            throw error
        }
        report.isDone = true
        log.write("undo done: \(plan.counts)")
        return report
    }

    private func leader() throws(ControlError) -> NodeReport {
        let asked = view.ask()
        let id = try ClusterView.leader(by: asked)
        guard let report = asked.first(where: { $0.report?.node.id == id })?.report else {
            throw .noLeader(reason: "\(id) leads, but its admin address is not known here")
        }
        return report
    }

    private func past(
        _ order: UndoOrder, _ place: ArchivePlace, _ leader: NodeReport
    ) throws(ControlError) -> (heading: PastHeading, records: [StoredRecord]) {
        let archive = try place.view()
        guard leader.node.cluster == nil || leader.node.cluster == archive.cluster.description else {
            throw .conflict(
                reason: "the archive is of cluster \(archive.cluster), the nodes are of another",
                remedy: "name the cluster's own archive")
        }
        var point = order.point
        // A timeline leads back to those before it; the leader's is the one that the keys are on now.
        if point.timeline == nil, archive.timelines.contains(where: { $0.description == leader.node.timelineName }) {
            point.timeline = leader.node.timelineName
        }
        let plan = try point.plan(archive)
        let follower = PastFollower(tell)
        let state = try restoring { () throws(RestoreError) in try PastState(plan) { follower.hear($0) } }
        var records: [StoredRecord] = []
        state.keyspace.forEachStored(matching: order.pattern.bytes) {
            records.append($0)
            return true
        }
        return (PastHeading(state), records)
    }

    /// Looks at all keys that match, then watches those that differ and looks at these again.
    private func plan(
        _ order: UndoOrder, _ past: [StoredRecord], _ live: inout LiveRecords, until deadline: Instant
    ) throws(ControlError) -> UndoPlan {
        let keys = try live.keys(matching: order.pattern.bytes, until: deadline)
        let all = Array(Set(keys).union(past.map(\.key)))
        let first = UndoPlan(now: try live.records(of: all, until: deadline), then: past, at: WallClock.now())
        guard first.excess == nil, !first.changes.isEmpty else { return first }
        let differing = first.changes.map(\.key)
        try live.watch(differing, until: deadline)
        let wanted = Set(differing)
        let second = UndoPlan(
            now: try live.records(of: differing, until: deadline), then: past.filter { wanted.contains($0.key) },
            at: WallClock.now())
        return second.comparing(all.count)
    }

    private func exchange(
        _ plan: UndoPlan, _ live: inout LiveRecords, until deadline: Instant
    ) throws(ControlError) {
        guard try !live.exchange(plan.commands, until: deadline) else { return }
        let now = try live.records(of: plan.changes.map(\.key), until: deadline)
        let found = Dictionary(now.map { ($0.key, $0) }) { first, _ in first }
        let written = plan.changes.filter { found[$0.key] != $0.now }.map { ByteText.quoted($0.key, limit: 60) }
        let names = written.isEmpty ? "a key, with the value that it had" : written.prefix(10).joined(separator: ", ")
        throw .conflict(
            reason: "nothing was changed, since somebody wrote meanwhile: \(names)"
                + (written.count > 10 ? " and \(written.count - 10) more" : ""),
            remedy: "look again with --dry-run, then run it again")
    }
}
