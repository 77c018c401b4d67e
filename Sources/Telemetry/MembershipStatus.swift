// Who belongs to the cluster, as a node's log says, and what is about to change.

public import JSON
public import Vocabulary

/// The part that a member plays in the cluster's decisions.
public enum MemberPart: String, Sendable, CaseIterable {
    case voter
    /// Is sent the log, and counts for nothing.
    case learner
    /// A voter once the change under way is done; both sets of voters count until then.
    case joining
    /// A voter until the change under way is done; or none any more, and still being told so.
    case leaving
}

/// The members by the newest configuration in a node's log, and the change under way as far as the node knows.
public struct MembershipStatus: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public var id: NodeID
        public var part: MemberPart
        /// As `host:port`; nil where this node does not know them.
        public var peer: String?
        public var client: String?
        public var clientPlaintext: String?
        public var admin: String?

        public init(id: NodeID, part: MemberPart) {
            self.id = id
            self.part = part
        }
    }

    public enum Stage: String, Sendable {
        /// A learner is to become a voter as soon as it has caught up. Known to the leader only.
        case catchingUp = "catching_up"
        /// Two sets of voters decide together.
        case joint
        /// The last step is in the log and not committed yet.
        case committing
    }

    public struct Change: Sendable, Equatable {
        public var stage: Stage
        /// The learner that is waited for, and whose place it takes.
        public var learner: NodeID?
        public var replacing: NodeID?
        /// The voters once the change is done.
        public var voters: [NodeID]

        public init(stage: Stage, learner: NodeID? = nil, replacing: NodeID? = nil, voters: [NodeID]) {
            self.stage = stage
            self.learner = learner
            self.replacing = replacing
            self.voters = voters
        }
    }

    /// Ordered by id; this node among them if it is one.
    public var members: [Member] = []
    public var isJoint = false
    public var change: Change?

    public init() {}

    public func part(of node: NodeID) -> MemberPart? { members.first { $0.id == node }?.part }
}

extension MembershipStatus {
    /// The list of members.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.array { writer in
            for member in members {
                writer.object { writer in
                    writer.member("id", member.id.description)
                    writer.member("role", member.part.rawValue)
                    writer.member("peer", member.peer)
                    writer.member("client", member.client)
                    writer.member("client_plaintext", member.clientPlaintext)
                    writer.member("admin", member.admin)
                }
            }
        }
    }

    /// What is under way.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("joint", isJoint)
            writer.member("stage", change?.stage.rawValue)
            writer.member("learner", change?.learner?.description)
            writer.member("replacing", change?.replacing?.description)
            writer.member("voters") { writer in
                writer.array { writer in for node in change?.voters ?? [] { writer.value(node.description) } }
            }
        }
    }
}
