// A time of day at which something happens every day.

/// Hours and minutes, UTC.
public struct DailyTime: Hashable, Sendable, CustomStringConvertible {
    /// Minutes since midnight, below 1440.
    public let minute: Int

    private static let dayMicros: UInt64 = 86_400_000_000

    /// - Parameter text: `02:00`, in this form only; nil for anything else.
    public init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 5, digits[2] == UInt8(ascii: ":"),
            let hour = DailyTime.number(digits[0...1]), let minute = DailyTime.number(digits[3...4]),
            hour < 24, minute < 60
        else { return nil }
        self.minute = hour * 60 + minute
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    /// When it was this time last; the moment itself counts. Zero when that was before 1970.
    public func last(through now: Timestamp) -> Timestamp {
        let offset = UInt64(minute) * 60_000_000
        guard now.rawValue >= offset else { return .zero }
        return Timestamp(rawValue: (now.rawValue - offset) / DailyTime.dayMicros * DailyTime.dayMicros + offset)
    }

    public var description: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

/// Whether it is time for something that is done once a day, told by looking now and then.
public struct DailyJob: Sendable {
    /// What was missed by more, since nobody looked, is left for the next day.
    public static let punctuality = Duration.seconds(3600)

    /// The time of day that was seen last; nil before the first look.
    private var seen: Timestamp?

    public init() {}

    /// True once for every day on which the time comes after the first look.
    ///
    /// - Parameter time: nil for never.
    public mutating func isDue(_ time: DailyTime?, at now: Timestamp) -> Bool {
        guard let time else { return false }
        let last = time.last(through: now)
        defer { seen = max(seen ?? .zero, last) }
        guard let seen, last > seen else { return false }
        return now.rawValue - last.rawValue < UInt64(DailyJob.punctuality.inNanoseconds / 1000)
    }
}
