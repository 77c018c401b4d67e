// One node of a test cluster: a Raft value, the log it speaks of, and a disk that keeps orders until it is told to.

import Vocabulary

@testable import Consensus

/// A snapshot as far as consensus is concerned: where it ends, and who took part there.
struct SnapshotImage: Hashable {
    let end: FrameEnd
    let configuration: Configuration
}

/// What a test's node has on stable storage.
struct DiskImage {
    var term = Term.zero
    var votedFor: NodeID?
    var log: [FrameSummary] = []
    /// The log begins behind it, unless it was received and the log was not cut yet.
    var snapshot: SnapshotImage?
    /// The newest commit index that an order carried along, as the log's envelopes do.
    var commitIndex = LogIndex.zero
    var fence: LogIndex?
    var isBallotUncertain = false
    /// The first index that cannot be read back any more: what a running node's scrub has found.
    var hole: LogIndex?

    /// What recovery does about the hole: the log ends before it, behind a fence.
    mutating func repair() {
        guard let hole else { return }
        self.hole = nil
        fence = max(fence ?? .zero, lastIndex)
        log.removeAll { $0.lastIndex >= hole }
        commitIndex = min(commitIndex, lastIndex)
    }

    /// What recovery does about a snapshot that is newer than the log's begin.
    mutating func joinSnapshot() {
        guard let snapshot else { return }
        if log.contains(where: { $0.end == snapshot.end }) || log.first?.previous == snapshot.end {
            log.removeAll { $0.lastIndex <= snapshot.end.index }
        } else {
            log = []
        }
        commitIndex = max(commitIndex, snapshot.end.index)
    }

    mutating func loseBallots(after term: Term) {
        if self.term > term {
            self.term = term
            votedFor = nil
        }
        isBallotUncertain = true
        log.removeAll { $0.term > term }
        fence = max(fence ?? .zero, lastIndex)
        commitIndex = min(commitIndex, lastIndex)
    }

    var lastIndex: LogIndex { log.last?.lastIndex ?? snapshot?.end.index ?? .zero }
    func has(_ frame: FrameSummary) -> Bool {
        log.contains(frame) || snapshot.map { $0.end.index >= frame.lastIndex } ?? false
    }

    func restored(_ membership: [FrameSummary: Configuration]) -> Restored {
        let last = log.last?.end ?? snapshot?.end ?? .zero
        var changes = snapshot.map { [ConfigurationChange(index: $0.end.index, configuration: $0.configuration)] } ?? []
        for frame in log {
            guard let configuration = membership[frame] else { continue }
            changes.append(ConfigurationChange(index: frame.lastIndex, configuration: configuration))
        }
        let suffix = log.filter { $0.firstIndex > commitIndex }
        return Restored(
            term: term, votedFor: votedFor, last: last, uncommitted: suffix, configurations: changes, fence: fence,
            isBallotUncertain: isBallotUncertain)
    }
}

struct Order {
    enum Kind {
        case ballot(Term, NodeID?)
        case truncate(LogIndex)
        case frames([FrameSummary])
        case fence(LogIndex?)
        case restart
    }
    let ticket: WriteTicket
    let kind: Kind
    let commitIndex: LogIndex
}

struct SimulatedNode {
    let id: NodeID
    let configuration: Configuration
    let options: ConsensusOptions
    var seed: UInt64
    var raft: Raft?
    var disk = DiskImage()
    /// Orders that the disk has not carried out, oldest first.
    var orders: [Order] = []
    /// The log as the process sees it.
    var log: [FrameSummary] = []
    /// What the entries of membership frames say.
    var membership: [FrameSummary: Configuration] = [:]

    init(_ id: NodeID, of configuration: Configuration, options: ConsensusOptions, seed: UInt64) {
        self.id = id
        self.configuration = configuration
        self.options = options
        self.seed = seed
    }

    var isUp: Bool { raft != nil }

    mutating func start(now: Instant) {
        seed &+= 0x1_0000_0001
        disk.repair()
        disk.joinSnapshot()
        log = disk.log
        orders = []
        raft = Raft(
            id: id, configuration: configuration, options: options, restored: disk.restored(membership),
            seed: seed, now: now)
    }

    /// Damages the log on disk from `index` on, and lets the process know.
    mutating func tear(from index: LogIndex) {
        disk.hole = index
        raft?.setDamaged(true)
    }

