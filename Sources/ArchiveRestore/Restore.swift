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
public import Platform
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
    /// The result is compared, key by key, with the newest state (see `RestoreComparison`).
    public var comparesWithNewest = false
    /// What is whole of a backup is restored where parts of it are damaged or gone; the slots that are lost are named.
    public var isBestEffort = false
    /// What of the log is left out.
    public var skips = SkipFilter()
    /// Whose the files will be; nil when that is found out (see `Restore`).
    public var owner: FileOwner?
    /// Asked between objects: whether to give up.
    public var isStopped: @Sendable () -> Bool = { false }

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
    /// Parts of the backup that were left aside.
    private var damagedParts: [(name: String, why: String)] = []
    /// What was given up before this was tried.
    var shortfall: RestoreShortfall?

    /// - Parameter report: hears how far it is, many times a second.
    public init(_ plan: RestorePlan, _ order: RestoreOrder, report: @escaping (RestoreProgress) -> Void) {
        self.plan = plan
        self.order = order
        self.report = report
        staging = RestoreStaging(directory: order.directory)
        began = MonotonicClock.now()
    }

    /// What the other threads are: those that sync, and those that apply.
    private struct Helpers {
        let syncs: SyncThread
        let appliers: PartitionThreads

        init(_ workers: Int) throws(RestoreError) {
            syncs = try onSystem { () throws(SystemError) in try SyncThread(name: "sync") }
            appliers = try onSystem { () throws(SystemError) in try PartitionThreads(processors: workers) }
        }
    }

    /// Does all of it. After an error the directory is as it was; what was fetched stays beside it, for the next try.
    public mutating func run() throws(RestoreError) -> RestoreReport {
        describe()
        try staging.check(needed: ByteCount(plan.expandedBytes * 2), replacesAnything: order.replacesAnything)
        if !order.replacesAnything { try checkContents() }
        try staging.begin(plan)
        end(.decide)
        let helpers = try Helpers(order.workers)
        defer { helpers.appliers.stop() }
        try fetchParts(helpers.syncs)
        if order.isStopped() { throw .stopped }
        // Nobody else holds the state, which would be copied as it changes.
        let skips = order.skips.isEmpty ? nil : SkipList(order.skips)
        // What is lost is known once it is loaded: the arguments are evaluated in order.
        var state = RestoredState(
            try loadBase(), cluster: plan.view.cluster, node: order.node, runner: helpers.appliers, skips: skips,
            isPartial: result.loss != nil, keepsTarget: order.comparesWithNewest)
        end(.load)
        if skips != nil || result.loss != nil {
            try replayDerived(plan.state?.end, &state, skips, helpers.syncs)
        } else {
            try replayLog(plan.state?.end, &state, helpers.syncs)
        }
        note(state)
        if let target = state.target {
            let report = report
            result.comparison = try RestoreComparison(of: target, with: plan, report: report)
            end(.compare)
        }
        try finish(helpers.syncs)
        return result
    }

    private mutating func describe() {
        result.add(plan.view.duration, to: .detect)
        result.add(plan.duration, to: .decide)
        result.location = plan.view.store.location
        result.cluster = plan.view.cluster
        result.timeline = plan.timeline
        result.target = plan.target
        result.backup = plan.backup?.id
        result.passedOver = plan.passedOver
        result.newest = plan.lineage.runs.items.map(\.name).max { $0.last < $1.last }
        result.directory = order.directory
        result.shortfall = shortfall
        result.keptSnapshot = plan.local?.manifest.index
        result.filter = order.skips
    }

    private mutating func end(_ phase: RestorePhase) { result.add(lap(), to: phase) }

    /// A log that is replaced may be damaged: what it had behind the archive's is not known then.
    private func checkContents() throws(RestoreError) {
        do throws(RestoreError) {
            try staging.checkContents(plan.view.cluster, try plan.exactEnd().position.index)
        } catch {
            guard case .unknownData = error, plan.local != nil else { throw error }
        }
    }

    /// Who is to have it: when root restores, whoever had the directory before, or has the one above it.
    private func owner() throws(RestoreError) -> FileOwner? {
        if let owner = order.owner { return owner }
        guard ThisProcess.userID == 0 else { return nil }
        return try onSystem { () throws(SystemError) in
            let before = FileSystem.exists(order.directory) ? order.directory : FileSystem.parent(of: order.directory)
            return try FileSystem.status(before).map { FileOwner(user: $0.owner, group: $0.group) }
        }
    }

    /// The time since the last phase ended.
    private mutating func lap() -> Duration {
        let now = MonotonicClock.now()
        defer { began = now }
        return now - began
    }

    // MARK: The backup

    private mutating func fetchParts(_ syncs: SyncThread) throws(RestoreError) {
        guard let backup = plan.backup else { return }
        var orders: [PartOrder] = []
        var fetched = 0
        var damages: [(name: String, why: String)] = []
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
        let (total, report) = (backup.storedBytes, report)
        let times = try PartFetch.run(
            orders, from: plan.view.store, workers: order.workers, keeper: PartKeeper(syncs: syncs, staging: staging),
            lost: order.isBestEffort ? { damages.append((name: $0.object, why: "\($0)")) } : nil
        ) { size in
            fetched += size
            report(RestoreProgress(phase: .download, done: fetched, total: total))
        }
        damagedParts = damages.sorted { $0.name < $1.name }
        result.bytesFetched += fetched
        let time = lap()
        let share = times.share(of: time)
        result.add(share, to: .download)
        result.add(time - share, to: .decompress)
    }

    /// The manifest comes last, as when a node writes a snapshot.
    private mutating func loadBase() throws(RestoreError) -> ReplicatedState? {
        guard let manifest = plan.state else { return nil }
        if let local = plan.local {
            try staging.link(snapshotsOf: local.path)
        } else {
            try staging.write(manifest.encoded, as: SnapshotName.manifest(manifest.index))
        }
        let report = report
        let state: ReplicatedState
        if !damagedParts.isEmpty { return try loadWhole(manifest) }
        do throws(StateError) {
            state = try StateLoading.run(
                manifest, on: DirectoryStorage(path: staging.snapshots), workers: order.workers
            ) { report(RestoreProgress(phase: .load, done: $0.records, total: $0.total)) }
        } catch { throw .state(error) }
        if let records = plan.backup?.records, state.keyspace.count != records {
            throw .otherCount(expected: records, found: state.keyspace.count)
        }
        return state
    }

    /// What is whole of the backup's state.
    private mutating func loadWhole(_ manifest: SnapshotManifest) throws(RestoreError) -> ReplicatedState {
        let loading: PartialLoading
        do throws(StateError) {
            loading = try PartialLoading(manifest, on: DirectoryStorage(path: staging.snapshots))
        } catch { throw .state(error) }
        guard !loading.lost.isEmpty else { return loading.state }
        result.loss = RestoreLoss(
            parts: damagedParts, slots: loading.lost,
            records: loading.recordsExpected - loading.state.keyspace.count)
        return loading.state
    }

    // MARK: The log

    private mutating func replayLog(
        _ base: FrameEnd?, _ state: inout RestoredState, _ syncs: SyncThread
    ) throws(RestoreError) {
        let guess = try storageID(state)
        let (plan, cutter, report) = (plan, RunCutter(plan.target, plan.view.cluster), report)
        try writeLog(base, storage: guess, syncs) { run, log throws(RestoreError) in
            try log.append(try cutter.take(run, &state))
            report(RestoreProgress(phase: .replay, done: state.index - plan.start, total: plan.entriesMax))
        }
        let last = state.conclude().position.index
        guard let known = state.storage, known != guess else { return }
        // The node was given another data directory within the log that was replayed: it is written again under that.
        try staging.removeLog()
        try writeLog(base, storage: known, syncs) { run, log throws(RestoreError) in
            try log.append(try cutter.part(run.frames, behind: last).head)
        }
    }

    /// Replays without what is to be left out. The state is stored as a snapshot, with no log behind it: the log that
    /// there is would lead to another one.
    private mutating func replayDerived(
        _ base: FrameEnd?, _ state: inout RestoredState, _ skips: SkipList?, _ syncs: SyncThread
    ) throws(RestoreError) {
        let (plan, cutter, report) = (plan, RunCutter(plan.target, plan.view.cluster), report)
        var last = base ?? .zero
        try walk(base) { run throws(RestoreError) in
            let taken = try cutter.take(run, &state)
            if let header = taken.frames.last?.header {
                last = FrameEnd(
                    position: LogPosition(term: header.term, index: header.lastIndex), checksum: header.checksum)
            }
            report(RestoreProgress(phase: .replay, done: state.index - plan.start, total: plan.entriesMax))
        }
        let point = state.conclude()
        if let skips { (result.skippedCount, result.skipped) = (skips.count, skips.listed) }
        let storage = try storageID(state)
        var title = result.skippedCount > 0 ? result.filter.texts : []
        if let loss = result.loss { title.append("lost slots \(loss.ranges.joined(separator: ","))") }
        let derived = DerivedState(
            state.replayed, of: plan.view.cluster, at: last, time: point.time, title: title.joined(separator: "; "),
            node: order.node, storage: storage)
        try staging.removeSnapshots()
        try derived.write(to: staging.snapshots, featureLevel: plan.state?.facts.featureLevel ?? 1)
        let (directory, log) = try makeLog(derived.state.end, storage, syncs)
        try begin(directory)
        _ = consume log
    }

    /// The id under which the log knows the node: from the backup, or from the log's first entries.
    private func storageID(_ state: RestoredState) throws(RestoreError) -> StorageID {
        if let storage = state.storage { return storage }
        if let first = plan.runs.first {
            let run = try archived { () throws(ArchiveError) in
                try ArchivedRun.fetch(first.name, from: plan.view.store)
            }
            if let storage = RestoredState.registered(order.node, in: run.frames) { return storage }
        }
        return StorageID(high: SystemRandom.word(), low: SystemRandom.word())
    }

    /// Makes the data directory and its log, whose frames `take` appends.
    private mutating func writeLog(
        _ base: FrameEnd?, storage: StorageID, _ syncs: SyncThread,
        take: (LogRun, inout RestoredLog) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        var (directory, log) = try makeLog(base, storage, syncs)
        try walk(base) { run throws(RestoreError) in try take(run, &log) }
        try log.finish()
        try begin(directory)
    }

    /// The data directory, and its log without frames.
    private func makeLog(
        _ base: FrameEnd?, _ storage: StorageID, _ syncs: SyncThread
    ) throws(RestoreError) -> (DataDirectory, RestoredLog) {
        let identity = LogIdentity(cluster: plan.view.cluster, node: order.node, storage: storage)
        // Nobody else prepares segments here: without that a log ends where its first segment does.
        let options = LogOptions(
            segmentSize: order.segmentSize, firstSegmentSize: min(order.segmentSize, LogOptions().firstSegmentSize),
            preparesInline: true)
        let directory: DataDirectory
        let engine: LogEngine<DirectoryStorage>
        do throws(DataDirectoryError) {
            directory = try DataDirectory.make(staging.path, identity)
            engine = try directory.openLog(at: staging.log, options: options, syncs: syncs).0
        } catch { throw .directory(error) }
        return (directory, try RestoredLog(engine, behind: base))
    }

    /// Gives out the runs behind the base, each of which follows the one before.
    private mutating func walk(
        _ base: FrameEnd?, _ body: (LogRun) throws(RestoreError) -> Void
    ) throws(RestoreError) {
        var chain = RunChain(behind: base)
        var fetch = try RunFetch(plan.runs, from: plan.view.store, workers: order.workers)
        var items = plan.runs.makeIterator()
        while let run = try fetch.next(), let item = items.next() {
            if order.isStopped() { throw .stopped }
            try chain.follow(run, item.name)
            try body(run)
            result.chain = run.end.chain
            result.objects += 1
            result.bytesFetched += item.size
        }
        let (time, waited, download) = (lap(), fetch.waited, fetch.waitedForDownload)
        result.add(time - waited, to: .replay)
        result.add(download, to: .download)
        result.add(waited - download, to: .decompress)
    }

    /// The node's next start writes the timeline's first entry, as after a recovery.
    private mutating func begin(_ directory: DataDirectory) throws(RestoreError) {
        let newest = plan.view.timelines.map(\.number).max() ?? plan.timeline.number
        let next = Timeline.following(newest) { SystemRandom.word() }
        do throws(DataDirectoryError) { try directory.begin(next) } catch { throw .directory(error) }
        result.nextTimeline = TimelineName(next)
    }

    private mutating func note(_ state: RestoredState) {
        var state = state
        let point = state.conclude()
        if case .index(let index) = plan.target {
            precondition(point.position.index == index, "restored up to \(point.position), not \(index)")
        }
        result.position = point.position
        result.time = point.time
        result.digest = point.digest
        result.records = point.records
        result.entriesReplayed = point.entries
        result.checks = point.checks
        result.compared = state.compared
        result.lastProven = state.lastProven
        result.nextProven = state.nextProven
        // The queries took their time within the replay.
        result.add(state.indexing, to: .index)
        result.add(.zero - state.indexing, to: .replay)
    }

    private mutating func finish(_ syncs: SyncThread) throws(RestoreError) {
        try onSystem { () throws(SystemError) in try syncs.finish() }
        end(.ready)
        let manifest = result.isDerived ? result.derivedManifest : plan.backup?.encoded
        result.putAside = try staging.finish(result, manifest: manifest, owner: try owner())
    }
}
