// From a schedule that fails to a short one that still does.

/// Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002) over the faults
/// of a schedule, and halving of its length.
///
/// A shorter schedule is another run: what it draws by chance comes at other times. So it is only ever kept when it
/// fails, and what is left need not be the smallest.
public struct Minimiser {
    private let fails: (Schedule) -> Bool
    private var schedule: Schedule
    /// Runs that it took.
    public private(set) var runs = 0

    /// - Parameter fails: whether a schedule fails, as the one to begin with does.
    public init(_ schedule: Schedule, fails: @escaping (Schedule) -> Bool) {
        self.schedule = schedule
        self.fails = fails
    }

    public mutating func run() -> Schedule {
        repeat {} while shorten()
        var size = max(1, schedule.faults.count / 2)
        while true {
            let removed = removeRuns(of: size)
            if !removed, size == 1 { break }
            if !removed { size = max(1, size / 2) }
            size = min(size, max(1, schedule.faults.count / 2))
        }
        repeat {} while shorten()
        return schedule
    }

    /// Tries without each run of `size` faults in turn.
    private mutating func removeRuns(of size: Int) -> Bool {
        var start = 0
        var isShorter = false
        while start < schedule.faults.count {
            var candidate = schedule
            candidate.faults.removeSubrange(start..<min(start + size, schedule.faults.count))
            if keep(candidate) { isShorter = true } else { start += size }
        }
        return isShorter
    }

    private mutating func shorten() -> Bool {
        var candidate = schedule
        candidate.length = schedule.length * 3 / 4
        candidate.faults.removeAll { $0.at > candidate.length }
        return candidate.length > 500_000_000 && keep(candidate)
    }

    private mutating func keep(_ candidate: Schedule) -> Bool {
        runs += 1
        guard fails(candidate) else { return false }
        schedule = candidate
        return true
    }
}
