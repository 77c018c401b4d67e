// Where durations and sizes are counted: fixed buckets of two significant digits.

/// Counts values by size, exactly enough for a quantile and cheap enough for every commit.
///
/// The buckets are decimal and linear inside of a decade: `(11, 12]`, …, `(990, 1000]`, `(1000, 1100]`, so each bound
/// has two significant digits, the relative error is at most 10 %, and the decimal bounds of a Prometheus histogram
/// are bucket bounds: their cumulative counts are exact. Values above 10^11 (100 s in nanoseconds) share one bucket.
/// `record` is a few comparisons, one multiplication and one increment; it never allocates unless the histogram was
/// copied since the last record.
public struct Histogram: Sendable, Equatable {
    /// Ten values up to 10, ninety per decade from 10 to 10^11, one for all beyond.
    static let bucketCount = 10 + 90 * 10 + 1

    private var buckets: [UInt64]
    /// How many values were recorded.
    public private(set) var count: UInt64 = 0
    /// Their sum, modulo 2^64 (in nanoseconds: 584 years).
    public private(set) var sum: UInt64 = 0
    /// The largest of them; 0 when there is none.
    public private(set) var maximum: UInt64 = 0

    public init() { buckets = Array(repeating: 0, count: Histogram.bucketCount) }

    /// Counts a value of any unit; the metric's definition says which.
    @inline(__always)
    public mutating func record(_ value: UInt64) {
        buckets[Histogram.bucket(of: value)] &+= 1
        count &+= 1
        sum &+= value
        if value > maximum { maximum = value }
    }

    /// Counts a value that occurred several times, such as the latency that all commands of a batch had.
    @inline(__always)
    public mutating func record(_ value: UInt64, times: UInt64) {
        buckets[Histogram.bucket(of: value)] &+= times
        count &+= times
        sum &+= value &* times
        if value > maximum { maximum = value }
    }

    /// Counts a duration. A negative one, which a monotonic clock does not give, counts as none.
    @inline(__always)
    public mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        record(seconds < 0 ? 0 : UInt64(seconds) &* 1_000_000_000 &+ UInt64(max(0, attoseconds)) / 1_000_000_000)
    }

    @inline(__always)
    public mutating func record(nanoseconds: UInt64) { record(nanoseconds) }

    /// Adds what another histogram counted.
    public mutating func merge(_ other: Histogram) {
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        count &+= other.count
        sum &+= other.sum
        maximum = max(maximum, other.maximum)
    }

    /// The value that a share `q` of the values does not exceed, rounded up to its bucket's bound; 0 when empty.
    public func quantile(_ q: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * min(max(q, 0), 1)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, inBucket) in buckets.enumerated() {
            seen &+= inBucket
            if seen >= wanted { return min(Histogram.upperBound(of: index), maximum) }
        }
        return maximum
    }

    /// How many values are at most `bound`. Exact when `bound` has at most two significant digits and is at most 10^11.
    public func count(upTo bound: UInt64) -> UInt64 {
        buckets[...Histogram.bucket(of: bound)].reduce(0, &+)
    }

    /// The bucket of a value. Buckets are open below and closed above, hence the 1 that is taken off.
    static func bucket(of value: UInt64) -> Int {
        let below = value == 0 ? 0 : value - 1
        // One constant divisor per decade: a multiplication each, where a table would cost a division.
        switch below {
        case ..<100: return Int(below)
        case ..<1_000: return 90 + Int(below / 10)
        case ..<10_000: return 180 + Int(below / 100)
        case ..<100_000: return 270 + Int(below / 1_000)
        case ..<1_000_000: return 360 + Int(below / 10_000)
        case ..<10_000_000: return 450 + Int(below / 100_000)
        case ..<100_000_000: return 540 + Int(below / 1_000_000)
        case ..<1_000_000_000: return 630 + Int(below / 10_000_000)
        case ..<10_000_000_000: return 720 + Int(below / 100_000_000)
        case ..<100_000_000_000: return 810 + Int(below / 1_000_000_000)
        default: return bucketCount - 1
        }
    }

    /// The largest value of a bucket.
    static func upperBound(of bucket: Int) -> UInt64 {
        if bucket == bucketCount - 1 { return .max }
        if bucket < 100 { return UInt64(bucket + 1) }
        var width: UInt64 = 1
        for _ in 0..<((bucket - 10) / 90) { width *= 10 }
        return UInt64((bucket - 10) % 90 + 11) * width
    }
}
