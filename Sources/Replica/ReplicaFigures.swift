// What a replica counts for metrics.

public import Telemetry

public struct ReplicaFigures: Sendable {
    public var reads: UInt64 = 0
    public var applied: UInt64 = 0
    /// How many of them were applied in parts, for several threads.
    public var appliedInParts: UInt64 = 0
    public var forwarded: UInt64 = 0
    public var readRounds: UInt64 = 0
    public var unknownResults: UInt64 = 0
    /// Markers at which this replica's state was compared with what a quorum agreed upon.
    public var digestsCompared: UInt64 = 0
    public var commitLatency = Histogram()
    public var batchEntries = Histogram()

    public init() {}
}
