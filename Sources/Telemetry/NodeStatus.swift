// What a node says of itself and of its peers: the facts behind `/v1/status`, `/readyz` and `nodectl status`.

public import Vocabulary

/// The part that a node plays now, in the Raft paper's words.
public enum NodeRole: String, Sendable, CaseIterable {
    case follower, candidate, leader, learner
}

/// One node's facts at one moment. Its reactor fills it in; readers get a copy.
public struct NodeStatus: Sendable, Equatable {
    public var id: NodeID
    public var cluster: ClusterID?
    public var role: NodeRole = .follower
    /// The leader of `term` as far as this node knows.
    public var leader: NodeID?
    public var term = Term.zero
    /// The first entry that is still in the log; what was before is in a snapshot only.
    public var firstIndex = LogIndex.zero
    public var lastIndex = LogIndex.zero
    /// Up to here the log is synced on this node's own disk.
    public var persistedIndex = LogIndex.zero
    public var commitIndex = LogIndex.zero
    public var appliedIndex = LogIndex.zero
    /// The term of the entry at `appliedIndex`; known as soon as there is a digest.
    public var appliedTerm = Term.zero
    /// The fingerprint of the state at `appliedIndex`; nil while there is none to show.
    public var digest: Digest?
    /// How far this node's applied state is behind the leader's commit index; nil when no leader is known.
    public var lagEntries: Int?
    public var lag: Duration?
    /// The history that this node is part of: each recovery from a lost majority begins another.
    public var timeline = Timeline.first

    public var progress = StartProgress(phase: .starting)
    public var readiness = Readiness(reasons: [.starting(.starting)], mayServeReads: false)
    public var isInMaintenance = false

    /// What an acknowledgement means, in words: shown in every status, so that nothing weaker hides.
    public var durability = "synced on a majority"
    /// False when a setting acknowledges earlier than a majority's sync.
    public var isDurabilityFull = true
    /// Of the program: `0.2.0+512510e`.
    public var version = ""
    public var featureLevel: UInt32 = 1
    /// Client connections that are subscribed to something.
    public var subscribers = 0
    public var uptime = Duration.zero
    public var processID: Int32 = 0
    public var dataDirectory = ""
    /// How many bytes the log can still grow before writes are refused.
    public var logRoom = ByteCount.zero
    public var logSize = ByteCount.zero
    /// What is wrong with the log; nil when nothing is known to be.
    public var repair: RepairStatus?
    public var scrub = ScrubStatus()
    public var quarantine = QuarantineStatus()
    public var snapshot = SnapshotStatus()
    public var compaction = CompactionStatus()
    public var archive = ArchiveStatus()
    public var state = StateStatus()
    public var indexes: [IndexStatus] = []
    public var indexProof = IndexProofStatus()
    /// Resident memory of the process.
    public var memory = ByteCount.zero
    public var keys: UInt64 = 0
    /// Client connections that are open.
    public var connections = 0
    /// When the first of this node's certificates ends; nil when there is none (plaintext).
    public var certificateExpiry: Timestamp?

    public var membership = MembershipStatus()

    /// The other members, ordered by id; at a leader also nodes that are to hear that they are none any more.
    public var peers: [PeerStatus] = []

    public init(id: NodeID) { self.id = id }

    /// Whether nothing is wrong with the node. Maintenance is no fault, though it makes a node unready; damage on its
    /// disk is one, though it serves.
    public var isHealthy: Bool {
        repair == nil && state.isSound && readiness.reasons.allSatisfy { $0 == .maintenance }
    }
}

/// What a node knows of another member. Progress and lag are known to the leader only; elsewhere they are nil.
public struct PeerStatus: Sendable, Equatable {
    public var id: NodeID
    public var isConnected: Bool
    public var part = MemberPart.voter
    /// The highest index known to be synced there.
    public var matchIndex: LogIndex?
    public var appliedIndex: LogIndex?
    /// Behind the leader's last index: in entries, in bytes of log, and in time since that entry was appended.
    public var lagEntries: Int?
    public var lagBytes: ByteCount?
    public var lag: Duration?
    /// Since the last message from it; nil when there was none.
    public var silence: Duration?
    /// False when it says that it has no room for more entries.
    public var hasRoom = true
    public var version: String?
    public var featureLevel: UInt32?

    public init(id: NodeID, isConnected: Bool) {
        self.id = id
        self.isConnected = isConnected
    }
}
