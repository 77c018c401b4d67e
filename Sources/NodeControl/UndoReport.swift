// What an undo would change and has changed, for people, scripts and the audit line.

import JSON
import Platform
import Vocabulary

public struct UndoReport: Sendable {
    private let order: UndoOrder
    private let heading: PastHeading
    private let plan: UndoPlan
    var isDone = false
    var logFile: String?
    var who: String?

    /// As many changes are named.
    static let sampleMax = 20

    init(_ order: UndoOrder, _ heading: PastHeading, _ plan: UndoPlan) {
        (self.order, self.heading, self.plan) = (order, heading, plan)
    }

    /// The system's user, since a token has no name.
    static var operatorName: String {
        let user = "\(ThisProcess.userName) at \(ThisProcess.hostName), with an admin token"
        return ThisProcess.environment("SUDO_USER").map { "\(user), by sudo of \(ByteText.quoted($0.bytes))" } ?? user
    }

    /// Who, why and how many: no values, and of keys the pattern only.
    var audit: String {
        "by \(who ?? "nobody"); reason \(ByteText.quoted(order.reason.bytes)); keys "
            + "\(ByteText.quoted(order.pattern.bytes)) as at position \(heading.position) of \(heading.time); "
            + plan.counts
    }

    private var sample: ArraySlice<UndoPlan.Change> { plan.changes.prefix(UndoReport.sampleMax) }

    public func text(inColour: Bool) -> String {
        var text = "then     \(heading.line)\n         \(heading.proof)\n"
        text += "keys     \(plan.compared) that match \(order.pattern), then or now: \(plan.counts)\n"
        guard !plan.changes.isEmpty else { return text + "nothing is to be done\n" }
        if !isDone {
            var table = TextTable(["WOULD BE", "KEY", "WHAT"])
            for change in sample {
                table.add([
                    .init(change.kind.rawValue), .init(ByteText.quoted(change.key, limit: 60)), .init(change.words),
                ])
            }
            text += table.text(inColour: inColour)
            if plan.changes.count > sample.count { text += "and \(plan.changes.count - sample.count) more\n" }
            text += "size     one transaction of \(plan.commands.count) commands, \(ByteCount(plan.bytes).rough)\n"
            if let excess = plan.excess { text += "TOO MUCH \(excess)\n" }
            return text
        }
        text += "done     in one transaction\naudit    \(audit)\n"
        return text + (logFile.map { "log      \($0)\n" } ?? "")
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("then") { heading.write(to: &$0) }
            writer.member("pattern", order.pattern)
            writer.member("reason", order.reason)
            writer.member("compared", plan.compared)
            writer.member("returned", plan.count(.returned))
            writer.member("changed_back", plan.count(.changedBack))
            writer.member("removed", plan.count(.removed))
            writer.member("commands", plan.commands.count)
            writer.member("bytes", plan.bytes)
            writer.member("excess", plan.excess)
            writer.member("done", isDone)
            writer.member("by", who)
            writer.member("log", logFile)
            writer.member("sample") { writer in
                writer.array { writer in
                    for change in sample {
                        writer.object { writer in
                            writer.member("key") { ByteText.write(change.key, to: &$0) }
                            writer.member("change", change.kind.rawValue)
                            writer.member("what", change.words)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
