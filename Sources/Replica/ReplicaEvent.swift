// What can happen to a replica: everything that reaches it from outside, as plain data.

public import Consensus
public import Keyspace
public import LogFormat
public import PeerProtocol
public import Vocabulary

/// The two clocks, read once per loop turn by the shell and handed in with each event.
public struct Moment: Hashable, Sendable {
    /// For deciding: time-outs, elections, deadlines.
    public var instant: Instant
    /// For the log's hybrid clock only; may jump, nothing is decided by it.
    public var wall: Timestamp

    public init(instant: Instant, wall: Timestamp) {
        self.instant = instant
        self.wall = wall
    }
}

/// Who wants frames that are no longer in memory.
public enum LogReadPurpose: Hashable, Sendable {
    /// To bring the keyspace up to the commit index (after a restart).
    case apply
    /// To bring this peer's log up to ours.
    case replicate(to: NodeID)
}

public enum ReplicaEvent: Sendable {
    /// Time passed. The first event of every loop turn, so that a loop that stalled is noticed before anything else.
    case tick
    /// Encoded commands of this node's own clients.
    case requests(RequestBatch)
    /// A consensus message; `frames` are the decoded log frames of an append, in order, and empty otherwise.
    case message(Message, frames: [Frame], from: NodeID)
    /// Encoded commands that a peer's clients sent to that peer.
    case forwarded(RequestBatch, from: NodeID)
    /// A peer's answers to commands that this replica forwarded.
    case answers(AnswerBatch, from: NodeID)
    /// A conversation with a peer began (both sides proved who they are) or ended.
    case peerConnected(NodeID, StorageID)
    case peerDisconnected(NodeID)
    /// A probe found that nobody listens on this peer's port.
    case peerRefuses(NodeID)
    /// Everything ordered up to this ticket is on stable storage here.
    case persisted(WriteTicket)
    /// Whether the log has room for more entries beside its reserve.
    case logRoom(Bool)
    /// Whether the log on this node's disk is damaged, as its scrub or its reader found. To be told once it changes.
    case logDamaged(Bool)
    /// The answer to a `LogRead`; empty when the log could not give them.
    case framesRead([Frame], LogRead)
    /// The answer to a `LogRead` of what is to be applied.
    case runRead(FrameRun, LogRead)
    /// Another one: the log begins behind what was wished for.
    case framesReleased(LogRead, first: LogIndex)
    /// What a peer says of its state, or wants to.
    case state(StateMessage, from: NodeID)
    /// Somebody wants a snapshot. For the leader; anybody else passes it over.
    case snapshotWanted(SnapshotCause)
    /// These snapshots are on stable storage here. `keptFrom`: the log from there on is kept for followers.
    case snapshotsStored(StoredSnapshots, keptFrom: LogIndex)
    /// A snapshot on this node's disk turned out to be damaged and is gone; this is what is left.
    case snapshotsLost(StoredSnapshots?, wasNewest: Bool)
    /// The snapshot that was being written is given up.
    case snapshotFailed
    /// A snapshot of another node was fetched, as `ReplicaEffects.fetches` wished: on stable storage here, and whole.
    case stateFetched(ReplicatedState)
    /// What this replica holds in memory is not what was written to it.
    case stateDamaged(StateDamage)
    /// An operator wants another leader: `to`, or the best one.
    case handover(to: NodeID?, isForced: Bool, deadline: Instant)
    /// An operator wants other members. `addresses`: where a node that is added is found.
    case changeMembers(MembershipRequest, addresses: MemberAddresses?, isForced: Bool)
    /// The client of a blocking request that has no answer yet is gone.
    case clientGone(token: UInt64)
    /// The client of a blocking request shall go on: with an error, or as if its time were over.
    case clientUnblocked(token: UInt64, isError: Bool)
    /// All that arrived in this turn was handed in: make the frame, send, start the read round.
    case endOfTurn
}

/// A wish for frames from the log on disk, beginning with the one that starts at `from`.
public struct LogRead: Hashable, Sendable {
    public var purpose: LogReadPurpose
    public var from: LogIndex
    public var byteLimit: Int

    public init(purpose: LogReadPurpose, from: LogIndex, byteLimit: Int) {
        self.purpose = purpose
        self.from = from
        self.byteLimit = byteLimit
    }
}
