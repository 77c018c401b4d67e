// A few replicas in one process: messages are delivered, orders persisted and time passed as the test says.
//
// It may drop connections, hold back persistence per node, stop nodes and start them again from what was persisted.

import Consensus
import Keyspace
import LogFormat
import PeerProtocol
import RESP
import Vocabulary

@testable import Replica

final class World {
    final class Node {
        var replica: Replica
        var isUp = true
        var orders: [LogWrite] = []
        var disk: Disk
        var replies: [UInt64: String]
        var news: [String] = []
        let storage: StorageID
        /// While true, orders gather and nothing is reported as persisted.
        var isDiskFrozen = false

        init(_ replica: consuming Replica, disk: Disk, replies: [UInt64: String], storage: StorageID) {
            self.replica = replica
            self.disk = disk
            self.replies = replies
            self.storage = storage
        }

        var isQuiet: Bool { replica.isQuiet }
    }

    /// What a node's log would hold after a crash.
    struct Disk {
        var frames: [Frame] = []
        var term = Term.zero
        var vote: NodeID?
        var commit = LogIndex.zero
        var fence: LogIndex?
        /// The newest snapshot, and where the log begins behind one.
        var state: ReplicatedState?
        var base = FrameEnd.zero
    }

    private enum Parcel {
        case message(Message, [Frame])
        case requests(RequestBatch)
        case answers(AnswerBatch)
        case state(StateMessage)
    }

    static let cluster = ClusterID(high: 7, low: 9)
    let ids: [NodeID]
    /// What counts before the first configuration of the log.
    let founders: [NodeID]
    let options: ReplicaOptions
    private(set) var nodes: [NodeID: Node] = [:]
    private var queue: [(from: NodeID, to: NodeID, parcel: Parcel)] = []
    private var cut: Set<[NodeID]> = []
    private(set) var now = Moment(
        instant: Instant(nanoseconds: 1_000_000_000), wall: Timestamp(microseconds: 1_000_000))
    private var seed: UInt64 = 1

    /// - Parameter founders: how many of the nodes are members from the beginning; nil when all are.
    init(_ count: Int, founders: Int? = nil, options: ReplicaOptions = ReplicaOptions()) throws {
        ids = (1...count).compactMap { NodeID("n\($0)") }
        self.founders = Array(ids.prefix(founders ?? count))
        self.options = options
        for id in ids { try start(id, storage: StorageID(high: 1, low: id.high)) }
        for a in ids { for b in ids where a != b { connect(a, b) } }
    }

    // MARK: Nodes

    func start(_ id: NodeID, storage: StorageID) throws {
        var disk = nodes[id]?.disk ?? Disk()
        if let state = disk.state, state.index > disk.frames.last?.header.lastIndex ?? disk.base.index {
            // A fetched snapshot that the log was not begun behind any more (as `StateSearch` does it).
            (disk.frames, disk.base) = ([], state.end)
        }
        let commit = max(disk.commit, disk.state?.index ?? .zero)
        let uncommitted = disk.frames.filter { $0.header.firstIndex > commit }
        let last = disk.frames.last.map {
            FrameEnd(
                position: LogPosition(term: $0.header.term, index: $0.header.lastIndex), checksum: $0.header.checksum)
        }
        let restored = Restored(
            term: disk.term, votedFor: disk.vote, last: last ?? disk.base,
            uncommitted: uncommitted.map { FrameSummary($0) }, configurations: configurations(of: disk),
            fence: disk.fence)
        guard let configuration = Configuration(voters: founders) else { throw WorldError.badConfiguration }
        seed += 1
        let start = ReplicaStart(
            id: id, cluster: World.cluster, storage: storage, configuration: configuration, restored: restored,
            uncommittedFrames: uncommitted, lastTimestamp: disk.frames.last?.header.timestamp ?? .zero,
            origin: origin(of: disk))
        nodes[id] = Node(
            Replica(start, options: options, seed: seed, at: now), disk: disk, replies: nodes[id]?.replies ?? [:],
            storage: storage)
    }

    private func configurations(of disk: Disk) -> [ConfigurationChange] {
        let snapshot = disk.state.map { ConfigurationChange(index: $0.index, configuration: $0.configuration) }
        let frames = disk.frames.filter {
            $0.header.kind == .membership && $0.header.firstIndex > snapshot?.index ?? .zero
        }
        return (snapshot.map { [$0] } ?? []) + frames.compactMap { Replica.configuration(in: $0) }
    }

