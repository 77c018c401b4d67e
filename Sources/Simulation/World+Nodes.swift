// Nodes: starting, turning as a node's loop does, and dying at any point.

import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaLog
import Vocabulary

extension World {
    // MARK: Starting

    func start(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard node.life == nil, node.isInstalled else { return }
        node.isMachineDown = false
        node.lives += 1
        let opened: (LogEngine<SimulatedDisk>, RecoveredLog)
        let wall = node.clock.moment(at: now).wall
        if bug == .cutGoodTail { cutGoodTail(node) }
        do throws(LogError) {
            if bug == .damageAsNewNode { try forgetDamagedLog(node) }
            opened = try LogEngine.open(
                node.disk, identity: identity(node), isNew: node.isNew, options: traits.log, now: wall)
        } catch {
            return try startFailed(position, error)
        }
        node.isNew = false
        try begin(position, opened.0, opened.1)
    }

    func identity(_ node: SimulatedNode) -> LogIdentity {
        LogIdentity(cluster: World.cluster, node: node.id, storage: node.storage)
    }

    private func begin(
        _ position: Int, _ opened: LogEngine<SimulatedDisk>, _ found: RecoveredLog
    ) throws(Violation) {
        let node = nodes[position]
        let now = node.clock.moment(at: now)
        var (engine, recovered) = (opened, found)
        let frames: [Frame]
        do throws(LogError) { frames = try self.frames(of: engine, recovered) } catch {
            return try startFailed(position, error)
        }
        figures.starts += 1
        try judgeRecovery(position, recovered, frames)
        guard let (catalogue, origin) = try findState(position, &engine, &recovered) else { return }
        var start: ReplicaStart
        do throws(LogError) {
            start = try ReplicaStart(
                recovered, configuration: configuration(of: node), reader: engine.reader(), origin: origin)
        } catch { return try startFailed(position, error) }
        plant(in: &start)
        let care = SnapshotCare(catalogue, engine.extent, traits.snapshots, at: now.instant)
        let life = SimulatedNode.Life(
            Replica(start, options: traits.replica, seed: random.next(), at: now), engine, care, traits)
        if bug == .releaseUnshipped { life.shipping.isWanted = false }
        node.life = life
        life.correspondents = life.replica.raft.correspondents
        trace.note(.start, self.now, UInt64(position), recovered.last.index.rawValue)
        say("\(node.id) starts with \(recovered.last), commit \(recovered.commitIndex), \(recovered.verdict)")
        for peer in nodes.indices where peer != position { dialSoon(min(position, peer), max(position, peer)) }
        events.push(.scrub(position, life: node.lives), at: self.now + traits.scrubInterval)
        try driveDisk(position)
        if node.life === life { turnSoon(position) }
    }

    private func configuration(of node: SimulatedNode) -> Configuration {
        guard let configuration = Configuration(voters: node.listed) else {
            preconditionFailure("\(node.listed) are no group of voters")
        }
        return configuration
    }

    /// A disk that fails, or is full, keeps a node from starting; it tries again. Anything else is a fault of ours.
    func startFailed(_ position: Int, _ error: LogError) throws(Violation) {
        switch error {
        case .storage, .syncFailed, .repairRefused: startFails(position, "\(error)")
        default:
            let node = nodes[position]
            throw Violation(.recovery, "\(node.id) cannot open its log (\(node.disk.segmentNames)): \(error)")
        }
    }

    func startFails(_ position: Int, _ why: String) {
        let node = nodes[position]
        node.lives += 1
        figures.diskFailures += 1
        say("\(node.id) does not start: \(why)")
        if node.disk.isPowerGone {
            if node.diesByProcess { node.disk.survivesProcess() } else { losePower(position) }
        }
        startAgain(position)
    }

    private func startAgain(_ position: Int) {
        events.push(.start(position), at: now + 200_000_000 + Int64(random.below(800_000_000)))
    }

    // MARK: Dying

    /// The process is gone. What it wrote is in the page cache, but for `losesPower`.
    func crash(_ position: Int, downFor: Int64, losesPower: Bool) {
        let node = nodes[position]
        guard node.life != nil else {
            if losesPower { losePower(position) }
            return
        }
        figures.crashes += 1
        trace.note(.crash, now, UInt64(position), losesPower ? 1 : 0)
        say("\(node.id) \(losesPower ? "loses power" : "is killed")")
        node.life = nil
        loseAlteredSnapshots(node)
        node.lives += 1
        node.effectsLeft = nil
        node.pausedUntil = 0
        loseClients(of: position)
        for peer in nodes.indices where peer != position { breakWire(position, peer, isMachineUp: !losesPower) }
        if losesPower { losePower(position) } else { node.disk.survivesProcess() }
        events.push(.start(position), at: now + max(1_000_000, downFor))
    }

    private func losePower(_ position: Int) {
        let node = nodes[position]
        node.isMachineDown = true
        node.disk.losePower(
            grain: traits.tearGrain, keepsName: { _ in random.chance(traits.keepsNames) },
            keepsPiece: { _, _ in random.chance(traits.keepsPieces) })
    }

