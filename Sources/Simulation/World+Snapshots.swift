// Snapshots: written a step at a time, given out in pieces, fetched, and found again by a start.

import Consensus
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaLog
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Vocabulary

extension World {
    // MARK: Starting

    /// What a start goes on from, as a node finds it; nil when it fails, and is tried again.
    func findState(
        _ position: Int, _ engine: inout LogEngine<SimulatedDisk>, _ recovered: inout RecoveredLog
    ) throws(Violation) -> (SnapshotCatalogue<SimulatedDirectory>, ReplicaStart.Origin)? {
        let node = nodes[position]
        var skipped: [String] = []
        var loaded: FrameEnd?
        var catalogue: SnapshotCatalogue<SimulatedDirectory>
        let found: StateFound
        do throws(StateSearchError) {
            catalogue = try openSnapshots(node)
            found = try StateFound(
                &catalogue, &engine, &recovered, keeping: traits.snapshots.keep, now: node.clock.moment(at: now).wall
            ) { manifest throws(StateError) in
                let state = try StateLoad.run(manifest, on: node.snapshots)
                loaded = state.end
                return state
            } skipped: {
                skipped.append("\($0.manifest): \($0.why)")
            }
        } catch {
            // The log may have been begun anew behind it, or not.
            if let end = loaded { node.unsynced = [.restart(at: end.position, checksum: end.checksum)] }
            try stateNotFound(position, error)
            return nil
        }
        try judgeState(position, found, skipped)
        return (catalogue, found.origin)
    }

    /// A replica finds that its state is not to be used.
    func judge(_ condition: StateCondition, _ position: Int) throws(Violation) {
        guard case .diverged(let found) = condition else { return }
        figures.divergences += 1
        guard nodes[position].isAltered else {
            throw Violation(.digests, "\(nodes[position].id) is thrown out, and nobody has altered it: \(found)")
        }
    }

    private func openSnapshots(
        _ node: SimulatedNode
    ) throws(StateSearchError) -> SnapshotCatalogue<SimulatedDirectory> {
        do throws(SnapshotError) {
            return try SnapshotCatalogue.open(node.snapshots, cluster: World.cluster)
        } catch { throw .snapshots(error) }
    }

    private func stateNotFound(_ position: Int, _ error: StateSearchError) throws(Violation) {
        switch error {
        case .log(let error): try startFailed(position, error)
        case .snapshots(.storage(let error)), .snapshots(.syncFailed(let error)),
            .state(.snapshot(.storage(let error))):
            startFails(position, "\(error)")
        default: throw Violation(.recovery, "\(nodes[position].id) cannot use its snapshots: \(error)")
        }
    }

    private func judgeState(_ position: Int, _ found: StateFound, _ skipped: [String]) throws(Violation) {
        let node = nodes[position]
        for why in skipped { say("\(node.id) skips a snapshot: \(why)") }
        let isExplained = node.hasDamagedSnapshots || !node.alteredSnapshots.isEmpty
        node.isAltered = false
        guard skipped.isEmpty || isExplained else {
            throw Violation(.recovery, "\(node.id) cannot use a snapshot that nothing has damaged: \(skipped)")
        }
        switch found.origin {
        case .nothing: break
        case .missing(_, let why):
            guard isExplained else {
                throw Violation(.recovery, "\(node.id) has no state, and nothing has damaged its snapshots: \(why)")
            }
            say("\(node.id) has no state: \(why)")
        case .state(let state, _):
            figures.snapshotsLoaded += 1
            say("\(node.id) goes on from its snapshot of \(state.index)\(found.restarted ? ", the log too" : "")")
            if found.restarted { logJudge.restarted(position, at: state.end) }
            do throws(Violation) { try stateJudge.loads(state.index, state.keyspace, position) } catch {
                guard node.alteredSnapshots.contains(state.index) else { throw error }
                node.isAltered = true
            }
            stateJudge.begins(position, at: state.index)
        }
    }

    /// The snapshots whose manifests are on stable storage.
    func storedSnapshots(_ position: Int) -> [LogIndex] {
        let names = nodes[position].disk.durableNames(below: nodes[position].snapshots.name)
        return names.compactMap { SnapshotName.index(of: $0) }
    }

    // MARK: Effects

    /// Hands on what a turn wants of snapshots and of other nodes' states. The process may die between any two.
    func carryOutSnapshots(_ effects: ReplicaEffects, _ position: Int, _ life: SimulatedNode.Life) {
        for order in effects.snapshots {
            say("\(nodes[position].id) cuts a snapshot at \(order.state.index) for \(order.cause)")
            if nodes[position].isAltered { nodes[position].alteredOrders.insert(order.state.index) }
            if nodes[position].hasLostNewest { stateJudge.replacesSnapshot(at: order.state.index) }
            nodes[position].hasLostNewest = false
            give(.store(order), position, life)
            plantClaim(of: order, position)
        }
        if let index = effects.confirmedSnapshot { give(.confirmed(index), position, life) }
        for (node, index) in effects.fetches { give(.fetch(index, from: node), position, life) }
        for (node, message) in effects.stateMessages {
            send(.state(message), from: position, to: self.position(of: node))
        }
        let sends = life.care.sends
        life.care.sends = []
        for (content, node) in sends { send(content, from: position, to: self.position(of: node)) }
    }

