// What the node shows of itself: status and metrics, published for the admin port and for INFO.

import Consensus
import Logging
import Platform
import Replica
import Sessions
import Telemetry
import Vocabulary

/// What publishing has to remember between two times.
struct Publication {
    let startedAt: Instant
    var lastLeader: NodeID?
    var wasReady = false
    var phaseBegan: Instant
    var replayTarget = LogIndex.zero
    var replayBegan: LogIndex = .zero
    var progress = StartProgress(phase: .joining)
    /// Per peer, since when it has been behind the leader.
    var behindSince: [NodeID: Instant] = [:]
    var memory = ByteCount.zero
    /// The most that the keyspace has taken.
    var keyspacePeak = ByteCount.zero
    /// When this node was last known to have applied all that its leader had committed.
    var freshAt: Instant?
    var rates = Rates()
    var memoryDueAt: Instant

    init(startedAt: Instant) {
        self.startedAt = startedAt
        phaseBegan = startedAt
        memoryDueAt = startedAt
    }
}

extension NodeLoop {
    static let housekeepingInterval = Duration.milliseconds(100)
    /// Entries behind the leader above which a follower does not call itself ready.
    static let readyLagMax = 100_000

    /// Ten times a second: deadlines of clients, and the status page.
    func keepHouse(at now: Moment) {
        nextHousekeeping = now.instant + NodeLoop.housekeepingInterval
        clients.enforceDeadlines(at: now.instant)
        advancePhase(at: now)
        noteIndexBuilds(at: now)
        compactIfDue(at: now)
        lookAtLatency(at: now.instant)
        followArchive(at: now)
        publish(at: now)
    }

    private func advancePhase(at now: Moment) {
        let applied = replica.appliedIndex
        switch publication.progress.phase {
        case .replaying:
            publication.progress.entriesReplayed = UInt64(max(0, applied - publication.replayBegan))
            let seconds = (now.instant - publication.phaseBegan).inSeconds
            publication.progress.entriesPerSecond =
                seconds > 0 ? Double(publication.progress.entriesReplayed) / seconds : 0
            if hasReplayed {
                let hasIndexes = replica.keyspace.hasIndexesToBuild
                if hasIndexes { indexBuilds.atStart = replica.keyspace.indexReports.count }
                enter(hasIndexes ? .indexing : .joining, at: now)
            }
        case .indexing:
            if fillIndexingProgress() {
                tellIndexed(took: now.instant - publication.phaseBegan)
                enter(.joining, at: now)
            }
        default:
            break
        }
        // What was replayed may be all there is to join.
        if publication.progress.phase == .joining, replica.raft.leader != nil, applied >= replica.raft.commitIndex {
            enter(.ready, at: now)
        }
        if stopping != nil, publication.progress.phase != .stopping { enter(.stopping, at: now) }
        publication.progress.elapsed = now.instant - publication.phaseBegan
    }

    /// Whether the log is applied as far as it was known to be committed at the start. The house is kept at once then:
    /// whoever waits for this node need not wait for the next look at it, and a node that is stopped soon has told what
    /// its replay took.
    var hasReplayed: Bool {
        publication.progress.phase == .replaying && replica.appliedIndex >= publication.replayTarget
    }

    private func enter(_ phase: LifePhase, at now: Moment) {
        let took = now.instant - publication.phaseBegan
        var facts: Logger.Metadata = [
            "phase": "\(publication.progress.phase.rawValue)", "seconds": "\(took.inSeconds)",
            "next": "\(phase.rawValue)",
        ]
        if publication.progress.phase == .replaying {
            facts["entries"] = "\(publication.progress.entriesReplayed)"
            facts["entries.per-second"] = "\(Int(publication.progress.entriesPerSecond))"
        }
        logger.info("phase ended", metadata: facts)
        publication.progress.enter(phase, after: took)
        publication.phaseBegan = now.instant
        if phase == .ready { tellReady(at: now) }
    }

    /// Begins with replaying when the log held committed entries, else with joining.
    func beginPhases(finished: [StartProgress.FinishedPhase], commitIndex: LogIndex, at now: Instant) {
        publication.progress.finished = finished
        publication.phaseBegan = now
        if replica.keyspace.hasIndexesToBuild {
            publication.progress.phase = .indexing
            indexBuilds.atStart = replica.keyspace.indexReports.count
        }
        guard commitIndex > replica.appliedIndex, replica.condition.isSound else { return }
        publication.progress.phase = .replaying
        publication.replayBegan = replica.appliedIndex
        publication.replayTarget = commitIndex
        publication.progress.entriesTotal = UInt64(commitIndex - replica.appliedIndex)
    }

