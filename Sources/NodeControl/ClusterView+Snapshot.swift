// `nodectl snapshot`: the leader is asked for a snapshot, and every node is waited for.

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
        let outcome = try Pause.untilDone(deadline) { () throws(ControlError) in
            switch follower.look(at: ask()) {
            case .done(let outcome): return outcome
            case .moved, .leftOut: follower = try orderSnapshot(until: deadline)
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

    func orderSnapshot(until deadline: Instant) throws(ControlError) -> SnapshotFollower {
        struct Answer: Decodable { let index: UInt64 }
        let body = Array(#"{"wait": false}"#.utf8)
        let found = try askLeader(to: "/v1/snapshot", body: body, knowing: ask(), until: deadline)
        let answer: Answer = try client(found.node).decoded(
            found.body, orSay: "its answer does not name the snapshot's index")
        return SnapshotFollower(leader: found.leader, from: answer.index)
    }
}
