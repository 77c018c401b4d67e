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

    /// Bit `i` stands for voter `i` of the configuration.
    private var granted: UInt32 = 0
    private var refused: UInt32 = 0

    /// Counts an answer. One that is not the voter's first, or not a voter's, changes nothing.
    mutating func record(_ node: NodeID, granted isGranted: Bool, in configuration: Configuration) {
        guard let position = configuration.voters.position(of: node) else { return }
        let bit: UInt32 = 1 << UInt32(position)
        guard (granted | refused) & bit == 0 else { return }
        if isGranted { granted |= bit } else { refused |= bit }
    }

    func outcome(in configuration: Configuration) -> Outcome {
        let needed = Quorum.majority(of: configuration.voters.count)
        if granted.nonzeroBitCount >= needed { return .won }
        if configuration.voters.count - refused.nonzeroBitCount < needed { return .lost }
        return .pending
    }
}
