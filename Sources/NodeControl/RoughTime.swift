// Times as people say them: one number and one unit.

enum RoughTime {
    /// `12 s`, `5 min`, `3 h`, `4 d`: rounded, and in the largest unit of which there are at least two.
    static func text(seconds: Double) -> String {
        let seconds = max(0, seconds.isFinite ? seconds : 0).rounded()
        for (unit, length) in [("d", 86400.0), ("h", 3600), ("min", 60)] where seconds >= 2 * length {
            return "\(Int((seconds / length).rounded())) \(unit)"
        }
        return "\(Int(seconds)) s"
    }

    /// Exact to a thousandth below two minutes: `0.042 s`.
    static func text(_ duration: Duration) -> String { exact(seconds: duration / .seconds(1)) }

    static func exact(seconds: Double) -> String {
        guard seconds < 120 else { return text(seconds: seconds) }
        let thousandths = Int((max(0, seconds) * 1000).rounded())
        let rest = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest + " s"
    }
}
