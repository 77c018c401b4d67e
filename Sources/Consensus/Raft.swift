// One replica's share in consensus: its state, and the routes from inputs to the rules that decide.
//
// Invariants (`checkInvariants` walks them):
// 1. The term never goes back; at most one vote per term; both are durable before a message speaks of them.
// 2. The commit index never goes back, and nothing at or below it is ever cut.
// 3. `commitIndex <= verifiedIndex <= lastIndex` on a follower, and `commitIndex <= persistedIndex` as far as a
//    follower moved it.
// 4. A leader counts itself for what its own disk has, and commits by counting only entries of its own term.
// 5. Same state and inputs, same directives.
// 6. The configuration in force is the newest of the log, committed or not; a leader has one uncommitted one at most.

public import Vocabulary

/// Raft as a value: inputs are method calls with the time of the turn, what has to happen is appended to `out`, in
/// order.
///
/// It does no I/O, reads no clock, draws no random number but from the seed. Frames' bytes never pass through it: a
/// leader's caller builds frames (`appendedByLeader`) and sends them when `nextAppend` wishes for it.
///
/// The turn of a caller's loop: `tick`, `persisted`, `receive` for each message, `requestRead` and `appendedByLeader`
/// as clients ask, then for each peer `nextAppend`/`sent` until there is no wish, and last `flushRound`.
public struct Raft: Sendable {
    public let id: NodeID
    /// The configuration in force: the newest that is in the log.
    public internal(set) var configuration: Configuration
    public let options: ConsensusOptions

    public internal(set) var term: Term
    public internal(set) var votedFor: NodeID?
    public internal(set) var role = Role.follower
    /// The leader of this term, as far as known.
    public internal(set) var leader: NodeID?
    /// Set once the log was found to contradict its leader's: from then on every input is ignored.
    public internal(set) var divergence: Divergence?
    /// False when the disk has no room for more entries.
    public internal(set) var hasSpace = true
    /// This node's log is damaged while its memory is whole: it wants leave to rebuild it (`RepairLeave`).
    public internal(set) var isDamaged = false
    /// The caller does not trust this node's state for now (`setQuarantined`).
    public internal(set) var isQuarantined = false
    public internal(set) var appliedIndex = LogIndex.zero

    var log: LogTail
    var history: ConfigurationHistory
    var fence: Fence
    /// Set while the fence is closed and the newest ballot may be lost.
    var doubt: BallotDoubt?
    var gate = DurabilityGate()
    var disk = DiskWatch()
    /// Its owner holds back what is ordered, for a bounded time: that it stays unanswered says nothing of the disk.
    var isDiskHeld = false
    var timer: ElectionTimer
    var tally = VoteTally()

    /// The newest order given, the newest known durable, and the one that made the ballot.
    var issued = WriteTicket.zero
    var durable = WriteTicket.zero
    var ballotTicket = WriteTicket.zero
    /// The order by which the log began anew behind a snapshot. Nothing is acknowledged before it is durable.
    var restartTicket = WriteTicket.zero

    // As a follower of `leader`.
    /// The highest index known to be the same in this term's leader's log.
    var verifiedIndex: LogIndex
    /// The highest commit index that a leader told.
    var leaderCommitIndex = LogIndex.zero
    /// The newest read round of this term.
    var seenRound = ReadRound.zero
    var leaderHeardAt: Instant
    /// The connection to the leader broke, and it was not heard from since.
    var leaderConnectionLost = false
    /// An answer to the leader waits for a ballot to be durable.
    var owesProgress = false

    /// Nodes that frames can be exchanged with, members or not: as many as the caller's mesh admits.
    var connected: [NodeID] = []
    /// A committed configuration had this node, and the caller was not told of one behind it that has not.
    var wasMember: Bool

    // As a leader.
    /// The other members, sorted; behind them, at a leader, those that are to hear that they are none any more.
    var peers: [PeerProgress]
    var rule: CommitRule
    var rounds = ReadRounds()
    var handover: Handover?
    var membership = MembershipChange()
    var repairLeave: RepairLeave?
    var heartbeatDeadline: Instant
    var notice: CommitNotice?
    /// No automatic hand-over before.
    var ownHandoverDeadline: Instant

    var lastTick: Instant
    /// No candidacy before: the disk has only just recovered from a stall.
    var campaignDeadline: Instant
    var announced: Announcement

    /// Followers are to know of this commit index by this time.
    struct CommitNotice: Hashable, Sendable {
        let index: LogIndex
        let deadline: Instant
    }

    struct Announcement: Hashable, Sendable {
        var role: Role
        var term: Term
        var leader: NodeID?
    }

