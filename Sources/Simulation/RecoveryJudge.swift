// Judges what a start makes of its disk: nothing that was synced may be missing without a word.

import LogFormat
import LogStore
import Vocabulary

/// What the log on a disk must turn out to be, given what was on stable storage before, and what was ordered since.
struct RecoveryJudge {
    let node: NodeID
    /// What was on stable storage when the node stopped.
    let before: LogImage
    /// What was ordered since, in order: any beginning of it may have come to the disk as well.
    let ordered: [LogOrder.Action]
    /// Whether damage has hit this disk since it was whole.
    let isDamaged: Bool

    func judge(_ recovered: RecoveredLog, _ after: LogImage) throws(Violation) {
        guard case .damaged(_, let copies) = recovered.verdict else {
            return isRepaired(after) ? try judgeFence(recovered, after) : try judgeWhole(after, recovered.verdict)
        }
        guard isDamaged else {
            throw Violation(.recovery, "\(node) finds damage where there is none: \(recovered.verdict)")
        }
        guard !copies.isEmpty else { throw Violation(.recovery, "\(node) keeps no copy of what is damaged") }
        try judgeFence(recovered, after)
    }

    /// Whether an earlier start has repaired the damage, and was cut short after that: the log is shorter, or has got a
    /// fence only, as nothing was behind the damage that a sync had covered.
    private func isRepaired(_ after: LogImage) -> Bool {
        isDamaged && after.fence != nil && (after.last < before.last || after.fence != before.fence)
    }

    /// Without damage the log is what was synced, and a beginning of what was ordered since.
    private func judgeWhole(_ after: LogImage, _ verdict: RecoveredLog.Verdict) throws(Violation) {
        var image = before
        for action in ordered {
            if image.isSame(as: after) { return try judgeBeginning(after) }
            image.carryOut(action)
        }
        guard image.isSame(as: after) else {
            let had = "had \(before) on stable storage and \(ordered.count) orders"
            throw Violation(.recovery, "\(node) comes back \(verdict) with \(after), \(had)")
        }
        try judgeBeginning(after)
    }

    /// What was not given up is still there.
    private func judgeBeginning(_ after: LogImage) throws(Violation) {
        var image = before
        for action in ordered { image.carryOut(action) }
        guard after.start.index.next <= max(image.released, before.start.index.next) else {
            throw Violation(
                .recovery, "\(node)'s log begins behind \(after.start.index), given up was up to \(image.released)")
        }
    }

    /// After damage the log may end in its past. The fence covers what was acknowledged since, and the vote is the
    /// newest, or known to be lost.
    private func judgeFence(_ recovered: RecoveredLog, _ after: LogImage) throws(Violation) {
        guard let fence = after.fence, fence >= before.last else {
            throw Violation(
                .recovery, "\(node) is damaged and comes back with \(after), had \(before): \(recovered.verdict)")
        }
        if recovered.state.isBallotUncertain { return }
        let isSameVote = before.votedFor == nil || after.votedFor == before.votedFor
        guard after.term > before.term || after.term == before.term && isSameVote else {
            throw Violation(.recovery, "\(node) forgets its vote: \(after), had \(before): \(recovered.verdict)")
        }
    }
}

extension LogImage: CustomStringConvertible {
    /// The checksum of the last frame covers all before it.
    fileprivate func isSame(as other: LogImage) -> Bool {
        last == other.last && lastChecksum == other.lastChecksum && term == other.term
            && votedFor == other.votedFor && fence == other.fence
    }

    var description: String {
        let vote = votedFor.map { "\($0)" } ?? "nobody"
        return "\(last) in term \(term) for \(vote)\(fence.map { ", fenced up to \($0)" } ?? "")"
    }
}