    func give(_ order: KeeperOrder, _ position: Int, _ life: SimulatedNode.Life) {
        life.care.orders.append(order)
        stepKeeperLater(position, life)
    }

    private func stepKeeperLater(_ position: Int, _ life: SimulatedNode.Life) {
        guard !life.care.isStepping else { return }
        life.care.isStepping = true
        events.push(.keeper(position, life: nodes[position].lives), at: now + diskDelay(position))
    }

    // MARK: The keeper

    /// One step of the keeper: what was ordered, and a step of the snapshot that is being written.
    func stepKeeper(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard let life = node.life else { return }
        guard !isDiskAsleep(position, .keeper(position, life: node.lives)) else { return }
        let instant = node.clock.moment(at: now).instant
        var reports: [KeeperReport] = []
        let orders = life.care.orders
        life.care.orders = []
        life.care.isStepping = false
        for order in orders {
            life.care.keeper.take(planted(in: order, life), at: instant) { reports.append($0) }
        }
        life.care.keeper.goOn(at: instant) { reports.append($0) }
        for report in reports {
            try note(report, position)
            switch report {
            case .underWay, .fetching: continue
            default: post(.keeper(report), to: position)
            }
        }
        if dieIfPowerIsGone(position) { return }
        if life.care.keeper.isStoring { stepKeeperLater(position, life) }
    }

    private func note(_ report: KeeperReport, _ position: Int) throws(Violation) {
        let id = nodes[position].id
        switch report {
        case .stored(let stored, let outcome):
            figures.snapshotsStored += 1
            if nodes[position].isAltered {
                nodes[position].alteredSnapshots.insert(stored.newest.index)
            } else {
                try stateJudge.stores(stored.newest.index, outcome.manifest.contents.digest, position)
            }
            lookAtSnapshots(nodes[position])
            say("\(id) has stored the snapshot of \(stored.newest.index)")
        case .failed(let why): say("\(id) gives its snapshot up: \(why)")
        case .stateDamaged(let damage): say("\(id) finds its memory damaged: \(damage)")
        case .fetched(let state, _, _):
            figures.snapshotsFetched += 1
            lookAtSnapshots(nodes[position])
            try stateJudge.loads(state.index, state.keyspace, position)
            say("\(id) has fetched the snapshot of \(state.index)")
        case .fetchFailed(let why): say("\(id) cannot fetch: \(why)")
        case .collected(_, let left): say("\(id) keeps \(left.count) snapshots")
        case .quarantined(let loss):
            lookAtSnapshots(nodes[position])
            nodes[position].hasLostNewest = loss.wasNewest
            say("\(id) puts the snapshot of \(loss.index) aside: \(loss.damages)")
        case .quarantineFailed(let index, let error):
            say("\(id) cannot put the snapshot of \(index) aside: \(error)")
        case .ask, .underWay, .fetching, .nothingToQuarantine: break
        }
    }

    // MARK: Other nodes

    /// A node wants a piece of another one's snapshot.
    func serve(_ read: SnapshotRead, to peer: Int, _ position: Int) {
        guard let life = nodes[position].life else { return }
        life.care.questions.append((read, peer))
        events.push(.serve(position, life: nodes[position].lives), at: now + diskDelay(position))
    }

    func answerQuestion(_ position: Int) {
        let node = nodes[position]
        guard let life = node.life, !life.care.questions.isEmpty else { return }
        guard !isDiskAsleep(position, .serve(position, life: node.lives)) else { return }
        let (read, peer) = life.care.questions.removeFirst()
        life.care.shelf.note(read.snapshot, at: node.clock.moment(at: now).instant)
        let piece = life.care.server.answer(read, life.care.shelf.snapshots)
        if dieIfPowerIsGone(position) { return }
        post(.served(piece, to: peer), to: position)
        if let found = life.care.server.findDamage() {
            let wall = node.clock.moment(at: now).wall
            give(.quarantine(found.index, found.damages, at: wall), position, life)
        }
    }

    private func dieIfPowerIsGone(_ position: Int) -> Bool {
        let node = nodes[position]
        guard node.disk.isPowerGone else { return false }
        crash(position, downFor: 300_000_000, losesPower: !node.diesByProcess)
        return true
    }
}

extension ReplicaEffects {
    var concernsSnapshots: Bool { !snapshots.isEmpty || !fetches.isEmpty || !stateMessages.isEmpty }
}
