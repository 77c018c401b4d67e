// Restoring a data directory from an archive.
//
// 1. Nothing has the final name before it is whole, proven and on stable storage.
// 2. What had that name is renamed, never removed.
// 3. What was fetched before an interruption is used again.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Consensus
import LogFormat
import LogStore
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
public import Vocabulary

/// What a restore is told besides its plan.
public struct RestoreOrder: Sendable {
    /// Where the data directory is to be.
    public var directory: String
    /// Whose it is.
    public var node: NodeID
    public var workers: Int
    public var segmentSize: ByteCount
    /// A directory may be put aside that has newer entries, or those of another cluster, or nobody knows what.
    public var replacesAnything = false

    public init(directory: String, node: NodeID) {
        self.directory = directory
        self.node = node
        workers = ThisProcess.processors
        segmentSize = LogOptions().segmentSize
    }
}

/// How far a restore is.
public struct RestoreProgress: Sendable {
    public var phase: RestorePhase
    /// Bytes, records or entries, of so many.
    public var done: Int
    public var total: Int
}

public struct Restore {
    private let plan: RestorePlan
    private let order: RestoreOrder
    private let report: (RestoreProgress) -> Void
    private let staging: RestoreStaging
    private var result = RestoreReport()
    private var began: Instant

    /// - Parameter report: hears how far it is, many times a second.
    public init(_ plan: RestorePlan, _ order: RestoreOrder, report: @escaping (RestoreProgress) -> Void) {
        self.plan = plan
        self.order = order
        self.report = report
        staging = RestoreStaging(directory: order.directory)
        began = MonotonicClock.now()
    }

    /// Does all of it. After an error the directory is as it was; what was fetched stays beside it, for the next try.
    public mutating func run() throws(RestoreError) -> RestoreReport {
        describe()
        try staging.check(needed: ByteCount(plan.expandedBytes * 2))
        if !order.replacesAnything { try staging.checkContents(plan.view.cluster, try plan.exactEnd().position.index) }
        try staging.begin(plan)
        end(.plan)
        try fetchParts()
        end(.download)
        let base = try loadBackup()
        end(.load)
        var state = RestoredState(base, cluster: plan.view.cluster, node: order.node)
        try replayLog(base?.end, &state)
        end(.replay)
        try finish(state)
        return result
    }

    private mutating func describe() {
        result.location = plan.view.store.location
        result.cluster = plan.view.cluster
        result.timeline = plan.timeline
        result.target = plan.target
        result.backup = plan.backup?.id
        result.passedOver = plan.passedOver
        result.newest = plan.lineage.runs.items.map(\.name).max { $0.last < $1.last }
        result.directory = order.directory
    }

    private mutating func end(_ phase: RestorePhase) {
        let now = MonotonicClock.now()
        result.phases.append((phase, now - began))
        began = now
    }

    // MARK: The backup

    private mutating func fetchParts() throws(RestoreError) {
        guard let backup = plan.backup else { return }
        var orders: [PartOrder] = []
        var fetched = 0
        for pack in backup.packs {
            let path = staging.snapshots + "/" + SnapshotName.pack(PackNumber(pack.number))
            for part in pack.parts {
                let name = pack.name(of: part)
                if staging.isDone(name) {
                    fetched += part.size
                } else {
                    orders.append(PartOrder(name: name, part: part, path: path))
                }
            }
        }
        result.objects += orders.count
        let (total, report, staging) = (backup.storedBytes, report, staging)
        try PartFetch.run(orders, from: plan.view.store, workers: order.workers) { name, size throws(RestoreError) in
            try staging.note(name)
            fetched += size
            report(RestoreProgress(phase: .download, done: fetched, total: total))
        }
        result.bytesFetched += fetched
    }

    /// The manifest comes last, as when a node writes a snapshot.
    private func loadBackup() throws(RestoreError) -> ReplicatedState? {
        guard let backup = plan.backup, let manifest = plan.state else { return nil }
        try staging.write(manifest.encoded, as: SnapshotName.manifest(manifest.index))
        let report = report
        let state: ReplicatedState
        do throws(StateError) {
            state = try StateLoading.run(
                manifest, on: DirectoryStorage(path: staging.snapshots), workers: order.workers
            ) { report(RestoreProgress(phase: .load, done: $0.records, total: $0.total)) }
        } catch { throw .state(error) }
        guard state.keyspace.count == backup.records else {
            throw .otherCount(expected: backup.records, found: state.keyspace.count)
        }
        return state
    }

    // MARK: The log

