// Judges elections, votes and logs by what is on the disks and what is said, never by what a node claims of itself.

import Consensus
import LogFormat
import Vocabulary

/// Election safety, one vote per term, nothing spoken of before it is durable, log matching, leader completeness, and
/// nothing committed that is not on a majority's disks (Raft paper, figure 3).
struct LogJudge {
    /// A node as this judge knows it.
    struct Witness {
        let id: NodeID
        /// What its log thread was told, and what is on stable storage of it.
        var believed = LogImage()
        var durable = LogImage()
        /// Damage has hit its disk and is not repaired: what it had may be gone.
        var isDamaged = false
        /// The commit index that this process has shown.
        var committed = LogIndex.zero
    }

    private struct Ballot: Hashable {
        let node: NodeID
        let term: Term
    }

    var witnesses: [Witness]
    /// Every frame that some node has committed, in order.
    private(set) var committed: [Frame] = []
    /// The term in which each of them was committed first.
    private var commitTerms: [Term] = []
    private var leaders: [Term: NodeID] = [:]
    private var votes: [Ballot: NodeID] = [:]

    init(_ ids: [NodeID]) { witnesses = ids.map { Witness(id: $0) } }

    var committedIndex: LogIndex { committed.last?.header.lastIndex ?? .zero }

    // MARK: Elections

    mutating func becameLeader(_ node: Int, term: Term) throws(Violation) {
        let id = witnesses[node].id
        if let other = leaders[term], other != id {
            throw Violation(.leaders, "\(id) and \(other) lead term \(term)")
        }
        leaders[term] = id
        // What was committed in a later term need not be in the log of somebody who learns late that it was elected.
        let earlier = commitTerms.lastIndex { $0 < term }
        if let newest = earlier.map({ committed[$0] }), !witnesses[node].believed.contains(newest) {
            throw Violation(
                .completeness,
                "\(id) leads term \(term) without the committed frame that ends at \(newest.header.lastIndex)")
        }
    }

    /// A message leaves a node: what it says must be durable there.
    mutating func says(_ message: Message, _ node: Int, to peer: NodeID) throws(Violation) {
        let witness = witnesses[node]
        let durable = witness.durable
        if case .preVote = message.body { return }
        guard message.term <= durable.term else {
            throw Violation(.votes, "\(witness.id) speaks of term \(message.term); durable is \(durable.term)")
        }
        switch message.body {
        case .vote: try votes(for: witness.id, in: message.term, witness)
        case .voteReply(granted: true): try votes(for: peer, in: message.term, witness)
        case .progress(let report):
            guard report.matchIndex <= durable.last else {
                throw Violation(
                    .durability, "\(witness.id) acknowledges \(report.matchIndex); durable is \(durable.last)")
            }
        case .heartbeat(let commitIndex, _, _): try tells(commitIndex, witness)
        case .append(let append): try tells(append.commitIndex, witness)
        default: break
        }
    }

    /// A leader tells of what it has committed itself, by its own rule, and of nothing else.
    private func tells(_ commitIndex: LogIndex, _ witness: Witness) throws(Violation) {
        guard commitIndex > witness.committed else { return }
        throw Violation(
            .logMatching, "\(witness.id) tells that \(commitIndex) is committed, and has committed \(witness.committed)"
        )
    }

    private mutating func votes(for candidate: NodeID, in term: Term, _ witness: Witness) throws(Violation) {
        if term == witness.durable.term, witness.durable.votedFor != candidate {
            throw Violation(.votes, "\(witness.id) votes for \(candidate) in term \(term), which is not durable")
        }
        let ballot = Ballot(node: witness.id, term: term)
        if let other = votes[ballot], other != candidate {
            throw Violation(.votes, "\(witness.id) votes for \(candidate) in term \(term), and did for \(other)")
        }
        votes[ballot] = candidate
    }

    // MARK: Commits

    /// A node's commit index is `index` now, in its `term`. Returns the frames that nobody had committed before.
    mutating func commits(_ index: LogIndex, in term: Term, _ node: Int) throws(Violation) -> [Frame] {
        let before = witnesses[node].committed
        guard index != before else { return [] }
        guard index > before else {
            throw Violation(.logMatching, "\(witnesses[node].id) had committed \(before), and says \(index) now")
        }
        witnesses[node].committed = index
        var new: [Frame] = []
        for frame in witnesses[node].believed.frames(behind: before) where frame.header.lastIndex <= index {
            if frame.header.lastIndex <= committedIndex {
                try matches(frame, node)
            } else {
                try isOnMajority(frame, node)
                committed.append(frame)
                commitTerms.append(term)
                new.append(frame)
            }
        }
        guard index <= committedIndex else {
            throw Violation(.logMatching, "\(witnesses[node].id) commits \(index), which is in no log")
        }
        return new
    }

    private func matches(_ frame: Frame, _ node: Int) throws(Violation) {
        guard let same = committedFrame(holding: frame.header.lastIndex),
            same.header.checksum == frame.header.checksum
        else {
            throw Violation(
                .logMatching, "\(witnesses[node].id) commits another frame at \(frame.header.lastIndex)")
        }
    }

    func committedFrame(holding index: LogIndex) -> Frame? {
        var low = 0
        var high = committed.count
        while low < high {
            let middle = (low + high) / 2
            if committed[middle].header.lastIndex < index { low = middle + 1 } else { high = middle }
        }
        return low < committed.count ? committed[low] : nil
    }

    private func isOnMajority(_ frame: Frame, _ node: Int) throws(Violation) {
        let copies = witnesses.count { $0.durable.contains(frame) || $0.isDamaged || $0.durable.fence != nil }
        guard copies * 2 > witnesses.count else {
            throw Violation(
                .durability,
                "\(witnesses[node].id) commits \(frame.header.lastIndex) with \(copies) copies on \(witnesses.count)")
        }
    }

    /// A node cuts its log.
    func truncates(from index: LogIndex, _ node: Int) throws(Violation) {
        guard index > witnesses[node].committed else {
            throw Violation(.logMatching, "\(witnesses[node].id) cuts from \(index), and had committed that")
        }
        guard let old = witnesses[node].believed.frame(holding: index) else { return }
        if old.header.lastIndex <= committedIndex, let same = committedFrame(holding: old.header.lastIndex),
            same.header.checksum == old.header.checksum
        {
            throw Violation(.logMatching, "\(witnesses[node].id) cuts \(index), which the cluster has committed")
        }
    }
}
