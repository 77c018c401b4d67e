// Where the reactor thread hangs its status for other threads to read.

public import Vocabulary
import Synchronization

/// Holds the latest status and metrics of the node, and when its loop last turned. One thread publishes, any thread
/// reads; both hold the lock for a copy of some words (arrays are shared until one side changes them).
public final class StatusBoard: Sendable {
    private struct Page {
        var status: NodeStatus
        var metrics: Metrics
    }

    private let page: Mutex<Page>
    private let turned = Atomic<UInt64>(0)

    public init(_ status: NodeStatus) { page = Mutex(Page(status: status, metrics: Metrics())) }

    /// Replaces what is shown. Cheap, but not free: some ten times a second, and when the role or readiness changes.
    public func publish(_ status: NodeStatus, _ metrics: Metrics) {
        page.withLock { $0 = Page(status: status, metrics: metrics) }
    }

    /// Changes the status alone, for the phases before there is a reactor.
    public func update(_ change: (inout NodeStatus) -> Void) { page.withLock { change(&$0.status) } }

    /// The latest of both.
    public func read() -> (status: NodeStatus, metrics: Metrics) { page.withLock { ($0.status, $0.metrics) } }

    public var status: NodeStatus { page.withLock { $0.status } }

    /// The latest of both, as a reader at `now` must see it: a loop that has not turned for `stuckAfter` can serve
    /// nobody, whatever it said last. A node without a first turn is starting, not stuck.
    public func read(at now: Instant, stuckAfter: Duration) -> (status: NodeStatus, metrics: Metrics) {
        var (status, metrics) = read()
        if let lastBeat, now > lastBeat, now - lastBeat > stuckAfter {
            status.readiness.reasons.append(.stuck(now - lastBeat))
            status.readiness.mayServeReads = false
        }
        return (status, metrics)
    }

    /// "The loop turned at `now`." One atomic store; called every turn, and at least as often as the leader's
    /// heartbeat.
    public func beat(at now: Instant) { turned.store(now.nanoseconds, ordering: .relaxed) }

    /// When the loop last turned; nil before its first turn.
    public var lastBeat: Instant? {
        let nanoseconds = turned.load(ordering: .relaxed)
        return nanoseconds == 0 ? nil : Instant(nanoseconds: nanoseconds)
    }
}
