// When the limit on the cores' wake-up time is held, where an operator has set one: while the node works.

import Logging
import Platform
import Vocabulary

/// Holds the limit from the first work on, and lets go of it soon after the last.
struct LatencyHold: ~Copyable {
    /// Holding and letting go wake every core: not to be done for every pause of a client.
    static let restAfter = Duration.seconds(1)

    /// What the node has done so far; any change is work.
    struct Work: Equatable {
        var commands: UInt64
        var lastIndex: LogIndex
    }

    private var limit: CPULatencyLimit
    private var seen: Work?
    private var changedAt: Instant?

    init(_ limit: consuming CPULatencyLimit) { self.limit = limit }

    var isHeld: Bool { limit.isHeld }

    /// To be called regularly. The first call says from where work is counted.
    mutating func look(at work: Work, now: Instant) throws(SystemError) {
        if let seen, work != seen {
            changedAt = now
            try limit.hold()
        } else if let last = changedAt, now - last >= LatencyHold.restAfter {
            changedAt = nil
            limit.release()
        }
        seen = work
    }
}

extension NodeLoop {
    /// Nil when no limit is set, or none can be held: a node that is slower than it was asked to be is still a node.
    static func makeLatencyHold(_ limit: Duration?, logger: Logger) -> LatencyHold? {
        guard let limit else { return nil }
        do throws(SystemError) { return LatencyHold(try CPULatencyLimit(limit)) } catch {
            warnOfLatency(error, logger)
            return nil
        }
    }

    /// Ten times a second, so that the first tenth of a burst is not faster yet.
    func lookAtLatency(at now: Instant) {
        let work = LatencyHold.Work(
            commands: clients.metrics.commands.total, lastIndex: replica.raft.lastPosition.index)
        do throws(SystemError) { try latencyHold?.look(at: work, now: now) } catch {
            latencyHold = nil
            NodeLoop.warnOfLatency(error, logger)
        }
    }

    private static func warnOfLatency(_ error: SystemError, _ logger: Logger) {
        logger.warning(
            "`cpu.latency-max` has no effect",
            metadata: [
                "reason": "\(error)",
                "remedy": "let the node write \(CPULatencyLimit.device), or remove the setting",
            ])
    }
}
