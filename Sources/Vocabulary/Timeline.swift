// Which history of a cluster: the one that it began with, or one that a recovery from a lost majority started.

/// Everybody who exchanges logs is on one timeline. A recovery gives up what only the lost members had, and starts the
/// next one; whoever stayed on the one before has another history, and is refused whatever its log and term say.
public struct Timeline: Hashable, Sendable, CustomStringConvertible {
    /// 1 is the one that a cluster begins with; each recovery adds one.
    public let number: UInt64
    /// Drawn at random by the recovery, zero for the first: two recoveries of one cluster are told apart by it.
    public let high: UInt64
    public let low: UInt64

    public static let first = Timeline(uncheckedNumber: 1, high: 0, low: 0)

    /// Nil when there is no such timeline: number 0, or a first one that is not *the* first.
    public init?(number: UInt64, high: UInt64, low: UInt64) {
        guard number > 0, number < 1 << 62, (number == 1) == (high == 0 && low == 0) else { return nil }
        self.init(uncheckedNumber: number, high: high, low: low)
    }

    private init(uncheckedNumber number: UInt64, high: UInt64, low: UInt64) {
        self.number = number
        self.high = high
        self.low = low
    }

    public var isFirst: Bool { number == 1 }

    /// The one that a recovery starts. `word` gives random ones.
    public func next(drawing word: () -> UInt64) -> Timeline {
        Timeline.following(number, drawing: word)
    }

    /// One behind all of a cluster whose newest has this number, at least 1.
    public static func following(_ number: UInt64, drawing word: () -> UInt64) -> Timeline {
        precondition(number > 0 && number < 1 << 62 - 1, "no timeline has number \(number)")
        // A mark of zero is the first timeline's.
        return Timeline(uncheckedNumber: number + 1, high: word() | 1, low: word())
    }

    /// Whether it was started by a recovery that knew of `other`, or of as many before it.
    public func isLater(than other: Timeline) -> Bool { number > other.number }

    public var description: String {
        guard !isFirst else { return "1" }
        let digits = String(high, radix: 16)
        return "\(number)-" + (String(repeating: "0", count: 16 - digits.count) + digits).prefix(8)
    }
}
