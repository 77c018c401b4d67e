// The state that a restore comes to, proven as it is built.
//
// The backup's records are hashed one by one and their sum compared with the digest that the cluster had. Every run of
// the log ends with the digest that the leader had behind it, and each is compared as the replay passes it. Where the
// target lies between two of those, what there is to tell of it is noted, and the replay goes on as far as the next, so
// that the target lies between two states that are equal to the cluster's.
//
// A digest is a sum over records: those that no entry behind the backup names need not be held, only summed up.

import ArchiveFormat
import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import Platform
import Replica
import ReplicaSnapshots
public import Vocabulary

/// A digest that was equal to what the archive has of the cluster.
public struct ProvenDigest: Hashable, Sendable {
    public let index: LogIndex
    public let digest: Digest

    public init(index: LogIndex, digest: Digest) {
        self.index = index
        self.digest = digest
    }
}

/// What there is to tell of a restored state.
struct RestoredPoint: Hashable {
    var position: LogPosition
    var time: Timestamp
    var digest: Digest
    var records: Int
    var entries: Int
    var checks: [SmokeCheck]
}

/// Applies the log behind a backup's state, or from the first entry on.
struct RestoredState {
    private var replay: LogReplay
    /// The storage id that the log knows the node by.
    private(set) var storage: StorageID?
    private let node: NodeID
    /// Records of the backup that were proven and are not held.
    private let omitted: OmittedRecords
    /// Entries that are left out; once there is one, the state is not one that a digest is known of.
    private let skips: SkipList?
    /// Slots of the backup are lost, so no digest is known of any state from here on.
    private let isPartial: Bool
    private(set) var index: LogIndex
    /// Of the entry there.
    private(set) var term: Term
    private(set) var time: Timestamp
    /// Comparisons that were equal: the first, the last up to the target, and one behind it.
    private(set) var compared = 0
    private(set) var lastProven: ProvenDigest?
    private(set) var nextProven: ProvenDigest?
    /// Of the target, once it is reached.
    private(set) var reached: RestoredPoint?
    /// The state of the target, once it is reached, if it is wanted: a copy that costs what is changed behind it.
    private(set) var target: Keyspace?
    private let keepsTarget: Bool
    private let checks: CheckList
    /// The time that indexes took to build, for the queries.
    private(set) var indexing = Duration.zero

    /// - Parameters:
    ///   - state: of the backup; nil begins with nothing. The caller keeps none: a state that is held twice is copied,
    ///     page by page, as it changes.
    ///   - omitted: what is missing from the state: no entry may name those records.
    ///   - node: whose data directory it will be.
    init(
        _ state: consuming ReplicatedState?, omitted: OmittedRecords = .none, cluster: ClusterID, node: NodeID,
        runner: any PartitionRunner = SequentialRunner(), skips: SkipList? = nil, isPartial: Bool = false,
        keepsTarget: Bool = false, checks: CheckList = .none
    ) {
        self.isPartial = isPartial
        self.checks = checks
        self.keepsTarget = keepsTarget
        self.node = node
        self.omitted = omitted
        self.skips = skips
        replay = LogReplay(of: state?.keyspace ?? Keyspace(of: cluster), cluster: cluster, runner: runner)
        if let skips { replay.skips = { skips.skips($0, $1, $2) } }
        storage = state?.registry.storage(of: node)
        index = state?.index ?? .zero
        term = state?.end.position.term ?? .zero
        time = state?.timestamp ?? .zero
        guard index > .zero, !isPartial else { return }
        compared = 1
        lastProven = ProvenDigest(index: index, digest: digest)
    }

    private var isDerived: Bool { isPartial || (skips.map { $0.count > 0 } ?? false) }
    /// The state itself; of the target, when nothing was applied behind it.
    var replayed: LogReplay { replay }
    var keyspace: Keyspace { replay.keyspace }
    var digest: Digest {
        var digest = replay.keyspace.digest
        digest.add(omitted.digest)
        return digest
    }
    var entries: Int { replay.entries }

