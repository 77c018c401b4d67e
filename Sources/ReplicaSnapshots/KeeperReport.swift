// What a keeper of snapshots is told, and what it tells.

public import Keyspace
public import PeerProtocol
public import Replica
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

public enum KeeperOrder: Sendable {
    case store(SnapshotOrder)
    case fetch(LogIndex, from: NodeID)
    case piece(SnapshotPiece, from: NodeID)
    /// The conversation with this node is over.
    case lost(NodeID)
    /// Snapshots up to this index are of states that a quorum has confirmed.
    case confirmed(LogIndex)
    /// The snapshot of this index was found damaged: it is put aside, under this time.
    case quarantine(LogIndex, [SnapshotDamage], at: Timestamp)
}

public enum KeeperReport: Sendable {
    /// Snapshots are on stable storage; `outcome` tells of the newest.
    case stored(StoredSnapshots, SnapshotOutcome)
    case failed(String)
    /// The state that was to be stored is not what was written to memory: there is no snapshot of it.
    case stateDamaged(StateDamage)
    case ask(SnapshotRead, of: NodeID)
    /// Fetched, on stable storage, and loaded.
    case fetched(ReplicatedState, StoredSnapshots, SnapshotOutcome)
    case fetchFailed(String)
    case underWay(share: Double)
    case fetching(bytes: ByteCount)
    /// Snapshots that were kept until a newer one was confirmed are gone.
    case collected(StoredSnapshots, CollectionOutcome)
    case quarantined(SnapshotLoss)
    case quarantineFailed(LogIndex, SnapshotError)
    /// The snapshot that was to be put aside is there no more.
    case nothingToQuarantine
}

/// A snapshot that is no more.
public struct SnapshotLoss: Sendable {
    public var index: LogIndex
    public var damages: [SnapshotDamage]
    /// The note that tells of it, below the snapshots' directory.
    public var report: String
    /// What is left, and whether it was the newest.
    public var left: StoredSnapshots?
    public var wasNewest: Bool
}

/// What the newest snapshot took.
public struct SnapshotOutcome: Sendable {
    public var manifest: SnapshotManifest
    public var figures: SnapshotFigures
    public var began: Instant
    public var left: CollectionOutcome
}

/// What is on the disk when that has gone which nobody needs.
public struct CollectionOutcome: Hashable, Sendable {
    public var count: Int
    public var bytesOnDisk: ByteCount
    /// A compact snapshot was stored, nothing older is left, and this is the first report that says so.
    public var endsCompaction: Bool
}
