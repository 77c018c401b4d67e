// Time: the monotonic clock for deciding, the leader's hybrid clock for the log.

/// A moment of this machine's monotonic clock, in nanoseconds since an arbitrary start. Never sent, never stored.
public struct Instant: Hashable, Comparable, Sendable {
    public let nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func + (a: Instant, b: Duration) -> Instant {
        Instant(nanoseconds: a.nanoseconds &+ UInt64(bitPattern: b.inNanoseconds))
    }
    @inlinable public static func - (a: Instant, b: Instant) -> Duration {
        .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds))
    }
}

extension Duration {
    /// The whole nanoseconds in it. Traps beyond 292 years, longer than any setting allows.
    @inlinable public var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The seconds in it, for metrics and people.
    @inlinable public var inSeconds: Double { Double(inNanoseconds) / 1e9 }
}

/// A moment of the leader's hybrid clock: microseconds since 1970-01-01T00:00:00Z, strictly increasing from entry to
/// entry. Entry `i` of a frame (0-based) has the frame's timestamp plus `i` microseconds.
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(microseconds: UInt64) { rawValue = microseconds }

    public static let zero = Timestamp(rawValue: 0)

    /// Milliseconds since 1970, rounded down: the unit of Redis's expiry commands.
    @inlinable public var milliseconds: UInt64 { rawValue / 1000 }
    @inlinable public func advanced(by count: Int) -> Timestamp { Timestamp(rawValue: rawValue + UInt64(count)) }
    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }

    /// RFC 3339 in UTC with microseconds: `2026-11-21T02:13:34.000001Z`.
    public var description: String {
        let seconds = rawValue / 1_000_000
        let (year, month, day) = Timestamp.civil(fromDays: Int(seconds / 86_400))
        let clock = Int(seconds % 86_400)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(clock / 3600, 2) + ":"
            + padded(clock / 60 % 60, 2) + ":" + padded(clock % 60, 2) + "."
            + padded(Int(rawValue % 1_000_000), 6) + "Z"
    }

    /// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
    private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
