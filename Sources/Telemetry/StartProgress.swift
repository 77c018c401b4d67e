// How far a start has come: the phases between exec and ready.

/// What a node does from its start to its stop, in this order; phases without work are skipped.
public enum LifePhase: String, Sendable, CaseIterable {
    /// Configuration, certificates, ports.
    case starting
    /// The log's segments are scanned and checked.
    case recovering
    /// The newest snapshot is read into memory.
    case loading
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
    /// Records of the snapshot that are in memory, and how many it holds; 0 while that is not known.
    public var recordsLoaded: UInt64 = 0
    public var recordsTotal: UInt64 = 0
    public var entriesReplayed: UInt64 = 0
    /// How many entries there are to replay; 0 while that is not known.
    public var entriesTotal: UInt64 = 0
    /// Of the present replay, or of the last one.
    public var entriesPerSecond: Double = 0
    /// The secondary index that is being built, the records that its walk has met, and all there are.
    public var index: String?
    public var recordsWalked: UInt64 = 0
    public var recordsToWalk: UInt64 = 0
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

    /// What a phase with a known amount of work counts.
    public enum Unit: String, Sendable {
        case segments, records, entries
    }

    /// What is done of the present phase, and all there is; nil when it cannot be counted.
    var work: (unit: Unit, done: UInt64, total: UInt64)? {
        switch phase {
        case .recovering: (.segments, UInt64(max(0, segmentsScanned)), UInt64(max(0, segmentsTotal)))
        case .loading: (.records, recordsLoaded, recordsTotal)
        case .replaying: (.entries, entriesReplayed, entriesTotal)
        case .indexing: (.records, recordsWalked, recordsToWalk)
        case .starting, .joining, .ready, .stopping: nil
        }
    }

    /// How much of the present phase is done, 0 to 100. A phase whose size is not known is at 0 until it ends.
    public var percent: Double {
        if phase == .ready || phase == .stopping { return 100 }
        guard let work else { return 0 }
        return StartProgress.share(work.done, of: work.total)
    }

    /// The speed of the present phase since it began; nil before it has one.
    public var perSecond: Double? {
        guard let work, work.done > 0 else { return nil }
        if phase == .replaying, entriesPerSecond > 0 { return entriesPerSecond }
        return elapsed > .zero ? Double(work.done) / elapsed.inSeconds : nil
    }

    /// What is left of the present phase at that speed; nil while nobody can tell.
    public var timeLeft: Duration? {
        guard let work, work.total > 0, let perSecond else { return nil }
        let left = Double(work.total - min(work.done, work.total)) / perSecond
        return left < StartProgress.secondsMax ? .milliseconds(Int64((left * 1000).rounded(.up))) : nil
    }

    /// An estimate above a year is none.
    private static let secondsMax = 365 * 86400.0

    /// All phases that are over with their durations: `recovering 0.120 s, loading 1.500 s`.
    public var finishedText: String {
        finished.map { "\($0.phase.rawValue) \($0.duration.milliseconds / 1000) s" }.joined(separator: ", ")
    }

    /// Ends the present phase after `duration` and begins the next.
    public mutating func enter(_ next: LifePhase, after duration: Duration) {
        finished.append(FinishedPhase(phase: phase, duration: duration))
        phase = next
        elapsed = .zero
    }

    /// A part in percent, to a tenth; 0 of an unknown whole.
    static func share(_ part: UInt64, of whole: UInt64) -> Double {
        guard whole > 0 else { return 0 }
        return (min(1, Double(part) / Double(whole)) * 1000).rounded() / 10
    }
}
