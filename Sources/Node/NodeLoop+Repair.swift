// Damage of the log on disk: told, counted, and repaired when the cluster allows it.

import Consensus
import LogFormat
import LogStore
import Logging
import Platform
import Replica
import Telemetry
import Vocabulary

/// What this node knows of damage to its log, and what it is doing about it.
struct LogCare {
    /// The most places that are kept apart; a disk that fails has more.
    static let placesMax = 64

    /// Found since the start, and on the disk still.
    var damages: [LogDamage] = []
    /// The places that the pass under way has found.
    var foundInPass: [LSN] = []
    /// What the start has repaired, or an earlier one that was not over: told while the fence is closed.
    var repaired: QuarantineReport?
    /// The file system has room for what a repair makes.
    var hasRoom = true
    /// What the replica was told last.
    var isWished = false
    var scrub = ScrubStatus()
    var stock: Quarantine?
    /// Passes that operators have asked for.
    var askedPasses: UInt64 = 0
    /// The last pass of those that has ended, which counts once the snapshots are put aside that it found damaged.
    var endedPass: UInt64 = 0
    var quarantines = 0
    /// An operator insists: if there is damage, it is repaired without the leader's leave.
    var isForced = false
    /// The process is to start again when this loop ends.
    var isRestarting = false
}