    func publish(at now: Moment) {
        var status = NodeStatus(id: replica.id)
        fillConsensus(&status, at: now)
        refreshMemory(at: now.instant)
        fillProcess(&status, at: now)
        fillLogCare(&status)
        fillIndexes(&status)
        fillSnapshots(&status, at: now)
        fillArchive(&status, at: now.instant)
        followMembers(at: now.instant)
        status.membership = membershipStatus
        status.peers = replica.peers.map { peerStatus($0, at: now) }
        status.progress = publication.progress
        status.readiness = readiness(at: now)
        fillMetrics()
        tellSessions(status, at: now.instant)
        board.publish(status, metrics)
    }

    private func fillConsensus(_ status: inout NodeStatus, at now: Moment) {
        status.cluster = replica.cluster
        status.timeline = mesh.hello.timeline
        status.role =
            switch replica.raft.role {
            case .leader: .leader
            case .follower: replica.raft.configuration.isLearner(replica.id) ? .learner : .follower
            case .preCandidate, .candidate: .candidate
            }
        status.leader = replica.raft.leader
        status.term = replica.raft.term
        status.lastIndex = replica.raft.lastPosition.index
        status.persistedIndex = replica.raft.persistedIndex
        status.commitIndex = replica.raft.commitIndex
        status.appliedIndex = replica.appliedIndex
        status.appliedTerm = replica.appliedTerm
        status.digest = replica.keyspace.digest
        if replica.raft.leader != nil {
            status.lagEntries = max(0, replica.raft.commitIndex - replica.appliedIndex)
            status.lag = lag(at: now.instant)
        }
        status.keys = UInt64(replica.keyspace.count)
    }

    /// Since when this node lacks what it knows to be committed; zero while it lacks nothing.
    private func lag(at now: Instant) -> Duration {
        guard replica.appliedIndex < replica.raft.commitIndex else { return .zero }
        return publication.freshAt.map { now - $0 } ?? .zero
    }

    /// How old the state may be that `READONLY` shows: the leader may have committed what this node has not heard of
    /// since its last message. Nil without a leader, and before the first time that all was applied.
    private func staleness(at now: Instant) -> Duration? {
        guard replica.raft.role != .leader else { return .zero }
        guard let leader = replica.raft.leader else { return nil }
        if replica.appliedIndex >= replica.raft.commitIndex, let heard = mesh.link(to: leader)?.lastHeard {
            publication.freshAt = heard
        }
        return publication.freshAt.map { now - $0 }
    }

    /// Read from the system once a second: it takes as long as all the rest of a status page.
    private func refreshMemory(at now: Instant) {
        guard now >= publication.memoryDueAt else { return }
        publication.memoryDueAt = now + .seconds(1)
        publication.memory = ByteCount(ThisProcess.residentMemory)
    }

    private func fillProcess(_ status: inout NodeStatus, at now: Moment) {
        status.version = parameters.version
        status.featureLevel = parameters.featureLevel
        status.uptime = now.instant - publication.startedAt
        status.processID = ThisProcess.identifier
        status.dataDirectory = parameters.dataDirectory
        status.logRoom = logState.roomLeft
        status.logSize = extent.bytesOnDisk
        status.memory = publication.memory
        status.connections = clients.count
        status.subscribers = clients.subscriptions.subscriberCount
        status.certificateExpiry = parameters.certificateExpiry
    }

    private func peerStatus(_ peer: NodeID, at now: Moment) -> PeerStatus {
        let link = mesh.link(to: peer)
        var status = PeerStatus(id: peer, isConnected: link != nil)
        status.part = replica.raft.configuration.part(of: peer) ?? .leaving
        status.version = link?.version
        status.featureLevel = link?.featureLevel
        status.silence = link.map { now.instant - $0.lastHeard }
        guard replica.raft.role == .leader, replica.peers.contains(peer) else { return status }
        let progress = replica.raft.progress(of: peer)
        status.matchIndex = progress.matchIndex
        status.appliedIndex = progress.appliedIndex
        status.hasRoom = progress.hasSpace
        let behind = max(0, replica.raft.lastPosition.index - progress.matchIndex)
        status.lagEntries = behind
        status.lagBytes = replica.bytesBehind(progress.matchIndex)
        if behind == 0 {
            publication.behindSince[peer] = nil
            status.lag = .zero
        } else {
            let since = publication.behindSince[peer] ?? now.instant
            publication.behindSince[peer] = since
            status.lag = now.instant - since
        }
        return status
    }

    private func readiness(at now: Moment) -> Readiness {
        var reasons: [UnreadyReason] = []
        let phase = publication.progress.phase
        if phase != .ready { reasons.append(phase == .stopping ? .stopping : .starting(phase)) }
        if replica.raft.leader == nil { reasons.append(.noLeader) }
        if let repair = repairStatus, repair.stage != .found {
            reasons.append(.quarantined(why: repair.text, remedy: repair.remedy))
        }
        if let reason = stateStatus.unreadyReason { reasons.append(reason) }
        let isMember = replica.raft.configuration.isMember(replica.id)
        if !isMember { reasons.append(.notAMember) }
        let lag = replica.raft.commitIndex - replica.appliedIndex
        if lag > NodeLoop.readyLagMax { reasons.append(.lagging(entries: lag)) }
        if !logState.roomRule.hasRoom { reasons.append(.logFull) }
        let mayServeReads =
            phase == .ready && isMember && replica.condition.isSound && replica.raft.fenceIndex == nil
            && lag <= NodeLoop.readyLagMax
        return Readiness(reasons: reasons, mayServeReads: mayServeReads)
    }

