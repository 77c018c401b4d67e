// A cluster of Raft values in memory: wires, disks and time in the test's hand.
//
// Faults it can be told to inject: lost, repeated and reordered messages; cut directions; crashes that keep any
// prefix of what was ordered to disk; disks that do not answer; loops that do not turn.

import Vocabulary

@testable import Consensus

struct Packet {
    let from: NodeID
    let to: NodeID
    /// Nil for a snapshot.
    var message: Message?
    var snapshot: SnapshotImage?
}

struct SimulatedCluster {
    var nodes: [SimulatedNode]
    var wire: [Packet] = []
    var now = Instant(nanoseconds: 1_000_000_000)
    /// Pairs whose connection is down, by position, lower first.
    var cuts: Set<[Int]> = []
    /// Pairs between which packets vanish while the connection stands, by position, lower first.
    var mutes: Set<[Int]> = []
    var stamp: UInt32 = 0
    var judge = Judge()
    private(set) var damages = 0
    /// A bug to be found: voters change in one step, without a joint configuration.
    var skipsJointConsensus = false
    var removed: Set<NodeID> = []
    private(set) var snapshotsInstalled = 0
    private(set) var refusals: [MembershipRefusal] = []
    private(set) var outcomes: [MembershipOutcome] = []
    /// Receives every directive, in order.
    var observe: ((NodeID, Directive) -> Void)?

    /// - Parameter spares: nodes that are no members yet, though connected to all.
    init(_ ids: [NodeID], spares: [NodeID] = [], options: ConsensusOptions = ConsensusOptions(), seed: UInt64) {
        let configuration = Configuration(voters: ids)!
        nodes = (configuration.voters.ids + spares).enumerated().map { offset, id in
            SimulatedNode(id, of: configuration, options: options, seed: seed &+ UInt64(offset) &* 7919)
        }
    }

    func position(_ id: NodeID) -> Int { nodes.firstIndex { $0.id == id }! }
    subscript(_ id: NodeID) -> Raft { nodes[position(id)].raft! }
    var leaders: [NodeID] { nodes.filter { $0.raft?.role == .leader }.map(\.id) }

    func isConnected(_ a: Int, _ b: Int) -> Bool {
        nodes[a].isUp && nodes[b].isUp && !cuts.contains([min(a, b), max(a, b)])
    }

    // MARK: - Lives and connections

    mutating func start(_ position: Int) {
        nodes[position].start(now: now)
        judge.restarted(nodes[position])
        for other in nodes.indices where other != position && isConnected(position, other) {
            connect(position, other)
        }
    }

    mutating func crash(_ position: Int, keeping orders: Int = 0) {
        let wasConnected = nodes.indices.filter { $0 != position && isConnected(position, $0) }
        _ = nodes[position].carryOut(orders)
        nodes[position].crash()
        for other in wasConnected { disconnect(other, from: position, refused: true) }
        let id = nodes[position].id
        wire.removeAll { $0.from == id || $0.to == id }
    }

    /// Crashes a node whose log then turns out to be damaged: all ballots after `term` are lost, and the frames of
    /// later terms with them. A repair has closed the fence, and noted that a ballot may be lost.
    mutating func damage(_ position: Int, after term: Term) {
        if nodes[position].isUp { crash(position) }
        damages += 1
        nodes[position].disk.loseBallots(after: term)
    }

    mutating func cut(_ a: Int, _ b: Int) {
        guard cuts.insert([min(a, b), max(a, b)]).inserted, nodes[a].isUp, nodes[b].isUp else { return }
        let pair = [nodes[a].id, nodes[b].id]
        wire.removeAll { pair.contains($0.from) && pair.contains($0.to) }
        disconnect(a, from: b, refused: false)
        disconnect(b, from: a, refused: false)
    }

    mutating func mute(_ a: Int, _ b: Int) { mutes.insert([min(a, b), max(a, b)]) }

    mutating func mend(_ a: Int, _ b: Int) {
        guard cuts.remove([min(a, b), max(a, b)]) != nil, isConnected(a, b) else { return }
        connect(a, b)
    }

