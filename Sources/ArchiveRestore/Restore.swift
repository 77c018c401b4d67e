// Restoring a data directory from an archive.
//
// 1. Nothing has the final name before it is whole, proven and on stable storage.
// 2. What had that name is renamed, never removed.
// 3. What was fetched before an interruption is used again.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Consensus
import Keyspace
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
    /// Questions of the operator's to the restored state; their answers are in the report.
    public var checks = CheckList.none
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
        let parts = try startParts(helpers.syncs)
        defer { parts.fetch?.end() }
        let state = try restoreState(parts, helpers)
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

    /// The parts of a backup on their way, if there is one.
    private struct Parts {
        var fetch: PartFetch?
        /// Of those that were there before.
        var fetched = 0
    }

    private mutating func startParts(_ syncs: SyncThread) throws(RestoreError) -> Parts {
        guard let backup = plan.backup else { return Parts() }
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
        let fetch = try PartFetch.start(
            orders, from: plan.view.store, workers: order.workers,
            keeper: PartKeeper(syncs: syncs, staging: staging), skipsDamage: order.isBestEffort)
        return Parts(fetch: fetch, fetched: fetched)
    }

    /// - Parameters:
    ///   - other: what was fetched meanwhile, in bytes.
    ///   - times: and how long that took.
    private mutating func finish(
        _ parts: Parts, beside other: Int = 0, _ times: FetchTimes = FetchTimes()
    ) throws(RestoreError) {
        var (fetched, times) = (parts.fetched, times)
        var damages: [(name: String, why: String)] = []
        let (total, report) = ((plan.backup?.storedBytes ?? 0) + bytesOfLog, report)
        if let fetch = parts.fetch {
            times += try fetch.finish(
                lost: order.isBestEffort ? { damages.append((name: $0.object, why: "\($0)")) } : nil
            ) { size in
                fetched += size
                report(RestoreProgress(phase: .download, done: fetched + other, total: total))
            }
        }
        damagedParts = damages.sorted { $0.name < $1.name }
        result.bytesFetched += fetched
        let time = lap()
        let share = times.share(of: time)
        result.add(share, to: .download)
        result.add(time - share, to: .decompress)
        if order.isStopped() { throw .stopped }
        try placeBase()
    }

    private var bytesOfLog: Int { plan.runs.reduce(0) { $0 + $1.size } }

    /// The manifest comes last, as when a node writes a snapshot.
    private func placeBase() throws(RestoreError) {
        if let local = plan.local {
            try staging.link(snapshotsOf: local.path)
        } else if let manifest = plan.state {
            try staging.write(manifest.encoded, as: SnapshotName.manifest(manifest.index))
        }
    }

    /// The backup's state, proven.
    ///
    /// - Parameter wanted: keys that the log behind it is about, whose records are all that is held; nil holds all.
    private mutating func loadBase(
        _ appliers: PartitionThreads, wanted: TouchedKeys?, skips: SkipList? = nil
    ) throws(RestoreError) -> RestoredState {
        var (base, omitted): (ReplicatedState?, OmittedRecords) = (nil, .none)
        if let manifest = plan.state {
            if damagedParts.isEmpty {
                (base, omitted) = try loadBase(manifest, wanted)
            } else {
                base = try loadWhole(manifest)
            }
        }
        end(.load)
        // Nobody else holds the state, which would be copied as it changes.
        return RestoredState(
            base.take(), omitted: omitted, cluster: plan.view.cluster, node: order.node, runner: appliers, skips: skips,
            isPartial: result.loss != nil, keepsTarget: order.comparesWithNewest, checks: order.checks)
    }

    private func loadBase(
        _ manifest: SnapshotManifest, _ wanted: TouchedKeys?
    ) throws(RestoreError) -> (ReplicatedState, OmittedRecords) {
        let report = report
        let (state, omitted): (ReplicatedState, OmittedRecords)
        do throws(StateError) {
            (state, omitted) = try StateLoading.run(
                manifest, on: DirectoryStorage(path: staging.snapshots), wanted: wanted, workers: order.workers
            ) { report(RestoreProgress(phase: .load, done: $0.records, total: $0.total)) }
        } catch { throw .state(error) }
        let found = state.keyspace.count + omitted.count
        if let records = plan.backup?.records, found != records { throw .otherCount(expected: records, found: found) }
        return (state, omitted)
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

    private mutating func restoreState(_ parts: Parts, _ helpers: Helpers) throws(RestoreError) -> RestoredState {
        guard order.skips.isEmpty, !order.isBestEffort else {
            try finish(parts)
            guard order.skips.isEmpty, damagedParts.isEmpty else { return try restoreDerived(helpers) }
            return try restoreWhole(try writeLog(helpers.syncs), helpers)
        }
        let log = try writeLog(helpers.syncs)
        try finish(parts, beside: bytesOfLog, log.0.times)
        return try restoreWhole(log, helpers)
    }

    /// The log that was written tells which records have to be held while it is replayed.
    private mutating func restoreWhole(
        _ written: (WrittenLog, LogReader<DirectoryStorage>), _ helpers: Helpers
    ) throws(RestoreError) -> RestoredState {
        let (log, reader) = written
        // Of what an operator asks every record may be needed.
        let isPart = !log.touched.isOfAllKeys && !order.comparesWithNewest && order.checks.lines.isEmpty
        do throws(RestoreError) {
            return try replay(log, reader, helpers.appliers, wanted: isPart ? log.touched : nil)
        } catch {
            // That entries name all that they are about is nothing to accuse an archive by.
            guard isPart, case .otherDigest = error else { throw error }
            return try replay(log, reader, helpers.appliers, wanted: nil)
        }
    }

    private mutating func replay(
        _ log: WrittenLog, _ reader: LogReader<DirectoryStorage>, _ appliers: PartitionThreads, wanted: TouchedKeys?
    ) throws(RestoreError) -> RestoredState {
        var state = try loadBase(appliers, wanted: wanted)
        let (order, plan, report) = (order, plan, report)
        try log.replay(reader, on: &state) { index throws(RestoreError) in
            if order.isStopped() { throw .stopped }
            report(RestoreProgress(phase: .replay, done: index - plan.start, total: plan.entriesMax))
        }
        end(.replay)
        return state
    }

    private mutating func writeLog(
        _ syncs: SyncThread
    ) throws(RestoreError) -> (WrittenLog, LogReader<DirectoryStorage>) {
        let (base, cutter, node) = (plan.state?.end, RunCutter(plan.target, plan.view.cluster), order.node)
        var written = WrittenLog(
            of: plan.view.cluster, node: node, storage: try baseStorage(), behind: base?.index ?? .zero,
            entries: plan.entriesMax)
        let guess = try storageID(written.storage)
        var done = 0
        let (total, report) = ((plan.backup?.storedBytes ?? 0) + bytesOfLog, report)
        var sizes = plan.runs.makeIterator()
        let (reader, times) = try writeLog(base, storage: guess, syncs) { run, log throws(RestoreError) in
            let part = try cutter.cut(run)
            try log.append(part.head)
            try written.note(run, part)
            done += sizes.next()?.size ?? 0
            report(RestoreProgress(phase: .download, done: done, total: total))
        }
        written.times = times
        guard let known = written.storage, known != guess else { return (written, reader) }
        // The node was given another data directory within the log: it is written again under that.
        try staging.removeLog()
        let (again, _) = try writeLog(base, storage: known, syncs) { run, log throws(RestoreError) in
            try log.append(try cutter.cut(run).head)
        }
        return (written, again)
    }

    /// Replays without what is to be left out. The state is stored as a snapshot, with no log behind it: the log that
    /// there is would lead to another one.
    private mutating func restoreDerived(_ helpers: Helpers) throws(RestoreError) -> RestoredState {
        let skips = order.skips.isEmpty ? nil : SkipList(order.skips)
        var state = try loadBase(helpers.appliers, wanted: nil, skips: skips)
        let (plan, cutter, report) = (plan, RunCutter(plan.target, plan.view.cluster), report)
        let base = plan.state?.end
        var last = base ?? .zero
        _ = try walk(base) { run throws(RestoreError) in
            let taken = try cutter.take(run, &state)
            if let header = taken.frames.last?.header {
                last = FrameEnd(
                    position: LogPosition(term: header.term, index: header.lastIndex), checksum: header.checksum)
            }
            report(RestoreProgress(phase: .replay, done: state.index - plan.start, total: plan.entriesMax))
        }
        end(.replay)
        let point = state.conclude()
        if let skips { (result.skippedCount, result.skipped) = (skips.count, skips.listed) }
        let storage = try storageID(state.storage)
        var title = result.skippedCount > 0 ? result.filter.texts : []
        if let loss = result.loss { title.append("lost slots \(loss.ranges.joined(separator: ","))") }
        let derived = DerivedState(
            state.replayed, of: plan.view.cluster, at: last, time: point.time, title: title.joined(separator: "; "),
            node: order.node, storage: storage)
        try staging.removeSnapshots()
        try derived.write(to: staging.snapshots, featureLevel: plan.state?.facts.featureLevel ?? 1)
        let (directory, log) = try makeLog(derived.state.end, storage, helpers.syncs)
        try begin(directory)
        _ = consume log
        return state
    }

    /// The id under which the backup knows the node.
    private func baseStorage() throws(RestoreError) -> StorageID? {
        do throws(StateError) { return try plan.state?.members().registry.storage(of: order.node) } catch {
            throw .state(error)
        }
    }

    /// The id under which the log knows the node: from the backup, or from the log's first entries.
    private func storageID(_ known: StorageID?) throws(RestoreError) -> StorageID {
        if let known { return known }
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
    ) throws(RestoreError) -> (LogReader<DirectoryStorage>, FetchTimes) {
        var (directory, log) = try makeLog(base, storage, syncs)
        let times = try walk(base) { run throws(RestoreError) in try take(run, &log) }
        try log.finish()
        try begin(directory)
        return (log.reader, times)
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
    ) throws(RestoreError) -> FetchTimes {
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
        return fetch.spent
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
