// What replicas say to each other about their states: digests to compare, snapshots to fetch.

public import Vocabulary

public enum StateMessage: Hashable, Sendable {
    /// To the leader: the digest of the sender's state when it had applied the marker at `index`.
    case digest(Digest, at: LogIndex)
    /// From the leader: its log no longer has what the receiver needs, or the receiver has asked; a snapshot of the
    /// state at `index` is there to be fetched.
    case offer(LogIndex)
    /// To the leader: the sender needs the state anew, of an index behind this one.
    case wish(after: LogIndex)
    /// From the leader: the archive has every entry up to here, so that no log is kept for it. Sent to nodes of
    /// `archiveLevel` at least.
    case archived(through: LogIndex)

    /// The feature level of releases that know `archived`.
    public static let archiveLevel: UInt32 = 2
}

/// A piece of a snapshot's files that somebody wants. Files are named by the index of the snapshot that made them.
public struct SnapshotRead: Hashable, Sendable {
    public enum File: Hashable, Sendable {
        case manifest
        case pack(LogIndex)
    }

    /// The most bytes of one piece: what else goes over the connection waits behind it.
    public static let countMax = 256 << 10

    /// The snapshot that is being fetched; its manifest names the packs.
    public var snapshot: LogIndex
    public var file: File
    public var offset: UInt64
    public var count: UInt32

    public init(snapshot: LogIndex, file: File, offset: UInt64, count: UInt32) {
        self.snapshot = snapshot
        self.file = file
        self.offset = offset
        self.count = count
    }
}

/// The answer to a `SnapshotRead`.
public struct SnapshotPiece: Hashable, Sendable {
    public var read: SnapshotRead
    /// Nil when there is no such snapshot any more, or no such piece of it: then another one is to be fetched. Fewer
    /// bytes than were asked for at the end of the file.
    public var bytes: [UInt8]?

    public init(read: SnapshotRead, bytes: [UInt8]?) {
        self.read = read
        self.bytes = bytes
    }
}
