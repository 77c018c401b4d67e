// The snapshots that a node keeps, the one that it writes, and those that go between nodes.

public import Vocabulary

/// A node's snapshots. Every node writes the same at the same index; what differs is which a node has, and when.
public struct SnapshotStatus: Sendable, Equatable {
    /// A snapshot that is whole and synced on this node's disk.
    public struct Kept: Sendable, Equatable {
        /// The entry up to which it holds the state, and when that was by the log's clock.
        public var index: LogIndex
        public var term: Term
        public var time: Timestamp
        /// Of the state, not of the files.
        public var digest: Digest
        public var records: UInt64
        /// What its records take before compression, and its files on disk; those that others share count in full.
        public var plain: ByteCount
        public var stored: ByteCount

        public init(
            index: LogIndex, term: Term, time: Timestamp, digest: Digest, records: UInt64, plain: ByteCount,
            stored: ByteCount
        ) {
            self.index = index
            self.term = term
            self.time = time
            self.digest = digest
            self.records = records
            self.plain = plain
            self.stored = stored
        }
    }

    /// One that is being written now.
    public struct Writing: Sendable, Equatable {
        public var index: LogIndex
        /// 0 to 100.
        public var percent: Double

        public init(index: LogIndex, percent: Double) {
            self.index = index
            self.percent = percent
        }
    }

    /// What it took to write one: from the freeze of the state to the sync of the last name.
    public struct Written: Sendable, Equatable {
        public var index: LogIndex
        public var took: Duration
        /// Bytes of files that were made, and of files of earlier snapshots that serve this one as they are.
        public var made: ByteCount
        public var reused: ByteCount

        public init(index: LogIndex, took: Duration, made: ByteCount, reused: ByteCount) {
            self.index = index
            self.took = took
            self.made = made
            self.reused = reused
        }
    }

    /// Why one was not written that was to be at this index.
    public struct Failure: Sendable, Equatable {
        public var index: LogIndex
        public var text: String
        public var remedy: String

        public init(index: LogIndex, text: String, remedy: String) {
            self.index = index
            self.text = text
            self.remedy = remedy
        }
    }

    /// The newest that was found damaged and put aside.
    public struct Damage: Sendable, Equatable {
        public var index: LogIndex
        public var kind: String
        public var file: String
        public var offset: Int
        /// The note that tells of it.
        public var report: String
        public var remedy: String

        public init(index: LogIndex, kind: String, file: String, offset: Int, report: String, remedy: String) {
            self.index = index
            self.kind = kind
            self.file = file
            self.offset = offset
            self.report = report
            self.remedy = remedy
        }
    }

    /// The reading of snapshots again.
    public struct Scrub: Sendable, Equatable {
        /// Passes that ended since the process started, bytes that were good, reads that the disk refused, and
        /// snapshots
        /// that were damaged.
        public var passes: UInt64 = 0
        public var endedAt: Timestamp?
        public var bytes: UInt64 = 0
        public var errors: UInt64 = 0
        public var damages: UInt64 = 0

        public init() {}
    }

    /// One on its way from the leader to a node that the log alone cannot bring up to date.
    public struct Transfer: Sendable, Equatable {
        /// The other end.
        public var peer: NodeID
        public var index: LogIndex
        /// Bytes that arrived, and all there are; 0 while that is not known.
        public var bytes = ByteCount.zero
        public var total = ByteCount.zero

        public init(peer: NodeID, index: LogIndex, bytes: ByteCount = .zero, total: ByteCount = .zero) {
            self.peer = peer
            self.index = index
            self.bytes = bytes
            self.total = total
        }

        /// 0 to 100, to a tenth.
        public var percent: Double {
            StartProgress.share(UInt64(max(0, bytes.rawValue)), of: UInt64(max(0, total.rawValue)))
        }
    }

    /// By index: the newest is the last.
    public var kept: [Kept] = []
    /// How old the newest is by this node's wall clock; nil while there is none.
    public var age: Duration?
    /// What all of them take on disk, files that they share counted once.
    public var disk = ByteCount.zero
    /// Bytes of log since the newest, and how many call for the next; zero while that is not known.
    public var logSince = ByteCount.zero
    public var logDue = ByteCount.zero
    public var writing: Writing?
    /// Of the newest that this process wrote.
    public var last: Written?
    /// Of the newest attempt; nil when it was a success, or there was none.
    public var failure: Failure?
    /// Nil again once another one was written or fetched.
    public var damage: Damage?
    public var scrub = Scrub()
    /// What this node fetches.
    public var fetching: Transfer?
    /// What it sends to others.
    public var serving: [Transfer] = []

    public init() {}

    public var newest: Kept? { kept.last }
    public var oldest: Kept? { kept.first }
}
