// Says whether clients saw one register, counter or list per key, or something that no single one explains.

/// Decides for each key of a history whether it is linearizable (Herlihy and Wing, "Linearizability: a correctness
/// condition for concurrent objects", 1990), with outcomes that nobody knows.
///
/// The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993), with what Lowe adds to it
/// ("Testing for linearizability", 2017): configurations, which are a state and a set of operations done, are looked
/// at once, and an operation is put in its place no earlier than an answer asks for it. Keys are judged one by one, as
/// is right for operations on one key (Horn and Kroening, "Faster linearizability checking via P-compositionality",
/// 2015). How it stays fast without giving up an answer: `KeySearch`.
public struct LinearizabilityJudge: Sendable {
    public var limits: Limits

    /// What one key's search may take; all inclusive.
    public struct Limits: Hashable, Sendable {
        /// Configurations that are possible at one moment.
        public var configurations = 1 << 20
        /// Attempts, over the whole search, to put an operation behind a configuration.
        public var attempts = 1 << 27
        /// Comparisons, over the whole search, of one configuration with another: what bounds its time, since each
        /// attempt compares with all that differ in the operations without an outcome only.
        public var comparisons = 1 << 30
        /// Bytes of all values that were met, common beginnings counted once.
        public var valueBytes = 1 << 23

        public init() {}
    }

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// The verdict on a history or on one key of it.
    public enum Verdict: Hashable, Sendable {
        case linearizable
        case violated(LinearizabilityViolation)
        /// A limit was hit, or there was more at once than the judge can hold; the reason says what.
        case undecided(key: [UInt8], reason: String)

        public var isLinearizable: Bool { self == .linearizable }
    }

    /// The first violation in the order of the keys' bytes; failing that, the first key that stays undecided.
    public func verdict(on history: History) -> Verdict {
        var undecided: Verdict?
        for (key, operations) in history.byKey {
            switch verdict(onKey: key, operations) {
            case .linearizable: break
            case .violated(let violation): return .violated(violation)
            case let doubt: undecided = undecided ?? doubt
            }
        }
        return undecided ?? .linearizable
    }

    /// The verdict on operations that are all on `key`.
    private func verdict(onKey key: [UInt8], _ operations: [History.Operation]) -> Verdict {
        var search = KeySearch(operations, limits: limits)
        switch search.run() {
        case .fits: return .linearizable
        case .gaveUp(let reason): return .undecided(key: key, reason: reason)
        case .stuck: return .violated(LinearizabilityViolation(key: key, operations, limits: limits))
        }
    }
}

extension LinearizabilityJudge.Verdict: CustomStringConvertible {
    public var description: String {
        switch self {
        case .linearizable: "linearizable"
        case .violated(let violation): violation.description
        case .undecided(let key, let reason): "key \(History.shown(key)) is undecided: \(reason)"
        }
    }
}
