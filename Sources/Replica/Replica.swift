// One node's whole behaviour as a value: events in, effects out. Routes between consensus, log, keyspace and requests.

public import Consensus
public import Keyspace
public import LogFormat
import PeerProtocol
import RESP
public import Vocabulary

/// What a replica begins with: what its log held.
public struct ReplicaStart: Sendable {
    public var id: NodeID
    public var cluster: ClusterID
    public var storage: StorageID
    public var configuration: Configuration
    public var restored: Restored
    /// The frames of `restored.uncommitted`, with their bytes.
    public var uncommittedFrames: [Frame]
    /// The timestamp of the last entry in the log.
    public var lastTimestamp: Timestamp
    /// What the log goes on from.
    public var origin: Origin

    public enum Origin: Sendable {
        /// The log begins with the first entry of all.
        case nothing
        /// The newest snapshot, at or below the commit index; the log has what follows.
        case state(ReplicatedState, StoredSnapshots)
        /// There is none that the log could go on from: the state of another node is needed, at `floor` at least.
        case missing(floor: LogIndex, why: String)
    }

    public init(
        id: NodeID, cluster: ClusterID, storage: StorageID, configuration: Configuration, restored: Restored,
        uncommittedFrames: [Frame], lastTimestamp: Timestamp, origin: Origin = .nothing
    ) {
        self.id = id
        self.cluster = cluster
        self.storage = storage
        self.configuration = configuration
        self.restored = restored
        self.uncommittedFrames = uncommittedFrames
        self.lastTimestamp = lastTimestamp
        self.origin = origin
    }
}

/// Takes events, gives effects. Never blocks, reads no clock, draws no random number that was not handed to it.
///
/// 1. `appliedIndex <= raft.commitIndex <= raft.lastPosition.index`.
/// 2. `cache` holds every frame behind `appliedIndex`, unless the log was longer than memory at start; then frames are
///    read back from the log until it does.
/// 3. A write is answered with success only after its entry was applied here, hence committed.
/// 4. Requests are routed only at the end of a turn; until then they lie in `inbox` and have had no effect.
public struct Replica: ~Copyable, Sendable {
    public let id: NodeID
    public let cluster: ClusterID
    public let storage: StorageID
    /// Whom this node exchanges frames with: the other members, and those that are to hear that they are none any more.
    public var peers: [NodeID] { raft.peerIDs }
    public internal(set) var raft: Raft
    public internal(set) var keyspace: Keyspace
    public internal(set) var registry = MemberRegistry()
    /// Where nodes are found that were added since the settings were written.
    public internal(set) var addresses = MemberBook()
    public internal(set) var appliedIndex = LogIndex.zero
    public internal(set) var figures = ReplicaFigures()
    /// What the entries that were applied here changed.
    public internal(set) var changes: ChangeJournal
    /// Set once this replica's state is not to be trusted: it does nothing any more, and its process has to end.
    public internal(set) var failure: ReplicaFailure?
    /// Whether anybody may be served from this replica's state.
    public internal(set) var condition = StateCondition.sound
    /// The snapshots on this node's disk.
    public internal(set) var stored: StoredSnapshots?
    /// As much log waits for the archive as may: writes are refused before they reach it.
    public var isArchiveFull = false
    /// The marker at which the snapshot was cut that is being written.
    public internal(set) var snapshotUnderWay: LogIndex?
    /// The newest marker at which this replica's state was compared with what a quorum agreed upon.
    public internal(set) var lastComparedIndex: LogIndex?

    /// How much the keyspace may take while this replica leads.
    public var memoryLimit = MemoryLimit(nil)

