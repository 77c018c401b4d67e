// Judges elections, votes and logs by what is on the disks and what is said, never by what a node claims of itself.

import Consensus
import LogFormat
import LogStore
import Vocabulary

/// Election safety, one vote per term, nothing spoken of before it is durable, log matching, leader completeness, and
/// nothing committed that is not on a majority's disks (Raft paper, figure 3). What a majority is, the members decide
/// that count where the log of whoever decides it ends (dissertation, section 4.1).
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

        /// It has an empty disk now.
        mutating func lose() { self = Witness(id: id) }
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
    private let founders: MemberImage
    /// The members that the committed frames name, in order.
    private(set) var memberships: [(index: LogIndex, members: MemberImage)] = []

    /// - Parameter spares: how many of them, at the end, are no members in the beginning.
    init(_ ids: [NodeID], spares: Int = 0) {
        witnesses = ids.map { Witness(id: $0) }
        founders = MemberImage(voters: ids.dropLast(spares))
    }

    // MARK: Members

    /// The newest that are committed.
    var members: MemberImage { memberships.last?.members ?? founders }

    /// Those that count for whoever has this log: the newest that are in it.
    private func members(by image: LogImage) -> MemberImage {
        if let newest = image.memberships.last { return newest.members }
        return memberships.last { $0.index <= image.start.index }?.members ?? founders
    }

    /// Those that may count for somebody now.
    var membersInForce: Set<MemberImage> {
        Set(witnesses.map { members(by: $0.believed) }).union([members])
    }

    private mutating func noteMembers(in frame: Frame) throws(Violation) {
        guard let (index, next) = MemberImage.found(in: frame) else { return }
        guard members.mayBecome(next) else {
            throw Violation(.membership, "voters change in one step at \(index), from \(members) to \(next)")
        }
        memberships.append((index, next))
    }

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
        if let newest = earlier.map({ committed[$0] }), !witnesses[node].believed.covers(newest) {
            throw Violation(
                .completeness,
                "\(id) leads term \(term) without the committed frame that ends at \(newest.header.lastIndex)")
        }
    }

    /// Who leads has the votes of a majority.
    func wasElected(_ node: Int, term: Term) throws(Violation) {
        let (id, durable) = (witnesses[node].id, witnesses[node].durable)
        let members = members(by: witnesses[node].believed)
        let elects = members.isQuorum { voter in
            votes[Ballot(node: voter, term: term)] == id
                || voter == id && durable.term == term && durable.votedFor == id
        }
        guard elects else {
            throw Violation(.leaders, "\(id) leads term \(term) without a majority of \(members)")
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
    ///
    /// - Parameters:
    ///   - restart: behind which it has just begun its log anew: what it had before that counts no more.
    ///   - proposed: the members that it has just put into its log, which nobody has written down yet.
    mutating func commits(
        _ index: LogIndex, in term: Term, restart: LogPosition? = nil, proposed: MemberImage? = nil, _ node: Int
    ) throws(Violation) -> [Frame] {
        let before = max(witnesses[node].committed, restart?.index ?? .zero)
        guard index != before else {
            witnesses[node].committed = index
            return []
        }
        guard index > before else {
            throw Violation(.logMatching, "\(witnesses[node].id) had committed \(before), and says \(index) now")
        }
        witnesses[node].committed = index
        var new: [Frame] = []
        for frame in witnesses[node].believed.frames(behind: before) where frame.header.lastIndex <= index {
            if frame.header.lastIndex <= committedIndex {
                try matches(frame, node)
            } else {
                try isOnMajority(frame, node, proposed)
                try noteMembers(in: frame)
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

    private func isOnMajority(_ frame: Frame, _ node: Int, _ proposed: MemberImage?) throws(Violation) {
        let copies = witnesses.filter { $0.durable.covers(frame) || $0.isDamaged || $0.durable.fence != nil }.map(\.id)
        let members = members(by: witnesses[node].believed)
        guard members.isQuorum(copies.contains) || proposed?.isQuorum(copies.contains) == true else {
            let names = copies.map(\.description).joined(separator: ",")
            throw Violation(
                .durability,
                "\(witnesses[node].id) commits \(frame.header.lastIndex) with copies on \(names), voters are \(members)"
            )
        }
    }

    // MARK: Both ends

    /// A node gives up what its log has before `index`. `snapshots`: those that are durable there.
    func releases(before index: LogIndex, _ node: Int, _ snapshots: [LogIndex]) throws(Violation) {
        let newest = snapshots.max() ?? .zero
        guard index <= newest.next else {
            throw Violation(
                .recovery, "\(witnesses[node].id) gives up its log before \(index); its newest snapshot is of \(newest)"
            )
        }
    }

    /// A node begins its log anew behind a snapshot.
    func restarts(at position: LogPosition, checksum: UInt32, _ node: Int, _ snapshots: [LogIndex]) throws(Violation) {
        guard let frame = committedFrame(holding: position.index), frame.header.lastIndex == position.index,
            frame.header.checksum == checksum, frame.header.term == position.term
        else {
            throw Violation(
                .logMatching, "\(witnesses[node].id) begins anew behind \(position), which nobody committed")
        }
        guard snapshots.contains(position.index) else {
            throw Violation(.recovery, "\(witnesses[node].id) begins anew behind \(position), without a snapshot of it")
        }
    }

    /// A start has begun its log anew.
    mutating func restarted(_ node: Int, at end: FrameEnd) {
        let action = LogOrder.Action.restart(at: end.position, checksum: end.checksum)
        witnesses[node].durable.carryOut(action)
        witnesses[node].believed.carryOut(action)
        witnesses[node].committed = end.index
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
