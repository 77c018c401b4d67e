// What the log is told to write, and what it tells back.

public import LogFormat
public import Vocabulary

/// One thing to write. Orders are carried out in the order of their tickets, and reported by them.
public struct LogOrder: Sendable {
    public enum Action: Sendable {
        /// The next frame, and the commit index known now, which tells a restart how much it may apply at once.
        case append(Frame, commitIndex: LogIndex)
        /// Term and vote, to be on stable storage before they are spoken of.
        case ballot(term: Term, votedFor: NodeID?)
        /// Cuts the frames from this index on, the first of a frame. Traps on what is committed.
        case truncate(from: LogIndex)
        /// Gives up everything that the log has and begins it anew behind this position, whose state is on stable
        /// storage as a snapshot; `checksum` is that of the frame that ends there. Term, vote and fence stay.
        ///
        /// What the log has behind the position may have been acknowledged. So this traps unless nothing is there, or
        /// another history that goes on from another entry and was never committed, or the fence says that this node
        /// lacks it all. It traps on a position before the commit index that the log knows, unless that is fenced too.
        case restart(at: LogPosition, checksum: UInt32)
        /// This node found that it lacks entries up to here that it may have acknowledged.
        case raiseFence(LogIndex)
        /// The node has again what a repair fenced it for.
        case clearFence
        /// Gives up segments that hold nothing but entries before this index, all of which are committed and covered by
        /// a snapshot on stable storage. Behind the log's end it gives up all but the segment being written.
        case release(before: LogIndex)

        var isFrame: Bool { if case .append = self { true } else { false } }
    }

    public let ticket: WriteTicket
    public let action: Action

    public init(ticket: WriteTicket, _ action: Action) {
        self.ticket = ticket
        self.action = action
    }
}

/// What the log thread tells. At most one report per sync.
public enum LogReport: Sendable {
    /// This order and all before it are on stable storage.
    case persisted(LogBatch)
    /// No sync, but the room left has changed: a segment was prepared, or could not be.
    case room(LogRoom)
    /// The hold of this number stands: nothing of the log's files changes before its end.
    case held(UInt64)
    /// The hold of this number is over, and writing goes on; `stood` is false when it never came to stand.
    case holdEnded(UInt64, LogHoldEnding, stood: Bool)
    /// The log has stopped. Nothing that is not reported as persisted may ever be acknowledged.
    case failed(LogError)
}

/// How far the log can go on.
public struct LogRoom: Hashable, Sendable {
    /// What can surely still be written, apart from what the ends of segments waste.
    public let left: ByteCount
    /// The last segment that was wanted could not be made for want of space. Until then more room is on its way.
    public let isDiskFull: Bool

    public init(left: ByteCount, isDiskFull: Bool) {
        self.left = left
        self.isDiskFull = isDiskFull
    }
}

/// One write pass with its one sync.
public struct LogBatch: Hashable, Sendable {
    public let persisted: WriteTicket
    public let orders: Int
    public let entries: Int
    /// Bytes given to the disk.
    public let bytes: ByteCount
    public let writeDuration: Duration
    public let syncDuration: Duration
    public let room: LogRoom
    public let segments: Int
    /// The log's first entry, or where the first will be.
    public let firstIndex: LogIndex
    /// See `LogExtent`.
    public let bytesOnDisk: ByteCount

    public init(
        persisted: WriteTicket, orders: Int, entries: Int, bytes: ByteCount, writeDuration: Duration,
        syncDuration: Duration, room: LogRoom, segments: Int, firstIndex: LogIndex, bytesOnDisk: ByteCount
    ) {
        self.persisted = persisted
        self.orders = orders
        self.entries = entries
        self.bytes = bytes
        self.writeDuration = writeDuration
        self.syncDuration = syncDuration
        self.room = room
        self.segments = segments
        self.firstIndex = firstIndex
        self.bytesOnDisk = bytesOnDisk
    }
}