    private mutating func connect(_ a: Int, _ b: Int) {
        let (first, second) = (nodes[a].id, nodes[b].id)
        turn(a) { raft, now, _ in raft.peerConnected(second, now: now) }
        turn(b) { raft, now, _ in raft.peerConnected(first, now: now) }
    }

    private mutating func disconnect(_ position: Int, from peer: Int, refused: Bool) {
        let lost = nodes[peer].id
        turn(position) { raft, now, out in
            let wasLeader = raft.leader == lost
            raft.peerDisconnected(lost, now: now, into: &out)
            if refused, wasLeader, raft.role == .follower { raft.leaderRefusesConnections(now: now, into: &out) }
        }
    }

    // MARK: - Turns

    /// One turn of a node's loop: a tick, the input, then what the leader owes its peers.
    mutating func turn(
        _ position: Int, incoming: [FrameSummary] = [], _ input: (inout Raft, Instant, inout [Directive]) -> Void
    ) {
        guard var raft = nodes[position].raft else { return }
        var out: [Directive] = []
        raft.tick(now: now, into: &out)
        input(&raft, now, &out)
        nodes[position].raft = raft
        carry(out, at: position, incoming: incoming)
        feedPeers(of: position)
        if !skipsJointConsensus { nodes[position].raft?.checkInvariants() }
    }

    private mutating func carry(_ directives: [Directive], at position: Int, incoming: [FrameSummary]) {
        let id = nodes[position].id
        for directive in directives {
            observe?(id, directive)
            nodes[position].obey(directive, incoming: incoming)
            judge.hears(directive, from: nodes[position], in: nodes)
            if case .send(let message, let peer) = directive { post(message, from: position, to: peer) }
            if case .commit(let index) = directive { nodes[position].raft?.setApplied(index) }
            switch directive {
            case .becameLeader: proposeNow(position, count: 1)
            case .proposeConfiguration(let configuration): propose(configuration, at: position)
            case .membershipEnded(let outcome): outcomes.append(outcome)
            case .removed: removed.insert(id)
            case .restartLog(let end, _):
                nodes[position].raft?.setApplied(end.index)
                snapshotsInstalled += 1
            default: break
            }
        }
    }

    mutating func propose(_ position: Int, count: Int) {
        guard nodes[position].raft?.mayPropose == true else { return }
        proposeNow(position, count: count)
        feedPeers(of: position)
    }

    private mutating func propose(_ configuration: Configuration, at position: Int) {
        var configuration = configuration
        if skipsJointConsensus, configuration.isJoint {
            configuration = configuration.settled
            nodes[position].raft?.membership.awaited = configuration
        }
        proposeNow(position, count: 1, configuration)
    }

    /// Asks a node for a change of membership; false when it refuses.
    @discardableResult
    mutating func change(_ request: MembershipRequest, isForced: Bool = false, at position: Int) -> Bool {
        var refusal: MembershipRefusal?
        turn(position) { raft, now, out in
            do throws(MembershipRefusal) {
                try raft.changeMembership(request, isForced: isForced, now: now, into: &out)
            } catch {
                refusal = error
            }
        }
        if let refusal { refusals.append(refusal) }
        return refusal == nil
    }

    private mutating func proposeNow(_ position: Int, count: Int, _ configuration: Configuration? = nil) {
        stamp += 1
        var out: [Directive] = []
        nodes[position].propose(count: count, configuration: configuration, stamp: stamp, now: now, into: &out)
        carry(out, at: position, incoming: [])
    }

    mutating func read(_ position: Int, count: Int = 1) {
        guard nodes[position].raft?.role == .leader else { return }
        var round = ReadRound.zero
        let known = judge.committedIndex
        turn(position) { raft, now, out in
            guard raft.role == .leader else { return }
            for _ in 0..<count { round = raft.requestRead(now: now, into: &out) }
        }
        judge.asked(round, at: nodes[position].id, mustSee: known)
    }

    private mutating func feedPeers(of position: Int) {
        guard nodes[position].raft?.role == .leader, let peers = nodes[position].raft?.peerIDs else { return }
        for peer in peers {
            while let wish = nodes[position].raft?.nextAppend(to: peer) {
                if lacksLog(for: peer, from: wish.from, at: position) { break }
                let frames = nodes[position].frames(from: wish.from, limit: wish.byteLimit)
                let message = nodes[position].raft!.sent(frames, to: peer, now: now)
                observe?(nodes[position].id, .send(message, to: peer))
                post(message, from: position, to: peer)
            }
            postSnapshot(from: position, to: peer)
        }
        var out: [Directive] = []
        nodes[position].raft?.flushRound(now: now, into: &out)
        carry(out, at: position, incoming: [])
    }