    let options: ReplicaOptions
    var clock: HybridClock
    var builder: FrameBuilder
    var cache: FrameCache
    var inbox = Inbox()
    var writes = PendingWrites()
    var reads = ReadQueue()
    /// Reads that may be answered now, and how many items of the first are done or are none.
    var readyReads: [Arrival] = []
    var readyOffset = 0
    var waits = WaitQueue()
    var forwards = ForwardLedger()
    var parked = ParkedRequests()
    var connected: [(node: NodeID, storage: StorageID, conversation: UInt64)] = []
    var conversations: UInt64 = 0
    /// Those that began before their node was removed, or between that and when it was taken in again: until it votes,
    /// they say nothing of the disk that it comes with.
    var formerConversations: Set<UInt64> = []
    /// With which data directory each node spoke last: at most as many as the mesh ever admitted.
    var storagesMet: [(node: NodeID, storage: StorageID)] = []
    var diskReads: [LogReadPurpose] = []
    var catchUpPace: CatchUpPace
    var directives: [Directive] = []
    /// Commit latency is measured per frame: the last index of each frame this leader made, and when.
    var framesUnderWay: [(last: LogIndex, made: Instant)] = []
    var leaderChangedAt: Instant?
    var pendingDeadline: Instant?
    var expiryTickAt = LogIndex.zero
    /// What this leader has said last of its memory, and where; nil in the beginning of its term.
    var memorySaid: (isFull: Bool, index: LogIndex)?
    var membersEntryAt = LogIndex.zero
    /// Where the node is found that is to be added next.
    var awaitedAddresses: MemberAddresses?
    /// Where nodes are found, as entries say that are in the log and not applied yet.
    var announcedAddresses: [(index: LogIndex, addresses: MemberAddresses)] = []
    /// A fetched state whose end this node has in its log, but not on stable storage yet.
    var installing: ReplicatedState?
    /// The frame that was applied last, its last entry's time, and the members that the log up to there names.
    var appliedEnd = FrameEnd.zero
    /// The term of the entry at `appliedIndex`.
    public var appliedTerm: Term { appliedEnd.position.term }
    var appliedTime = Timestamp.zero
    var appliedConfiguration: Configuration
    /// A marker that was met in the frame being applied.
    var passedMarker: Marker?
    var agreement = StateAgreement()
    var schedule: SnapshotSchedule
    /// The newest marker, applied or, on a leader, logged; and the newest that cuts.
    var markerAt = LogIndex.zero
    var cutAt = LogIndex.zero
    var nextMarkerAt: Instant
    /// What the newest marker with an agreement says.
    var agreedLast: Digest?
    /// The newest marker at which this replica's state was what a quorum agreed upon; so was, or would have led there,
    /// every state before it.
    var agreedThrough = LogIndex.zero
    /// The snapshot of which that was told last.
    var toldConfirmed = LogIndex.zero
    /// What of the log the shell wants to keep for followers, as it said last.
    var logKeptFrom = LogIndex.zero
    /// The digest that a leader was told last.
    var toldDigest: (leader: NodeID, index: LogIndex)?
    /// What is needed, once this node's own state is not to be used: the state of an index behind this one.
    var wantedFloor = LogIndex.zero
    var nextWishAt: Instant
    var nextOfferAt: Instant
    /// Since when a follower has needed a snapshot, and there has been none to offer.
    var bareSince: Instant?
    /// Whoever copies this node's files wants to know the digest at this index.
    var awaitedIndex: LogIndex?
    /// The digest there, with the position that it is of.
    public internal(set) var awaitedDigest: (position: LogPosition, digest: Digest)?
    /// Where the log was last told to begin.
    var releasedBefore = LogIndex.zero
    var scratch = ReplyWriter(version: .two)
    /// Entries that are looked up together before they are carried out.
    var group: [Range<Int>] = []
    /// Entries that are carried out in partitions; nil when they never are.
    var partitioned: PartitionedEntries?

    public init(_ start: ReplicaStart, options: ReplicaOptions, seed: UInt64, at now: Moment) {
        id = start.id
        cluster = start.cluster
        storage = start.storage
        self.options = options
        keyspace = Keyspace(of: start.cluster)
        raft = Raft(
            id: start.id, configuration: start.configuration, options: options.consensus, restored: start.restored,
            seed: seed, now: now.instant)
        clock = HybridClock(last: start.lastTimestamp)
        builder = FrameBuilder(cluster: start.cluster, compressionThreshold: options.compressionThreshold)
        cache = FrameCache(byteLimit: options.cacheBytes)
        catchUpPace = CatchUpPace(rateMin: options.catchUpRate)
        changes = ChangeJournal(indexesMax: options.changeIndexes, bytesMax: options.changeNoteBytes)
        appliedConfiguration = start.configuration
        if options.partitionRunner.width > 1 {
            partitioned = PartitionedEntries(of: start.cluster, width: options.partitionRunner.width)
        }
        schedule = SnapshotSchedule(at: now.instant)
        nextMarkerAt = now.instant
        nextWishAt = now.instant
        nextOfferAt = now.instant
        for frame in start.uncommittedFrames {
            cache.append(frame)
            noteAddresses(in: frame)
        }
        begin(from: start.origin, at: now)
    }

    private mutating func begin(from origin: ReplicaStart.Origin, at now: Moment) {
        switch origin {
        case .nothing: break
        case .state(let state, let stored):
            begin(with: state)
            raft.setApplied(appliedIndex)
            clock.observe(state.timestamp)
            self.stored = stored
            // Whether a quorum had confirmed it, a restart does not know. Were it in doubt now, a leader whom no quorum
            // follows before it has fetched this could never lead. What the log says of it comes with the replay.
            agreedThrough = stored.newest.index
        case .missing(let floor, let why):
            condition = .missing(why: why)
            wantedFloor = floor
            raft.setQuarantined(true, now: now.instant, into: &directives)
        }
    }

