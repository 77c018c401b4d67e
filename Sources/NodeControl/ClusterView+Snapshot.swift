// `nodectl snapshot`: the leader is asked for a snapshot, and every node is waited for.

import Foundation
import Platform
import Telemetry
import Vocabulary

extension ClusterView {
    /// Has every node write a snapshot, and waits until all that answer have it.
    ///
    /// - Returns: what is known at the end of `limit` at the latest; `unfinished` names the nodes that are not done.
    /// - Throws: `timedOut` when not even the leader has it by then, and may still come to have it.
    public func snapshot(
        within limit: Duration = .seconds(600), progress: (String) -> Void
    ) throws(ControlError) -> SnapshotOutcome {
        let deadline = MonotonicClock.now() + limit
        var follower = try orderSnapshot(until: deadline)
        var told = MonotonicClock.now()
        let outcome = try Pause.until(deadline, every: .milliseconds(100)) { () throws(ControlError) in
            switch follower.look(at: ask()) {
            case .done(let outcome): return outcome
            case .moved: follower = try orderSnapshot(until: deadline)
            case .failed(let message, let remedy):
                throw .answer(address: follower.leader, message: message, remedy: remedy)
            case .under(let text):
                if MonotonicClock.now() - told > .seconds(2) {
                    told = MonotonicClock.now()
                    progress(text)
                }
            }
            return nil
        }
        if let outcome = outcome ?? follower.outcome { return outcome }
        throw .timedOut(what: "the snapshot on \(follower.leader)", follow: ClusterView.followSnapshots)
    }

    public static let followSnapshots = "look with `nodectl status`, which shows each node's newest snapshot"

    /// A leader may change between question and request: follow it, but not for ever.
    private func orderSnapshot(until deadline: Instant) throws(ControlError) -> SnapshotFollower {
        struct Answer: Decodable { let index: UInt64 }
        var asked = ask()
        guard var leader = ClusterStatus(asked).leader else { throw .noLeader(reason: ClusterView.silence(asked)) }
        for _ in 0..<3 {
            guard let node = node(leader, in: asked) else {
                throw .noLeader(reason: "\(leader) leads, but its admin address is not known here")
            }
            let body = Array(#"{"wait": false}"#.utf8)
            let answer = try client(node).send("POST", "/v1/snapshot", body: body, until: deadline)
            if answer.status == 200 {
                guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(answer.body)) else {
                    throw .answer(
                        address: node.admin.description, message: "its answer does not name the snapshot's index",
                        remedy: "use the nodectl that was built with the node")
                }
                return SnapshotFollower(leader: leader, from: answer.index)
            }
            let error = AdminError(answer.body)
            guard error.code == "not_leader", let next = error.leader, next != leader else {
                throw error.asControlError(status: answer.status, address: node.admin.description)
            }
            leader = next
            asked = ask()
        }
        throw .noLeader(reason: "it changes faster than it can be asked")
    }
}