    /// What `INFO` and its like show.
    private func tellSessions(_ status: NodeStatus, at now: Instant) {
        clients.environment.facts.status = status
        clients.environment.facts.members = announcedMembers
        clients.environment.facts.calls = clients.calls
        var activity = clients.environment.facts.activity
        activity.connectionsAccepted = metrics.accepted[.client] + metrics.accepted[.clientPlaintext]
        activity.connectionsRejected = metrics.rejected.total
        activity.commands = metrics.commands.total
        activity.bytesReceived = metrics.bytesReceived[.client]
        activity.bytesSent = metrics.bytesSent[.client]
        activity.expiredKeys = metrics.expiredKeys
        (activity.userTime, activity.systemTime) = ThisProcess.processorTimes
        activity.errors = metrics.commandErrors
        activity.blockedClients = metrics.blockedClients
        tellOfMemory(&activity)
        activity.staleness = staleness(at: now)
        publication.rates.take(
            Rates.Sample(commands: activity.commands, received: activity.bytesReceived, sent: activity.bytesSent),
            at: now)
        activity.commandsPerSecond = publication.rates.perSecond(\.commands)
        activity.bytesReceivedPerSecond = publication.rates.perSecond(\.received)
        activity.bytesSentPerSecond = publication.rates.perSecond(\.sent)
        clients.environment.facts.activity = activity
    }

    private func tellOfMemory(_ activity: inout NodeFacts.Activity) {
        let keyspace = replica.keyspace
        let memory = keyspace.memory
        publication.keyspacePeak = max(publication.keyspacePeak, memory.total)
        activity.keyspaceMemory = memory.total
        activity.keyspaceMemoryPeak = publication.keyspacePeak
        activity.payload = memory.payload
        activity.isMemoryFull = keyspace.isMemoryFull
        activity.unfreedPieces = keyspace.unfreedPieces
        (activity.keyHits, activity.keyMisses) = keyspace.lookups.figures
        activity.keysWithDeadline = UInt64(keyspace.timedCount)
    }

    private func fillMetrics() {
        let figures = replica.figures
        let keyspace = replica.keyspace
        metrics.expiredKeys = keyspace.expiredTotal
        metrics.keyspaceMemory = keyspace.memory.total
        metrics.keyspacePayload = keyspace.memory.payload
        metrics.memoryMax = clients.environment.facts.memoryMax
        metrics.isMemoryFull = keyspace.isMemoryFull
        metrics.unfreedPieces = keyspace.unfreedPieces
        metrics.keyHits = keyspace.lookups.figures.hits
        metrics.keyMisses = keyspace.lookups.figures.misses
        metrics.commandErrors = clients.metrics.errors
        metrics.commit = figures.commitLatency
        metrics.batchEntries = figures.batchEntries
        metrics.readRounds = figures.readRounds
        metrics.forwardedRequests = figures.forwarded
        metrics.heldRequests = replica.heldRequests
        metrics.walSegments = logState.segments
        metrics.commands = clients.metrics.commands
        metrics.published = clients.metrics.published
        metrics.messagesDelivered = clients.metrics.messagesDelivered
        metrics.messagesDropped = mesh.metrics.publicationsDropped
        metrics.accepted = clients.metrics.accepted
        metrics.accepted[.peer] = mesh.metrics.accepted
        metrics.rejected = clients.metrics.rejected
        for reason in RejectionReason.allCases { metrics.rejected[reason] += mesh.metrics.rejected[reason] }
        var received = Tally<PortKind>()
        var sent = Tally<PortKind>()
        var open = Tally<PortKind>()
        received[.client] = clients.metrics.received
        sent[.client] = clients.metrics.sent
        metrics.blockedClients = replica.blockedClients
        clients.forEach { client in
            received[.client] += client.channel.bytesIn
            sent[.client] += client.channel.bytesOut
            open[client.channel.session == nil ? .clientPlaintext : .client] += 1
        }
        received[.peer] = mesh.links.reduce(mesh.metrics.received) { $0 + $1.channel.bytesIn }
        sent[.peer] = mesh.links.reduce(mesh.metrics.sent) { $0 + $1.channel.bytesOut }
        open[.peer] = UInt64(mesh.links.count)
        metrics.bytesReceived = received
        metrics.bytesSent = sent
        metrics.connections = open
        metrics.processorTime = ThisProcess.processorTime
    }
}
