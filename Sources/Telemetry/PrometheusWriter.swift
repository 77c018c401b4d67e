// The Prometheus text exposition format, version 0.0.4.

/// Appends metric families. Names begin with `trireme_`; the caller gives each family once and its samples after it.
public struct PrometheusWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// The unit that a histogram's values are shown in.
    public enum Scale: Sendable {
        /// Values are nanoseconds, shown in seconds.
        case seconds
        /// Values are shown as they are.
        case plain

        func text(_ value: UInt64) -> String {
            switch self {
            case .seconds: PrometheusWriter.decimal(Double(value) / 1e9)
            case .plain: String(value)
            }
        }
    }

    public typealias Labels = [(name: String, value: String)]

    /// The bounds of duration histograms in nanoseconds: 50 µs to 10 s, and 50 µs is what a fast disk syncs in.
    public static let durationBounds: [UInt64] = [
        50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
        100_000_000, 200_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000,
    ]

    public init() {}

    /// Begins a family: `# HELP` and `# TYPE`.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        line("# HELP \(name) \(help)")
        line("# TYPE \(name) \(kind.rawValue)")
    }

    public mutating func sample(_ name: String, _ labels: Labels, _ value: some FixedWidthInteger) {
        line("\(name)\(PrometheusWriter.text(of: labels)) \(value)")
    }

    public mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        line("\(name)\(PrometheusWriter.text(of: labels)) \(PrometheusWriter.decimal(value))")
    }

    /// A family of one sample without labels.
    public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some FixedWidthInteger) {
        family(name, kind, help)
        sample(name, [], value)
    }

    public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }

    /// A family with one sample per case.
    public mutating func tally<Label>(
        _ name: String, _ kind: Kind, _ help: String, label: String, _ tally: Tally<Label>
    ) {
        family(name, kind, help)
        for value in Label.allCases { sample(name, [(label, value.label)], tally[value]) }
    }

    /// A histogram with cumulative buckets at `bounds`, which rise and have at most two significant digits.
    public mutating func histogram(
        _ name: String, _ help: String, _ histogram: Histogram, scale: Scale = .seconds,
        bounds: [UInt64] = PrometheusWriter.durationBounds
    ) {
        family(name, .histogram, help)
        for bound in bounds {
            line("\(name)_bucket{le=\"\(scale.text(bound))\"} \(histogram.count(upTo: bound))")
        }
        line("\(name)_bucket{le=\"+Inf\"} \(histogram.count)")
        line("\(name)_sum \(scale.text(histogram.sum))")
        line("\(name)_count \(histogram.count)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func text(of labels: Labels) -> String {
        if labels.isEmpty { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers without a fraction, others as Swift writes them, which Prometheus reads.
    private static func decimal(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return value.description
    }
}
