// A leader's way from one membership to another, one change at a time (dissertation, chapter 4).

public import Vocabulary

/// What an operator asks for.
public enum MembershipRequest: Hashable, Sendable {
    /// It is sent the log from now on.
    case addLearner(NodeID)
    /// A learner becomes a voter: now, or refused; or as soon as it has caught up.
    case promote(NodeID, whenCaughtUp: Bool)
    /// A voter or a learner goes. A leader that is told to remove itself finishes that, and hands over.
    case remove(NodeID)
    /// `with` is added as a learner, unless it is one; when it has caught up it becomes a voter and `node` goes, in one
    /// step, so that there is never one voter more or less.
    case replace(NodeID, with: NodeID)
}

/// How a request ended that was not refused.
public enum MembershipOutcome: Hashable, Sendable {
    /// It is committed.
    case done
    /// A promotion that waited for its learner was called off; the learner stays one.
    case cancelled
    /// What is in the log may yet come about, and a joint configuration will be left; what waited for a learner is
    /// forgotten, and the learner stays one.
    case leadershipLost
}

/// The one change under way at a leader.
///
/// Each step is a configuration that the caller puts into the log (`Directive.proposeConfiguration`), and the next one
/// follows when that is committed. Learners come and go in one step, since no quorum changes. Voters change in two: to
/// the joint configuration, and from it. The second is owed by whoever leads, so it needs no state but the log.
struct MembershipChange: Hashable, Sendable {
    /// Entries by which a learner may be behind to be called caught up.
    static let lagMax: UInt64 = 4096
    /// A removed node is told of its removal for so many election timeouts, unless it answers.
    static let farewellTimeouts = 10

    enum Stage: Hashable, Sendable {
        /// Nobody asked for anything.
        case idle
        /// `learner` is to become a voter, in the place of `old` if there is one, as soon as it has caught up.
        case catchingUp(learner: NodeID, replacing: NodeID?)
        /// The last step, or the joint one before it, is on its way.
        case settling
    }

    var stage = Stage.idle
    /// The caller was told to put this into the log, and has not yet.
    var awaited: Configuration?

    var isIdle: Bool { stage == .idle && awaited == nil }
}

/// Why a change of membership was not begun. Nothing has changed.
public enum MembershipRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case notLeader(leader: NodeID?)
    /// No entry of this leader's term is committed: it does not know yet what its predecessors left.
    case termNotOpened
    case underWay
    case barred(ProposalBar)
    case unknownNode(NodeID)
    case alreadyMember(NodeID)
    case alreadyVoter(NodeID)
    case tooManyMembers
    case noVoterLeft
    case unreachable(NodeID)
    case repairing(NodeID)
    case noSpace(NodeID)
    case tooFarBehind(NodeID, match: LogIndex, last: LogIndex)
    /// A quorum would need these, and they may have no vote: they have not answered this leader yet, so that they may
    /// have nothing, or they repair what they have lost.
    case wouldNeed([NodeID])
    /// So few of the voters to come, or of those of now, answer that nothing could be decided: these of the former.
    case wouldLoseQuorum(answering: [NodeID])
    /// Fewer voters than now might fail at once.
    case reducesTolerance(from: Int, to: Int)

    public var description: String {
        switch self {
        case .notLeader(let leader): "this node does not lead; \(leader.map { "\($0) does" } ?? "no leader is known")"
        case .termNotOpened: "this leader has committed nothing yet"
        case .underWay: "a change of membership is under way"
        case .barred(let bar): "nothing may be proposed now: \(bar)"
        case .unknownNode(let node): "\(node) is not a member of this cluster"
        case .alreadyMember(let node): "\(node) is a member already"
        case .alreadyVoter(let node): "\(node) is a voter already"
        case .tooManyMembers: "there would be more than \(Configuration.memberCountMax) members"
        case .noVoterLeft: "no voter would be left"
        case .unreachable(let node): "\(node) is not connected, or does not answer"
        case .repairing(let node): "\(node) does not count while it repairs its log or its state"
        case .noSpace(let node): "\(node) has no disk space left"
        case .tooFarBehind(let node, let match, let last): "\(node) is at \(match), the log ends at \(last)"
        case .wouldNeed(let nodes):
            "a majority would need \(MembershipRefusal.list(nodes)), and a node that has not answered this leader yet,"
                + " or that repairs its log or its state, may have no vote until it has caught up"
        case .wouldLoseQuorum(let answering):
            "only \(MembershipRefusal.list(answering)) would answer, which is no quorum"
        case .reducesTolerance(let now, let then): "\(now) of the voters may fail at once now, and \(then) afterwards"
        }
    }

    private static func list(_ nodes: [NodeID]) -> String { nodes.map(\.description).joined(separator: ", ") }

    /// Whether it can be insisted on: nothing is lost by it, but the cluster may stop until more nodes are there.
    public var isOverridable: Bool {
        switch self {
        case .wouldLoseQuorum, .reducesTolerance: true
        default: false
        }
    }

    public var remedy: Remedy {
        switch self {
        case .notLeader, .termNotOpened, .underWay, .barred:
            .retry("ask the leader, or wait until what is under way has ended; `nodectl status` shows it")
        case .unknownNode, .alreadyMember, .alreadyVoter:
            .operate("name another node; `nodectl status` lists the members")
        case .tooManyMembers, .noVoterLeft: .operate("add or remove another member first")
        case .unreachable: .retry("start that node, or wait until it is connected")
        case .repairing, .tooFarBehind: .retry("wait until that node has caught up; `nodectl status` shows its lag")
        case .wouldNeed:
            .retry("start those nodes and wait until they have caught up; `nodectl status` shows their lag")
        case .noSpace: .operate("free disk space on that node")
        case .wouldLoseQuorum: .retry("start the nodes that are down")
        case .reducesTolerance: .operate("add or replace a voter instead, or insist on it")
        }
    }
}
