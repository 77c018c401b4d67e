// Linearizable reads: rounds that confirm leadership after the read arrived.

public import Vocabulary

extension Raft {
    /// The round for all reads that arrived up to now. `readConfirmed` or `readsAborted` will speak of it, or of a
    /// later one. Traps unless this node leads.
    public mutating func requestRead(now: Instant, into out: inout [Directive]) -> ReadRound {
        precondition(role == .leader, "a \(role) confirms no read")
        let round = rounds.request(commitIndex: commitIndex)
        if isAlone { confirmReads(into: &out) }
        return round
    }

    /// Sends the newest round to the peers whose appends of this turn did not carry it. To be called at a turn's end.
    public mutating func flushRound(now: Instant, into out: inout [Directive]) {
        guard role == .leader else { return }
        let round = rounds.announce()
        for i in peers.indices where peers[i].isConnected && peers[i].sentRound < round {
            heartbeat(to: i, into: &out)
        }
    }

    /// Confirms the rounds that a quorum has returned, once this leader knows what is committed: a new leader does
    /// when an entry of its own term is (dissertation, 6.4, step 1).
    mutating func confirmReads(into out: inout [Directive]) {
        guard role == .leader, rule.knowsCommitted(commitIndex) else { return }
        let own = isAlone ? rounds.newest : rounds.announced
        let quorum = configuration.reached { node in
            guard let position = position(of: node) else { return own.rawValue }
            return peers[position].counts ? peers[position].ackedRound.rawValue : 0
        }
        guard let (round, index) = rounds.confirm(through: ReadRound(rawValue: quorum)) else { return }
        out.append(.readConfirmed(round, max(index, rule.firstOwnIndex)))
    }
}
