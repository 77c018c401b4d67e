// Disks: a pass is written at once and counts when its sync has ended; segments are made beside it.

import LogFormat
import LogStore
import Replica
import ReplicaLog
import Vocabulary

extension World {
    /// How long the node's disk takes for a sync or a read that begins now.
    func diskDelay(_ position: Int) -> Int64 {
        let node = nodes[position]
        let delay = Int64(random.within(traits.syncDelay)) * Int64(node.diskFactor)
        return max(0, node.diskStalledUntil - now) + delay
    }

    /// Gives a turn's orders to the log.
    func order(_ writes: [LogWrite], _ position: Int, _ life: SimulatedNode.Life) throws(Violation) {
        let orders = life.numbering.orders(for: writes)
        for order in orders {
            try judge(order.action, position)
            logJudge.witnesses[position].believed.carryOut(order.action)
            nodes[position].unsynced.append(order.action)
        }
        life.writer.add(orders)
        plantPersisted(orders, position, life)
        try driveDisk(position)
    }

    private func judge(_ action: LogOrder.Action, _ position: Int) throws(Violation) {
        switch action {
        case .truncate(let index): try logJudge.truncates(from: index, position)
        case .release(let index):
            // What was stored may be lost since.
            guard !nodes[position].hasDamagedSnapshots else { return }
            try logJudge.releases(before: index, position, storedSnapshots(position))
            try judgeRelease(before: index, position)
        case .restart(let end, let checksum):
            try logJudge.restarts(at: end, checksum: checksum, position, storedSnapshots(position))
        case .append, .ballot, .raiseFence, .clearFence: break
        }
    }

    /// Starts what the disk can do now: the next pass, and the next segment beside it.
    func driveDisk(_ position: Int) throws(Violation) {
        guard let life = nodes[position].life else { return }
        let alive = nodes[position].lives
        let moment = nodes[position].clock.moment(at: now)
        do throws(LogError) {
            if life.pass == nil {
                try life.writer.sealIfDue(at: moment.instant)
                if let pass = try life.writer.write() {
                    life.pass = pass
                    events.push(.synced(position, life: alive), at: now + diskDelay(position))
                    if bug == .acknowledgeBeforeSync { post(.persisted(pass.ticket, life.writer.room), to: position) }
                }
            }
            if life.preparation == nil, let order = life.writer.takePreparation(at: moment.instant) {
                life.preparation = order
                events.push(.prepared(position, life: alive), at: now + 3 * diskDelay(position))
            }
        } catch { return try logFailed(position, error) }
        wakeDiskLater(position, life)
    }

    private func wakeDiskLater(_ position: Int, _ life: SimulatedNode.Life) {
        guard life.pass == nil, let deadline = life.writer.nextDeadline else { return }
        let time = max(now + 1, nodes[position].clock.world(of: deadline))
        guard time < life.diskWakeAt else { return }
        life.diskWakeAt = time
        events.push(.diskWake(position, life: nodes[position].lives), at: time)
    }

    func diskWake(_ position: Int) throws(Violation) {
        guard let life = nodes[position].life, life.diskWakeAt <= now else { return }
        // It stays due until the disk is awake: the event that is put off must find it so.
        guard !isDiskAsleep(position, .diskWake(position, life: nodes[position].lives)) else { return }
        life.diskWakeAt = .max
        try driveDisk(position)
    }

    /// A process that stands still does not go on when its disk has answered, nor before a stalled disk does.
    func isDiskAsleep(_ position: Int, _ event: WorldEvent) -> Bool {
        let until = max(nodes[position].pausedUntil, nodes[position].diskStalledUntil)
        guard until > now else { return false }
        events.push(event, at: until)
        return true
    }

    func synced(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard let life = node.life, let pass = life.pass else { return }
        guard !isDiskAsleep(position, .synced(position, life: node.lives)) else { return }
        do throws(LogError) { try life.writer.sync(at: node.clock.moment(at: now).instant) } catch {
            return try logFailed(position, error)
        }
        if !node.disk.isLying {
            for action in node.unsynced.prefix(pass.orders) { logJudge.witnesses[position].durable.carryOut(action) }
        }
        node.unsynced.removeFirst(pass.orders)
        life.pass = nil
        trace.note(.sync, now, UInt64(position), pass.ticket.rawValue)
        post(.persisted(pass.ticket, life.writer.room), to: position)
        plantProgress(position, life)
        try driveDisk(position)
    }

    func prepared(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard let life = node.life, let order = life.preparation else { return }
        guard !isDiskAsleep(position, .prepared(position, life: node.lives)) else { return }
        let result: Result<PreparedSegment<SimulatedDisk>?, StorageError>
        do throws(StorageError) { result = .success(try order.run(on: node.disk)) } catch { result = .failure(error) }
        life.preparation = nil
        do throws(LogError) { try life.writer.finish(result, at: node.clock.moment(at: now).instant) } catch {
            return try logFailed(position, error)
        }
        post(.room(life.writer.room), to: position)
        try driveDisk(position)
    }

    func readDone(_ position: Int) throws(Violation) {
        let node = nodes[position]
        guard let life = node.life, !life.reads.isEmpty else { return }
        let read = life.reads.removeFirst()
        do throws(LogError) {
            var frames = try life.reader.readFrames(from: read.from, byteLimit: ByteCount(read.byteLimit))
            plant(in: &frames, for: read, position)
            guard read.purpose == .apply else { return post(.framesRead(frames, read), to: position) }
            var run = FrameRun()
            for frame in frames { run.append(frame.header, bytes: frame.bytes.rawBytes) }
            post(.runRead(run, read), to: position)
        } catch {
            if case .released(_, let first) = error {
                return post(.framesReleased(read, first: first), to: position)
            }
            say("\(node.id) cannot read its log at \(read.from): \(error)")
            if node.disk.isPowerGone {
                return crash(position, downFor: 300_000_000, losesPower: !node.diesByProcess)
            }
            if case .unreadable = error { foundDamage(position) }
            post(.framesRead([], read), to: position)
        }
    }

    // MARK: Scrub

    /// One pass over the older segments, of which a node does a step at a time.
    func scrub(_ position: Int) {
        guard let life = nodes[position].life else { return }
        events.push(.scrub(position, life: nodes[position].lives), at: now + traits.scrubInterval)
        guard !isPaused(position), nodes[position].diskStalledUntil <= now else { return }
        while true {
            do throws(StorageError) {
                switch try life.scrub.step(.kibibytes(64)) {
                case .read: continue
                case .damage(let damage):
                    say("\(nodes[position].id) scrubs: \(damage)")
                    foundDamage(position)
                case .ended(let through):
                    life.scrubbedThrough = through
                    return say("\(nodes[position].id) has scrubbed through segment \(through)")
                }
            } catch { return say("\(nodes[position].id) cannot scrub: \(error)") }
        }
    }

    func foundDamage(_ position: Int) {
        figures.scrubFindings += 1
        post(.logDamaged, to: position)
    }
}