    /// The one entry point. Effects are appended to `effects`.
    public mutating func step(_ event: ReplicaEvent, at now: Moment, into effects: inout ReplicaEffects) {
        guard failure == nil else { return }
        let answered = effects.replies.items.count
        switch event {
        case .tick:
            raft.tick(now: now.instant, into: &directives)
            keyspace.freeSome()
        case .requests(let batch):
            inbox.add(Arrival(origin: .ownClient, batch: batch, arrivedAt: now.instant))
        case .message(let message, let frames, let sender):
            receive(message, frames, from: sender, at: now, into: &effects)
        case .forwarded(let batch, let sender):
            guard let conversation = conversation(with: sender), isWellFormed(batch, from: sender, &effects) else {
                break
            }
            let origin = Origin.peer(sender, conversation: conversation)
            inbox.add(Arrival(origin: origin, batch: batch, arrivedAt: now.instant))
        case .answers(let batch, let sender):
            settle(batch, from: sender, at: now, into: &effects)
        case .peerConnected(let peer, let storage):
            connect(peer, storage, at: now)
        case .peerDisconnected(let peer):
            disconnect(peer, at: now, into: &effects)
        case .peerRefuses(let peer):
            if peer == raft.leader { raft.leaderRefusesConnections(now: now.instant, into: &directives) }
        case .persisted(let ticket):
            raft.persisted(ticket, now: now.instant, into: &directives)
        case .logRoom(let hasRoom):
            raft.setHasSpace(hasRoom)
        case .logDamaged(let isDamaged):
            raft.setDamaged(isDamaged)
        case .framesRead(let frames, let request):
            take(frames, for: request, at: now, into: &effects)
        case .runRead(let run, let request):
            diskReads.removeAll { $0 == request.purpose }
            apply(run, at: now, into: &effects)
        case .framesReleased(let request, let first):
            takeReleased(request, first: first, at: now, into: &effects)
        case .state(let message, let sender):
            if conversation(with: sender) != nil { receive(message, from: sender, at: now, into: &effects) }
        case .stateDamaged(let damage):
            loseState(.damaged(damage), at: now, into: &effects)
        case .snapshotWanted(let cause):
            schedule.ask(cause)
        case .snapshotsStored(let snapshots, let keptFrom):
            take(snapshots, keptFrom: keptFrom, into: &effects)
        case .snapshotsLost(let left, let wasNewest):
            lose(left, wasNewest: wasNewest, into: &effects)
        case .snapshotFailed:
            snapshotUnderWay = nil
        case .stateFetched(let state):
            install(state, at: now, into: &effects)
        case .handover(let target, let isForced, let deadline):
            beginHandover(to: target, isForced: isForced, deadline: deadline, at: now, into: &effects)
        case .changeMembers(let request, let addresses, let isForced):
            changeMembers(request, addresses, isForced: isForced, at: now, into: &effects)
        case .clientGone(let token):
            dismiss(token, .init(reason: "timeout", isGone: true), at: now, effects)
        case .clientUnblocked(let token, let isError):
            dismiss(token, .init(reason: isError ? "error" : "timeout", isGone: false), at: now, effects)
        case .endOfTurn:
            endTurn(at: now, into: &effects)
        }
        carryOut(at: now, into: &effects)
        if parked.hasEarlyDismissals {
            for item in effects.replies.items[answered...] { parked.forget(item.token) }
        }
        // As if it had crashed before this turn: what the turn asked for so far came from a state not to be trusted.
        if failure != nil { effects.removeAll() }
    }

    /// Which events of keys the effects shall have from now on: those of entries that are applied while this holds.
    /// A shell that serves nobody yet wants none, so a replay tells nobody of what is long past.
    public mutating func report(_ classes: KeyEventClasses) {
        keyspace.events.wanted = classes
    }

    /// Orders to the log wait on purpose from here on, or no longer.
    public mutating func setDiskHeld(_ isHeld: Bool, at now: Moment) {
        raft.setDiskHeld(isHeld, now: now.instant)
    }

    /// Notes the digest once exactly the entries up to `index`, a frame's last, are applied: `awaitedDigest` has it
    /// then. Nothing comes of an index that is behind already, or is passed over by a snapshot. Nil ends it.
    public mutating func awaitDigest(at index: LogIndex?) {
        awaitedIndex = index
        awaitedDigest = nil
        noteAwaitedDigest()
    }

