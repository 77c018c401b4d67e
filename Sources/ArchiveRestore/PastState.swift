// The keyspace as it was at a point in the past, in memory: nothing of the archive and no data directory is changed.

import ArchiveFormat
import ArchiveStore
import ByteCoding
import Consensus
public import Keyspace
import LogFormat
import Replica
public import Vocabulary

/// Built from a backup and the log behind it, exact to the entry, and compared with the same digests as a restore. It
/// can be taken on to later points of its timeline.
///
/// All of the keyspace is in memory, as on a node: about `Keyspace.memory` of the cluster at that time. While a backup
/// is loaded its packs lie in a directory for temporary files (`TMPDIR`, or `/tmp`), which takes the plan's
/// `expandedBytes` and is removed before the log is replayed. The log comes object by object, and needs no disk.
public struct PastState: Sendable {
    public let view: ArchiveView
    public let lineage: Lineage
    private var state: RestoredState
    private var chain: RunChain
    /// The last run, when it goes on behind the state.
    private var rest: LogRun?

    /// - Parameter report: hears how far it is, many times a second.
    public init(_ plan: RestorePlan, report: (RestoreProgress) -> Void = { _ in }) throws(RestoreError) {
        try self.init(plan.lineage, in: plan.view, from: PastBase(plan), report: report)
        try replay(plan.runs, to: plan.target, report, nil)
    }

    /// The state of a backup, or before the first entry of all.
    init(
        _ lineage: Lineage, in view: ArchiveView, from base: PastBase?, report: (RestoreProgress) -> Void
    ) throws(RestoreError) {
        self.view = view
        self.lineage = lineage
        var loaded: ReplicatedState?
        if let base { loaded = try base.load(from: view.store, report) }
        guard let nobody = NodeID("nobody") else { preconditionFailure("a name that is none") }
        state = RestoredState(loaded, cluster: view.cluster, node: nobody)
        chain = RunChain(behind: loaded?.end)
    }

    public var keyspace: Keyspace { state.keyspace }
    /// Of the last entry.
    public var position: LogPosition { LogPosition(term: state.term, index: state.index) }
    public var time: Timestamp { state.time }
    /// Entries that were replayed.
    public var entries: Int { state.entries }
    public var digest: Digest { state.digest }

    /// One sentence that says what the state was compared with.
    public var proof: String {
        var report = RestoreReport()
        (report.position, report.lastProven, report.nextProven) = (position, state.lastProven, state.nextProven)
        return report.proof
    }

    /// Whether the log leads from here to an entry.
    public func leads(to index: LogIndex) -> Bool {
        guard index > max(state.index, chain.last) else { return index >= state.index }
        return lineage.runs.path(behind: chain.last, through: index).last?.name.last ?? .zero >= index
    }

    /// Goes on to a later entry, to which the log has to lead.
    ///
    /// - Parameter each: called behind every entry with the state there, its position and its time. Slower.
    public mutating func advance(
        to index: LogIndex, report: (RestoreProgress) -> Void = { _ in },
        each: ((borrowing Keyspace, LogPosition, Timestamp) -> Void)? = nil
    ) throws(RestoreError) {
        precondition(leads(to: index), "no log leads from \(state.index) to \(index)")
        guard index > state.index else { return }
        if let rest { try take(rest, to: .index(index), each) }
        let path = lineage.runs.path(behind: chain.last, through: index)
        try replay(path, to: .index(index), report, each)
    }

    // MARK: The log

    private mutating func replay(
        _ items: [RunCatalogue.Item], to target: RestoreTarget, _ report: (RestoreProgress) -> Void,
        _ each: ((borrowing Keyspace, LogPosition, Timestamp) -> Void)?
    ) throws(RestoreError) {
        let (start, end) = (state.index, items.last?.name.last ?? state.index)
        for item in items {
            let run = try archived { () throws(ArchiveError) in
                try ArchivedRun.fetch(item.name, from: view.store)
            }
            try chain.follow(run, item.name)
            try take(run, to: target, each)
            report(RestoreProgress(phase: .replay, done: state.index - start, total: end - start))
        }
    }

    /// Applies what is wanted of a run and not in the state yet.
    private mutating func take(
        _ run: LogRun, to target: RestoreTarget, _ each: ((borrowing Keyspace, LogPosition, Timestamp) -> Void)?
    ) throws(RestoreError) {
        let cutter = RunCutter(target, view.cluster)
        let wanted = try cutter.part(run.frames, behind: state.index).tail
        let last = cutter.last(in: run.frames) ?? state.index
        rest = last < run.facts.last ? run : nil
        guard last < run.facts.last else { return try apply(wanted, run.digests, each) }
        let (head, tail) = try cutter.part(wanted, behind: last)
        try apply(head, run.digests.filter { $0.index <= last }, each)
        try state.proveBeyond(tail, run.digests)
    }

    private mutating func apply(
        _ frames: FrameRun, _ digests: [CertifiedDigest],
        _ each: ((borrowing Keyspace, LogPosition, Timestamp) -> Void)?
    ) throws(RestoreError) {
        guard let each else { return try state.take(frames, digests) }
        for place in frames.frames.indices {
            for single in try PastState.singles(of: frames.frame(at: place), view.cluster) {
                try state.take(single, digests)
                each(state.keyspace, position, time)
            }
        }
    }

    /// The entries of a frame, each in one of its own.
    private static func singles(of frame: Frame, _ cluster: ClusterID) throws(RestoreError) -> [FrameRun] {
        let header = frame.header
        guard header.kind == .entries, header.count > 1 else { return [FrameRun(of: frame)] }
        var singles: [FrameRun] = []
        do throws(FrameError) {
            var builder = FrameBuilder(cluster: cluster)
            try frame.withPayload { payload throws(FrameError) in
                var cursor = EntryCursor(header)
                while let range = try cursor.next(in: payload) {
                    builder.begin()
                    builder.appendEntry(payload.extracting(range))
                    let single = builder.seal(
                        kind: header.kind, term: header.term, firstIndex: header.firstIndex + singles.count,
                        timestamp: header.timestamp.advanced(by: singles.count), previousTerm: header.term,
                        previousChecksum: 0)
                    singles.append(FrameRun(of: single))
                }
            }
        } catch { throw .archive(.object("the frame at \(header.firstIndex)", .damaged(.brokenChain, at: 0))) }
        return singles
    }
}

extension FrameRun {
    fileprivate init(of frame: Frame) {
        self.init()
        append(frame.header, bytes: frame.bytes.rawBytes)
    }
}
