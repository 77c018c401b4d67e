// A node whose state its caller does not trust for now: it goes on keeping the log, and decides nothing.

public import Vocabulary

extension Raft {
    /// While `isQuarantined`, this node neither votes nor campaigns nor counts, and a leader hands over at once.
    ///
    /// Unlike a fence it is not remembered over a restart, and it opens by itself when the caller says so: nothing that
    /// this node has acknowledged is in doubt, and its log goes on being kept and acknowledged as it is.
    public mutating func setQuarantined(_ isQuarantined: Bool, now: Instant, into out: inout [Directive]) {
        guard isQuarantined != self.isQuarantined, divergence == nil else { return }
        self.isQuarantined = isQuarantined
        switch role {
        case .leader:
            if let successor = bestSuccessor(orBehind: false) { send(.timeoutNow, to: successor, into: &out) }
            stepDown(.quarantined, now: now, into: &out)
        case .preCandidate, .candidate:
            role = .follower
            announce(into: &out)
        case .follower:
            reportProgress(into: &out)
        }
    }

    /// Whether this node may vote, campaign and be counted.
    var takesPart: Bool { !fence.isClosed && !isQuarantined }
}
