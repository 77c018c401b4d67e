// The node's one thread of decisions: takes what sockets and the log have, steps the replica, carries out its effects.

import ByteCoding
import Consensus
import LogFormat
import LogStore
import Logging
import PeerProtocol
import Platform
import Replica
import ReplicaLog
import ReplicaSnapshots
import TLS
import Telemetry
import Vocabulary

/// Letters from other threads to the loop.
enum LoopLetter: Sendable {
    case log(LogReport)
    case frames([Frame], for: LogRead)
    case run(FrameRun, for: LogRead)
    case readFailed(LogError, for: LogRead)
    case scrub(LogScrubThread.Letter)
    case changes(ChangeReaderThread.Letter)
    case indexProof(IndexProofThread.Letter)
    case stateScrub(StateScrubThread.Letter)
    case snapshot(SnapshotThread.Letter)
    case archive(ArchiveThread.Letter)
    case backup(BackupThread.Letter)
    case archiveCare(ArchiveCareThread.Letter)
    /// A piece of a snapshot of this node's, for a node that fetches it.
    case snapshotPiece(SnapshotPiece, for: NodeID)
    /// A host's name was looked up; nil when it has no address.
    case resolved(String, SocketAddress?)
    /// An operator's request waits at the desk.
    case operatorCalled
}

/// One turn: wait, tick, take letters and ready sockets, hand everything to the replica, make its effects true.
///
/// Everything here runs on the thread that called `run`. The order of a turn matters: the tick is first, so that a loop
/// that stalled is noticed before a late message is believed; the log gets its orders before peers get theirs, so that
/// the disk works while the network does; clients get their replies last.
final class NodeLoop {
    let reactor: Reactor
    let mail: Mailbox<LoopLetter>
    let clients: ClientDesk
    let mesh: PeerMesh
    let names: PeerNames
    let log: LogThread
    let reader: LogReaderThread
    let scrub: LogScrubThread
    let changeReader: ChangeReaderThread
    let prover: IndexProofThread
    let stateScrub: StateScrubThread
    let snapshots: SnapshotThread
    let snapshotServer: SnapshotServerThread
    /// Nil without an archive.
    let archive: ArchiveThreads?
    var archiveCare = ArchiveCare()
    let pace: SnapshotPace
    private var pacedIndex = LogIndex.zero
    let shelf: SnapshotShelf
    let extent: LogExtent
    let desk: OperatorDesk
    let board: StatusBoard
    let logger: Logger
    let parameters: LoopParameters
    var replica: Replica
    var effects = ReplicaEffects()
    var letters: [LoopLetter] = []
    var events: [ReadyEvent] = []
    var metrics = Metrics()
    var publication: Publication
    var logState = LogCondition()
    var orderNumbering = LogOrderNumbering()
    var probing: (node: NodeID, next: Instant, until: Instant)?
    var handover: RunningHandover?
    var membership: RunningMembership?
    var care = LogCare()
    var feed = ChangeFeed()
    var indexProof = IndexProofStatus()
    var indexBuilds = IndexBuildCare()
    var snapshotCare = SnapshotCare()
    var quiesce = QuiesceCare()
    var compaction = CompactionCare()
    /// Faults of indexes that the log has told of.
    var indexFaults = 0
    var stopping: Stopping?
    /// Who has said that the cluster goes on without this node, and as what.
    var successor: (node: NodeID, timeline: Timeline)?
    var nextHousekeeping: Instant
    var latencyHold: LatencyHold?
    let signals: (descriptor: Int32, registration: Registration)

    init(_ parts: LoopParts, replica: consuming Replica) throws(SystemError) {
        reactor = parts.reactor
        mail = parts.mail
        clients = parts.clients
        mesh = parts.mesh
        names = parts.names
        log = parts.log
        reader = parts.reader
        scrub = parts.scrub
        changeReader = parts.changeReader
        prover = parts.prover
        stateScrub = parts.stateScrub
        snapshots = parts.snapshots
        snapshotServer = parts.snapshotServer
        archive = parts.archive
        pace = parts.pace
        shelf = parts.shelf
        extent = parts.extent
        desk = parts.desk
        board = parts.board
        logger = parts.logger
        parameters = parts.parameters
        self.replica = replica
        publication = Publication(startedAt: parts.startedAt)
        nextHousekeeping = parts.startedAt
        latencyHold = NodeLoop.makeLatencyHold(parts.parameters.cpuLatencyMax, logger: parts.logger)
        signals = (parts.signals, try reactor.add(parts.signals, .readable))
        let mail = parts.mail
        desk.attachNode { mail.post(.operatorCalled) }
    }

