// What people ask of a running node: hand over, reload, stop.

import Consensus
import Platform
import Replica
import Telemetry
import Vocabulary

/// A planned change of leader under way, and who wants to hear of it.
struct RunningHandover {
    var ticket: OperatorTicket?
    var begunAt: Instant
    var from: NodeID
}

/// A stop under way: hand over, answer what is outstanding, leave.
struct Stopping {
    /// When it ends at the latest.
    var deadline: Instant
    var isDraining = false
    /// Since when nobody has been waiting for this node.
    var quietSince: Instant?

    /// When it is to be looked at next.
    var nextDeadline: Instant { quietSince.map { min(deadline, $0 + NodeLoop.stopLinger) } ?? deadline }
}

extension NodeLoop {
    /// How long a planned change of leader may take before the old leader goes on leading.
    static let handoverPatience = Duration.seconds(2)
    /// The same when the target may be far behind.
    static let forcedHandoverPatience = Duration.seconds(10)
    /// How long a stop may take before connections are cut.
    static let stopPatience = Duration.seconds(5)
    /// How long a stopping node still listens to its peers. What they sent it as the leader may be on its way: it says
    /// no to that, which is no error for the clients, while a connection closed over it would be.
    static let stopLinger = Duration.milliseconds(100)

    func takeSignals(at now: Moment) {
        for signal in Signals.read(signals.descriptor) {
            switch signal {
            case .hangup: reload()
            case .terminate, .interrupt:
                // Whoever wants the end of it does not want it again.
                care.isRestarting = false
                stop(at: now)
            default: break
            }
        }
    }

    func takeOperatorRequests(at now: Moment) {
        for (ticket, request) in desk.takeRequests() {
            switch request {
            case .failover(let target, let isForced):
                beginHandover(to: target, isForced: isForced, ticket: ticket, at: now)
            case .repair(let isForced):
                takeRepairRequest(isForced: isForced, ticket, at: now)
            case .proveIndexes(let name): takeIndexProofRequest(name, ticket, at: now)
            case .rebuildIndexes(let name): takeIndexRebuildRequest(name, ticket, at: now)
            case .snapshot(let waits): takeSnapshotRequest(waits: waits, ticket, at: now)
            case .backup: takeBackupRequest(ticket, at: now)
            case .compact(let parts): takeCompactionRequest(parts, ticket, at: now)
            case .quiesce(let seconds): takeQuiesceRequest(seconds: seconds, ticket)
            case .endQuiesce: takeQuiesceRelease(ticket)
            case .changeMembers(let order, let isForced):
                takeMembershipOrder(order, isForced: isForced, ticket, at: now)
            case .corruptRecord(let key, let isHidden): corruptRecord(key, isHidden: isHidden, ticket)
            case .reload:
                reload()
                desk.answer(ticket, .done([]))
            }
        }
    }

    // MARK: Hand-over

    private func beginHandover(to target: NodeID?, isForced: Bool, ticket: OperatorTicket?, at now: Moment) {
        guard handover == nil else {
            if let ticket {
                desk.answer(ticket, .refused(reason: "another hand-over is under way", override: nil))
            }
            return
        }
        guard replica.raft.role == .leader else {
            if let ticket { desk.answer(ticket, .notLeader(leader: replica.raft.leader)) }
            return
        }
        handover = RunningHandover(ticket: ticket, begunAt: now.instant, from: replica.id)
        let deadline = now.instant + (isForced ? NodeLoop.forcedHandoverPatience : NodeLoop.handoverPatience)
        replica.step(.handover(to: target, isForced: isForced, deadline: deadline), at: now, into: &effects)
    }

    /// Answers whoever asked for the hand-over, now that it has ended.
    func endHandover(_ outcome: OperatorOutcome, at now: Moment) {
        guard let ended = handover else { return }
        handover = nil
        if case .done = outcome {
            metrics.handovers[.done] += 1
        } else {
            metrics.handovers[.failed] += 1
        }
        if let ticket = ended.ticket { desk.answer(ticket, outcome) }
    }

    // MARK: Reload and stop

    private func reload() {
        do {
            try parameters.reload(clients, mesh)
            logger.notice("certificates and tokens were read again")
        } catch {
            logger.error("reload failed: the earlier files stay in use", metadata: ["reason": "\(error)"])
        }
    }

    func stop(at now: Moment) {
        guard stopping == nil else { return }
        logger.notice("stopping")
        stopping = Stopping(deadline: now.instant + NodeLoop.stopPatience)
        if replica.raft.role == .leader, !replica.peers.isEmpty {
            beginHandover(to: nil, isForced: false, ticket: nil, at: now)
        }
    }

    /// Goes on with a stop. True when there is nothing left to wait for.
    func isStopped(at now: Instant) -> Bool {
        guard var current = stopping else { return false }
        if !current.isDraining, handover == nil {
            clients.drain()
            clients.flush(at: now)
            current.isDraining = true
        }
        let isQuiet = current.isDraining && clients.count == 0 && replica.isQuiet
        current.quietSince = isQuiet ? current.quietSince ?? now : nil
        stopping = current
        let hasLingered = current.quietSince.map { now - $0 >= NodeLoop.stopLinger || replica.peers.isEmpty } ?? false
        guard hasLingered || now >= current.deadline else { return false }
        mesh.closeAll(at: now)
        return true
    }
}
