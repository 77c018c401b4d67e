// `nodectl archive history`: the changes of a key, with the value before and after each.

public import ArchiveRestore
import JSON
import Keyspace
import Vocabulary

public struct PastHistory: Sendable {
    private let key: String
    private let history: KeyHistory

    /// - Parameters:
    ///   - point: where to stop looking.
    ///   - limit: how many of the newest changes; nil for all.
    public init(
        _ view: ArchiveView, key: String, upTo point: PastPoint, limit: Int?, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        let plan = try point.plan(view)
        let follower = PastFollower(tell)
        self.key = key
        history = try restoring { () throws(RestoreError) in
            try KeyHistory(of: Array(key.utf8), upTo: plan, limit: limit) { follower.hear($0) }
        }
    }

    private static func name(_ change: KeyChange) -> String {
        if change.isExpiry { return "expired" }
        return RecordDifference(before: change.before, after: change.after).kind.rawValue
    }

    public func text(inColour: Bool) -> String {
        var text = "entries \(history.first.next) to \(history.last); \(history.proof)\n"
        guard !history.changes.isEmpty else { return text + "no entry among them changed the key \(key)\n" }
        var table = TextTable(["POSITION", "TIME", "CHANGE", "WHAT"])
        for change in history.changes {
            table.add([
                .init(change.position.description), .init(change.time.description), .init(PastHistory.name(change)),
                .init(RecordDifference(before: change.before, after: change.after).words),
            ])
        }
        text += table.text(inColour: inColour)
        if history.first > .zero { text += "earlier changes are not in this list, or not in the archive\n" }
        return text
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("key", key)
            writer.member("first_index", history.first.next.rawValue)
            writer.member("last_index", history.last.rawValue)
            writer.member("complete", history.first == .zero)
            writer.member("entries_replayed", history.entries)
            writer.member("proof", history.proof)
            writer.member("changes") { writer in
                writer.array { writer in
                    for change in history.changes {
                        writer.object { writer in
                            writer.member("position", change.position.description)
                            writer.member("index", change.position.index.rawValue)
                            writer.member("timestamp", change.time.description)
                            writer.member("change", PastHistory.name(change))
                            let difference = RecordDifference(before: change.before, after: change.after)
                            writer.member("what", difference.words)
                            difference.write((change.time, change.time), to: &writer)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
