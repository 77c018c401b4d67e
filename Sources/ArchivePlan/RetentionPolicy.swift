// What of an archive is kept.

/// Everything that any rule keeps stays; the newest backup stays whatever the rules say.
public struct RetentionPolicy: Hashable, Sendable {
    /// Any point so far back from the newest entry can be restored; zero for the newest alone.
    public var window: Duration
    /// The newest so many.
    public var count: Int
    /// All that are younger; zero keeps none for its age.
    public var age: Duration
    /// Of each of the last so many days, weeks and months (UTC) that have any, the last ("grandfather, father, son").
    public var daily: Int
    public var weekly: Int
    public var monthly: Int

    public init(
        window: Duration = .seconds(7 * 86_400), count: Int = 1, age: Duration = .zero, daily: Int = 7, weekly: Int = 0,
        monthly: Int = 0
    ) {
        self.window = window
        self.count = count
        self.age = age
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
    }
}

/// Why a backup stays.
public enum RetentionReason: Hashable, Sendable, CustomStringConvertible {
    case newest
    case pinned
    /// The store holds it.
    case locked
    case count
    case age
    case daily
    case weekly
    case monthly
    /// Points within the window are restored from it.
    case window
    /// It can not be read, so nobody knows what it holds; it goes when a person says so.
    case unreadable

    public var description: String {
        switch self {
        case .newest: "the newest"
        case .pinned: "pinned"
        case .locked: "locked by the store"
        case .count: "one of the newest"
        case .age: "young"
        case .daily: "the last of its day"
        case .weekly: "the last of its week"
        case .monthly: "the last of its month"
        case .window: "the window begins behind it"
        case .unreadable: "not readable"
        }
    }
}
