// What a log turned out to be when it was opened.

public import LogFormat
public import Vocabulary

public struct RecoveredLog: Sendable {
    public let identity: LogIdentity
    /// Term, vote and fence. While `state.fence` is set, this node may have acknowledged entries up to there that it
    /// does not have: it neither votes nor counts. With `isBallotUncertain` it may also have voted in any term up to
    /// the highest it meets, and the fence is a lower bound: go by the commit index of a leader heard from since.
    public let state: LogState
    /// Known to be committed before the restart; at most `last.index`.
    public let commitIndex: LogIndex
    /// The log's first entry, or where the first will be.
    public let firstIndex: LogIndex
    public let last: LogPosition
    /// The checksum of the frame that ends with `last`.
    public let lastChecksum: UInt32
    /// The frames that end behind `commitIndex`, oldest first.
    public let uncommitted: [Frame]
    /// Where the frames begin that concern the members, ascending: what is in force has to be known at the start.
    public let membershipFrames: [LogIndex]
    public let verdict: Verdict
    public let counts: Counts

    public enum Verdict: Hashable, Sendable {
        /// Made just now.
        case new
        /// Ends where it was closed, or where a crash left whole batches only.
        case clean
        /// A crash left part of an unsynced batch, which was cut.
        case tornTail(LogDamage)
        /// Something that was synced is gone. The log ends before it, the files are in quarantine, the fence is set.
        case damaged(LogDamage, quarantined: [String])

        public var isDamage: Bool { if case .damaged = self { true } else { false } }
    }

    /// For the start-up log.
    public struct Counts: Hashable, Sendable {
        public var segments = 0
        public var records = 0
        public var frames = 0
        public var entries = 0
        public var bytes = 0
        public init() {}
    }
}

/// How far the scan has come, once per segment.
public struct LogProgress: Hashable, Sendable {
    public let segmentsDone: Int
    public let segments: Int
    public let bytes: ByteCount
    public let entries: Int
}