    mutating func noteAwaitedDigest() {
        guard appliedIndex == awaitedIndex, condition.isSound else { return }
        awaitedDigest = (appliedEnd.position, keyspace.digest)
    }

    /// Has secondary indexes built anew beside those in service: all, or those of a name. Returns how many there are.
    /// They go into service when `judgeIndex` says that they were proved.
    public mutating func rebuildIndexes(named name: [UInt8]?) -> Int {
        keyspace.rebuildIndexes(named: name, awaitsProof: true)
    }

    /// What was found of an index that was built anew.
    public mutating func judgeIndex(named name: [UInt8], isProved: Bool) {
        keyspace.judgeIndex(named: name, isProved: isProved)
    }

    /// When the next `tick` is due.
    var nextDeadline: Instant {
        var deadline = raft.nextDeadline
        if let next = parked.nextDeadline { deadline = min(deadline, next) }
        if let oldest = inbox.oldest { deadline = min(deadline, oldest + options.holdTimeout) }
        if let pendingDeadline { deadline = min(deadline, pendingDeadline) }
        if let wait = waits.nextDeadline { deadline = min(deadline, wait) }
        if let next = catchUpPace.awaited { deadline = min(deadline, next) }
        return deadline
    }

    /// The latest instant at which the next turn has to begin when nothing happens until then, given both clocks: a
    /// deadline, or the end of a key of which the leader has to tell.
    public func nextTurn(at now: Moment) -> Instant {
        guard let expiry = nextExpiry else { return nextDeadline }
        // A key may end in three hundred million years, which no duration holds: looking sooner does no harm.
        let wait = expiry > now.wall ? Int64(min(expiry.rawValue - now.wall.rawValue, 1 << 40)) : 0
        return min(nextDeadline, now.instant + max(options.expiryInterval, .microseconds(wait)))
    }

    /// Whether a turn has something to do although nothing has happened.
    public func isTurnDue(at now: Moment) -> Bool {
        nextDeadline <= now.instant || nextExpiry.map { $0 <= now.wall } ?? false
    }

    /// When the leader has to look for expired keys next, as wall time; nil when it need not. A key may end later
    /// than a `Timestamp` reaches, which then says its last.
    var nextExpiry: Timestamp? {
        guard raft.role == .leader, let due = keyspace.nextDeadline else { return nil }
        let (time, isBeyond) = due.multipliedReportingOverflow(by: 1000)
        return Timestamp(microseconds: isBeyond ? .max : time)
    }

    /// Whether so much is waiting that the shell should read no more from clients.
    public var isCongested: Bool { inbox.bytes + forwards.bytes > options.congestionBytes.rawValue }

    /// Whether there is more to apply or to read than one step does: call again at once.
    public var hasMoreToDo: Bool {
        !readyReads.isEmpty || keyspace.hasIndexesToBuild
            || condition.isSound && appliedIndex < raft.commitIndex && cache.frame(at: appliedIndex.next) != nil
    }

    /// Whether nobody waits for anything that this replica knows of: it can be stopped without leaving a question open.
    public var isQuiet: Bool {
        writes.isEmpty && inbox.isEmpty && forwards.isEmpty && reads.isEmpty && readyReads.isEmpty
    }

    /// How many requests wait for a leader, or for the end of a hand-over.
    public var heldRequests: Int { inbox.arrivals.reduce(0) { $0 + $1.batch.items.count } }

    /// Bytes of log behind `index`; what is no longer in memory is not counted.
    public func bytesBehind(_ index: LogIndex) -> ByteCount {
        index >= raft.lastPosition.index ? .zero : ByteCount(cache.bytes(behind: index))
    }

    /// Frames in memory from the one that holds `index`; empty when only the log on disk has it.
    public func framesInMemory(holding index: LogIndex, byteLimit: ByteCount) -> [Frame] {
        cache.frames(holding: index, byteLimit: byteLimit.rawValue)
    }

    /// The leader's hybrid clock as a reader sees it.
    func readTime(_ now: Moment) -> Timestamp { clock.reading(wall: now.wall) }

    func conversation(with peer: NodeID) -> UInt64? {
        connected.first { $0.node == peer }?.conversation
    }

    /// Walks the whole structure; for debug builds and the simulator.
    public func checkInvariants() {
        precondition(appliedIndex <= raft.commitIndex, "applied \(appliedIndex) over commit \(raft.commitIndex)")
        precondition(
            raft.commitIndex <= raft.lastPosition.index,
            "commit \(raft.commitIndex) over last \(raft.lastPosition.index)")
        raft.checkInvariants()
        writes.checkInvariants()
        parked.checkInvariants()
    }
}
