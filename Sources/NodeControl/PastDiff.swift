// `nodectl archive diff`: what is different between two points in the past.

public import ArchiveRestore
import JSON
import Keyspace
import Vocabulary

public struct PastDiff: Sendable {
    private let before: PastHeading
    private let after: PastHeading
    private var counts: [RecordDifference.Kind: Int] = [:]
    /// As many as were asked for.
    private var differences: [RecordDifference] = []

    /// The later state is the earlier one replayed on, where the log leads there.
    ///
    /// - Parameters:
    ///   - pattern: of Redis's; nil for all keys.
    ///   - limit: how many keys to name; all are counted.
    public init(
        _ view: ArchiveView, _ first: PastPoint, _ second: PastPoint, matching pattern: String?, limit: Int,
        tell: @escaping (String) -> Void
    ) throws(ControlError) {
        let plans = (try first.plan(view), try second.plan(view))
        let states = try restoring { () throws(RestoreError) in try PastDiff.states(plans, PastFollower(tell)) }
        before = PastHeading(states.0)
        after = PastHeading(states.1)
        var found: (counts: [RecordDifference.Kind: Int], list: [RecordDifference]) = ([:], [])
        states.0.keyspace.forEachDifference(to: states.1.keyspace, matching: pattern.map { Array($0.utf8) }) {
            let difference = RecordDifference(before: $0, after: $1)
            found.counts[difference.kind, default: 0] += 1
            if found.list.count < limit { found.list.append(difference) }
        }
        (counts, differences) = found
    }

    private static func states(
        _ plans: (RestorePlan, RestorePlan), _ follower: PastFollower
    ) throws(RestoreError) -> (PastState, PastState) {
        let ends = (try plans.0.exactEnd().position.index, try plans.1.exactEnd().position.index)
        let isUpward = ends.0 <= ends.1
        let (lower, upper) = isUpward ? plans : (plans.1, plans.0)
        let first = try PastState(lower) { follower.hear($0) }
        var second = first
        let end = max(ends.0, ends.1)
        if lower.timeline == upper.timeline, first.leads(to: end) {
            try second.advance(to: end) { follower.hear($0) }
        } else {
            second = try PastState(upper) { follower.hear($0) }
        }
        return isUpward ? (first, second) : (second, first)
    }

    private func count(_ kind: RecordDifference.Kind) -> Int { counts[kind] ?? 0 }
    private var total: Int { counts.values.reduce(0, +) }

    public func text(inColour: Bool) -> String {
        var text = "from     \(before.line)\n         \(before.proof)\n"
        text += "to       \(after.line)\n         \(after.proof)\n"
        text += "keys     \(count(.added)) added, \(count(.removed)) removed, \(count(.changed)) changed\n"
        guard !differences.isEmpty else { return text }
        var table = TextTable(["CHANGE", "KEY", "WHAT"])
        for difference in differences {
            table.add([
                .init(difference.kind.rawValue), .init(ByteText.quoted(difference.key, limit: 60)),
                .init(difference.words),
            ])
        }
        text += table.text(inColour: inColour)
        return total > differences.count ? text + "and \(total - differences.count) more: see --limit\n" : text
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("from") { before.write(to: &$0) }
            writer.member("to") { after.write(to: &$0) }
            for kind in [RecordDifference.Kind.added, .removed, .changed] { writer.member(kind.rawValue, count(kind)) }
            writer.member("keys") { writer in
                writer.array { writer in
                    for difference in differences {
                        writer.object { writer in
                            writer.member("key") { ByteText.write(difference.key, to: &$0) }
                            writer.member("change", difference.kind.rawValue)
                            writer.member("what", difference.words)
                            difference.write((before.time, after.time), to: &writer)
                        }
                    }
                }
            }
            writer.member("more", total > differences.count)
        }
        return writer.bytes + [0x0A]
    }
}
