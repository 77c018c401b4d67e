// The count of one election or pre-vote.

import Vocabulary

/// Who granted and who refused, first answer of each voter counting.
struct VoteTally: Hashable, Sendable {
    enum Outcome: Hashable, Sendable {
        case pending
        case won
        /// So many refused that a quorum can no longer be reached.
        case lost
    }

    private var granted: [NodeID] = []
    private var refused: [NodeID] = []

    /// Counts an answer. One that is not the voter's first, or not a voter's, changes nothing.
    mutating func record(_ node: NodeID, granted isGranted: Bool, in configuration: Configuration) {
        guard configuration.isVoter(node), !granted.contains(node), !refused.contains(node) else { return }
        if isGranted { granted.append(node) } else { refused.append(node) }
    }

    func outcome(in configuration: Configuration) -> Outcome {
        if configuration.hasQuorum(where: granted.contains) { return .won }
        return configuration.hasQuorum { !refused.contains($0) } ? .pending : .lost
    }
}
