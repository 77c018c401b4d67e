// What replicas say to each other about elections, replication and reads. The bytes are PeerProtocol's business.

public import Vocabulary

/// One batch of consecutive entries of one term, as consensus sees it: where it stands and what it is chained to.
///
/// Frame boundaries are the same on every node: the leader makes a frame, followers keep it as it is. So a log is a
/// list of frames, and everything consensus decides (match, conflict, commit) falls on a frame's end.
public struct FrameSummary: Hashable, Sendable {
    public var term: Term
    public var firstIndex: LogIndex
    /// Inclusive. `firstIndex <= lastIndex`.
    public var lastIndex: LogIndex
    /// The frame's checksum, which covers the frame before it: equal checksums at an index mean equal logs up to it.
    public var checksum: UInt32
    /// Term and checksum of the frame that ends at `firstIndex - 1`; zero for the first frame of a log.
    public var previousTerm: Term
    public var previousChecksum: UInt32
    /// Encoded size in bytes, for inflight limits.
    public var size: Int

    public init(
        term: Term, firstIndex: LogIndex, lastIndex: LogIndex, checksum: UInt32, previousTerm: Term,
        previousChecksum: UInt32, size: Int
    ) {
        self.term = term
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.checksum = checksum
        self.previousTerm = previousTerm
        self.previousChecksum = previousChecksum
        self.size = size
    }
}

/// The number of a leader's read round: every append and heartbeat carries the newest one, every reply returns it. A
/// round is confirmed when a quorum has returned it or a later one in the leader's term (Raft dissertation, 6.4).
public struct ReadRound: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let zero = ReadRound(rawValue: 0)
    @inlinable public var next: ReadRound { ReadRound(rawValue: rawValue + 1) }
    @inlinable public static func < (a: ReadRound, b: ReadRound) -> Bool { a.rawValue < b.rawValue }
}

/// A message between two replicas. `term` is the sender's term, but for `preVote` the term it would campaign for.
public struct Message: Hashable, Sendable {
    public var term: Term
    public var body: Body

    public init(term: Term, body: Body) {
        self.term = term
        self.body = body
    }

    public enum Body: Hashable, Sendable {
        /// "Would you vote for me?" Changes nothing at the receiver (dissertation, 9.6).
        case preVote(Candidacy)
        case preVoteReply(granted: Bool)
        case vote(Candidacy)
        case voteReply(granted: Bool)
        /// Frames to store; the bytes travel beside the message. An empty list asks only where the logs match.
        case append(Append)
        /// Nothing new: the leader lives, this much is committed, and here is the newest read round.
        /// `mayRepair`: the receiver, which had asked for it, has leave to rebuild its damaged log (`RepairLeave`).
        case heartbeat(commitIndex: LogIndex, round: ReadRound, mayRepair: Bool)
        /// The answer to append and heartbeat alike.
        case progress(ProgressReport)
        /// "Campaign now, I hand over to you" (dissertation, 3.10).
        case timeoutNow
    }

    /// What a candidate shows: its log's end, and whether the leader itself asked for this election.
    public struct Candidacy: Hashable, Sendable {
        public var last: LogPosition
        /// True when the leader hands over: voters then do not insist on having lost their leader.
        public var isHandover: Bool
        public init(last: LogPosition, isHandover: Bool) {
            self.last = last
            self.isHandover = isHandover
        }
    }

    public struct Append: Hashable, Sendable {
        /// Where the first frame connects (the end of the frame before it); with no frames, the position asked about.
        public var previous: LogPosition
        public var previousChecksum: UInt32
        public var frames: [FrameSummary]
        /// The configurations that are among the frames' entries, ascending; the receiver's caller finds them in the
        /// frames' bytes. Nearly always empty.
        public var configurations: [ConfigurationChange]
        public var commitIndex: LogIndex
        public var round: ReadRound
        public init(
            previous: LogPosition, previousChecksum: UInt32, frames: [FrameSummary],
            configurations: [ConfigurationChange] = [], commitIndex: LogIndex, round: ReadRound
        ) {
            self.previous = previous
            self.previousChecksum = previousChecksum
            self.frames = frames
            self.configurations = configurations
            self.commitIndex = commitIndex
            self.round = round
        }
    }

    public struct ProgressReport: Hashable, Sendable {
        /// The newest round seen in this term.
        public var round: ReadRound
        /// The highest index known to match the leader's log in this term and to be synced here; 0 when none is.
        public var matchIndex: LogIndex
        /// Set when an append did not connect: send from here next. Everything before it surely matches.
        public var resendFrom: LogIndex?
        /// False while the sender repairs its log or does not trust its state: its match moves the leader's window,
        /// but counts for no quorum.
        public var counts: Bool
        /// False when the sender has no room for more entries.
        public var hasSpace: Bool
        /// The sender's disk is damaged while its memory is whole: it asks for leave to rebuild its log.
        public var wantsRepair: Bool
        public var appliedIndex: LogIndex
        public init(
            round: ReadRound, matchIndex: LogIndex, resendFrom: LogIndex?, counts: Bool, hasSpace: Bool,
            wantsRepair: Bool, appliedIndex: LogIndex
        ) {
            self.round = round
            self.matchIndex = matchIndex
            self.resendFrom = resendFrom
            self.counts = counts
            self.hasSpace = hasSpace
            self.wantsRepair = wantsRepair
            self.appliedIndex = appliedIndex
        }
    }
}
