// `nodectl archive diff|history`: what changed, between two points or of one key.

import ArchiveRestore
import JSON
import Vocabulary

/// Two points of one archive beside each other.
public struct PastDifference: Sendable {
    private enum Kind: String { case added, changed, removed }

    private let points: (RestoreReport, RestoreReport)
    private var counts: [Kind: Int] = [:]
    /// The first so many, by their keys.
    private var shown: [(kind: Kind, before: PastRecord?, after: PastRecord?)] = []

    /// - Parameter limit: of the keys that are shown; all are counted.
    public init(
        from first: PastRequest, to second: PastRequest, in place: ArchivePlace, matching pattern: String, limit: Int
    ) throws(ControlError) {
        let (before, after) = (try first.state(place), try second.state(place))
        points = (before.report, after.report)
        let keys = Set(before.keys(matching: pattern)).union(after.keys(matching: pattern))
        for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (old, new) = (before.record(key), after.record(key))
            guard old != new else { continue }
            let kind = old == nil ? Kind.added : new == nil ? .removed : .changed
            counts[kind, default: 0] += 1
            if shown.count < limit { shown.append((kind, old, new)) }
        }
    }

    private var total: Int { counts.values.reduce(0, +) }
    private func count(_ kind: Kind) -> Int { counts[kind] ?? 0 }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["", "KEY", "BEFORE", "AFTER"])
        for change in shown {
            guard let key = change.before?.key ?? change.after?.key else { continue }
            table.add([
                .init(change.kind.rawValue, change.kind == .removed ? .bad : .plain), .init(PastText.quoted(key)),
                .init(PastText.summary(change.before)), .init(PastText.summary(change.after)),
            ])
        }
        let heading = "from  \(points.0.pointText)\nto    \(points.1.pointText)\n"
        let sum = "\(count(.added)) added, \(count(.changed)) changed, \(count(.removed)) removed; "
        let records = "\(points.0.records) records before, \(points.1.records) after\n"
        let more = total > shown.count ? "\(total - shown.count) more: --limit shows them\n" : ""
        return heading + sum + records + (shown.isEmpty ? "" : table.text(inColour: inColour)) + more
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("from") { $0.object { $0.writePoint(points.0) } }
            json.member("to") { $0.object { $0.writePoint(points.1) } }
            for kind in [Kind.added, .changed, .removed] { json.member(kind.rawValue, count(kind)) }
            json.member("keys") { json in
                json.array { json in
                    for change in shown {
                        json.object { json in
                            json.member("change", change.kind.rawValue)
                            json.member("before") { $0.value(record: change.before) }
                            json.member("after") { $0.value(record: change.after) }
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}

/// How one key came to be what it was at a point.
public struct PastKeyHistory: Sendable {
    private let history: PastHistory
    private let key: String
    private let limit: Int

    /// - Parameter limit: of the newest changes.
    public init(of key: String, _ request: PastRequest, in place: ArchivePlace, limit: Int) throws(ControlError) {
        let plan = try request.plan(try place.view(), beginsEarly: true)
        let directory = try request.directory()
        self.key = key
        self.limit = limit
        history = try restoring { () throws(RestoreError) in
            try PastHistory(of: Array(key.utf8), plan, in: directory)
        }
    }

    private var shown: ArraySlice<PastChange> { history.changes.suffix(limit) }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["INDEX", "TIME", "BEFORE", "AFTER"])
        for change in shown {
            table.add([
                .init("\(change.index)"), .init("\(change.time)"), .init(PastText.summary(change.before)),
                .init(PastText.summary(change.after)),
            ])
        }
        let heading =
            "key \(PastText.quoted(Array(key.utf8))): \(history.changes.count) changes behind index \(history.begin), "
            + "where it was \(PastText.summary(history.first))\nup to \(history.report.pointText)\n"
        return heading + (shown.isEmpty ? "" : table.text(inColour: inColour))
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("key", key)
            json.writePoint(history.report)
            json.member("known_behind_index", history.begin.rawValue)
            json.member("first") { $0.value(record: history.first) }
            json.member("changes", history.changes.count)
            json.member("newest") { json in
                json.array { json in
                    for change in shown {
                        json.object { json in
                            json.member("index", change.index.rawValue)
                            json.member("timestamp", change.time.description)
                            json.member("before") { $0.value(record: change.before) }
                            json.member("after") { $0.value(record: change.after) }
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
