// What is different between a key then and later, in words.

import ByteCoding
import JSON
import Keyspace
import Vocabulary

/// A key in two states, in at least one of which it is there.
struct RecordDifference: Sendable {
    let before: StoredRecord?
    let after: StoredRecord?

    enum Kind: String {
        case added, removed, changed
    }

    var kind: Kind { before == nil ? .added : after == nil ? .removed : .changed }
    var key: [UInt8] { before?.key ?? after?.key ?? [] }

    private static let shown = 40

    var words: String {
        guard let before else { return after.map { "\($0.value.kind.typeName) \(shortly($0))" } ?? "" }
        guard let after else { return "was \(before.value.kind.typeName) \(shortly(before))" }
        var parts: [String] = []
        if before.value != after.value { parts.append(RecordDifference.words(before.value, after.value)) }
        if before.deadline != after.deadline { parts.append("expires \(after.expiry), was \(before.expiry)") }
        return parts.isEmpty ? "written again, equal" : parts.joined(separator: "; ")
    }

    private func shortly(_ record: StoredRecord) -> String { record.value.line(limit: RecordDifference.shown) }

    private static func words(_ before: StoredValue, _ after: StoredValue) -> String {
        switch (before, after) {
        case (.string(let a), .string(let b)):
            return "\(ByteText.quoted(b, limit: shown)), was \(ByteText.quoted(a, limit: shown))"
        case (.hash(let a), .hash(let b)):
            return counts(a.map { ($0.name, $0.value) }, b.map { ($0.name, $0.value) }, "fields")
        case (.set(let a), .set(let b)):
            return counts(a.map { ($0, 0) }, b.map { ($0, 0) }, "members")
        case (.sortedSet(let a), .sortedSet(let b)):
            return counts(a.map { ($0.member, $0.score) }, b.map { ($0.member, $0.score) }, "members")
        case (.list(let a), .list(let b)):
            let same = zip(a, b).prefix { $0 == $1 }.count
            return "\(b.count) elements, were \(a.count); the first \(same) are equal"
        default: return "\(after.kind.typeName) of \(after.count), was \(before.kind.typeName) of \(before.count)"
        }
    }

    private static func counts<Value: Equatable>(
        _ before: [([UInt8], Value)], _ after: [([UInt8], Value)], _ what: String
    ) -> String {
        let old = Dictionary(before) { first, _ in first }
        let new = Dictionary(after) { first, _ in first }
        let added = new.keys.count { old[$0] == nil }
        let changed = new.count { name, value in old[name].map { $0 != value } ?? false }
        let removed = old.keys.count { new[$0] == nil }
        let parts = [(added, "added"), (removed, "removed"), (changed, "changed")].filter { $0.0 > 0 }
        return "\(what): " + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    func write(_ times: (before: Timestamp, after: Timestamp), to writer: inout JSONWriter) {
        RecordDifference.write(before, "before", at: times.before, to: &writer)
        RecordDifference.write(after, "after", at: times.after, to: &writer)
    }

    private static func write(
        _ record: StoredRecord?, _ name: String, at time: Timestamp, to writer: inout JSONWriter
    ) {
        writer.member(name) { writer in
            if let record { record.write(at: time, to: &writer) } else { writer.value(String?.none) }
        }
    }
}
