// Why a history is not linearizable, as far as the first answer that nothing explains.

/// The first answer, in the order of time, that no order of the operations explains.
public struct LinearizabilityViolation: Error, Hashable, Sendable {
    public let key: [UInt8]
    /// The answers up to this operation's cannot be explained together.
    public let operation: History.Operation
    /// How many operations on the key had been answered before.
    public let answeredBefore: Int
    /// Whether those can be explained, so that this is the longest part of the history that is linearizable. False when
    /// finding a shorter part that is not would have taken longer than a message is worth.
    public let isLongest: Bool
    /// The last of them, in the order of their answers.
    public let latest: [History.Operation]
    /// Values that the key may have had when the answer came, as people are told; some of them when they are many.
    public let possible: [String]
    /// Operations that were called before the answer and not answered by then, those without a known outcome included.
    public let concurrent: [History.Operation]
    /// The operations that wrote what this one has seen, if that can be told.
    public let writers: [History.Operation]

    /// How many of each kind of operation and value are told.
    private static let shownMax = 12
    /// What each step towards an explanation may take.
    private static let attemptsMax = 1 << 20
}

extension LinearizabilityViolation {
    /// What there is to say about operations on `key` that are not linearizable.
    ///
    /// The search may have given up early, since it looks ahead: the answer to tell of is the first one up to which the
    /// history, cut off right behind it, is not linearizable. What is true of one cut is true of all later ones.
    init(key: [UInt8], _ operations: [History.Operation], limits: LinearizabilityJudge.Limits) {
        let answered = operations.indices.filter { operations[$0].isAnswered }.sorted { one, other in
            let (a, b) = (operations[one].return ?? 0, operations[other].return ?? 0)
            return a == b ? one < other : a < b
        }
        var limits = limits
        limits.attempts = min(limits.attempts, LinearizabilityViolation.attemptsMax)
        var (good, bad) = (0, answered.count)
        var isCertain = true
        while bad - good > 1 {
            let middle = (good + bad) / 2
            var search = KeySearch(LinearizabilityViolation.cut(operations, to: answered[..<middle]), limits: limits)
            switch search.run() {
            case .stuck: bad = middle
            case .fits: (good, isCertain) = (middle, true)
            case .gaveUp: (good, isCertain) = (middle, false)
            }
        }
        isLongest = isCertain
        let operation = operations[answered[bad - 1]]
        let end = operation.return ?? 0
        self.key = key
        self.operation = operation
        answeredBefore = good
        latest = answered[..<good].suffix(8).map { operations[$0] }
        let before = LinearizabilityViolation.cut(operations, to: answered[..<good])
        possible =
            LinearizabilityViolation.values(before, limits: limits, tellsAll: true)
            ?? LinearizabilityViolation.values(before, limits: limits, tellsAll: false) ?? ["more than can be told"]
        let done = Set(answered[..<bad])
        concurrent = operations.indices
            .filter { !done.contains($0) && operations[$0].result != .refused && operations[$0].call <= end }
            .map { operations[$0] }
        if case .value(let bytes) = operation.result {
            writers = operations.filter { $0.kind.takesArgument && $0.argument == bytes }
        } else {
            writers = []
        }
    }

    /// The history as it was when the last of these answers had come, which are in the order of their times.
    private static func cut(_ operations: [History.Operation], to answers: ArraySlice<Int>) -> [History.Operation] {
        let known = Set(answers)
        let end = answers.last.flatMap { operations[$0].return } ?? 0
        return operations.indices.filter { operations[$0].call <= end }.map { index in
            var operation = operations[index]
            if operation.isAnswered, !known.contains(index) { operation.result = .unknown }
            return operation
        }
    }

    /// What the value may be at the end of a history; nil when that takes more than a message is worth.
    private static func values(
        _ operations: [History.Operation], limits: LinearizabilityJudge.Limits, tellsAll: Bool
    ) -> [String]? {
        var search = KeySearch(operations, limits: limits, tellsAll: tellsAll)
        guard search.run() == .fits else { return nil }
        return search.reachableValues(limit: shownMax + 1).map { value in
            guard value != ValueTree.absent else { return "nil" }
            guard !search.values.isUnseen(value) else { return "a value that no get saw" }
            return "\"\(History.shown(search.values.bytes(of: value)))\""
        }
    }
}

extension History.Operation {
    /// Whether its outcome is known and it was carried out.
    fileprivate var isAnswered: Bool { result != .unknown && result != .refused }
}

extension LinearizabilityViolation: CustomStringConvertible {
    public var description: String {
        var lines = ["key \(History.shown(key)) is not linearizable: nothing explains this answer", "  \(operation)"]
        let before = isLongest ? "can be explained" : "may or may not be explained"
        lines.append("the \(answeredBefore) answers before it \(before); the last of them:")
        lines += latest.map { "  \($0)" }
        lines.append("then the value can have been:")
        lines += shown(possible, isWhole: false)
        lines.append("open at the same time, or without a known outcome:")
        lines += shown(concurrent.map(\.description))
        if case .value = operation.result {
            lines.append("what it saw was written by:")
            lines += shown(writers.map(\.description))
        }
        return lines.joined(separator: "\n")
    }

    private func shown(_ all: [String], isWhole: Bool = true) -> [String] {
        guard !all.isEmpty else { return ["  none"] }
        let first = all.prefix(LinearizabilityViolation.shownMax).map { "  \($0)" }
        guard all.count > first.count else { return first }
        return first + [isWhole ? "  and \(all.count - first.count) more" : "  and others"]
    }
}
