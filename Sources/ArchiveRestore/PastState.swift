// The state as it was at a point, in memory, to be asked.
//
// It is restored as a node's data directory would be, into a directory that goes when it is loaded, so that what it says
// is proven as a restore is. That takes the time, and for a while the disk, of a restore.

import ArchiveFormat
import Consensus
import Keyspace
import LogStore
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
public import Vocabulary

public struct PastState: Sendable {
    /// What was restored, and what it was compared with.
    public let report: RestoreReport
    private let reader: PastReader

    /// - Parameter directory: is made, and removed again; nothing may be there.
    public init(_ plan: RestorePlan, in directory: String) throws(RestoreError) {
        let opened = try OpenedRestore(plan, in: directory)
        defer { opened.remove() }
        report = opened.report
        reader = PastReader(keyspace: try opened.keyspace(), clock: report.time)
    }

    /// Keys that match a glob pattern (`KEYS`), in the order of their bytes.
    public func keys(matching pattern: String) -> [[UInt8]] { reader.keys(matching: Array(pattern.utf8)) }

    /// Nil when there was none, or its time was over.
    public func record(_ key: [UInt8]) -> PastRecord? { reader.record(key) }
}

/// A change of one key.
public struct PastChange: Hashable, Sendable {
    public let index: LogIndex
    public let time: Timestamp
    public let before: PastRecord?
    public let after: PastRecord?
}

/// How one record came to be what it was.
public struct PastHistory: Sendable {
    public let report: RestoreReport
    /// From where on changes are known, and what the record was there.
    public let begin: LogIndex
    public let first: PastRecord?
    /// Oldest first.
    public private(set) var changes: [PastChange] = []

    /// The entries between the backup that the plan begins with and its end are applied one by one.
    public init(of key: [UInt8], _ plan: RestorePlan, in directory: String) throws(RestoreError) {
        let opened = try OpenedRestore(plan, in: directory)
        defer { opened.remove() }
        report = opened.report
        var last: PastRecord?
        var changes: [PastChange] = []
        var start: (LogIndex, PastRecord?) = (.zero, nil)
        try opened.walk {
            start = ($1, PastReader(keyspace: $0, clock: $2).record(key))
            last = start.1
        } each: { keyspace, index, time in
            let now = PastReader(keyspace: copy keyspace, clock: time).record(key)
            guard now != last else { return }
            changes.append(PastChange(index: index, time: time, before: last, after: now))
            last = now
        }
        (begin, first) = start
        self.changes = changes
    }
}

/// A restored data directory that nobody starts a node on.
private struct OpenedRestore {
    let report: RestoreReport
    private let directory: String
    private let cluster: ClusterID
    private let node: NodeID

    init(_ plan: RestorePlan, in directory: String) throws(RestoreError) {
        guard let node = NodeID("n1") else { preconditionFailure("n1 is a name") }
        self.node = node
        self.directory = directory
        cluster = plan.view.cluster
        var restore = Restore(plan, RestoreOrder(directory: directory + "/data", node: node)) { _ in }
        do throws(RestoreError) { report = try restore.run() } catch {
            try? FileSystem.removeTree(directory)
            throw error
        }
    }

    func remove() { try? FileSystem.removeTree(directory) }

    func keyspace() throws(RestoreError) -> Keyspace {
        var found: Keyspace?
        try replay { replay, _, from, reader throws(RestoreError) in
            do throws(LogError) {
                try replay.run(from: from, through: report.position.index, reader: &reader)
            } catch { throw .log(error) }
            found = replay.keyspace
        }
        guard let found, found.digest == report.digest else { throw other(found) }
        return found
    }

    /// - Parameter begin: sees the state that the log's entries are applied to.
    func walk(
        _ begin: (Keyspace, LogIndex, Timestamp) -> Void, each: (borrowing Keyspace, LogIndex, Timestamp) -> Void
    ) throws(RestoreError) {
        try replay { replay, time, from, reader throws(RestoreError) in
            begin(replay.keyspace, from.previous, time)
            do throws(LogError) {
                try replay.runEach(from: from, through: report.position.index, reader: &reader, each)
            } catch { throw .log(error) }
            guard replay.keyspace.digest == report.digest else { throw other(replay.keyspace) }
        }
    }

    private func other(_ found: Keyspace?) -> RestoreError {
        .otherDigest(
            at: report.position.index, expected: report.digest, found: found?.digest ?? .empty, said: "the restore")
    }

    /// Loads the snapshot, and hands it on with the log behind it.
    private func replay(
        _ body: (inout LogReplay, Timestamp, LogIndex, inout LogReader<DirectoryStorage>) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        let path = directory + "/data"
        let engine: LogEngine<DirectoryStorage>
        let recovered: RecoveredLog
        do throws(DataDirectoryError) {
            let data = try DataDirectory.open(path, cluster: cluster, node: node)
            (engine, recovered) = try data.openLog(at: path + "/log", options: LogOptions())
        } catch { throw .directory(error) }
        let disk = DirectoryStorage(path: path + "/snapshots")
        var reader = engine.reader()
        let finding: StateFinding
        do throws(StateSearchError) {
            let snapshots: [SnapshotManifest]
            do throws(SnapshotError) {
                snapshots = try SnapshotCatalogue.open(disk, cluster: cluster).snapshots
            } catch { throw .snapshots(error) }
            finding = try StateSearch.run(snapshots, recovered, reader: &reader) { manifest throws(StateError) in
                try StateLoading.run(manifest, on: disk, workers: ThisProcess.processors) { _ in }
            } skipped: { _, _ in
            }
        } catch { throw error.asRestoreError }
        switch finding {
        case .nothing:
            var replay = LogReplay(of: Keyspace(of: cluster))
            try body(&replay, .zero, LogIndex(1), &reader)
        case .state(let state, _):
            var replay = LogReplay(of: state.keyspace)
            try body(&replay, state.timestamp, state.index.next, &reader)
        case .missing(_, let why): throw .unknownData(path: path, why: why)
        }
    }
}

extension StateSearchError {
    fileprivate var asRestoreError: RestoreError {
        switch self {
        case .log(let error): .log(error)
        case .state(let error): .state(error)
        case .snapshots(let error): .unknownData(path: "the restored state", why: "\(error)")
        }
    }
}
