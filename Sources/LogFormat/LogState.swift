// What a node must not forget beside its frames: its vote, its fence, where its log begins.

import ByteCoding
public import Vocabulary

/// The body of a state record. The newest one counts; each segment begins with one, so old segments can go.
public struct LogState: Hashable, Sendable {
    public static let byteCount = 48

    /// The newest term this node has seen, and whom it voted for in it (Raft paper, figure 2).
    public var term: Term
    public var votedFor: NodeID?
    /// Set by a repair: this node may have acknowledged entries up to here that it no longer has. Until it has them
    /// again (or knows them never committed) it neither votes nor counts.
    public var fence: LogIndex?
    /// The damage may hide a newer vote: this node may have voted in any term up to the highest it meets.
    public var isBallotUncertain: Bool
    /// The sequence number of the first segment that belongs to the log. Earlier files are leftovers.
    public var startSequence: UInt64

    public init(
        term: Term = .zero, votedFor: NodeID? = nil, fence: LogIndex? = nil, isBallotUncertain: Bool = false,
        startSequence: UInt64 = 1
    ) {
        self.term = term
        self.votedFor = votedFor
        self.fence = fence
        self.isBallotUncertain = isBallotUncertain
        self.startSequence = startSequence
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: term.rawValue)
        bytes.append(littleEndian: votedFor?.high ?? 0)
        bytes.append(littleEndian: votedFor?.low ?? 0)
        bytes.append(littleEndian: fence?.rawValue ?? 0)
        bytes.append(littleEndian: startSequence)
        bytes.append(littleEndian: UInt64((fence == nil ? 0 : 1) | (isBallotUncertain ? 2 : 0)))
    }

    /// Nil when the bytes are no state.
    public init?(body bytes: RawSpan) {
        guard bytes.byteCount == LogState.byteCount else { return nil }
        term = Term(bytes.little(at: 0))
        let high: UInt64 = bytes.little(at: 8)
        let low: UInt64 = bytes.little(at: 16)
        votedFor = nil
        if high != 0 || low != 0 {
            guard let node = NodeID(high: high, low: low) else { return nil }
            votedFor = node
        }
        let flags: UInt64 = bytes.little(at: 40)
        guard flags <= 3 else { return nil }
        fence = flags & 1 == 0 ? nil : LogIndex(bytes.little(at: 24))
        isBallotUncertain = flags & 2 != 0
        startSequence = bytes.little(at: 32)
    }
}

/// The body of a truncation record: the frames from `from` on are gone, the log ends with what is named here.
public struct LogTruncation: Hashable, Sendable {
    public static let byteCount = 24

    public let from: LogIndex
    /// Term and checksum of the frame that ends at `from - 1`; zero when none is left.
    public let lastTerm: Term
    public let lastChecksum: UInt32

    public init(from: LogIndex, lastTerm: Term, lastChecksum: UInt32) {
        self.from = from
        self.lastTerm = lastTerm
        self.lastChecksum = lastChecksum
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: from.rawValue)
        bytes.append(littleEndian: lastTerm.rawValue)
        bytes.append(littleEndian: lastChecksum)
        bytes.append(littleEndian: UInt32(0))
    }

    /// Nil when the bytes are no truncation.
    public init?(body bytes: RawSpan) {
        guard bytes.byteCount == LogTruncation.byteCount, bytes.little(UInt64.self, at: 0) > 0 else { return nil }
        from = LogIndex(bytes.little(at: 0))
        lastTerm = Term(bytes.little(at: 8))
        lastChecksum = bytes.little(at: 16)
    }
}
