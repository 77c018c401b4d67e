// `nodectl restore`: a node's data directory from an archive.

import ArchiveFormat
public import ArchiveRestore
import Platform
import Vocabulary

/// What is to be restored, and where.
public struct RestoreRequest: Sendable {
    public var access: ArchiveAccess
    public var directory: String
    public var node: String
    public var time: String?
    public var index: UInt64?
    public var backup: String?
    /// Takes the place of a directory that holds newer entries, or another cluster's.
    public var replaces = false

    public init(access: ArchiveAccess, directory: String, node: String) {
        self.access = access
        self.directory = directory
        self.node = node
    }

    func target() throws(ControlError) -> RestoreTarget {
        if let time {
            guard let known = TimeText.full(time) else {
                throw .usage("--at \(time) is no time in UTC: write it as 2026-11-21T02:13:34.000001Z")
            }
            return .time(known)
        }
        if let index {
            guard index > 0 else { throw .usage("--index counts from 1") }
            return .index(LogIndex(index))
        }
        if let backup {
            guard let id = BackupID(backup) else { throw .usage("--backup \(backup) is no name of a backup") }
            return .backup(id)
        }
        return .latest
    }
}

/// A restore that was planned, and may begin.
public struct DirectoryRestore {
    private let request: RestoreRequest
    private let node: NodeID
    public let plan: RestorePlan

    public init(_ request: RestoreRequest) throws(ControlError) {
        guard let node = NodeID(request.node) else {
            throw .usage("--node \(request.node) is no node's name: 1 to 16 of a-z, 0-9 and -, beginning with a letter")
        }
        self.node = node
        self.request = request
        let target = try request.target()
        let view = try request.access.view()
        plan = try restoring { () throws(RestoreError) in
            try RestorePlan(target, timeline: request.access.timeline, in: view)
        }
    }

    /// - Parameter tell: hears a line for each phase, and how far it is when that takes longer.
    public func run(_ tell: @escaping (String) -> Void) throws(ControlError) -> RestoreReport {
        var order = RestoreOrder(directory: request.directory, node: node)
        order.replaces = request.replaces
        let log = RestoreLog(path: request.directory + ".restore.log")
        log.add("restore of \(plan.target) from \(plan.view.store.location), begun \(WallClock.now())")
        log.add(plan.text)
        var told = MonotonicClock.now()
        var restore = Restore(plan, order) { progress in
            guard MonotonicClock.now() - told > .seconds(2) else { return }
            told = MonotonicClock.now()
            tell("\(progress.phase.rawValue): \(progress.done) of \(progress.total) \(progress.unit)")
        }
        do throws(RestoreError) {
            let report = try restore.run()
            log.add(report.text)
            return report
        } catch {
            log.add("failed at \(WallClock.now()): \(error); \(error.remedy.text)")
            throw .restore(error)
        }
    }
}

/// What a restore has said, kept beside its directory, also when it fails.
private struct RestoreLog {
    let path: String

    /// What can not be written is no reason to fail a restore.
    func add(_ text: String) {
        do throws(SystemError) {
            let file = try File.open(path, mode: .openOrCreate)
            try file.pwriteAll(Array((text + "\n").utf8).span.bytes, at: try file.size)
        } catch {}
    }
}

extension RestoreProgress {
    fileprivate var unit: String {
        switch phase {
        case .plan, .finish: ""
        case .download: "bytes"
        case .load: "records"
        case .replay: "entries"
        }
    }
}
