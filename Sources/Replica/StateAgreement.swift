// Whether the replicas' states are one state: digests at markers, told to the leader, counted there.

public import Vocabulary

/// A digest that this replica noted when it applied the marker at `index`.
public typealias NotedDigest = AgreedDigest

/// What one replica noted, and what it has heard, as a leader, of the others.
///
/// A majority decides, not the leader: were the leader's own state the wrong one, everybody else's would be thrown
/// away. So a leader writes into the log what a quorum of voters agrees upon, itself among them or not; whoever noted
/// something else when it applied that marker is wrong, and sees it when it applies the next.
struct StateAgreement: Sendable {
    /// Markers that are remembered: a follower may be that many behind and still be compared.
    static let markersMax = 64

    /// What this replica noted, oldest first.
    private var own: [NotedDigest] = []
    /// What others have told this leader.
    private var reports: [(node: NodeID, noted: NotedDigest)] = []
    /// The newest marker about which this leader has told what was agreed, or need not.
    private(set) var settled = LogIndex.zero

    var newest: NotedDigest? { own.last }

    mutating func note(_ noted: NotedDigest) {
        own.append(noted)
        if own.count > StateAgreement.markersMax { own.removeFirst() }
    }

    /// What is wrong with this replica's state, given what was agreed; nil when nothing is, as far as it remembers.
    func contradiction(of agreed: AgreedDigest) -> StateDivergence? {
        guard let noted = own.first(where: { $0.index == agreed.index }), noted.digest != agreed.digest else {
            return nil
        }
        return StateDivergence(index: agreed.index, own: noted.digest, agreed: agreed.digest)
    }

    /// Whether this replica noted the same.
    func confirms(_ agreed: AgreedDigest) -> Bool { own.contains(agreed) }

    // MARK: As a leader

    mutating func report(_ noted: NotedDigest, from node: NodeID) {
        guard !reports.contains(where: { $0.node == node && $0.noted.index > noted.index }) else { return }
        reports.removeAll { $0.node == node }
        reports.append((node, noted))
    }

    /// The newest marker, not told of yet, about which `isQuorum` of the nodes that say the same holds.
    func agreement(as id: NodeID, isQuorum: (_ says: (NodeID) -> Bool) -> Bool) -> AgreedDigest? {
        var best: AgreedDigest?
        for candidate in reports.map(\.noted) + own.suffix(1)
        where candidate.index > settled && candidate.index > best?.index ?? .zero {
            let agrees = isQuorum { node in
                if node == id { return own.contains(candidate) }
                return reports.contains { $0.node == node && $0.noted == candidate }
            }
            if agrees { best = candidate }
        }
        return best
    }

    mutating func settle(through index: LogIndex) {
        settled = max(settled, index)
        reports.removeAll { $0.noted.index <= index }
    }

    /// A new term: nothing is known of others.
    mutating func forgetReports() { reports.removeAll() }

    /// The state is another one from here on: what was noted of the one before tells nothing.
    mutating func forgetAll() { self = StateAgreement() }
}

/// The proof that a replica's state is not the cluster's, although its log is.
public struct StateDivergence: Hashable, Sendable, CustomStringConvertible {
    /// The marker at which the states were compared.
    public var index: LogIndex
    public var own: Digest
    public var agreed: Digest

    public var description: String { "the state at index \(index) has digest \(own), a quorum's has \(agreed)" }
}
