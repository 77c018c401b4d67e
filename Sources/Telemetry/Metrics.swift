// What a node counts: counters since its start, and distributions.

public import Vocabulary

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
    /// Keys that were there, and not there, when a command of this node read them.
    public var keyHits: UInt64 = 0
    public var keyMisses: UInt64 = 0
    /// Clients that wait for an element.
    public var blockedClients = 0

    // Memory.
    /// What the keyspace takes, and the part of it that is keys and values.
    public var keyspaceMemory = ByteCount.zero
    public var keyspacePayload = ByteCount.zero
    /// What it may take while this node leads; nil for no limit.
    public var memoryMax: ByteCount?
    /// Whether commands that may grow are refused.
    public var isMemoryFull = false
    /// Of what was removed, pieces that are still to be freed.
    public var unfreedPieces = 0

    // Publish/subscribe.
    /// Messages for subscribers of this node, by where they came from.
    public var published = Tally<MessageOrigin>()
    /// Copies handed to subscribers here.
    public var messagesDelivered: UInt64 = 0
    /// Copies that a peer did not get because it was not connected, or had too much waiting for it.
    public var messagesDropped: UInt64 = 0

    // The log. Durations in nanoseconds.
    public var fsync = Histogram()
    /// Entries per frame that was appended.
    public var batchEntries = Histogram()
    public var walSegments = 0
    public var walBytesWritten: UInt64 = 0
    /// Places of the log that turned out to be damaged, at the start or since.
    public var damages = Tally<DamageLabel>()

    // Snapshots, and the comparison of states.
    public var snapshotsWritten: UInt64 = 0
    public var snapshotsFailed: UInt64 = 0
    /// Bytes of files made for snapshots, and of files that a later one took as they were.
    public var snapshotBytesWritten: UInt64 = 0
    public var snapshotBytesReused: UInt64 = 0
    /// Bytes of snapshots that went to other nodes, and that came from them.
    public var snapshotBytesSent: UInt64 = 0
    public var snapshotBytesReceived: UInt64 = 0
    /// Comparisons in which this node's digest was not the agreed one.
    public var digestMismatches: UInt64 = 0
    public var stateScrubPasses: UInt64 = 0

    /// Shipping and backups.
    public var archive = ArchiveMetrics()

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