    /// Its data directory is lost, and a new one takes its place.
    func wipe(_ id: NodeID) throws {
        kill(id)
        nodes[id]?.disk = Disk()
        seed += 1
        try start(id, storage: StorageID(high: 2, low: seed))
        for other in ids where other != id && nodes[other]?.isUp == true {
            connect(id, other)
            connect(other, id)
        }
    }

    enum WorldError: Error { case badConfiguration }

    private func origin(of disk: Disk) -> ReplicaStart.Origin {
        if let state = disk.state { return .state(state, StoredSnapshots(newest: state.end, oldest: state.index)) }
        guard let first = disk.frames.first?.header.firstIndex, first > LogIndex(1) else { return .nothing }
        return .missing(floor: LogIndex(first.rawValue - 2), why: "a test has lost it")
    }

    func kill(_ id: NodeID) {
        nodes[id]?.isUp = false
        nodes[id]?.orders = []
        queue.removeAll { $0.from == id || $0.to == id }
        for other in ids where other != id { step(other, .peerDisconnected(id)) }
    }

    func restart(_ id: NodeID) throws {
        guard let storage = nodes[id]?.storage else { return }
        try start(id, storage: storage)
        for other in ids where other != id && nodes[other]?.isUp == true {
            connect(id, other)
            connect(other, id)
        }
    }

    func connect(_ a: NodeID, _ b: NodeID) {
        guard let storage = nodes[b]?.storage else { return }
        step(a, .peerConnected(b, storage))
    }

    /// Nothing that `a` sends reaches `b`, and neither notices.
    func silence(_ a: NodeID, towards b: NodeID) { cut.insert([a, b]) }
    func partition(_ a: NodeID, _ b: NodeID) { cut.formUnion([[a, b], [b, a]]) }
    func heal() { cut = [] }
    func freezeDisk(_ id: NodeID, _ frozen: Bool) { nodes[id]?.isDiskFrozen = frozen }

    // MARK: Events

    func step(_ id: NodeID, _ event: ReplicaEvent) {
        guard nodes[id]?.isUp == true else { return }
        var effects = ReplicaEffects()
        nodes[id]?.replica.step(event, at: now, into: &effects)
        nodes[id]?.replica.checkInvariants()
        carryOut(effects, of: id)
    }

    private func carryOut(_ effects: ReplicaEffects, of id: NodeID) {
        nodes[id]?.orders += effects.logWrites
        for outgoing in effects.messages {
            queue.append((id, outgoing.to, .message(outgoing.message, outgoing.frames)))
        }
        for (to, batch) in effects.forwards { queue.append((id, to, .requests(batch))) }
        for (to, batch) in effects.answers { queue.append((id, to, .answers(batch))) }
        for (to, message) in effects.stateMessages { queue.append((id, to, .state(message))) }
        for item in effects.replies.items {
            nodes[id]?.replies[item.token] = String(
                decoding: effects.replies.writer.bytes[item.range], as: UTF8.self)
        }
        nodes[id]?.news += effects.news.map { "\($0)" }
        for read in effects.logReads {
            let frames = nodes[id]?.disk.frames.filter { $0.header.firstIndex >= read.from } ?? []
            let isReleased = nodes[id]?.disk.base.index ?? .zero >= read.from
            let first = (nodes[id]?.disk.base.index ?? .zero).next
            step(id, isReleased ? .framesReleased(read, first: first) : .framesRead(frames, read))
        }
        for order in effects.snapshots { store(order.state, of: id) }
        for (source, index) in effects.fetches {
            guard let state = nodes[source]?.disk.state, state.index == index, isFetching else { continue }
            nodes[id]?.disk.state = state
            step(id, .stateFetched(state))
        }
    }

    /// Nodes that never get done with a snapshot.
    var stillWriting: Set<NodeID> = []
    /// While false, snapshots are not written; those that were cut are given up.
    var isStoring = true
    /// While false, nobody fetches what is offered.
    var isFetching = true
    /// Entries that a node keeps of its log behind its newest snapshot.
    var entriesKept = 0

    private func store(_ state: ReplicatedState, of id: NodeID) {
        guard !stillWriting.contains(id) else { return }
        guard isStoring, let node = nodes[id] else { return step(id, .snapshotFailed) }
        nodes[id]?.disk.state = state
        let kept = LogIndex(max(1, node.replica.appliedIndex.rawValue - UInt64(entriesKept)))
        step(id, .snapshotsStored(StoredSnapshots(newest: state.end, oldest: state.index), keptFrom: kept.next))
    }

