// What has to be written to a live cluster so that some keys are again what they were.

import Keyspace
import Vocabulary

/// The keys that differ between a state of the past and the live one, and the commands that undo that. Pure: it knows
/// neither archive nor cluster.
struct UndoPlan: Sendable {
    /// A key as it is now, and as it is to be; nil where it is not there.
    struct Change: Hashable, Sendable {
        let now: StoredRecord?
        let then: StoredRecord?

        var key: [UInt8] { now?.key ?? then?.key ?? [] }
        var kind: Kind { now == nil ? .returned : then == nil ? .removed : .changedBack }

        /// Of the difference in words, the present is what was before.
        var words: String { RecordDifference(before: now, after: then).words }
    }

    enum Kind: String, Sendable, CaseIterable {
        case returned
        case changedBack = "changed back"
        case removed
    }

    /// Keys that one client can watch at a node, `Session.watchedKeysMax`.
    static let keysMax = 65_536
    /// Bytes of the commands of one transaction: what a node takes, `Session.transactionBytesMax`, but for a quarter,
    /// since a node counts more than the words.
    static let bytesMax = 48 << 20

    /// Ascending by key.
    let changes: [Change]
    /// How many were looked at, those that are equal included.
    private(set) var compared: Int
    let commands: [[[UInt8]]]
    let bytes: Int

    /// - Parameters:
    ///   - time: now. A record of the past whose time is over by then would be gone by itself, so it is to be gone.
    init(now live: [StoredRecord], then past: [StoredRecord], at time: Timestamp) {
        let milliseconds = time.rawValue / 1000
        let live = Dictionary(live.map { ($0.key, $0) }) { first, _ in first }
        let past = Dictionary(past.map { ($0.key, $0) }) { first, _ in first }
            .filter { $0.value.deadline.map { $0 > milliseconds } ?? true }
        let keys = Set(live.keys).union(past.keys)
        compared = keys.count
        changes = keys.filter { live[$0] != past[$0] }.map { Change(now: live[$0], then: past[$0]) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        commands = changes.flatMap { change in
            change.then.map(CommandText.words) ?? [["DEL".bytes, change.key]]
        }
        bytes = commands.reduce(0) { sum, words in words.reduce(sum) { $0 + $1.count + 16 } }
    }

    /// The same, after so many were looked at.
    func comparing(_ count: Int) -> UndoPlan {
        var plan = self
        plan.compared = count
        return plan
    }

    func count(_ kind: Kind) -> Int { changes.count { $0.kind == kind } }

    /// `3 returned, 1 changed back, 0 removed`.
    var counts: String { Kind.allCases.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ") }

    /// Why one transaction can not carry it; nil when it can.
    var excess: String? {
        if changes.count > UndoPlan.keysMax {
            return "\(changes.count) keys differ, and one transaction can watch \(UndoPlan.keysMax) at most"
        }
        if bytes > UndoPlan.bytesMax {
            return "its commands take \(ByteCount(bytes).rough), and one transaction carries "
                + "\(ByteCount(UndoPlan.bytesMax).rough) at most"
        }
        return nil
    }
}
