// How far a start has come: the phases between exec and ready.

/// What a node does from its start to its stop, in this order; phases without work are skipped.
public enum LifePhase: String, Sendable, CaseIterable {
    /// Configuration, certificates, ports.
    case starting
    /// The log's segments are scanned and checked.
    case recovering
    /// Committed entries are applied to the keyspace.
    case replaying
    /// Derived indexes are rebuilt.
    case indexing
    /// In the group, and catching up or waiting for a leader.
    case joining
    case ready
    /// Asked to stop: hands over, drains and leaves.
    case stopping
}

/// The figures of a start, for the log, `/readyz` and metrics. Plain counts: whoever works sets them as it goes.
public struct StartProgress: Sendable, Equatable {
    public var phase: LifePhase
    /// How long the present phase has lasted.
    public var elapsed: Duration = .zero
    public var segmentsScanned = 0
    public var segmentsTotal = 0
    public var entriesReplayed: UInt64 = 0
    /// How many entries there are to replay; 0 while that is not known.
    public var entriesTotal: UInt64 = 0
    /// Of the present replay, or of the last one.
    public var entriesPerSecond: Double = 0
    /// The phases that are over and how long each took, in order.
    public var finished: [FinishedPhase] = []

    public struct FinishedPhase: Sendable, Equatable {
        public var phase: LifePhase
        public var duration: Duration
        public init(phase: LifePhase, duration: Duration) {
            self.phase = phase
            self.duration = duration
        }
    }

    public init(phase: LifePhase) { self.phase = phase }

    /// How much of the present phase is done, 0 to 100. A phase whose size is not known is at 0 until it ends.
    public var percent: Double {
        switch phase {
        case .starting, .indexing, .joining: 0
        case .recovering: StartProgress.share(UInt64(max(0, segmentsScanned)), of: UInt64(max(0, segmentsTotal)))
        case .replaying: StartProgress.share(entriesReplayed, of: entriesTotal)
        case .ready, .stopping: 100
        }
    }

    /// Ends the present phase after `duration` and begins the next.
    public mutating func enter(_ next: LifePhase, after duration: Duration) {
        finished.append(FinishedPhase(phase: phase, duration: duration))
        phase = next
        elapsed = .zero
    }

    private static func share(_ part: UInt64, of whole: UInt64) -> Double {
        guard whole > 0 else { return 0 }
        return (min(1, Double(part) / Double(whole)) * 1000).rounded() / 10
    }
}
