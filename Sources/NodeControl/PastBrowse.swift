// `nodectl archive browse`: what keys held at a point in the past.

public import ArchiveRestore
import JSON
import Keyspace
import Vocabulary

/// Which keys are meant.
public enum PastKeys: Sendable {
    case one(String)
    /// A pattern of Redis's, and how many keys at most.
    case matching(String, limit: Int)
}

public struct PastBrowse: Sendable {
    private let heading: PastHeading
    private let keys: PastKeys
    private let records: [StoredRecord]
    /// More keys match than were asked for.
    private let hasMore: Bool

    public init(
        _ view: ArchiveView, at point: PastPoint, _ keys: PastKeys, tell: @escaping (String) -> Void
    ) throws(ControlError) {
        let plan = try point.plan(view)
        let follower = PastFollower(tell)
        let state = try restoring { () throws(RestoreError) in try PastState(plan) { follower.hear($0) } }
        heading = PastHeading(state)
        self.keys = keys
        var found: [StoredRecord] = []
        switch keys {
        case .one(let key): found = state.keyspace.stored(Array(key.utf8)).map { [$0] } ?? []
        case .matching(let pattern, let limit):
            state.keyspace.forEachStored(matching: Array(pattern.utf8)) { record in
                found.append(record)
                return found.count <= limit
            }
        }
        var limit = Int.max
        if case .matching(_, let most) = keys { limit = most }
        hasMore = found.count > limit
        records = Array(found.prefix(limit))
    }

    /// Whether there was no key of the name that was asked for.
    public var isAbsent: Bool {
        if case .one = keys { records.isEmpty } else { false }
    }

    public func text(inColour: Bool) -> String {
        var text = heading.line + "\n" + heading.proof + "\n"
        switch keys {
        case .one(let key):
            guard let record = records.first else { return text + "there was no key \(key)\n" }
            text += "key      \(ByteText.quoted(record.key))\ntype     \(record.value.kind.typeName)\n"
            text += "expires  \(record.expiry)\n"
            return text + record.value.lines().map { "value    \($0)\n" }.joined()
        case .matching(let pattern, let limit):
            guard !records.isEmpty else { return text + "there was no key that matches \(pattern)\n" }
            var table = TextTable(["KEY", "TYPE", "EXPIRES", "VALUE"])
            for record in records {
                table.add([
                    .init(ByteText.quoted(record.key, limit: 60)), .init(record.value.kind.typeName),
                    .init(record.expiry), .init(record.value.line(limit: 60)),
                ])
            }
            text += table.text(inColour: inColour)
            return hasMore ? text + "more keys match: these are \(limit); --limit takes another number\n" : text
        }
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("state") { heading.write(to: &$0) }
            if case .one(let key) = keys {
                writer.member("key", key)
                writer.member("found", !records.isEmpty)
            }
            writer.member("records") { writer in
                writer.array { writer in for record in records { record.write(at: heading.time, to: &writer) } }
            }
            writer.member("more", hasMore)
        }
        return writer.bytes + [0x0A]
    }
}