    /// The log has stopped, so the process ends, as `NodeError.logFailed` ends it.
    func logFailed(_ position: Int, _ error: LogError) throws(Violation) {
        let node = nodes[position]
        figures.diskFailures += 1
        say("\(node.id) stops: \(error)")
        switch error {
        case .storage, .syncFailed: break
        default: throw Violation(.recovery, "\(node.id): its log stopped: \(error)")
        }
        crash(position, downFor: 300_000_000, losesPower: node.disk.isPowerGone && !node.diesByProcess)
    }

    // MARK: Turning

    func turnSoon(_ position: Int) {
        guard let life = nodes[position].life else { return }
        let time = max(now + Int64(random.within(traits.turnDelay)), nodes[position].pausedUntil)
        guard time < life.turnAt else { return }
        life.turnAt = time
        events.push(.turn(position, life: nodes[position].lives), at: time)
    }

    func post(_ letter: Letter, to position: Int) {
        guard let life = nodes[position].life else { return }
        life.inbox.append(letter)
        turnSoon(position)
    }

    func turn(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard let life = node.life, life.turnAt <= now else { return }
        if isPaused(position) {
            life.turnAt = node.pausedUntil
            events.push(.turn(position, life: node.lives), at: node.pausedUntil)
            return
        }
        life.turnAt = .max
        figures.turns += 1
        let moment = node.clock.moment(at: now)
        life.replica.step(.tick, at: moment, into: &life.effects)
        var letters: [Letter] = []
        swap(&letters, &life.inbox)
        for letter in letters { take(letter, at: moment, position, life) }
        if !life.requests.isEmpty {
            life.replica.step(.requests(life.requests), at: moment, into: &life.effects)
            life.requests.removeAll()
        }
        for token in life.gone { life.replica.step(.clientGone(token: token), at: moment, into: &life.effects) }
        for token in life.unblocked {
            life.replica.step(.clientUnblocked(token: token, isError: true), at: moment, into: &life.effects)
        }
        life.gone = []
        life.unblocked = []
        life.replica.step(.endOfTurn, at: moment, into: &life.effects)
        life.replica.checkInvariants()
        if let failure = life.replica.failure { throw Violation(.state, "\(node.id) halts: \(failure)") }
        try judgeTurn(position, life)
        followArchive(position, life, at: moment)
        try carryOut(position, life)
        guard node.life === life else { return }
        if life.replica.hasMoreToDo { turnSoon(position) } else { rest(position, life) }
    }

    private func rest(_ position: Int, _ life: SimulatedNode.Life) {
        let clock = nodes[position].clock
        let deadline = clock.world(of: life.replica.nextTurn(at: clock.moment(at: now)))
        guard deadline < life.wakeAt else { return }
        life.wakeAt = max(deadline, now + 1)
        events.push(.wake(position, life: nodes[position].lives), at: life.wakeAt)
    }

    /// Deadlines move on with every sign of life; only when one is really due there is a turn.
    func wake(_ position: Int) {
        guard let life = nodes[position].life, life.wakeAt <= now else { return }
        life.wakeAt = .max
        let moment = nodes[position].clock.moment(at: now)
        if life.replica.isTurnDue(at: moment) {
            turnSoon(position)
        } else {
            rest(position, life)
        }
    }

    // MARK: Effects

    /// Carries out what a turn asked for, in a node's order. The process may die between any two.
    private func carryOut(_ position: Int, _ life: SimulatedNode.Life) throws(Violation) {
        var effects = ReplicaEffects()
        swap(&effects, &life.effects)
        defer {
            effects.removeAll()
            swap(&effects, &life.effects)
        }
        try tellNews(effects.news, of: position)
        if !effects.logWrites.isEmpty {
            if dies(position) { return }
            try order(effects.logWrites, position, life)
            guard nodes[position].life === life else { return }
        }
        for read in effects.logReads {
            life.reads.append(read)
            events.push(.readDone(position, life: nodes[position].lives), at: now + diskDelay(position))
        }
        for index in effects.messages.indices {
            if dies(position) { return }
            try send(effects.messages[index], from: position)
        }
        for (peer, batch) in effects.forwards { send(.requests(batch), from: position, to: self.position(of: peer)) }
        for (peer, batch) in effects.answers {
            if dies(position) { return }
            send(.answers(batch), from: position, to: self.position(of: peer))
        }
        if !life.care.sends.isEmpty || effects.concernsSnapshots {
            if dies(position) { return }
            carryOutSnapshots(effects, position, life)
        }
        for item in effects.replies.items {
            if dies(position) { return }
            try reply(item.token, effects.replies.writer.bytes[item.range], from: position)
        }
        if schedule.spares > 0, !effects.news.isEmpty { followMembers(position, life) }
    }

    private func dies(_ position: Int) -> Bool {
        guard let left = nodes[position].effectsLeft else { return false }
        nodes[position].effectsLeft = left - 1
        guard left <= 0 else { return false }
        crash(position, downFor: nodes[position].downFor, losesPower: false)
        return true
    }

