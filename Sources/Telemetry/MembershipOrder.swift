// What an operator wants of the members, and what he is told.

public import Vocabulary

/// Where a node is that becomes a member, as `host:port`.
public struct NewMember: Sendable, Equatable {
    public var id: NodeID
    public var peer: String
    public var client: String
    public var clientPlaintext: String?
    public var admin: String?

    public init(
        id: NodeID, peer: String, client: String, clientPlaintext: String? = nil, admin: String? = nil
    ) {
        self.id = id
        self.peer = peer
        self.client = client
        self.clientPlaintext = clientPlaintext
        self.admin = admin
    }
}

/// A change of members that an operator asks of the leader.
public enum MembershipOrder: Sendable, Equatable {
    /// It is sent the log from now on; `asVoter`: and becomes a voter as soon as it has caught up.
    case add(NewMember, asVoter: Bool)
    /// A learner becomes a voter: now, or refused; or as soon as it has caught up.
    case promote(NodeID, whenCaughtUp: Bool)
    /// A voter or a learner goes.
    case remove(NodeID)
    /// Another node takes a voter's place, in one step once it has caught up. Under the same name: that node lost its
    /// disk, so it is removed, added, and becomes a voter again when it has caught up.
    case replace(NodeID, with: NewMember)
}

extension OperatorOutcome {
    /// A change of members is committed, or, when something is waited for, accepted.
    public static func members(_ node: NodeID, waitsFor learner: NodeID?) -> OperatorOutcome {
        var facts = [OperatorFact("id", .text(node.description)), OperatorFact("waits", .flag(learner != nil))]
        if let learner { facts.append(OperatorFact("learner", .text(learner.description))) }
        return .done(facts)
    }
}
