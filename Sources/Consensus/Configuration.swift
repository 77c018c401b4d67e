// Who takes part: the voters, and every question that is put to them as a whole.

public import Vocabulary

/// The nodes that vote: sorted, without duplicates, at most `countMax`.
public struct VoterSet: Hashable, Sendable {
    /// Beyond this many voters every write waits for too many disks; a bound for messages and bit sets as well.
    public static let countMax = 15

    public let ids: [NodeID]

    /// Nil when there are duplicates, or more than `countMax` nodes, or none.
    public init?(_ nodes: [NodeID]) {
        let sorted = nodes.sorted()
        guard !sorted.isEmpty, sorted.count <= VoterSet.countMax else { return nil }
        for (a, b) in zip(sorted, sorted.dropFirst()) where a == b { return nil }
        ids = sorted
    }

    public var count: Int { ids.count }

    /// The place of `node` in `ids`; nil when it is no voter.
    public func position(of node: NodeID) -> Int? { ids.firstIndex(of: node) }
}

/// The cluster's membership as it counts now.
///
/// Everything that is decided by "a quorum" is asked here, in terms of node ids, so that a joint configuration (two
/// voter sets that must both agree; dissertation, section 4.3) and learners change this type and no rule.
public struct Configuration: Hashable, Sendable {
    public let voters: VoterSet

    public init(voters: VoterSet) { self.voters = voters }

    /// Nil when `nodes` is not a possible set of voters (see `VoterSet`).
    public init?(voters nodes: [NodeID]) {
        guard let voters = VoterSet(nodes) else { return nil }
        self.voters = voters
    }

    public func isVoter(_ node: NodeID) -> Bool { voters.position(of: node) != nil }

    /// The highest value that a quorum has reached.
    func reached(by value: (NodeID) -> UInt64) -> UInt64 {
        Quorum.reached(count: voters.count) { value(voters.ids[$0]) }
    }

    /// Whether a quorum satisfies `condition`.
    func hasQuorum(where condition: (NodeID) -> Bool) -> Bool {
        Quorum.holds(count: voters.count) { condition(voters.ids[$0]) }
    }
}
