// What a node must hear before it votes and counts again, when its last ballot may be lost.

import Vocabulary

/// Damage may have taken the newest ballot: this node may have voted in a later term `T` than the newest it knows, for
/// anybody, and its fence is no more than a lower bound of what it had acknowledged.
///
/// To vote in `T` again would elect two leaders. To acknowledge entries of a term before `T` would let them commit
/// without the majority that `T`'s leader was elected by, this node among it. The fence keeps it from both. To let it
/// open as after other damage would not do: a leader of a term before `T`, which the leader of `T` could not reach yet,
/// would open it. So besides what `Fence` asks for, these three must hold:
///
/// 1. *Every other member was heard since the start, with a term no later than the present one.* The lost vote was
///    asked for by one of them, whose own term `T` was durable first; or this node asked for itself, which matters only
///    if another granted it, and entered `T` for that. So `T` is not after the present term. A majority would not do:
///    one that has not heard of `T` yet proves nothing of the candidate that counts this node's vote. Nor would the
///    voters: a learner may have been promoted by an entry that the damage took, or that the present leader never had;
///    that it learns was committed before. For the same reason nobody is left out who was removed meanwhile.
/// 2. *An append of the present leader has connected since the start, and all that a leader said to be committed is
///    committed here.* A leader may still count what this node acknowledged before the damage, until it is told how
///    much is left; what it sends behind a place that this log has, it sends after that.
/// 3. *The present term's vote is spent* (`Raft.openFence`): if `T` is the present term, a vote in it may be the
///    second. From the next term on this node votes as any other.
struct BallotDoubt: Hashable, Sendable {
    /// The members that were not heard yet, sorted.
    private(set) var unheard: [NodeID]
    /// All that had to be heard.
    private var asked: [NodeID]
    /// The newest term in which an append of the leader connected.
    private var connectedTerm: Term?

    init(others: [NodeID]) {
        asked = others
        unheard = others
    }

    /// There are more members than this node knew: the lost vote may have been for one of them.
    mutating func include(_ members: [NodeID]) {
        for node in members where !asked.contains(node) { asked.append(node); unheard.append(node) }
        unheard.sort()
    }

    /// `node` was heard on a connection of this process, with a term that is not after this node's.
    mutating func heard(_ node: NodeID) { unheard.removeAll { $0 == node } }

    /// An append of the leader of `term` has found its place in this log.
    mutating func connected(in term: Term) { connectedTerm = term }

    func isSettled(term: Term, committed: LogIndex, told: LogIndex) -> Bool {
        unheard.isEmpty && connectedTerm == term && committed >= told
    }

    /// Asks for its receiver's term and nothing else: in so early a term a pre-vote is refused, and changes nothing.
    static let question = Message(
        term: Term(1), body: .preVote(Message.Candidacy(last: .zero, isHandover: false)))
}
