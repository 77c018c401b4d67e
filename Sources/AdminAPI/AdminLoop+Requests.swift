// One request of the admin port: who sends it, and what the router makes of it.

import Logging
import Sessions
import TLS
import Telemetry
import Vocabulary

extension AdminLoop {
    /// What becomes of a request, by the board as it is now.
    func outcome(of request: HTTPRequest, from peer: AdminPeer) -> AdminRouter.Outcome {
        let (status, metrics) = board.read(at: now, stuckAfter: options.stuckAfter)
        let router = AdminRouter(
            status: status, metrics: metrics, counters: counters, beatAge: board.lastBeat.map { max(.zero, now - $0) },
            identity: tokens.identity(of: request), address: peer.address, metricsAllowed: options.metricsAllowed,
            hasTestHooks: options.hasTestHooks)
        return router.outcome(of: request)
    }

    /// Counts a wrong token and says how late to answer it.
    func loginFailed(_ request: HTTPRequest, from peer: AdminPeer) -> Duration {
        counters.failedLogins += 1
        counters.rejected[.authentication] += 1
        tell("a wrong token was sent to the admin port", ["client": "\(peer.name)"], at: .warning)
        guard let address = peer.address else { return LoginThrottle.delayMax }
        return throttle.failed(from: address, at: now)
    }
}

extension OperatorRequest {
    /// For the log.
    var name: String {
        switch self {
        case .failover(let target, let isForced):
            "failover" + (target.map { " to \($0)" } ?? "") + (isForced ? " (forced)" : "")
        case .repair(let isForced): "repair" + (isForced ? " (forced)" : "")
        case .proveIndexes: "proof of indexes"
        case .rebuildIndexes: "rebuild of indexes"
        case .snapshot: "snapshot"
        case .backup: "backup"
        case .compact(let parts): "compaction of \(parts.sorted().map(\.rawValue).joined(separator: ", "))"
        case .quiesce(let seconds): "hold of the files for \(seconds) s"
        case .endQuiesce: "end of the hold of the files"
        case .changeMembers(let order, let isForced): order.name + (isForced ? " (forced)" : "")
        case .corruptRecord: "TEST: corruption of a record in memory"
        case .reload: "reload"
        }
    }
}

extension MembershipOrder {
    fileprivate var name: String {
        switch self {
        case .add(let new, let asVoter): "addition of \(new.id)" + (asVoter ? " as a voter" : "")
        case .promote(let node, _): "promotion of \(node)"
        case .remove(let node): "removal of \(node)"
        case .replace(let old, let new): "replacement of \(old) by \(new.id)"
        }
    }
}

extension OperatorOutcome {
    /// For the log.
    var name: String {
        switch self {
        case .done: "done"
        case .notLeader: "not leader"
        case .refused(let reason, _): "refused: \(reason)"
        case .failed(let reason, _): "failed: \(reason)"
        case .timedOut: "timed out"
        }
    }
}
