// Nodes of other timelines: a recovery from a lost majority has given up one of the two.

import PeerProtocol
import Vocabulary

extension PeerMesh {
    /// Why a node is refused whose history is another one; nil when it is ours. A node without any history takes the
    /// other's.
    func timelineRefusal(of theirs: PeerHello) -> PeerRefusal? {
        guard theirs.timeline != hello.timeline, !isJoining(theirs.timeline, of: theirs.node) else { return nil }
        let text: String
        if hello.timeline.isLater(than: theirs.timeline) {
            text =
                "the cluster was recovered without \(theirs.node), which is on timeline \(theirs.timeline), and goes "
                + "on as timeline \(hello.timeline): \(theirs.node) was given up"
        } else if theirs.timeline.isLater(than: hello.timeline) {
            text =
                "the cluster was recovered without \(hello.node), which is on timeline \(hello.timeline), and goes on "
                + "as timeline \(theirs.timeline): \(hello.node) was given up"
        } else {
            text =
                "the cluster was recovered twice: \(hello.node) is on timeline \(hello.timeline), "
                + "\(theirs.node) on \(theirs.timeline). Only one of them can go on"
        }
        return PeerRefusal(.otherTimeline, text: text, timeline: hello.timeline)
    }

    /// Takes note of another timeline. True when this node has no history of its own, and is on that one from here on.
    /// When it has one, and the other is later, it was given up: that is told if a member says so. Somebody whom its
    /// log does not name, such as a removed node that was recovered by mistake, gives nobody up.
    func isJoining(_ timeline: Timeline, of node: NodeID) -> Bool {
        guard timeline.isLater(than: hello.timeline) else { return false }
        guard joins(timeline) else {
            if members.contains(where: { $0.node == node }) { events.append(.superseded(by: node, timeline)) }
            return false
        }
        hello.timeline = timeline
        redials[node] = nil
        return true
    }
}
