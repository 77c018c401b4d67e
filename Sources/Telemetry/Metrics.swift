// What a node counts: counters since its start, and distributions.

/// The counters of one node, filled by its reactor thread and copied out with the status. Counters only grow until the
/// process ends. Facts of the moment (indexes, lag, connections of a client port, keys) stand in `NodeStatus`.
public struct Metrics: Sendable, Equatable {
    // Clients.
    public var commands = Tally<CommandKind>()
    public var commandErrors = Tally<ErrorWord>()
    /// Requests sent on to the leader.
    public var forwardedRequests: UInt64 = 0
    /// Requests that wait now for a hand-over or an election to end.
    public var heldRequests = 0
    public var expiredKeys: UInt64 = 0

    // The log. Durations in nanoseconds.
    public var fsync = Histogram()
    /// Entries per frame that was appended.
    public var batchEntries = Histogram()
    public var walSegments = 0
    public var walBytesWritten: UInt64 = 0
    /// Places of the log that turned out to be damaged, at the start or since.
    public var damages = Tally<DamageLabel>()

    // The path of a write. Durations in nanoseconds.
    /// From a request's arrival at the leader to its commit.
    public var commit = Histogram()
    /// Applying the entries of one turn.
    public var apply = Histogram()
    /// From a linearizable read's arrival to its answer.
    public var read = Histogram()
    public var readRounds: UInt64 = 0

    // Elections.
    public var electionsStarted: UInt64 = 0
    public var electionsWon: UInt64 = 0
    /// How often this node saw another leader than before.
    public var leaderChanges: UInt64 = 0
    public var handovers = Tally<HandoverResult>()

    // Ports.
    public var bytesReceived = Tally<PortKind>()
    public var bytesSent = Tally<PortKind>()
    /// Open now.
    public var connections = Tally<PortKind>()
    public var accepted = Tally<PortKind>()
    public var rejected = Tally<RejectionReason>()

    // The process.
    /// Processor time used, user and system.
    public var processorTime = Duration.zero

    public init() {}
}
