// News of the replica as log lines and counters.

import Consensus
import Logging
import Replica
import Telemetry
import Vocabulary

extension NodeLoop {
    func tell(_ news: ReplicaNews, at now: Moment) {
        switch news {
        case .role(let role, let term, let leader):
            tellRole(role, term, leader, at: now)
        case .steppedDown(let reason):
            logger.warning("leadership given up", metadata: ["reason": "\(reason)"])
        case .handoverEnded(let outcome):
            tellHandover(outcome, at: now)
        case .handoverRefused(let refusal):
            logger.warning("hand-over refused", metadata: ["reason": "\(refusal)"])
            let override = refusal.isOverridable ? "force" : nil
            endHandover(.refused(reason: refusal.description, override: override), at: now)
        case .fenceRaised(let index):
            logger.notice(
                "this node's log was empty and the cluster's is not: it does not vote until it has caught up",
                metadata: ["raft.fence": "\(index)"])
        case .fenceCleared:
            logger.notice("the log is whole again: this node votes")
        case .repairGranted(let index):
            logger.notice(
                "the leader gives leave to rebuild the damaged log: this node starts again",
                metadata: ["raft.fence": "\(index)"])
            beginRestart(at: now)
        case .anomaly(let text):
            logger.error("anomaly", metadata: ["reason": "\(text)"])
        case .memory(isFull: true):
            logger.error(
                "memory is full: commands that may grow the keyspace are refused on every node",
                metadata: [
                    "memory.used": "\(replica.keyspace.memory.total)",
                    "memory.max": "\(replica.memoryLimit.max.map { "\($0)" } ?? "none")",
                    "remedy": "remove keys, or raise `memory.max` on all nodes",
                ])
        case .memory(isFull: false):
            logger.notice(
                "memory is no longer full", metadata: ["memory.used": "\(replica.keyspace.memory.total)"])
        case .members(let configuration, let isCommitted):
            logger.notice(
                isCommitted ? "members changed" : "members change",
                metadata: ["members": "\(configuration)"])
            followMembers(at: now.instant)
        case .membershipEnded(let outcome):
            endMembershipStep(outcome, at: now)
        case .membershipRefused(let refusal):
            refuseMembershipStep(refusal, at: now)
        case .removed:
            logger.warning(
                "this node is no member any more: it serves nobody, and may be stopped for good",
                metadata: ["node.id": "\(replica.id)"])
        case .stateLost(let condition): tellLostState(condition, at: now)
        case .stateInstalled(let position):
            logger.notice("this node goes on from a fetched snapshot", metadata: ["raft.position": "\(position)"])
        case .memberRegistered(let node, let storage):
            logger.info("member registered", metadata: ["member.id": "\(node)", "member.storage": "\(storage)"])
        case .probe(let node):
            probing = (node, now.instant, now.instant + parameters.probeTime)
        }
    }

    private func tellRole(_ role: Role, _ term: Term, _ leader: NodeID?, at now: Moment) {
        if role == .candidate || role == .preCandidate { metrics.electionsStarted += 1 }
        if role == .leader { metrics.electionsWon += 1 }
        if let leader, leader != publication.lastLeader {
            metrics.leaderChanges += 1
            let old = publication.lastLeader
            publication.lastLeader = leader
            if let old { clients.announceLeader(leader, after: old, at: now.instant) }
        }
        logger.info(
            "role changed",
            metadata: [
                "raft.role": "\(role)", "raft.term": "\(term)", "raft.leader": "\(leader?.description ?? "none")",
                "raft.index": "\(replica.raft.lastPosition.index)",
            ])
        publish(at: now)
    }

    private func tellHandover(_ outcome: HandoverOutcome, at now: Moment) {
        logger.notice("hand-over ended", metadata: ["outcome": "\(outcome)"])
        let took = handover.map { now.instant - $0.begunAt } ?? .zero
        switch outcome {
        case .handedOver(let successor, let term):
            endHandover(
                .done([
                    OperatorFact("from", .text(replica.id.description)),
                    OperatorFact("to", .text(successor.description)),
                    OperatorFact("term", .number(term.rawValue)),
                    OperatorFact("pause_ms", .decimal(took.inSeconds * 1000)),
                ]), at: now)
        case .timedOut, .targetLost, .targetFull, .leadershipLost:
            endHandover(
                .failed(
                    reason: "the hand-over did not come about: \(outcome)",
                    remedy: .retry("look at `nodectl status`, then try again")), at: now)
        }
    }
}
