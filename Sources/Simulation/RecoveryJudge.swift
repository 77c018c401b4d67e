// Judges what a start makes of its disk: nothing that was synced may be missing without a word.

import LogFormat
import LogStore
import Vocabulary

/// What the log on a disk must turn out to be, given what was on stable storage before.
struct RecoveryJudge {
    let node: NodeID
    /// What was on stable storage when the node stopped.
    let before: LogImage
    /// Whether damage has hit this disk since it was whole.
    let isDamaged: Bool

    func judge(_ recovered: RecoveredLog, _ after: LogImage) throws(Violation) {
        let isFound = if case .damaged = recovered.verdict { true } else { false }
        guard isDamaged || !isFound else {
            throw Violation(.recovery, "\(node) finds damage where there is none: \(recovered.verdict)")
        }
        if case .damaged(_, let copies) = recovered.verdict, copies.isEmpty {
            throw Violation(.recovery, "\(node) keeps no copy of what is damaged")
        }
        try judgeFrames(after, recovered.verdict)
        if after.fence != nil, recovered.state.isBallotUncertain { return }
        let isSameVote = before.votedFor == nil || after.votedFor == before.votedFor
        let isVoteKept = after.term > before.term || after.term == before.term && isSameVote
        guard isVoteKept else {
            throw Violation(
                .recovery,
                "\(node) forgets its vote in term \(before.term) for \(before.voteText): \(recovered.verdict)")
        }
    }

    private func judgeFrames(_ after: LogImage, _ verdict: RecoveredLog.Verdict) throws(Violation) {
        // A fenced log may end in its past, with frames that were cut later.
        for frame in after.frames
        where after.fence == nil && frame.header.lastIndex <= before.last && !before.contains(frame) {
            throw Violation(.recovery, "\(node) reads a frame at \(frame.header.firstIndex) that it did not have last")
        }
        guard let last = before.frames.last, !after.contains(last) else { return }
        guard let fence = after.fence else {
            throw Violation(
                .recovery,
                "\(node) comes back with \(after.last) and no fence, had \(before.last) on stable storage")
        }
        guard fence >= before.last else {
            throw Violation(.recovery, "\(node) is fenced up to \(fence), had \(before.last) on stable storage: \(verdict)")
        }
    }
}

extension LogImage {
    fileprivate var voteText: String { votedFor?.description ?? "nobody" }
}
