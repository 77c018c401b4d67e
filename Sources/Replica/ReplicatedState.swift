// Everything that the replicas agree on at one index: what a snapshot holds, and what a replica may begin with.

public import Consensus
public import Keyspace
public import Vocabulary

/// The state behind the entry at `end`, which is a frame's last. A copy of a live one costs a few references.
public struct ReplicatedState: Sendable {
    public var cluster: ClusterID
    public var keyspace: Keyspace
    public var registry: MemberRegistry
    public var addresses: MemberBook
    /// The members as the log up to `end` says.
    public var configuration: Configuration
    /// Where in the log it is the state of, with the checksum that stands for the whole log up to there.
    public var end: FrameEnd
    /// Of the entry at `end`: the hybrid clock goes on behind it.
    public var timestamp: Timestamp

    public init(
        cluster: ClusterID, keyspace: Keyspace, registry: MemberRegistry, addresses: MemberBook,
        configuration: Configuration, end: FrameEnd, timestamp: Timestamp
    ) {
        self.cluster = cluster
        self.keyspace = keyspace
        self.registry = registry
        self.addresses = addresses
        self.configuration = configuration
        self.end = end
        self.timestamp = timestamp
    }

    public var index: LogIndex { end.index }
}

/// A state that stands still, to be stored as a snapshot.
public struct SnapshotOrder: Sendable {
    public var state: ReplicatedState
    public var cause: SnapshotCause
    /// Snapshots up to here are of states that a quorum has confirmed: the newest of them stays until a newer one is.
    public var confirmed: LogIndex
    /// Written so that nothing on the disk but itself is needed any more.
    public var isCompact = false

    public init(state: ReplicatedState, cause: SnapshotCause, confirmed: LogIndex = .zero) {
        self.state = state
        self.cause = cause
        self.confirmed = confirmed
    }
}

/// The snapshots that a node has on its disk.
public struct StoredSnapshots: Hashable, Sendable {
    public var newest: FrameEnd
    /// The log behind it is kept: were the newer ones damaged, this one and the log would do.
    public var oldest: LogIndex

    public init(newest: FrameEnd, oldest: LogIndex) {
        self.newest = newest
        self.oldest = oldest
    }
}
