// The numbers that steer consensus, and the inequalities that bound them.

/// How patient, how eager and how roomy a replica is. The same on every node of a cluster, though safety depends on
/// none of them.
public struct ConsensusOptions: Hashable, Sendable {
    /// A follower waits at least this long for its leader, and for so long protects it against other candidates.
    /// At least three heartbeats, so that two lost ones cost no election.
    public var electionTimeoutMin: Duration
    /// A follower waits at most this long. A leader that heard no quorum, whose disk did not answer or whose loop did
    /// not turn for this long steps down. At least `electionTimeoutMin * 1.2`, or candidates meet too often.
    public var electionTimeoutMax: Duration
    public var heartbeatInterval: Duration
    /// Bytes that may be under way to one follower, unacknowledged. One frame may always be, however large.
    public var inflightBytesMax: Int
    public var inflightFramesMax: Int
    /// Bytes of frames in one append message, at most `inflightBytesMax`. One frame always goes, however large.
    public var appendBytesMax: Int
    /// After the leader's port refused a connection, a follower starts a pre-vote within this time, at random. Less
    /// than `electionTimeoutMin`.
    public var probeDelayMax: Duration
    /// Bytes of entries not yet committed at which a leader stops proposing until some are.
    public var uncommittedBytesMax: Int

    public init(
        electionTimeoutMin: Duration = .milliseconds(150), electionTimeoutMax: Duration = .milliseconds(300),
        heartbeatInterval: Duration = .milliseconds(40), inflightBytesMax: Int = 4 << 20,
        inflightFramesMax: Int = 256, appendBytesMax: Int = 1 << 20, probeDelayMax: Duration = .milliseconds(10),
        uncommittedBytesMax: Int = 64 << 20
    ) {
        self.electionTimeoutMin = electionTimeoutMin
        self.electionTimeoutMax = electionTimeoutMax
        self.heartbeatInterval = heartbeatInterval
        self.inflightBytesMax = inflightBytesMax
        self.inflightFramesMax = inflightFramesMax
        self.appendBytesMax = appendBytesMax
        self.probeDelayMax = probeDelayMax
        self.uncommittedBytesMax = uncommittedBytesMax
    }

    /// What is wrong with these numbers, as a sentence for the operator; nil when nothing is.
    public func validate() -> String? {
        if heartbeatInterval < .milliseconds(1) { return "the heartbeat interval is shorter than 1 ms" }
        if electionTimeoutMin < heartbeatInterval * 3 {
            return "the minimal election timeout is shorter than three heartbeat intervals"
        }
        if electionTimeoutMax < electionTimeoutMin * 6 / 5 {
            return "the maximal election timeout is less than 1.2 times the minimal one"
        }
        if electionTimeoutMax > .seconds(3600) { return "the maximal election timeout is longer than an hour" }
        if probeDelayMax < .zero || probeDelayMax >= electionTimeoutMin {
            return "the probe delay is negative, or not shorter than the minimal election timeout"
        }
        if inflightFramesMax < 1 { return "no frame may be in flight" }
        if appendBytesMax < 1 { return "an append message may hold no byte" }
        if inflightBytesMax < appendBytesMax { return "less may be in flight than one append message may hold" }
        if uncommittedBytesMax < inflightBytesMax { return "less may be uncommitted than may be in flight" }
        return nil
    }
}