    /// Applies a run as far as it is behind the state, and compares the digests that it has. Traps on one that does not
    /// follow: its chain was checked.
    mutating func take(_ run: FrameRun, _ digests: [CertifiedDigest]) throws(RestoreError) {
        for known in digests where known.index > index {
            try apply(run, through: known.index)
            guard index == known.index, !isDerived else { continue }
            try compare(known)
            lastProven = ProvenDigest(index: known.index, digest: known.digest)
        }
        guard let last = run.frames.last?.header.lastIndex else { return }
        try apply(run, through: last)
        precondition(index == last, "a run up to \(last) was applied up to \(index)")
    }

    /// The target is reached: what there is to tell of it is noted, and small questions are put to it.
    mutating func conclude() -> RestoredPoint {
        if let reached { return reached }
        let began = MonotonicClock.now()
        let checks = SmokeCheck.run(on: &replay, own: checks)
        indexing = MonotonicClock.now() - began
        let point = RestoredPoint(
            position: LogPosition(term: term, index: index), time: time, digest: digest,
            records: replay.keyspace.count + omitted.count, entries: replay.entries, checks: checks)
        reached = point
        if keepsTarget { target = replay.keyspace }
        return point
    }

    /// Goes on behind the target, up to the first digest that is known there, which has to be equal.
    mutating func goBeyond(_ rest: FrameRun, _ digests: [CertifiedDigest]) throws(RestoreError) {
        _ = conclude()
        guard skips == nil, !isPartial, let known = digests.first(where: { $0.index > index }) else { return }
        try apply(rest, through: known.index)
        guard index == known.index else { return }
        try compare(known)
        nextProven = ProvenDigest(index: known.index, digest: known.digest)
    }

    /// Looks behind the target in a copy, as `goBeyond` does: the state stays where it is.
    mutating func proveBeyond(_ rest: FrameRun, _ digests: [CertifiedDigest]) throws(RestoreError) {
        guard let known = digests.first(where: { $0.index > index }) else { return }
        var copy = self
        try copy.apply(rest, through: known.index)
        guard copy.index == known.index else { return }
        try copy.compare(known)
        compared = copy.compared
        nextProven = ProvenDigest(index: known.index, digest: known.digest)
    }

    private mutating func compare(_ known: CertifiedDigest) throws(RestoreError) {
        guard known.digest == digest else {
            throw .otherDigest(
                at: known.index, expected: known.digest, found: digest, said: "the leader that shipped it")
        }
        compared += 1
    }

    private mutating func apply(_ run: FrameRun, through last: LogIndex) throws(RestoreError) {
        guard let applied = replay.apply(run, from: index.next, through: last) else { return }
        for place in run.frames.indices {
            let header = run.frames[place].header
            guard header.firstIndex > index, header.lastIndex <= applied else { continue }
            time = header.timestamp.advanced(by: Int(header.count) - 1)
            term = header.term
            if header.kind == .membership { RestoredState.note(node, run.frame(at: place), &storage) }
        }
        index = applied
    }

    /// What a run says of a node, without applying it.
    static func registered(_ node: NodeID, in run: FrameRun) -> StorageID? {
        var storage: StorageID?
        for position in run.frames.indices where run.frames[position].header.kind == .membership {
            note(node, run.frame(at: position), &storage)
        }
        return storage
    }

    /// What the log says of the node that the directory is for: who was registered first stays, until it is no member.
    private static func note(_ node: NodeID, _ frame: Frame, _ storage: inout StorageID?) {
        if let change = Replica.configuration(in: frame), !change.configuration.members.contains(node) {
            storage = nil
        }
        try? frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            while let range = try cursor.next(in: payload) {
                let entry = payload.extracting(range)
                guard !MemberBook.isBook(entry), !ConfigurationCoding.isConfiguration(entry) else { continue }
                let registered = (try? MemberRegistry.decode(entry)) ?? []
                storage = storage ?? registered.first { $0.0 == node }?.1
            }
        }
    }
}
