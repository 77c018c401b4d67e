// `nodectl repair NODE`: a running node is asked to look for damage and to repair itself.

import Platform
import Vocabulary

extension ClusterView {
    /// How long something may stand in the way of a repair before it counts as refused.
    private static let obstaclePatience = Duration.seconds(3)

    /// Has the node read all of its log and, if something is damaged, waits until it has repaired itself.
    ///
    /// - Parameter isForced: without the leader's leave, while another node is down or under repair as well.
    /// - Throws: `refused` when a repair is not safe now; `timedOut` when it goes on.
    public func repair(
        _ id: String, isForced: Bool, within limit: Duration = .seconds(600), progress: (String) -> Void
    ) throws(ControlError) -> RepairReport {
        guard let node = nodes.first(where: { $0.name == id }) ?? node(id, in: ask()) else {
            throw .usage("there is no node \(id): there are \(nodes.map(\.name).joined(separator: ", "))")
        }
        let deadline = MonotonicClock.now() + limit
        let before = only([node.name]).ask().first?.report?.node.snapshot?.scrub?.damages
        let pass = try askForRepair(node, isForced: isForced)
        var follower = RepairFollower(pass: pass, isForced: isForced, before: before)
        var told = MonotonicClock.now()
        let report = try Pause.untilDone(deadline) { () throws(ControlError) in
            // While it starts again, it does not answer.
            let facts = only([node.name]).ask().first?.report?.node
            let step = follower.look(at: facts, now: MonotonicClock.now(), patience: ClusterView.obstaclePatience)
            if case .refused(let why) = step {
                throw .refused(reason: why, remedy: "put right what it names", override: "force")
            }
            if case .done(let wasDamaged, let facts) = step {
                var report = RepairReport(
                    subject: id, wasDamaged: wasDamaged, found: follower.found, quarantined: facts, fence: nil)
                report.snapshotsDamaged = follower.snapshotsDamaged
                report.snapshotReport = follower.snapshotReport
                return report
            }
            if case .under(let text) = step, MonotonicClock.now() - told > .seconds(2) {
                told = MonotonicClock.now()
                progress(text)
            }
            return nil
        }
        guard let report else { throw .timedOut(what: "the repair of \(id)", follow: "look with `nodectl status`") }
        return report
    }

    private func askForRepair(_ node: Node, isForced: Bool) throws(ControlError) -> UInt64 {
        struct Answer: Decodable { let pass: UInt64 }
        let body = Array((isForced ? #"{"force": true}"# : "").utf8)
        let until = MonotonicClock.now() + patience
        let client = client(node)
        let bytes = try client.ask("POST", "/v1/repair", body: body, until: until)
        let answer: Answer = try client.decoded(bytes, orSay: "its answer does not name the pass that it began")
        return answer.pass
    }
}