    /// Persists what was ordered, delivers what was sent, ends turns, until nothing moves.
    func settle(rounds: Int = 50) {
        for _ in 0..<rounds {
            for id in ids { persist(id) }
            let parcels = queue
            queue = []
            for parcel in parcels { deliver(parcel.from, parcel.to, parcel.parcel) }
            for id in ids { step(id, .endOfTurn) }
            if queue.isEmpty, ids.allSatisfy({ nodes[$0]?.orders.isEmpty != false || nodes[$0]?.isDiskFrozen == true })
            {
                return
            }
        }
    }

    private func persist(_ id: NodeID) {
        guard let node = nodes[id], node.isUp, !node.isDiskFrozen, !node.orders.isEmpty else { return }
        let orders = node.orders
        node.orders = []
        for order in orders {
            switch order.kind {
            case .append(let frame, let commit):
                nodes[id]?.disk.frames.append(frame)
                if let known = nodes[id]?.disk.commit, known < commit { nodes[id]?.disk.commit = commit }
            case .ballot(let term, let vote):
                nodes[id]?.disk.term = term
                nodes[id]?.disk.vote = vote
            case .truncate(let index):
                nodes[id]?.disk.frames.removeAll { $0.header.firstIndex >= index }
            case .raiseFence(let index): nodes[id]?.disk.fence = index
            case .clearFence: nodes[id]?.disk.fence = nil
            case .restart(let position, let checksum):
                nodes[id]?.disk.frames = []
                nodes[id]?.disk.base = FrameEnd(position: position, checksum: checksum)
                nodes[id]?.disk.commit = max(node.disk.commit, position.index)
            case .release(let first): release(before: first, of: id)
            }
        }
        if let ticket = orders.compactMap(\.ticket).last { step(id, .persisted(ticket)) }
    }

    private func release(before first: LogIndex, of id: NodeID) {
        guard let old = nodes[id]?.disk.frames.prefix(while: { $0.header.lastIndex < first }), let last = old.last
        else {
            return
        }
        nodes[id]?.disk.frames.removeFirst(old.count)
        nodes[id]?.disk.base = FrameSummary(last).end
    }

    private func deliver(_ from: NodeID, _ to: NodeID, _ parcel: Parcel) {
        guard !cut.contains([from, to]), nodes[from]?.isUp == true else { return }
        switch parcel {
        case .message(let message, let frames): step(to, .message(message, frames: frames, from: from))
        case .requests(let batch): step(to, .forwarded(batch, from: from))
        case .answers(let batch): step(to, .answers(batch, from: from))
        case .state(let message): step(to, .state(message, from: from))
        }
    }

    /// Lets time pass in steps of 5 ms, settling after each.
    func pass(_ duration: Duration) {
        var left = duration.inNanoseconds
        while left > 0 {
            let step = min(left, 5_000_000)
            left -= step
            now.instant = now.instant + .nanoseconds(step)
            now.wall = Timestamp(microseconds: now.wall.rawValue + UInt64(step) / 1000)
            for id in ids { self.step(id, .tick) }
            settle()
        }
    }

    // MARK: Clients and observers

    /// Asks `node`, in the words of a client.
    func ask(_ node: NodeID, _ token: UInt64, _ kind: RequestKind, _ command: CommandCode, _ arguments: String...) {
        var batch = RequestBatch()
        batch.append(token: token, kind: kind, version: .two) { bytes in
            bytes += EntryCoding.encoded(command, arguments.map { Array($0.utf8) })
        }
        step(node, .requests(batch))
    }

    var leader: NodeID? {
        ids.first { id in
            guard let node = nodes[id], node.isUp, node.replica.raft.role == .leader else { return false }
            return !ids.contains { other in
                guard let rival = nodes[other], rival.isUp else { return false }
                return rival.replica.raft.role == .leader && rival.replica.raft.term > node.replica.raft.term
            }
        }
    }

    func elect() -> NodeID {
        for _ in 0..<400 {
            pass(.milliseconds(5))
            if let leader, let members = nodes[leader]?.replica.raft.configuration.members,
                members.allSatisfy({ nodes[$0]?.isUp != true || nodes[$0]?.replica.raft.leader == leader })
            {
                return leader
            }
        }
        preconditionFailure("no leader within two seconds")
    }

    func others(than id: NodeID) -> [NodeID] { ids.filter { $0 != id } }
    func reply(_ node: NodeID, _ token: UInt64) -> String? { nodes[node]?.replies[token] }
}