    mutating func crash() {
        raft = nil
        orders = []
    }

    /// Carries out up to `count` orders; the newest ticket carried out.
    mutating func carryOut(_ count: Int) -> WriteTicket? {
        var newest: WriteTicket?
        for order in orders.prefix(count) {
            switch order.kind {
            case .ballot(let term, let vote):
                disk.term = term
                disk.votedFor = vote
            case .truncate(let index): disk.log.removeAll { $0.firstIndex >= index }
            case .frames(let frames): disk.log += frames
            case .restart: disk.log = []
            case .fence(let index):
                disk.fence = index
                if index == nil { disk.isBallotUncertain = false }
            }
            disk.commitIndex = max(disk.commitIndex, order.commitIndex)
            newest = order.ticket
        }
        orders.removeFirst(min(count, orders.count))
        return newest
    }

    /// Does to log and disk what a directive asks for.
    mutating func obey(_ directive: Directive, incoming: [FrameSummary]) {
        switch directive {
        case .persistBallot(let term, let vote, let ticket): give(.ballot(term, vote), ticket)
        case .truncate(let index, let ticket):
            log.removeAll { $0.firstIndex >= index }
            give(.truncate(index), ticket)
        case .store(let range, let ticket):
            log += incoming[range]
            give(.frames(Array(incoming[range])), ticket)
        case .restartLog(_, let ticket):
            log = []
            give(.restart, ticket)
        // Under the ticket before it: durable no later than what follows.
        case .fenceRaised(let index): give(.fence(index), orders.last?.ticket ?? raft?.durable ?? .zero)
        case .repairGranted(let index): give(.fence(index), orders.last?.ticket ?? raft?.durable ?? .zero)
        case .fenceCleared: give(.fence(nil), orders.last?.ticket ?? raft?.durable ?? .zero)
        default: break
        }
    }

    /// Appends a frame of `count` entries with content that no other frame has.
    mutating func propose(
        count: Int, configuration: Configuration? = nil, stamp: UInt32, now: Instant, into out: inout [Directive]
    ) {
        guard var raft else { return }
        let last = raft.lastPosition
        let mixed = UInt64(raft.lastChecksum) &* 0x9E37_79B9 ^ UInt64(stamp) &* 0x85EB_CA6B
        let frame = FrameSummary(
            term: raft.term, firstIndex: last.index.next, lastIndex: last.index + count,
            checksum: UInt32(truncatingIfNeeded: mixed ^ mixed >> 29), previousTerm: last.term,
            previousChecksum: raft.lastChecksum, size: 100 * count)
        if let configuration { membership[frame] = configuration }
        let ticket = raft.appendedByLeader(frame, configuration: configuration, now: now, into: &out)
        self.raft = raft
        log.append(frame)
        give(.frames([frame]), ticket)
    }

    /// Whole frames from the one that holds `index`, of at most `limit` bytes together, at least one.
    func frames(from index: LogIndex, limit: Int) -> [FrameSummary] {
        guard let start = log.firstIndex(where: { $0.lastIndex >= index }) else { return [] }
        var size = 0
        return Array(
            log[start...].prefix { frame in
                defer { size += frame.size }
                return size == 0 || size + frame.size <= limit
            })
    }

    /// The first index that the log can still give.
    var firstAvailable: LogIndex { log.first?.firstIndex ?? raft?.lastPosition.index.next ?? LogIndex(1) }

    /// Takes a snapshot of what is committed and durable, and cuts the log's begin.
    mutating func compact() {
        guard let raft else { return }
        let floor = min(raft.commitIndex, min(raft.persistedIndex, disk.lastIndex))
        guard let last = log.last(where: { $0.lastIndex <= floor }), disk.log.contains(last) else { return }
        let newest = log.last { $0.lastIndex <= floor && membership[$0] != nil }.flatMap { membership[$0] }
        let known = newest ?? disk.snapshot?.configuration ?? configuration
        disk.snapshot = SnapshotImage(end: last.end, configuration: known)
        log.removeAll { $0.lastIndex <= floor }
        disk.log.removeAll { $0.lastIndex <= floor }
    }

    private mutating func give(_ kind: Order.Kind, _ ticket: WriteTicket) {
        orders.append(Order(ticket: ticket, kind: kind, commitIndex: raft?.commitIndex ?? .zero))
    }
}

/// SplitMix64, so that a seed is a test.
struct TestRandom {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