    /// - Parameters:
    ///   - configuration: what counts before the first configuration of the log. A node that is to join a cluster is
    ///     given that cluster's, without itself: until the log makes it a voter it does not campaign.
    ///   - seed: different on every node and every start, or candidates meet.
    ///   - now: the first moment; `tick` is due at `nextDeadline`.
    public init(
        id: NodeID, configuration: Configuration, options: ConsensusOptions, restored: Restored, seed: UInt64,
        now: Instant
    ) {
        if let problem = options.validate() { preconditionFailure(problem) }
        self.id = id
        self.options = options
        term = restored.term
        votedFor = restored.votedFor
        log = LogTail(restored: restored)
        history = ConfigurationHistory(
            initial: configuration, changes: restored.configurations, commitIndex: restored.commitIndex)
        self.configuration = history.current.configuration
        wasMember = history.base.configuration.isMember(id)
        precondition(log.last.position.term <= restored.term, "log of term \(log.last), ballot of \(restored.term)")
        precondition(restored.fence != nil || !restored.isBallotUncertain, "a ballot in doubt without a fence")
        fence = Fence(restored.fence)
        timer = ElectionTimer(seed: seed, now: now)
        verifiedIndex = restored.commitIndex
        leaderHeardAt = now
        peers = history.current.configuration.members.filter { $0 != id }.map { PeerProgress(id: $0, now: now) }
        if restored.isBallotUncertain {
            doubt = BallotDoubt(others: peers.map(\.id))
        }
        rule = CommitRule(firstOwnIndex: restored.last.index.next)
        heartbeatDeadline = now
        ownHandoverDeadline = now
        lastTick = now
        campaignDeadline = now
        announced = Announcement(role: .follower, term: restored.term, leader: nil)
        if !isAlone { armTimer(now: now) }
    }

    public var commitIndex: LogIndex { log.commit.index }
    public var lastPosition: LogPosition { log.last.position }
    public var lastChecksum: UInt32 { log.last.checksum }
    /// The end of the log that this node's disk is known to have.
    public var persistedIndex: LogIndex { log.persistedIndex }
    public var fenceIndex: LogIndex? { fence.index }
    /// Whom this node must hear before it votes and counts again, since its last ballot may be lost.
    public var unheardVoters: [NodeID] { doubt?.unheard ?? [] }
    public var isHandingOver: Bool { handover != nil }
    /// Who the leader hands over to.
    public var handoverTarget: NodeID? { handover?.target }
    /// Whom this leader has given leave to rebuild its log, until that node is whole again.
    public var repairingPeer: NodeID? { repairLeave?.node }
    /// Whether this node has leave to rebuild its log, and waits for the end of its process.
    public var isLeavingForRepair: Bool { fence.isHeld }
    /// Whom this node exchanges frames with: the other members, and at a leader those that have yet to hear that they
    /// are none any more.
    public var peerIDs: [NodeID] { peers.map(\.id) }
    /// Bytes of entries that are not both committed and durable here.
    public var tailBytes: Int { log.bytes }
    /// Write orders wait on purpose from here on, or no longer. A leader goes on leading meanwhile, since the others
    /// may
    /// have what it lacks; nobody else becomes one without a disk.
    public mutating func setDiskHeld(_ isHeld: Bool, now: Instant) {
        if isDiskHeld, !isHeld { disk.forgive(now: now) }
        isDiskHeld = isHeld
    }

    /// How long the oldest write order has been waiting for the disk.
    public func diskDebt(now: Instant) -> Duration { disk.debt(now: now) }

    /// What this node knows of a peer (`peerIDs`). Traps for a node that is not one.
    public func progress(of node: NodeID) -> PeerProgress {
        guard let position = position(of: node) else { preconditionFailure("\(node) is no peer") }
        return peers[position]
    }

    /// When `tick` is due next, if nothing else happens before.
    public var nextDeadline: Instant {
        guard role == .leader else { return timer.deadline }
        var deadline = heartbeatDeadline
        if let handover { deadline = min(deadline, handover.deadline) }
        if let notice { deadline = min(deadline, notice.deadline) }
        return deadline
    }

    /// Time has passed. To be called first in every turn of the loop, and at `nextDeadline`.
    public mutating func tick(now: Instant, into out: inout [Directive]) {
        guard divergence == nil else { return }
        let pause = now - lastTick
        lastTick = now
        if !isAlone, pause > options.electionTimeoutMax {
            resume(after: pause, now: now, into: &out)
        }
        if role == .leader {
            tickLeader(now: now, into: &out)
        } else if now >= timer.deadline {
            electionDue(now: now, into: &out)
        }
    }

    /// This loop did not turn for longer than an election takes. A leader may have been replaced meanwhile; a
    /// follower has had no chance to hear its leader.
    private mutating func resume(after pause: Duration, now: Instant, into out: inout [Directive]) {
        if role == .leader {
            stepDown(.loopStall(pause), now: now, into: &out)
        } else if now - timer.deadline > options.electionTimeoutMin {
            armTimer(now: now)
        }
    }

