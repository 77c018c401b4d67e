// The state that a restore comes to, proven as it is built.
//
// The backup's records are hashed one by one and their sum compared with the digest that the cluster had. Every run of
// the log ends with the digest that the leader had behind it, and each is compared as the replay passes it. Where the
// target lies between two of those, the replay goes on in a copy as far as the next, so that the target lies between
// two states that are equal to the cluster's.

import ArchiveFormat
import ByteCoding
import Consensus
import Keyspace
import LogFormat
import PeerProtocol
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

/// Applies the log behind a backup's state, or from the first entry on.
struct RestoredState {
    private var replay: LogReplay
    /// The storage id that the log knows the node by.
    private(set) var storage: StorageID?
    private let node: NodeID
    private(set) var index: LogIndex
    /// Of the entry there.
    private(set) var term: Term
    private(set) var time: Timestamp
    /// Comparisons that were equal: the first, the last up to the target, and one behind it.
    private(set) var compared = 0
    private(set) var lastProven: ProvenDigest?
    private(set) var nextProven: ProvenDigest?

    /// - Parameters:
    ///   - state: of the backup; nil begins with nothing.
    ///   - node: whose data directory it will be.
    init(_ state: ReplicatedState?, cluster: ClusterID, node: NodeID) {
        self.node = node
        replay = LogReplay(of: state?.keyspace ?? Keyspace(of: cluster))
        storage = state?.registry.storage(of: node)
        index = state?.index ?? .zero
        term = state?.end.position.term ?? .zero
        time = state?.timestamp ?? .zero
        if let state {
            compared = 1
            lastProven = ProvenDigest(index: state.index, digest: state.keyspace.digest)
        }
    }

    var keyspace: Keyspace { replay.keyspace }
    var digest: Digest { replay.keyspace.digest }
    var records: Int { replay.keyspace.count }
    var entries: Int { replay.entries }

    /// Applies a run as far as it is behind the state, and compares the digests that it has. Traps on one that does not
    /// follow: its chain was checked.
    mutating func take(_ run: FrameRun, _ digests: [CertifiedDigest]) throws(RestoreError) {
        for known in digests where known.index > index {
            try apply(run, through: known.index)
            guard index == known.index else { continue }
            try compare(known)
            lastProven = ProvenDigest(index: known.index, digest: known.digest)
        }
        guard let last = run.frames.last?.header.lastIndex else { return }
        try apply(run, through: last)
        precondition(index == last, "a run up to \(last) was applied up to \(index)")
    }

    /// Goes on behind the target in a copy, up to the first digest that is known there, which has to be equal.
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
            if header.kind == .membership { noteMembers(run.frame(at: place)) }
        }
        index = applied
    }

    /// What a run says of the node, without applying it.
    mutating func noteMembers(of run: FrameRun) {
        for position in run.frames.indices where run.frames[position].header.kind == .membership {
            noteMembers(run.frame(at: position))
        }
    }

    /// What the log says of the node that the directory is for: who was registered first stays, until it is no member.
    private mutating func noteMembers(_ frame: Frame) {
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
