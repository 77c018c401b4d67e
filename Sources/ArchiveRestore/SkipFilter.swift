// Entries that a restore leaves out, as if nobody had ever sent them.

import ByteCoding
import Keyspace
import Synchronization
public import Vocabulary

/// What to leave out. An entry is one command or one transaction, and is left out whole: one that names several keys
/// goes when one of them matches, since half of a transaction or of a rename is something that nobody asked for.
public struct SkipFilter: Hashable, Sendable {
    /// Both ends are inside.
    public var indexes: [ClosedRange<LogIndex>] = []
    public var times: [ClosedRange<Timestamp>] = []
    /// Patterns of keys as `KEYS` has them.
    public var keys: [String] = []

    public init() {}

    public var isEmpty: Bool { indexes.isEmpty && times.isEmpty && keys.isEmpty }

    /// Each as an operator would give it.
    public var texts: [String] {
        indexes.map { "index \($0.lowerBound)-\($0.upperBound)" }
            + times.map { "time \($0.lowerBound)..\($0.upperBound)" }
            + keys.map { "keys \($0)" }
    }

    /// Why an entry is left out; nil when it is not.
    func reason(for entry: RawSpan, _ index: LogIndex, _ time: Timestamp) -> String? {
        if let range = indexes.first(where: { $0.contains(index) }) {
            return "index \(range.lowerBound)-\(range.upperBound)"
        }
        if let range = times.first(where: { $0.contains(time) }) {
            return "time \(range.lowerBound)..\(range.upperBound)"
        }
        for pattern in keys where EntryKeys.anyMatches(Array(pattern.utf8).rawBytes, in: entry) {
            return "keys \(pattern)"
        }
        return nil
    }
}

/// An entry that was left out.
public struct SkippedEntry: Hashable, Sendable {
    public let index: LogIndex
    public let time: Timestamp
    /// The filter that it met.
    public let reason: String
}

/// Those that were left out so far.
final class SkipList: Sendable {
    /// As many are listed one by one; all are counted.
    static let listedMax = 100_000

    let filter: SkipFilter
    private let state = Mutex((count: 0, listed: [SkippedEntry]()))

    init(_ filter: SkipFilter) { self.filter = filter }

    var count: Int { state.withLock { $0.count } }
    var listed: [SkippedEntry] { state.withLock { $0.listed } }

    /// Whether the entry is to be left out, which is noted then.
    func skips(_ entry: RawSpan, _ index: LogIndex, _ time: Timestamp) -> Bool {
        guard let reason = filter.reason(for: entry, index, time) else { return false }
        state.withLock { state in
            state.count += 1
            guard state.listed.count < SkipList.listedMax else { return }
            state.listed.append(SkippedEntry(index: index, time: time, reason: reason))
        }
        return true
    }
}
