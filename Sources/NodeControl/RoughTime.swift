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
}
