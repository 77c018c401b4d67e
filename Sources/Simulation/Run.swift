// A run from its schedule to its verdict.

/// What came of a run.
public struct RunReport: Sendable {
    public let schedule: Schedule
    public let violation: Violation?
    public let hash: UInt64
    public let figures: RunFigures
    /// The last lines of the trace, when it was asked for.
    public let trace: [String]
    public let history: History

    /// `seed 7 trace 0123456789abcdef ok`, or `… FAILED judge`.
    public var summary: String {
        let digits = String(hash, radix: 16)
        let trace = String(repeating: "0", count: 16 - digits.utf8.count) + digits
        return "seed \(schedule.seed) trace \(trace) \(violation.map { "FAILED \($0.judge.rawValue)" } ?? "ok")"
    }
}

extension Schedule {
    /// Runs it. A trap of the shipped code ends the process: whoever runs many seeds does so in a process of its own.
    ///
    /// - Parameter traceLines: how many of the last lines of the trace to keep.
    public func run(bug: PlantedBug? = nil, traceLines: Int = 0) -> RunReport {
        let world = World(self, bug: bug, trace: Trace(keeps: traceLines))
        var violation: Violation?
        do throws(Violation) { try world.run() } catch { violation = error }
        return RunReport(
            schedule: self, violation: violation, hash: world.trace.hash, figures: world.figures,
            trace: world.trace.lines, history: world.clients.history)
    }
}
