// The limits and time-outs of a replica, each with the inequality that bounds it.

public import Consensus
public import Keyspace
public import Vocabulary

public struct ReplicaOptions: Sendable {
    public var consensus = ConsensusOptions()
    /// Payload bytes after which a turn begins another frame. At most a quarter of `consensus.inflightBytesMax`, so
    /// that replication stays pipelined.
    public var batchBytesMax = ByteCount.mebibytes(1)
    /// Frames of this leader's making that may wait for their commit before small requests wait for the next one: while
    /// one is being synced and sent, the next gathers. At least 1. A full batch does not wait.
    public var framesUnderWayMax = 2
    /// Payloads below this size are stored as they are.
    public var compressionThreshold = ByteCount(512)
    /// Frames kept in memory behind the applied index, for followers that are nearly up to date.
    public var cacheBytes = ByteCount.mebibytes(8)
    /// Logged but uncommitted bytes above which requests wait.
    public var uncommittedBytesMax = ByteCount.mebibytes(16)
    /// Waiting request bytes above which the shell should read no more from clients.
    public var congestionBytes = ByteCount.mebibytes(64)
    /// How long a request waits for a leader before it is refused.
    public var holdTimeout = Duration.seconds(2)
    /// How long a logged or forwarded request waits for its outcome before it is answered as unknown.
    public var resultTimeout = Duration.seconds(5)
    /// How long requests sent to a leader that was replaced may stay unanswered before they are given up as unknown.
    public var replacedLeaderGrace = Duration.milliseconds(60)
    /// Bytes of log per second that are read back for followers while clients are served, when these write little (see
    /// `CatchUpPace`).
    public var catchUpRate = ByteCount.mebibytes(16)
    /// Frame bytes applied per step while catching up, so that the loop stays responsive.
    public var applyBytesPerStep = 2 << 20
    /// Who carries out entries that are read back from the log, in parts that touch different keys.
    public var partitionRunner: any PartitionRunner = SequentialRunner()
    /// Entries below which that is not worth the parting.
    public var partitionedEntriesMin = 1024
    /// Bytes of replies to linearizable reads made per step; the rest is read in the next, so that many large replies
    /// do not keep the loop from its heartbeats.
    public var readReplyBytesPerStep = 2 << 20
    /// Records over which an index that is being built is taken further per turn: well below a millisecond's work, so
    /// that nobody notices.
    public var indexRecordsPerTurn = 256
    /// How many records a `tick` removes at once is the keyspace's business; this is how often the leader looks while
    /// there are some whose time is over.
    public var expiryInterval = Duration.milliseconds(1)

    /// Log indexes behind the newest of which it is remembered whether they changed anything: an eighth of a byte each.
    public var changeIndexes = 1 << 27
    /// Bytes of what is remembered of them beside.
    public var changeNoteBytes = ByteCount.mebibytes(64)

    /// When a leader has a snapshot cut.
    public var snapshots = SnapshotTerms()
    /// How often states are compared while there is something new in them.
    public var markerInterval = Duration.seconds(1)
    /// How often a replica that needs another one's state asks for it.
    public var wishInterval = Duration.seconds(1)
    /// How long a leader without a snapshot that it may give waits for a quorum to confirm one. Then it hands over.
    public var confirmationPatience = Duration.seconds(5)

    public init() {}
}
