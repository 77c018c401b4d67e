// A promise that a run has broken.

/// The first thing that a judge found, and which judge it was.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Judge: String, Hashable, Sendable, CaseIterable {
        case linearizability, durability, recovery, leaders
        case logMatching = "log-matching"
        case completeness, votes, membership, state, digests, honesty, queues, liveness, leaks, archive
        /// What the shipped code asserts of itself: found as the end of the process.
        case invariants
    }

    public let judge: Judge
    public let text: String

    public init(_ judge: Judge, _ text: String) {
        self.judge = judge
        self.text = text
    }

    public var description: String { "\(judge.rawValue): \(text)" }
}