extension NodeLoop {
    func take(_ letter: LogScrubThread.Letter, at now: Moment) {
        switch letter {
        case .read(let bytes): care.scrub.bytes += UInt64(bytes.rawValue)
        case .damage(let damage):
            care.foundInPass.append(damage.lsn)
            takeDamage(damage, at: now)
        case .refused(let error):
            care.scrub.errors += 1
            logger.error(
                "the log's disk refuses to be read", metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
        case .snapshotRead(let bytes): snapshotCare.status.scrub.bytes += UInt64(bytes.rawValue)
        case .snapshotDamage(let index, let damages):
            care.quarantines += 1
            snapshots.post(.keeper(.quarantine(index, damages, at: now.wall)))
        case .snapshotRefused(let error):
            snapshotCare.status.scrub.errors += 1
            logger.error(
                "the snapshots' disk refuses to be read",
                metadata: ["reason": "\(error)", "remedy": "\(error.remedy.text)"])
        case .logEnded(let through): endPass(through: through, at: now)
        case .ended(let order): endPass(order: order, at: now)
        case .stock(let stock, let hasRoom):
            care.stock = stock
            care.hasRoom = hasRoom
            wishForRepair(at: now)
        }
    }

    /// Somebody could not read the log. Told once for each place.
    func takeDamage(_ damage: LogDamage, at now: Moment) {
        guard !care.damages.contains(where: { $0.lsn == damage.lsn }), care.damages.count < LogCare.placesMax else {
            return
        }
        care.damages.append(damage)
        metrics.damages[DamageLabel(damage.kind)] += 1
        wishForRepair(at: now)
        let status = repairStatus
        logger.error(
            "log damaged on disk",
            metadata: [
                "log.damage": "\(damage.kind.rawValue)", "log.file": "\(damage.file)", "log.offset": "\(damage.offset)",
                "raft.index": "\(damage.firstIndex)", "state": "\(status?.text ?? "")",
                "remedy": "\(status?.remedy.text ?? "")",
            ])
    }

    /// What a whole pass did not find again is gone: released with its segment, or read well after all.
    private func endPass(through sequence: UInt64, at now: Moment) {
        care.scrub.passes += 1
        care.scrub.endedAt = now.wall
        let (known, found) = (care.damages, care.foundInPass)
        care.damages.removeAll { damage in
            !found.contains(damage.lsn) && (SegmentName.sequence(of: damage.file) ?? .max) <= sequence
        }
        care.foundInPass.removeAll(keepingCapacity: true)
        for damage in known where !care.damages.contains(damage) {
            logger.notice("the log can be read again where it was damaged", metadata: ["log.file": "\(damage.file)"])
        }
        wishForRepair(at: now)
        if care.isForced { forceRepair(at: now) }
    }

    private func endPass(order: UInt64?, at now: Moment) {
        snapshotCare.status.scrub.passes += 1
        snapshotCare.status.scrub.endedAt = now.wall
        if let order { care.endedPass = max(care.endedPass, order) }
        settlePass()
    }

    /// What a pass has found damaged is put aside, or can not be.
    func quarantineEnded() {
        care.quarantines = max(0, care.quarantines - 1)
        settlePass()
    }

    private func settlePass() {
        guard care.quarantines == 0 else { return }
        care.scrub.askedPass = max(care.scrub.askedPass, care.endedPass)
    }

    /// Asks the leader for leave while there is damage and a repair would go through.
    private func wishForRepair(at now: Moment) {
        let isWished = !care.damages.isEmpty && care.hasRoom && !replica.peers.isEmpty
        guard isWished != care.isWished else { return }
        care.isWished = isWished
        replica.step(.logDamaged(isWished), at: now, into: &effects)
    }

    // MARK: What it says

    /// The state of the repair, for whoever asks; nil when the log is not known to be damaged.
    var repairStatus: RepairStatus? {
        var status: RepairStatus
        if replica.raft.isLeavingForRepair {
            status = RepairStatus(stage: .leaving, damage: care.damages.first.map { RepairStatus.Damage($0) })
        } else if let fence = replica.raft.fenceIndex {
            status = RepairStatus(stage: .fetching, damage: care.repaired.map { RepairStatus.Damage($0.damage) })
            status.upTo = fence
            status.unheard = replica.raft.unheardVoters
            status.copies = care.repaired?.copies.map { parameters.logDirectory + "/" + $0 } ?? []
        } else if let damage = care.damages.first {
            status = RepairStatus(stage: .found, damage: RepairStatus.Damage(damage))
            status.places = care.damages.count
            status.obstacle = repairObstacle
        } else {
            return nil
        }
        status.hasLeader = replica.raft.leader != nil
        return status
    }

    /// Why there is no leave to repair now, as far as this node can see.
    private var repairObstacle: String? {
        if replica.peers.isEmpty { return "no other node has a copy, so it is left as it is" }
        if !care.hasRoom { return "its file system has no room for what the repair puts aside" }
        let missing = replica.peers.filter { mesh.link(to: $0) == nil }
        if !missing.isEmpty {
            return "its repair waits until \(missing.map(\.description).joined(separator: ", ")) is connected"
        }
        return replica.raft.leader == nil ? "its repair waits for a leader" : nil
    }

    func fillLogCare(_ status: inout NodeStatus) {
        status.repair = repairStatus
        status.scrub = care.scrub
        guard let stock = care.stock else { return }
        status.quarantine.directory = stock.directory
        status.quarantine.files = stock.files
        status.quarantine.size = stock.size
    }

    /// Notes what the start has found, or what a start before it has not finished.
    func beginCare(_ recovered: RecoveredLog, _ stock: Quarantine?) {
        care.stock = stock
        if case .damaged(let damage, _) = recovered.verdict { metrics.damages[DamageLabel(damage.kind)] += 1 }
        if recovered.state.fence != nil { care.repaired = stock?.newest }
    }

    // MARK: Starting again

    /// The replica's fence is closed, or an operator insists: the next start repairs.
    func beginRestart(at now: Moment) {
        guard stopping == nil else { return }
        care.isRestarting = true
        stop(at: now)
    }

    /// An operator wants everything read now, and repaired.
    func takeRepairRequest(isForced: Bool, _ ticket: OperatorTicket, at now: Moment) {
        if isForced, replica.peers.isEmpty {
            return desk.answer(
                ticket, .refused(reason: "no other node has a copy: a repair would lose what is damaged", override: nil)
            )
        }
        care.isForced = isForced
        care.askedPasses += 1
        scrub.post(care.askedPasses)
        desk.answer(ticket, .done([OperatorFact("pass", .number(care.askedPasses))]))
    }

    private func forceRepair(at now: Moment) {
        care.isForced = false
        guard !care.damages.isEmpty, care.hasRoom, replica.raft.fenceIndex == nil else { return }
        logger.warning("an operator wants the damaged log rebuilt without the leader's leave: this node starts again")
        beginRestart(at: now)
    }
}

extension RepairStatus.Damage {
    init(_ damage: LogDamage) {
        self.init(
            kind: damage.kind.rawValue, file: damage.file, offset: damage.offset, firstIndex: damage.firstIndex,
            highestIndex: damage.highestIndex)
    }
}

extension DamageLabel {
    init(_ kind: DamageKind) {
        self =
            switch kind {
            case .badMagic: .badMagic
            case .badLength: .badLength
            case .checksumMismatch: .checksumMismatch
            case .misplacedBlock: .misplacedBlock
            case .brokenChain: .brokenChain
            case .gap: .gap
            case .missingSegment: .missingSegment
            case .failedRecovery: .failedRecovery
            }
    }
}
