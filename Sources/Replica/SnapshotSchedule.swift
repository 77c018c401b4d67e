// When a leader has a snapshot cut: the log has grown, the last one is old, or somebody asked.

public import Vocabulary

/// The settings of it.
public struct SnapshotTerms: Hashable, Sendable {
    /// Bytes of log since the last one that call for the next, at least.
    public var logMin = ByteCount.mebibytes(256)
    /// The same as a share of the records' bytes, in per cent: with much data a snapshot is much work, and a restart
    /// takes its time anyway. The larger of the two counts.
    public var logPercent = 50
    /// How old the last one may become while entries are written; nil for as old as it likes.
    public var interval: Duration? = .seconds(3600)

    public init() {}

    func logMax(payload: ByteCount) -> Int {
        max(logMin.rawValue, Int(clamping: Int64(payload.rawValue) / 100 * Int64(logPercent)))
    }
}

/// What every replica counts alike, so that a new leader goes on where the old one was.
struct SnapshotSchedule: Sendable {
    /// Bytes of frames that were applied since the last was cut.
    private(set) var logBytes = 0
    /// When that was, by this node's clock; the start of the process before there was one.
    private var cutAt: Instant
    /// What somebody asked for.
    private var wish: SnapshotCause?

    init(at now: Instant) { cutAt = now }

    mutating func applied(bytes: Int) { logBytes += bytes }

    mutating func cut(at now: Instant) {
        logBytes = 0
        cutAt = now
        wish = nil
    }

    /// Somebody wants one. What an operator asked for is called so, whoever else wants it too.
    mutating func ask(_ cause: SnapshotCause) { wish = wish == .operators ? wish : cause }

    func due(_ terms: SnapshotTerms, payload: ByteCount, at now: Instant) -> SnapshotCause? {
        if let wish { return wish }
        guard logBytes > 0 else { return nil }
        if logBytes >= terms.logMax(payload: payload) { return .logGrowth }
        guard let interval = terms.interval, now - cutAt >= interval else { return nil }
        return .schedule
    }
}