    func position(of id: NodeID) -> Int {
        guard let position = nodes.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("\(id) is not of this world")
        }
        return position
    }

    private func send(_ outgoing: OutgoingMessage, from position: Int) throws(Violation) {
        var message = outgoing.message
        let peer = self.position(of: outgoing.to)
        plant(in: &message, from: position, to: peer)
        try logJudge.says(message, position, to: outgoing.to)
        send(.message(message, outgoing.frames), from: position, to: peer)
    }

    private func tellNews(_ news: [ReplicaNews], of position: Int) throws(Violation) {
        for item in news {
            switch item {
            case .role(let role, let term, _):
                trace.note(.role, now, UInt64(position), term.rawValue)
                guard role == .leader else { continue }
                figures.elections += 1
                try logJudge.becameLeader(position, term: term)
                try logJudge.wasElected(position, term: term)
            case .probe(let peer):
                let until = now + traits.replica.consensus.electionTimeoutMax.inNanoseconds
                probe(position, of: self.position(of: peer), until: until)
            case .stateLost(let condition): try judge(condition, position)
            case .stateInstalled: nodes[position].isAltered = false
            case .repairGranted:
                events.push(.restart(position, life: nodes[position].lives), at: now + World.drainTime)
            default: break
            }
            say("\(nodes[position].id): \(item)")
        }
    }
}

extension World {
    /// Hands a letter on: to the keeper and the server of snapshots, or to the replica.
    private func take(_ letter: Letter, at moment: Moment, _ position: Int, _ life: SimulatedNode.Life) {
        switch letter {
        case .content(.snapshotRead(let read), let peer): serve(read, to: peer, position)
        case .content(.snapshotPiece(let piece), let peer):
            give(.piece(piece, from: nodes[peer].id), position, life)
        case .content(.state(.archived(let index)), _), .archived(let index):
            life.noteArchived(index, traits.snapshots, at: moment)
        case .served(let piece, let peer): life.care.sends.append((.snapshotPiece(piece), nodes[peer].id))
        case .keeper(let report): life.take(report, traits.snapshots, at: moment)
        case .members(let aim): take(aim, at: moment, life)
        case .claimed(let stored):
            let kept = stored.newest.index.next
            life.replica.step(.snapshotsStored(stored, keptFrom: kept), at: moment, into: &life.effects)
        case .disconnected(let peer):
            life.take(letter, at: moment, in: nodes)
            give(.lost(nodes[peer].id), position, life)
        case .runRead:
            let before = life.replica.figures.appliedInParts
            life.take(letter, at: moment, in: nodes)
            figures.appliedInParts += life.replica.figures.appliedInParts - before
        default: life.take(letter, at: moment, in: nodes)
        }
    }
}

extension SimulatedNode.Life {
    /// Hands a letter to the replica, as the node's loop does.
    func take(_ letter: Letter, at moment: Moment, in nodes: [SimulatedNode]) {
        switch letter {
        case .persisted(let ticket, let room):
            take(room, at: moment)
            replica.step(.persisted(ticket), at: moment, into: &effects)
        case .room(let room):
            take(room, at: moment)
        case .framesRead(let frames, let read):
            replica.step(.framesRead(frames, read), at: moment, into: &effects)
        case .runRead(let run, let read):
            replica.step(.runRead(run, read), at: moment, into: &effects)
        case .connected(let peer):
            replica.step(.peerConnected(nodes[peer].id, nodes[peer].storage), at: moment, into: &effects)
        case .disconnected(let peer):
            replica.step(.peerDisconnected(nodes[peer].id), at: moment, into: &effects)
        case .refuses(let peer):
            replica.step(.peerRefuses(nodes[peer].id), at: moment, into: &effects)
        case .content(.message(let message, let frames), let peer):
            replica.step(.message(message, frames: frames, from: nodes[peer].id), at: moment, into: &effects)
        case .content(.requests(let batch), let peer):
            replica.step(.forwarded(batch, from: nodes[peer].id), at: moment, into: &effects)
        case .content(.answers(let batch), let peer):
            replica.step(.answers(batch, from: nodes[peer].id), at: moment, into: &effects)
        case .content(.state(let message), let peer):
            replica.step(.state(message, from: nodes[peer].id), at: moment, into: &effects)
        case .framesReleased(let read, let first):
            replica.step(.framesReleased(read, first: first), at: moment, into: &effects)
        case .snapshotWanted:
            if replica.raft.role == .leader { replica.step(.snapshotWanted(.operators), at: moment, into: &effects) }
        case .content(.snapshotRead, _), .content(.snapshotPiece, _), .keeper, .served, .claimed, .members,
            .archived:
            break
        case .logDamaged:
            replica.step(.logDamaged(true), at: moment, into: &effects)
        case .handover(let target):
            replica.step(
                .handover(to: target.map { nodes[$0].id }, isForced: false, deadline: moment.instant + .seconds(1)),
                at: moment, into: &effects)
        }
    }

    private func take(_ room: LogRoom, at moment: Moment) {
        guard roomRule.take(room) else { return }
        replica.step(.logRoom(roomRule.hasRoom), at: moment, into: &effects)
    }
}