    private mutating func lacksLog(for peer: NodeID, from index: LogIndex, at position: Int) -> Bool {
        let first = nodes[position].firstAvailable
        guard index < first, let end = nodes[position].disk.snapshot?.end else { return false }
        nodes[position].raft?.needsSnapshot(peer, through: end.index, firstAvailable: first)
        return true
    }

    /// Sends the snapshot that a peer waits for, unless it is on its way.
    private mutating func postSnapshot(from position: Int, to peer: NodeID) {
        let (id, other) = (nodes[position].id, self.position(peer))
        guard case .snapshot = nodes[position].raft?.progress(of: peer).state, isConnected(position, other),
            !mutes.contains([min(position, other), max(position, other)]),
            !wire.contains(where: { $0.from == id && $0.to == peer && $0.snapshot != nil })
        else { return }
        wire.append(Packet(from: id, to: peer, snapshot: nodes[position].disk.snapshot))
    }

    /// A snapshot has arrived: it is durable before consensus hears of it.
    private mutating func receive(_ snapshot: SnapshotImage, at position: Int) {
        guard nodes[position].raft?.mayInstall(snapshot.end) == true else { return }
        nodes[position].disk.snapshot = snapshot
        turn(position) { raft, now, out in
            raft.install(snapshot.end, configuration: snapshot.configuration, now: now, into: &out)
        }
    }

    private mutating func post(_ message: Message, from position: Int, to peer: NodeID) {
        let other = self.position(peer)
        guard isConnected(position, other), !mutes.contains([min(position, other), max(position, other)]) else {
            return
        }
        wire.append(Packet(from: nodes[position].id, to: peer, message: message))
    }

    // MARK: - Steps

    mutating func deliver(_ slot: Int, keepsTwin: Bool = false) {
        let packet = keepsTwin ? wire[slot] : wire.remove(at: slot)
        let receiver = position(packet.to)
        if let snapshot = packet.snapshot { receive(snapshot, at: receiver) }
        guard var message = packet.message else { return }
        var frames: [FrameSummary] = []
        if case .append(var append) = message.body {
            frames = append.frames
            append.configurations = decode(frames, of: packet.from, at: receiver)
            message.body = .append(append)
        }
        turn(receiver, incoming: frames) { raft, now, out in
            raft.receive(message, from: packet.from, now: now, into: &out)
        }
    }

    /// What a receiver finds in the bytes of frames.
    private mutating func decode(_ frames: [FrameSummary], of sender: NodeID, at receiver: Int) -> [ConfigurationChange]
    {
        let contents = nodes[position(sender)].membership
        return frames.compactMap { frame in
            guard let configuration = contents[frame] else { return nil }
            nodes[receiver].membership[frame] = configuration
            return ConfigurationChange(index: frame.lastIndex, configuration: configuration)
        }
    }

    mutating func persist(_ position: Int, count: Int = .max) {
        guard nodes[position].isUp, let ticket = nodes[position].carryOut(count) else { return }
        turn(position) { raft, now, out in raft.persisted(ticket, now: now, into: &out) }
    }

    mutating func tick(_ position: Int) { turn(position) { _, _, _ in } }

    /// Lets time pass for every node that runs, in steps of a millisecond, delivering and persisting everything.
    mutating func run(_ milliseconds: Int, until isDone: (SimulatedCluster) -> Bool = { _ in false }) {
        for _ in 0..<milliseconds {
            now = now + .milliseconds(1)
            for i in nodes.indices where nodes[i].isUp && nodes[i].raft!.nextDeadline <= now { tick(i) }
            // One hop and one sync take a millisecond.
            for i in nodes.indices where !nodes[i].orders.isEmpty { persist(i) }
            for _ in 0..<wire.count where !wire.isEmpty { deliver(0) }
            if isDone(self) { return }
        }
    }
}