    private mutating func replayLog(_ base: FrameEnd?, _ state: inout RestoredState) throws(RestoreError) {
        let guess = try storageID(state)
        let (plan, cutter, report) = (plan, RunCutter(plan.target, plan.view.cluster), report)
        try writeLog(base, storage: guess) { run, log throws(RestoreError) in
            try cutter.take(run, &state, &log)
            report(RestoreProgress(phase: .replay, done: state.index - plan.start, total: plan.entriesMax))
        }
        guard let known = state.storage, known != guess else { return }
        // The node was given another data directory within the log that was replayed: it is written again under that.
        try staging.removeLog()
        let last = state.index
        try writeLog(base, storage: known) { run, log throws(RestoreError) in
            try log.append(try cutter.part(run.frames, behind: last).head)
        }
    }

    /// The id under which the log knows the node: from the backup, or from the log's first entries.
    private func storageID(_ state: RestoredState) throws(RestoreError) -> StorageID {
        var members = state
        if members.storage == nil, let first = plan.runs.first {
            let run = try archived { () throws(ArchiveError) in
                try ArchivedRun.fetch(first.name, from: plan.view.store)
            }
            members.noteMembers(of: run.frames)
        }
        return members.storage ?? StorageID(high: SystemRandom.word(), low: SystemRandom.word())
    }

    /// Makes the data directory and its log, whose frames `take` appends.
    private mutating func writeLog(
        _ base: FrameEnd?, storage: StorageID, take: (LogRun, inout RestoredLog) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        let identity = LogIdentity(cluster: plan.view.cluster, node: order.node, storage: storage)
        let directory: DataDirectory
        let engine: LogEngine<DirectoryStorage>
        do throws(DataDirectoryError) {
            directory = try DataDirectory.make(staging.path, identity)
            // Nobody else prepares segments here: without that a log ends where its first segment does.
            let options = LogOptions(
                segmentSize: order.segmentSize, firstSegmentSize: min(order.segmentSize, LogOptions().firstSegmentSize),
                preparesInline: true)
            engine = try directory.openLog(at: staging.log, options: options).0
        } catch { throw .directory(error) }
        var log = try RestoredLog(engine, behind: base)
        var end: ChainEnd?
        for item in plan.runs {
            let run = try archived { () throws(ArchiveError) in
                try ArchivedRun.fetch(item.name, from: plan.view.store)
            }
            try follow(run, item.name, &end, base)
            try take(run, &log)
            result.objects += 1
            result.bytesFetched += item.size
        }
        try log.finish()
        try begin(directory)
    }

    /// A run has to go on where the one before ended, whoever shipped it.
    private mutating func follow(
        _ run: LogRun, _ name: RunName, _ end: inout ChainEnd?, _ base: FrameEnd?
    ) throws(RestoreError) {
        let known = end?.position.index ?? plan.start
        if run.start.position.index == known {
            let isBase =
                end == nil
                && base.map { $0.position == run.start.position && $0.checksum == run.start.checksum }
                    ?? true
            guard end == run.start || isBase else {
                throw .archive(.object(name.description, .damaged(.brokenChain, at: 0)))
            }
        } else {
            // It overlaps: the frame that ends there says what the one behind it is chained to.
            let next = run.frames.frames.first { $0.header.firstIndex == known.next }?.header
            let checksum = end?.checksum ?? base?.checksum ?? 0
            guard let next, next.previousChecksum == checksum else {
                throw .archive(.object(name.description, .damaged(.brokenChain, at: 0)))
            }
        }
        end = run.end
        result.chain = run.end.chain
    }

    /// The node's next start writes the timeline's first entry, as after a recovery.
    private mutating func begin(_ directory: DataDirectory) throws(RestoreError) {
        let newest = plan.view.timelines.map(\.number).max() ?? plan.timeline.number
        let next = Timeline.following(newest) { SystemRandom.word() }
        do throws(DataDirectoryError) { try directory.begin(next) } catch { throw .directory(error) }
        result.nextTimeline = TimelineName(next)
    }

    private mutating func finish(_ state: RestoredState) throws(RestoreError) {
        if case .index(let index) = plan.target {
            precondition(state.index == index, "restored up to \(state.index), not \(index)")
        }
        result.position = LogPosition(term: state.term, index: state.index)
        result.time = state.time
        result.digest = state.digest
        result.records = state.records
        result.entriesReplayed = state.entries
        result.compared = state.compared
        result.lastProven = state.lastProven
        result.nextProven = state.nextProven
        end(.finish)
        result.putAside = try staging.finish(result)
    }
}
