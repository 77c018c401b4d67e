// What a leader knows about one follower, and how much it may send it.

public import Vocabulary

/// Frames sent and not yet acknowledged, oldest first: bounded in bytes and number.
struct InflightWindow: Sendable {
    private struct Sent: Sendable {
        let firstIndex: LogIndex
        let lastIndex: LogIndex
        let size: Int
    }

    private var frames = Queue<Sent>()
    private(set) var bytes = 0

    var isEmpty: Bool { frames.isEmpty }
    var count: Int { frames.count }
    /// The first index that was sent and not acknowledged.
    var firstIndex: LogIndex? { frames.first?.firstIndex }

    /// Where the oldest frame that was sent and not acknowledged ends.
    var oldestEnd: LogIndex? { frames.first?.lastIndex }

    mutating func push(_ frame: FrameSummary) {
        frames.append(Sent(firstIndex: frame.firstIndex, lastIndex: frame.lastIndex, size: frame.size))
        bytes += frame.size
    }

    mutating func acknowledge(through index: LogIndex) {
        while let first = frames.first, first.lastIndex <= index {
            bytes -= first.size
            frames.removeFirst()
        }
    }

    mutating func removeAll() {
        frames.removeAll()
        bytes = 0
    }
}

/// A follower as its leader sees it.
///
/// `matchIndex < nextIndex <= last + 1`. Only in this term are `matchIndex`, `nextIndex` and the rounds meaningful.
public struct PeerProgress: Sendable {
    public enum State: Hashable, Sendable {
        /// Where the logs meet is not known, or the connection was lost: one append at a time.
        case probe
        /// Appends follow each other without waiting, as far as the window allows.
        case replicate
        /// The log here does not reach back to what it needs: it gets nothing until it has a snapshot up to there.
        case snapshot(through: LogIndex)
    }

    public let id: NodeID
    public internal(set) var isConnected = false
    public internal(set) var state = State.probe
    /// The highest index known to be equal and durable there.
    public internal(set) var matchIndex = LogIndex.zero
    /// The next index to send.
    public internal(set) var nextIndex = LogIndex(1)
    /// When it last answered this leader; nil before it ever did.
    public internal(set) var lastHeard: Instant?
    /// False while it repairs its log or does not trust its state: it is fed, and counts for nothing.
    public internal(set) var counts = true
    public internal(set) var hasSpace = true
    /// Its log is damaged, and it asks for leave to rebuild it.
    public internal(set) var wantsRepair = false
    /// It has answered this leader over the connection that stands now: what it said holds for the process behind it.
    public internal(set) var hasReported = false
    public internal(set) var appliedIndex = LogIndex.zero
    /// Answers owed by the peer count from here: start of office, or its newest answer.
    var quorumSince: Instant
    var ackedRound = ReadRound.zero
    var sentRound = ReadRound.zero
    var sentCommitIndex = LogIndex.zero
    var inflight = InflightWindow()
    /// Since when the oldest frame in flight is owed.
    var owedSince: Instant

    /// Where the log here begins, for a peer that gets a snapshot.
    var firstAvailable = LogIndex.zero
    /// It is a member no more, by the configuration of this index, and is fed until it has applied that.
    var leavesAt: LogIndex?

    init(id: NodeID, now: Instant) {
        self.id = id
        quorumSince = now
        owedSince = now
    }

    public var inflightBytes: Int { inflight.bytes }
    public var inflightFrames: Int { inflight.count }

    /// A new term of office: nothing is known.
    mutating func reset(next: LogIndex, now: Instant) {
        let (connected, leaves) = (isConnected, leavesAt)
        self = PeerProgress(id: id, now: now)
        isConnected = connected
        leavesAt = leaves
        nextIndex = next
    }

    /// Whatever was under way counts as lost.
    mutating func backToProbe(next: LogIndex) {
        state = .probe
        nextIndex = next
        inflight.removeAll()
    }

    mutating func heard(now: Instant) {
        lastHeard = now
        quorumSince = now
    }

    /// The follower has everything up to `index`.
    mutating func acknowledge(through index: LogIndex, now: Instant) {
        guard index > matchIndex else { return }
        // An answer about the frames of the probe itself, not about what was known before it.
        if state == .probe, let probe = inflight.firstIndex, index >= probe { state = .replicate }
        matchIndex = index
        nextIndex = max(nextIndex, index.next)
        inflight.acknowledge(through: index)
        owedSince = now
        if case .snapshot(let through) = state, index >= through || index.next >= firstAvailable {
            backToProbe(next: index.next)
        }
    }

    /// The follower has all that was sent to it: the logs meet where the next append begins.
    mutating func connects(through index: LogIndex) {
        if state == .probe, inflight.isEmpty, index.next == nextIndex { state = .replicate }
    }

    /// The follower could not connect an append and wants to be sent `index` next.
    mutating func reject(resendFrom index: LogIndex) {
        // What it asks for is not in the log; the snapshot is on its way.
        if case .snapshot = state, index < firstAvailable { return }
        // Late twins of a refusal that has been acted on.
        if state == .probe, let outstanding = inflight.firstIndex, outstanding == index { return }
        matchIndex = min(matchIndex, LogIndex(index.rawValue - 1))
        backToProbe(next: index)
    }

    /// How many bytes may follow now; nil when none.
    func allowance(_ options: ConsensusOptions) -> Int? {
        if state == .probe { return inflight.isEmpty ? options.appendBytesMax : nil }
        guard state == .replicate else { return nil }
        guard inflight.count < options.inflightFramesMax, inflight.bytes < options.inflightBytesMax else { return nil }
        return min(options.appendBytesMax, options.inflightBytesMax - inflight.bytes)
    }

    mutating func sent(_ frame: FrameSummary, now: Instant) {
        if inflight.isEmpty { owedSince = now }
        inflight.push(frame)
        nextIndex = frame.lastIndex.next
    }
}
