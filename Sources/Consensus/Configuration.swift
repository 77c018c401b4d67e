// Who takes part: voters and learners, and every question that is put to the voters as a whole.

public import Vocabulary

/// The nodes that vote: sorted, without duplicates, at most `countMax`.
public struct VoterSet: Hashable, Sendable {
    /// Beyond this many voters every write waits for too many disks; a bound for messages as well.
    public static let countMax = 15

    public let ids: [NodeID]

    /// Nil when there are duplicates, or more than `countMax` nodes, or none.
    public init?(_ nodes: [NodeID]) {
        let sorted = nodes.sorted()
        guard !sorted.isEmpty, sorted.count <= VoterSet.countMax, sorted.isStrictlyAscending else { return nil }
        ids = sorted
    }

    public var count: Int { ids.count }

    public func contains(_ node: NodeID) -> Bool { ids.contains(node) }

    /// How many of its members may fail at once without stopping it.
    var tolerance: Int { (count - 1) / 2 }

    func reached(by value: (NodeID) -> UInt64) -> UInt64 { Quorum.reached(count: count) { value(ids[$0]) } }
    func hasQuorum(where condition: (NodeID) -> Bool) -> Bool { Quorum.holds(count: count) { condition(ids[$0]) } }
}

/// The cluster's membership as it counts from one entry of the log to the next.
///
/// Everything that is decided by "a quorum" is asked here, in terms of node ids. While voters change, the configuration
/// is *joint*: there are two sets of voters, and a decision needs a majority of each (dissertation, section 4.3). So no
/// majority of the old voters alone and none of the new ones alone can decide anything, whoever knows of the change.
public struct Configuration: Hashable, Sendable {
    /// Voters and learners together, of both sets.
    public static let memberCountMax = VoterSet.countMax

    /// The voters; in a joint configuration those to come.
    public let voters: VoterSet
    /// The voters of before, as long as the configuration is joint.
    public let outgoing: VoterSet?
    /// They are sent the log, and count for nothing. Sorted; no voter of either set is among them.
    public let learners: [NodeID]

    public init(voters: VoterSet) {
        self.voters = voters
        outgoing = nil
        learners = []
    }

    /// Nil when `voters` or `outgoing` are not possible sets of voters (see `VoterSet`), when a learner is named twice
    /// or votes, or when there are more than `memberCountMax` members.
    public init?(voters: [NodeID], outgoing: [NodeID]? = nil, learners: [NodeID] = []) {
        guard let incoming = VoterSet(voters) else { return nil }
        self.voters = incoming
        self.outgoing = outgoing.flatMap { VoterSet($0) }
        self.learners = learners.sorted()
        if outgoing != nil, self.outgoing == nil { return nil }
        guard self.learners.isStrictlyAscending, !learners.contains(where: isVoter) else { return nil }
        guard members.count <= Configuration.memberCountMax else { return nil }
    }

    public var isJoint: Bool { outgoing != nil }
    /// The voters of both sets, sorted.
    public var allVoters: [NodeID] {
        guard let outgoing else { return voters.ids }
        return (voters.ids + outgoing.ids.filter { !voters.contains($0) }).sorted()
    }
    /// Voters and learners, sorted.
    public var members: [NodeID] { learners.isEmpty ? allVoters : (allVoters + learners).sorted() }

    public var memberCount: Int { outgoing == nil ? voters.count + learners.count : members.count }

    /// Whether `node` votes, in one of the sets at least.
    public func isVoter(_ node: NodeID) -> Bool { voters.contains(node) || outgoing?.contains(node) ?? false }
    public func isLearner(_ node: NodeID) -> Bool { learners.contains(node) }
    public func isMember(_ node: NodeID) -> Bool { isVoter(node) || isLearner(node) }

    /// The highest value that a quorum has reached.
    func reached(by value: (NodeID) -> UInt64) -> UInt64 {
        let reached = voters.reached(by: value)
        guard let outgoing else { return reached }
        return min(reached, outgoing.reached(by: value))
    }

    /// Whether a quorum satisfies `condition`.
    public func hasQuorum(where condition: (NodeID) -> Bool) -> Bool {
        voters.hasQuorum(where: condition) && outgoing?.hasQuorum(where: condition) ?? true
    }

    // MARK: - Steps from one configuration to the next

    /// With one more learner, or one less. Nil when that is no configuration.
    func adding(learner: NodeID) -> Configuration? {
        Configuration(voters: voters.ids, outgoing: outgoing?.ids, learners: learners + [learner])
    }

    func removing(learner: NodeID) -> Configuration? {
        Configuration(voters: voters.ids, outgoing: outgoing?.ids, learners: learners.filter { $0 != learner })
    }

    /// The joint configuration on the way to other voters; a learner that becomes one is a learner no more. Nil when
    /// this one is joint itself, or when no voter would be left.
    func joint(adding new: NodeID?, removing old: NodeID?) -> Configuration? {
        guard !isJoint else { return nil }
        let incoming = voters.ids.filter { $0 != old } + (new.map { [$0] } ?? [])
        return Configuration(voters: incoming, outgoing: voters.ids, learners: learners.filter { $0 != new })
    }

    /// What follows a joint configuration: its new voters alone.
    var settled: Configuration { Configuration(voters: voters, learners: learners) }

    private init(voters: VoterSet, learners: [NodeID]) {
        self.voters = voters
        outgoing = nil
        self.learners = learners
    }
}

extension [NodeID] {
    fileprivate var isStrictlyAscending: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}
