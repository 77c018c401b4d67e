// A log that stands still for a while, so that its files can be copied: what waits meanwhile, and when that is too
// long.

public import Vocabulary

/// How long, and how much may wait.
public struct LogHoldOrder: Hashable, Sendable {
    /// Comes back with what becomes of it.
    public let number: UInt64
    public let until: Instant
    /// Bytes of orders that may wait.
    public let waitingMax: ByteCount

    public init(number: UInt64, until: Instant, waitingMax: ByteCount) {
        self.number = number
        self.until = until
        self.waitingMax = waitingMax
    }
}

/// Why a log that stood still goes on.
public enum LogHoldEnding: Hashable, Sendable {
    case released
    /// Its time was over.
    case overtime
    /// More waited than may.
    case overflow
}

/// One hold, from its order on. What was ordered before it is written first; what is ordered behind it waits, is never
/// dropped, and is written when it ends.
///
/// 1. `waiting` holds every order that came behind the hold, in their order.
/// 2. It ends at the latest when its time is over or its bound is passed, whether it ever stood or not.
struct LogHold: Sendable {
    let order: LogHoldOrder
    /// Whether the files stand still.
    private(set) var isStanding = false
    private(set) var waiting: [LogOrder] = []
    private var waitingBytes = 0

    init(_ order: LogHoldOrder) { self.order = order }

    mutating func add(_ orders: [LogOrder]) {
        waiting += orders
        waitingBytes += orders.reduce(0) { $0 + $1.action.weight }
    }

    /// All that was ordered before is on stable storage, and nobody makes a segment.
    mutating func stand() { isStanding = true }

    func breaking(at now: Instant) -> LogHoldEnding? {
        if now >= order.until { return .overtime }
        return waitingBytes > order.waitingMax.rawValue ? .overflow : nil
    }
}

extension LogOrder.Action {
    /// What an order takes in memory, about.
    fileprivate var weight: Int {
        if case .append(let frame, _) = self { frame.bytes.count + 64 } else { 64 }
    }
}
