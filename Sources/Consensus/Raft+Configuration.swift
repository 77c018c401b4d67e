// The configuration in force: it follows the log, and the peers follow it.

public import Vocabulary

extension Raft {
    /// The newest configuration that is known to be committed.
    public var committedConfiguration: Configuration { history.base.configuration }
    /// Whether the configuration in force is committed.
    public var isConfigurationCommitted: Bool { history.isCommitted }

    /// Whom this node has to be connected with, sorted: its peers, the members of every configuration that is not
    /// certain to be over, the leader that it follows, and whom it must hear before it votes again, members or not. A
    /// leader that removes itself leads until that is committed, and then hands over.
    public var correspondents: [NodeID] {
        let all = peerIDs + history.all.flatMap(\.configuration.members) + (leader.map { [$0] } ?? []) + unheardVoters
        return Set(all).subtracting([id]).sorted()
    }

    /// Whether a voter has acknowledged to this leader the newest committed configuration, which says that it votes.
    public func votesKnowingly(_ node: NodeID) -> Bool {
        guard role == .leader, history.base.configuration.isVoter(node), let position = position(of: node) else {
            return false
        }
        return peers[position].leavesAt == nil && peers[position].matchIndex >= history.base.index
    }

    /// A configuration has come into the log, with frames that were just appended.
    mutating func appended(_ change: ConfigurationChange, now: Instant, into out: inout [Directive]) {
        history.append(change)
        adoptConfiguration(now: now, into: &out)
    }

    /// The commit index has moved up.
    mutating func committedConfigurations(now: Instant, into out: inout [Directive]) {
        let before = history.base.index
        history.commit(through: commitIndex)
        guard history.base.index > before else { return }
        if history.base.configuration.isMember(id) { wasMember = true }
        if history.isCommitted { out.append(.configurationChanged(configuration, isCommitted: true)) }
    }

    /// The log was cut at `index`.
    mutating func cutConfigurations(from index: LogIndex, now: Instant, into out: inout [Directive]) {
        let before = history.current.index
        history.truncate(from: index)
        if history.current.index != before { adoptConfiguration(now: now, into: &out) }
    }

    /// Counts with the newest configuration of the history from here on.
    mutating func adoptConfiguration(now: Instant, into out: inout [Directive]) {
        configuration = history.current.configuration
        gatherPeers(now: now)
        doubt?.include(configuration.members.filter { $0 != id })
        out.append(.configurationChanged(configuration, isCommitted: history.isCommitted))
    }

    /// Makes the members the peers: what is known of those that stay is kept, and at a leader those that go stay until
    /// they know it.
    private mutating func gatherPeers(now: Instant) {
        let members = configuration.members.filter { $0 != id }
        var next = members.map { node -> PeerProgress in
            // One that comes back may come with another disk: what was known of the old one's log holds no more.
            guard let position = position(of: node), peers[position].leavesAt == nil else {
                return newPeer(node, now: now)
            }
            return peers[position]
        }
        if role == .leader {
            for var peer in peers where !configuration.isMember(peer.id) {
                peer.leavesAt = peer.leavesAt ?? history.current.index
                next.append(peer)
            }
        }
        peers = next
    }

    private func newPeer(_ node: NodeID, now: Instant) -> PeerProgress {
        var peer = PeerProgress(id: node, now: now)
        peer.isConnected = connected.contains(node)
        peer.nextIndex = log.last.index.next
        return peer
    }

    /// A new leader also tells those of their removal that an uncommitted configuration removes.
    mutating func gatherLeavingPeers(now: Instant) {
        for earlier in history.all {
            for node in earlier.configuration.members where node != id && position(of: node) == nil {
                var peer = newPeer(node, now: now)
                peer.leavesAt = history.current.index
                peers.append(peer)
            }
        }
    }

    /// This node leads no more: whoever was to be told of its removal is left to itself.
    mutating func forgetLeavingPeers() { peers.removeAll { $0.leavesAt != nil } }

    /// Whether an answer is one that somebody asked for who leads or wants to: a member's, or that of a node that this
    /// leader tells of its removal. The term of any other's counts for nothing: a removed node disturbs nobody.
    func isExpected(_ answer: Message, from node: NodeID) -> Bool {
        configuration.isMember(node) || role == .leader && answer.term == term && position(of: node) != nil
    }

    /// Tells the caller, once, that this node is a member no more: when the newest configuration it has is committed,
    /// and so is all that a leader said to be. A node that is replaying an older log may still find that it was taken
    /// in again.
    mutating func noteRemoval(into out: inout [Directive]) {
        guard wasMember, role != .leader, history.isCommitted, !configuration.isMember(id) else { return }
        guard commitIndex >= leaderCommitIndex else { return }
        wasMember = false
        out.append(.removed)
    }
}