    /// The log thread has made all orders up to `ticket` durable.
    public mutating func persisted(_ ticket: WriteTicket, now: Instant, into out: inout [Directive]) {
        precondition(ticket <= issued, "ticket \(ticket) was never issued; the newest is \(issued)")
        guard ticket > durable, divergence == nil else { return }
        durable = ticket
        disk.persisted(ticket)
        let persistedBefore = log.persistedIndex
        log.persist(through: ticket)
        gate.release(through: ticket, into: &out)
        switch role {
        case .leader:
            advanceCommit(now: now, into: &out)
        case .candidate:
            if ballotTicket <= durable { countVote(of: id, granted: true, now: now, into: &out) }
        case .follower, .preCandidate:
            followCommit(now: now, into: &out)
            if owesProgress || min(verifiedIndex, log.persistedIndex) > min(verifiedIndex, persistedBefore) {
                reportProgress(into: &out)
            }
        }
    }

    /// A message from another node, whether this node knows it as a member or not: which configuration counts is a
    /// matter of the log, and the sender's may be newer (dissertation, section 4.2.2, and decision 0010). Only answers
    /// are none of a leader's or candidate's business unless they come from a member.
    public mutating func receive(_ message: Message, from: NodeID, now: Instant, into out: inout [Directive]) {
        guard divergence == nil else { return }
        guard from != id else { return out.append(.anomaly(.ownName(from))) }
        guard message.isPlausible else { return out.append(.anomaly(.implausible(from))) }
        if !message.body.isAnswer || isExpected(message, from: from) {
            route(message, from: from, now: now, into: &out)
        }
        if doubt != nil { noteTerm(of: message, from: from) }
    }

    private mutating func route(_ message: Message, from: NodeID, now: Instant, into out: inout [Directive]) {
        switch message.body {
        case .preVote(let candidacy):
            answerPreVote(candidacy, for: message.term, from: from, now: now, into: &out)
        case .preVoteReply(let granted):
            if learn(message.term, from: from, now: now, into: &out), role == .preCandidate {
                countVote(of: from, granted: granted, now: now, into: &out)
            }
        case .vote(let candidacy):
            answerVote(candidacy, for: message.term, from: from, now: now, into: &out)
        case .voteReply(let granted):
            if learn(message.term, from: from, now: now, into: &out), message.term == term, role == .candidate {
                countVote(of: from, granted: granted, now: now, into: &out)
            }
        case .append(let append):
            let commitIndex = append.commitIndex
            if follow(from, term: message.term, commitIndex: commitIndex, now: now, into: &out) {
                receiveAppend(append, from: from, now: now, into: &out)
            }
        case .heartbeat(let commitIndex, let round, let mayRepair):
            if follow(from, term: message.term, commitIndex: commitIndex, now: now, into: &out) {
                receiveHeartbeat(
                    commitIndex: commitIndex, round: round, mayRepair: mayRepair, now: now, into: &out)
            }
        case .progress(let report):
            if learn(message.term, from: from, now: now, into: &out), message.term == term, role == .leader {
                receiveProgress(report, from: from, now: now, into: &out)
            }
        case .timeoutNow:
            receiveTimeoutNow(term: message.term, from: from, now: now, into: &out)
        }
    }

    /// A pre-vote speaks of a term that its sender has not entered.
    private mutating func noteTerm(of message: Message, from node: NodeID) {
        if case .preVote = message.body { return }
        if message.term <= term { doubt?.heard(node) }
    }

    public mutating func setHasSpace(_ hasSpace: Bool) { self.hasSpace = hasSpace }

    /// The caller has applied all entries up to `index`. Told to the leader, for status only.
    public mutating func setApplied(_ index: LogIndex) {
        precondition(index <= commitIndex, "applied \(index), committed \(commitIndex)")
        precondition(index >= appliedIndex, "applied \(appliedIndex), now \(index)")
        appliedIndex = index
    }

    // MARK: - Shared by the roles

    /// This node is a quorum.
    var isAlone: Bool { !configuration.isJoint && configuration.voters.ids == [id] }

    func position(of peer: NodeID) -> Int? { peers.firstIndex { $0.id == peer } }

    mutating func nextTicket(now: Instant) -> WriteTicket {
        issued = issued.next
        disk.ordered(issued, now: now)
        return issued
    }

    /// Sends a message of this term, as soon as the term and the vote are durable.
    mutating func send(_ body: Message.Body, to peer: NodeID, into out: inout [Directive]) {
        let message = Message(term: term, body: body)
        if ballotTicket <= durable {
            out.append(.send(message, to: peer))
        } else {
            gate.hold(message, to: peer, until: ballotTicket)
        }
    }

    /// Tells of a new role, term or leader, if there is one.
    mutating func announce(into out: inout [Directive]) {
        let current = Announcement(role: role, term: term, leader: leader)
        guard current != announced else { return }
        announced = current
        out.append(.roleChanged(role, term, leader: leader))
    }
}
