// What happened to one key, by replaying the log and looking at the key behind every entry.

import ArchiveFormat
import ArchiveStore
public import Keyspace
public import Vocabulary

/// An entry that wrote or removed a key, or behind which its time was over.
public struct KeyChange: Hashable, Sendable {
    public let position: LogPosition
    public let time: Timestamp
    /// Equal to `after` when the entry wrote what was there.
    public let before: StoredRecord?
    public let after: StoredRecord?

    /// Whether the key went because its time was over.
    public var isExpiry: Bool {
        guard after == nil, let deadline = before?.deadline else { return false }
        return deadline <= time.milliseconds
    }
}

/// The changes of a key, as far back as the log goes without a gap.
///
/// The log is replayed in stretches that begin with a backup, the newest first and each going back twice as many
/// backups as the one before, until there are as many changes as are wanted. Costs what a `PastState` does.
public struct KeyHistory: Sendable {
    /// Oldest first.
    public private(set) var changes: [KeyChange] = []
    /// The changes are those behind this entry; zero for all that there were.
    public private(set) var first = LogIndex.zero
    public private(set) var last = LogIndex.zero
    /// Entries that were replayed.
    public private(set) var entries = 0
    /// What the newest stretch was compared with.
    public private(set) var proof = ""

    /// - Parameters:
    ///   - plan: leads to the last entry to look at.
    ///   - limit: how many of the newest changes; nil for all.
    public init(
        of key: [UInt8], upTo plan: RestorePlan, limit: Int?, report: (RestoreProgress) -> Void = { _ in }
    ) throws(RestoreError) {
        let end = try plan.exactEnd().position.index
        var starts = KeyHistory.starts(plan, end)[...]
        var step = limit == nil ? starts.count : 1
        (first, last) = (end, end)
        while !starts.isEmpty, changes.count < limit ?? .max {
            starts = starts.dropFirst(min(step, starts.count) - 1)
            guard let base = try KeyHistory.base(of: &starts, in: plan.view) else { break }
            let found = try stretch(key, from: base.value, upTo: first, plan, report)
            changes.insert(contentsOf: found, at: 0)
            first = base.value?.backup.position.index ?? .zero
            step *= 2
        }
        guard let limit, changes.count > limit else { return }
        changes.removeFirst(changes.count - limit)
        first = changes.first.map(\.position.index.previous) ?? first
    }

    /// Where stretches may begin, the newest first, as far back as the log leads from each to the next; nil is the
    /// first entry of all.
    private static func starts(_ plan: RestorePlan, _ end: LogIndex) -> [BackupID?] {
        let (runs, lineage) = (plan.lineage.runs, plan.lineage)
        let known = plan.view.backups.ids.filter { lineage.holds($0) && $0.index < end }
        var starts: [BackupID?] = []
        var upper = end
        for id in known.sorted(by: { $0.index > $1.index }).map(Optional.init) + [nil] {
            let index = id?.index ?? .zero
            guard runs.path(behind: index, through: upper).last?.name.last ?? index >= upper else { continue }
            starts.append(id)
            upper = index
        }
        return starts
    }

    /// A beginning, which may be that before the first entry.
    private struct Start {
        let value: PastBase?
    }

    /// The first of the starts whose manifests can be read; nil when there is none. Takes it and those before it.
    private static func base(
        of starts: inout ArraySlice<BackupID?>, in view: ArchiveView
    ) throws(RestoreError) -> Start? {
        while let start = starts.popFirst() {
            guard let start else { return Start(value: nil) }
            do throws(ArchiveError) { return Start(value: try PastBase(start, in: view)) } catch {
                guard error.isDamage else { throw .archive(error) }
            }
        }
        return nil
    }

    private mutating func stretch(
        _ key: [UInt8], from base: PastBase?, upTo end: LogIndex, _ plan: RestorePlan,
        _ report: (RestoreProgress) -> Void
    ) throws(RestoreError) -> [KeyChange] {
        var state = try PastState(plan.lineage, in: plan.view, from: base, report: report)
        var watch = KeyWatch(key, in: state.keyspace)
        try state.advance(to: end, report: report) { watch.look($0, $1, $2) }
        if proof.isEmpty { proof = state.proof }
        entries += state.entries
        return watch.changes
    }
}

/// Notes what becomes of a key.
private struct KeyWatch {
    let key: [UInt8]
    var mark: UInt64?
    var record: StoredRecord?
    var changes: [KeyChange] = []

    init(_ key: [UInt8], in keyspace: Keyspace) {
        self.key = key
        mark = keyspace.writeMark(key)
        record = keyspace.stored(key)
    }

    mutating func look(_ keyspace: borrowing Keyspace, _ position: LogPosition, _ time: Timestamp) {
        let found = keyspace.writeMark(key)
        guard found != mark else { return }
        let after = keyspace.stored(key)
        changes.append(KeyChange(position: position, time: time, before: record, after: after))
        (mark, record) = (found, after)
    }
}
