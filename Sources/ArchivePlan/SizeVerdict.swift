// Whether a figure of a backup is what those before it let expect.

/// A size or a duration beside the baseline, the median of those before it.
public enum SizeVerdict: String, Hashable, Sendable, CaseIterable {
    /// Within 20 per cent either way, or with nothing to compare with.
    case normal
    /// Up to 50 per cent more or less.
    case notice
    /// Up to twice as much.
    case grown
    /// More than twice as much, less than half, or nothing.
    case suspicious

    public init(_ value: Double, baseline: Double?) {
        guard value > 0 else {
            self = .suspicious
            return
        }
        guard let baseline, baseline > 0 else {
            self = .normal
            return
        }
        switch value / baseline {
        case ..<0.5: self = .suspicious
        case ..<0.8: self = .notice
        case ...1.2: self = .normal
        case ...1.5: self = .notice
        case ...2: self = .grown
        default: self = .suspicious
        }
    }

    /// How many values the baseline is made of.
    public static let baselineCount = 7

    /// The median of the last so many; nil of none.
    public static func baseline(of values: [Double], last count: Int = SizeVerdict.baselineCount) -> Double? {
        let sorted = values.suffix(count).sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

/// A backup's size beside those before it.
public struct SizeComparison: Hashable, Sendable {
    /// By the baseline; nil when there is none.
    public let ratio: Double?
    public let verdict: SizeVerdict

    /// - Parameter before: of the backups before it, in bytes.
    public init(_ size: Double, before: [Double]) {
        let baseline = SizeVerdict.baseline(of: before)
        ratio = baseline.flatMap { $0 > 0 ? size / $0 : nil }
        // The first backup of an empty keyspace is as it should be.
        verdict = before.isEmpty || (size == 0 && baseline == 0) ? .normal : SizeVerdict(size, baseline: baseline)
    }
}