    /// Runs until the node is told to stop, or cannot go on.
    func run() throws(NodeError) {
        mesh.admits = { [unowned self] node, storage in replica.registry.admits(node, storage) }
        mesh.admitsGuests = { [unowned self] in replica.raft.leader == nil }
        mesh.isLeader = { [unowned self] node in replica.raft.leader == node }
        mesh.joins = { [unowned self] timeline in join(timeline) }
        followMembers(at: MonotonicClock.now())
        while true {
            turn(now: Moment(instant: MonotonicClock.now(), wall: WallClock.now()))
            if let failure = replica.failure { throw .replicaFailed(failure) }
            if let failure = logState.failure { throw .logFailed(failure) }
            if let successor {
                throw .superseded(by: successor.node, successor.timeline, own: mesh.hello.timeline)
            }
            if isStopped(at: MonotonicClock.now()) { return }
            reactor.wait(until: nextDeadline, into: &events)
        }
    }

    private var nextDeadline: Instant? {
        let now = MonotonicClock.now()
        if clients.hasRunnable || replica.hasMoreToDo || membership?.isDue == true { return now }
        let moment = Moment(instant: now, wall: WallClock.now())
        var deadline = min(replica.nextTurn(at: moment), nextHousekeeping)
        deadline = min(deadline, mesh.nextDeadline(now: now))
        if let rested = clients.nextDeadline { deadline = min(deadline, rested) }
        if let probing { deadline = min(deadline, probing.next) }
        if let stopping { deadline = min(deadline, stopping.nextDeadline) }
        if let waited = feed.nextDeadline { deadline = min(deadline, waited) }
        return deadline
    }

    private func turn(now: Moment) {
        board.beat(at: now.instant)
        clients.environment.now = now.instant
        clients.environment.wall = now.wall
        clients.environment.isMemoryFull = replica.saysMemoryIsFull
        reportKeyEvents()
        replica.step(.tick, at: now, into: &effects)
        takeLetters(at: now)
        for event in events { dispatch(event, at: now) }
        mesh.tick(at: now.instant)
        probe(at: now.instant)
        takePeerEvents(at: now)
        clients.decodeRunnable(at: now.instant)
        if !clients.batch.isEmpty {
            replica.step(.requests(clients.batch), at: now, into: &effects)
            clients.batch.removeAll()
        }
        if !clients.changeOrders.isEmpty { takeChangeOrders(at: now) }
        stepBlocked(at: now)
        stepMembership(at: now)
        let limit = MemoryLimit(clients.environment.facts.memoryMax)
        if limit != replica.memoryLimit { replica.memoryLimit = limit }
        replica.step(.endOfTurn, at: now, into: &effects)
        followIndexBuilds(turnBegan: now.instant)
        followChanges(at: now)
        clients.isHeldBack = replica.isCongested
        carryOut(at: now)
        if hasReplayed {
            // What this turn has applied took its time too.
            keepHouse(at: Moment(instant: MonotonicClock.now(), wall: now.wall))
        } else if now.instant >= nextHousekeeping {
            keepHouse(at: now)
        }
    }

    /// Tells the replica of clients that wait and are gone, or are to go on.
    private func stepBlocked(at now: Moment) {
        for token in clients.gone where !feed.forget(token) {
            replica.step(.clientGone(token: token), at: now, into: &effects)
        }
        for (token, isError) in clients.unblocked where !feed.dismiss(token, withError: isError) {
            replica.step(.clientUnblocked(token: token, isError: isError), at: now, into: &effects)
        }
        clients.gone.removeAll()
        clients.unblocked.removeAll()
    }

    private func dispatch(_ event: ReadyEvent, at now: Moment) {
        if clients.handle(event, at: now.instant) { return }
        if mesh.handle(event, at: now.instant) { return }
        if event.registration == signals.registration { takeSignals(at: now) }
    }

    // MARK: Effects

