// A leader's planned transfer of its office to a follower (dissertation, section 3.10).

public import Vocabulary

/// One hand-over under way. The leader proposes nothing new; when the target has everything, it is told to campaign.
struct Handover: Hashable, Sendable {
    let target: NodeID
    let deadline: Instant
    let cause: Cause
    /// The target has been told to campaign.
    var isOrdered = false

    enum Cause: Hashable, Sendable {
        case operators
        case fullDisk
        case damagedLog
        /// It has no snapshot to give to a follower that needs one.
        case noSnapshot
        /// This node is no member any more.
        case removal
    }
}

public enum HandoverOutcome: Hashable, Sendable {
    /// The target campaigned, in this term. Whether it won is seen when a leader shows up.
    case handedOver(to: NodeID, Term)
    case timedOut(NodeID)
    case targetLost(NodeID)
    /// The target's disk has filled up meanwhile.
    case targetFull(NodeID)
    /// Leadership ended otherwise; the reason was told just before.
    case leadershipLost
}

/// Why a hand-over was not begun. Nothing has changed.
public enum HandoverRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case notLeader(leader: NodeID?)
    case alreadyRunning(to: NodeID)
    case unknownNode(NodeID)
    case alreadyLeader(NodeID)
    case unreachable(NodeID)
    case noSpace(NodeID)
    case tooFarBehind(NodeID, match: LogIndex, last: LogIndex)
    case repairing(NodeID)
    case noCandidate

    public var description: String {
        switch self {
        case .notLeader(let leader): "this node does not lead; \(leader.map { "\($0) does" } ?? "no leader is known")"
        case .alreadyRunning(let target): "a hand-over to \(target) is under way"
        case .unknownNode(let node): "\(node) is not a voter of this cluster"
        case .alreadyLeader(let node): "\(node) is the leader already"
        case .unreachable(let node): "\(node) is not connected"
        case .noSpace(let node): "\(node) has no disk space left"
        case .tooFarBehind(let node, let match, let last): "\(node) is at \(match), the log ends at \(last)"
        case .repairing(let node): "\(node) is repairing its log and cannot lead"
        case .noCandidate: "no follower is connected, whole and has disk space"
        }
    }

    /// Whether it can be insisted on: nothing is lost by it, but writes wait until the target has caught up.
    public var isOverridable: Bool {
        if case .tooFarBehind = self { true } else { false }
    }

    public var remedy: Remedy {
        switch self {
        case .notLeader, .alreadyRunning: .retry("ask the leader, or wait until the hand-over under way has ended")
        case .unknownNode, .alreadyLeader: .operate("name another node; `nodectl status` lists them")
        case .unreachable, .noCandidate: .retry("start the nodes that are down, or wait until they are connected")
        case .noSpace: .operate("free disk space on that node")
        case .tooFarBehind, .repairing: .retry("wait until that node has caught up; `nodectl status` shows its lag")
        }
    }
}