    private func carryOut(at now: Moment) {
        if replica.appliedIndex != pacedIndex {
            pacedIndex = replica.appliedIndex
            pace.noteWork(logged: replica.logSinceSnapshot, due: replica.logDueForSnapshot)
        }
        postLogWrites()
        beginQuiesce(at: now)
        followQuiesce(at: now)
        for read in effects.logReads { reader.post(read) }
        for message in effects.messages { mesh.send(message) }
        for (node, batch) in effects.forwards { mesh.send(batch, to: node) }
        for (node, batch) in effects.answers { mesh.send(batch, to: node) }
        carryOutSnapshots()
        if !clients.publications.isEmpty { sendPublications() }
        mesh.flush(at: now.instant)
        if !effects.keyEvents.isEmpty { clients.deliver(effects.keyEvents, at: now.instant) }
        clients.deliver(effects.replies)
        if !clients.publications.isEmpty {
            // Those of transactions.
            sendPublications()
            mesh.flush(at: now.instant)
        }
        clients.flush(at: now.instant)
        for news in effects.news { tell(news, at: now) }
        effects.removeAll()
    }

    // MARK: Messages for subscribers

    /// After consensus has put its messages into the peers' output.
    private func sendPublications() {
        mesh.send(clients.publications)
        clients.publications.removeAll()
    }

    /// Wants events of keys only while this node serves and somebody listens: what a start replays is long past. A
    /// follower cannot know how much it still lacks, so what it fetches after it has called itself ready is told late.
    private func reportKeyEvents() {
        let isTold = publication.progress.phase == .ready && !clients.subscriptions.isEmpty
        let wanted = isTold ? clients.environment.facts.keyEvents.reported : []
        if wanted != replica.keyspace.events.wanted { replica.report(wanted) }
    }

    // MARK: Peers

    private func takePeerEvents(at now: Moment) {
        while !mesh.events.isEmpty {
            let taken = mesh.events
            mesh.events.removeAll(keepingCapacity: true)
            for event in taken { take(event, at: now) }
        }
    }

    private func take(_ event: PeerEvent, at now: Moment) {
        switch event {
        case .connected(let node, let storage):
            logger.info("peer connected", metadata: ["peer.id": "\(node)"])
            if probing?.node == node { probing = nil }
            replica.step(.peerConnected(node, storage), at: now, into: &effects)
        case .disconnected(let node, let why):
            logger.warning("peer disconnected", metadata: ["peer.id": "\(node)", "reason": "\(why)"])
            replica.step(.peerDisconnected(node), at: now, into: &effects)
            snapshots.post(.keeper(.lost(node)))
        case .refuses(let node):
            replica.step(.peerRefuses(node), at: now, into: &effects)
        case .message(let message, let frames, let node):
            replica.step(.message(message, frames: frames, from: node), at: now, into: &effects)
        case .requests(let batch, let node):
            replica.step(.forwarded(batch, from: node), at: now, into: &effects)
        case .answers(let batch, let node):
            replica.step(.answers(batch, from: node), at: now, into: &effects)
        case .state(.archived(let index), let node):
            if node == replica.raft.leader { noteArchived(index, at: now) }
        case .state(let message, let node):
            replica.step(.state(message, from: node), at: now, into: &effects)
        case .snapshotRead(let read, let node): take(read, from: node)
        case .snapshotPiece(let piece, let node):
            metrics.snapshotBytesReceived += UInt64(piece.bytes?.count ?? 0)
            snapshots.post(.keeper(.piece(piece, from: node)))
        case .publication(let message):
            clients.deliver(message, at: now.instant)
        case .superseded(let node, let timeline): successor = successor ?? (node, timeline)
        case .turnedAway(let why, let remedy):
            logger.warning("peer turned away", metadata: ["reason": "\(why)", "remedy": "\(remedy)"])
        }
    }

    /// While the leader's connection is lost, looks every few milliseconds whether its port is closed: the process may
    /// close its connections a moment before its listener.
    private func probe(at now: Instant) {
        guard let current = probing, current.next <= now else { return }
        guard current.until > now, replica.raft.leader == current.node, mesh.link(to: current.node) == nil else {
            probing = nil
            return
        }
        probing = (current.node, now + NodeLoop.probeInterval, current.until)
        mesh.probe(current.node, at: now)
    }

    static let probeInterval = Duration.milliseconds(4)
}
