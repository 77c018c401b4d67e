// Each rule of the judge of starts, broken once by hand; and what is right and must not be objected to.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

@Suite struct RecoveryJudgeTests {
    private static let identity = LogIdentity(
        cluster: FrameChain.cluster, node: NodeID("n1")!, storage: StorageID(high: 3, low: 4))
    private static let frames: [Frame] = {
        var chain = FrameChain()
        return [chain.append(["a"]), chain.append(["b", "c"]), chain.append(["d"])]
    }()
    private static let damage = LogDamage(
        kind: .checksumMismatch, file: "wal-1.seg", offset: 200, lsn: LSN(200), firstIndex: LogIndex(2),
        highestIndex: LogIndex(4))
    private static let damaged = RecoveredLog.Verdict.damaged(damage, quarantined: ["quarantine/wal-1.seg"])

    private static func image(_ frames: some Sequence<Frame>, term: UInt64 = 5, vote: String? = "n2") -> LogImage {
        var image = LogImage()
        image.replace(Array(frames))
        image.term = Term(term)
        image.votedFor = vote.flatMap { NodeID($0) }
        return image
    }

    /// What the judge says of a start that has made `after` of three frames, term 5 and a vote for n2.
    private func verdict(
        _ after: LogImage, fence: UInt64? = nil, _ verdict: RecoveredLog.Verdict = .clean, isDamaged: Bool = false,
        isUncertain: Bool = false, before: LogImage = RecoveryJudgeTests.image(RecoveryJudgeTests.frames)
    ) -> Violation.Judge? {
        var after = after
        after.fence = fence.map { LogIndex($0) }
        var state = LogState(term: after.term, votedFor: after.votedFor, fence: after.fence)
        state.isBallotUncertain = isUncertain
        let recovered = RecoveredLog(
            identity: RecoveryJudgeTests.identity, state: state, commitIndex: .zero, firstIndex: LogIndex(1),
            last: .zero, lastChecksum: 0, uncommitted: [], verdict: verdict, counts: .init())
        let judge = RecoveryJudge(node: RecoveryJudgeTests.identity.node, before: before, isDamaged: isDamaged)
        return objection { () throws(Violation) in try judge.judge(recovered, after) }
    }

    private var whole: LogImage { RecoveryJudgeTests.image(RecoveryJudgeTests.frames) }
    private var shorter: LogImage { RecoveryJudgeTests.image(RecoveryJudgeTests.frames.prefix(1)) }

    @Test func `everything there is right, and so is more`() {
        #expect(verdict(whole) == nil)
        #expect(verdict(whole, .tornTail(RecoveryJudgeTests.damage)) == nil)
        // Written and never synced, and there all the same.
        let before = RecoveryJudgeTests.image(RecoveryJudgeTests.frames.prefix(2), term: 4, vote: "n3")
        #expect(verdict(whole, before: before) == nil)
        #expect(verdict(whole, before: LogImage()) == nil)
    }

    @Test func `damage is not found where there is none`() {
        #expect(verdict(whole, fence: 4, RecoveryJudgeTests.damaged) == .recovery)
        #expect(verdict(whole, fence: 4, RecoveryJudgeTests.damaged, isDamaged: true) == nil)
    }

    @Test func `what is damaged is kept`() {
        let careless = RecoveredLog.Verdict.damaged(RecoveryJudgeTests.damage, quarantined: [])
        #expect(verdict(shorter, fence: 4, careless, isDamaged: true) == .recovery)
    }

    @Test func `a frame that was not there last is found`() {
        var chain = FrameChain()
        let strange = [chain.append(["a"]), chain.append(["x", "c"]), chain.append(["d"])]
        #expect(verdict(RecoveryJudgeTests.image(strange)) == .recovery)
        // A fenced log may end in its past, with frames that were cut later.
        #expect(
            verdict(RecoveryJudgeTests.image(strange), fence: 9, RecoveryJudgeTests.damaged, isDamaged: true) == nil)
    }

    @Test func `what is missing is told by a fence that is high enough`() {
        #expect(verdict(shorter) == .recovery)
        #expect(verdict(shorter, .tornTail(RecoveryJudgeTests.damage)) == .recovery)
        #expect(verdict(shorter, isDamaged: true) == .recovery)
        #expect(verdict(shorter, fence: 3, RecoveryJudgeTests.damaged, isDamaged: true) == .recovery)
        #expect(verdict(shorter, fence: 4, RecoveryJudgeTests.damaged, isDamaged: true) == nil)
        #expect(verdict(LogImage(), fence: 4, RecoveryJudgeTests.damaged, isDamaged: true, isUncertain: true) == nil)
    }

    @Test func `a vote is not forgotten`() {
        let frames = RecoveryJudgeTests.frames
        #expect(verdict(RecoveryJudgeTests.image(frames, vote: nil)) == .recovery)
        #expect(verdict(RecoveryJudgeTests.image(frames, vote: "n3")) == .recovery)
        #expect(verdict(RecoveryJudgeTests.image(frames, term: 4)) == .recovery)
        #expect(verdict(RecoveryJudgeTests.image(frames, term: 6, vote: nil)) == nil)
        // Whoever had voted for nobody may have written a vote since.
        let undecided = RecoveryJudgeTests.image(frames, vote: nil)
        #expect(verdict(whole, before: undecided) == nil)
    }

    @Test func `a vote may be lost to damage when that is said, and with a fence`() {
        let after = RecoveryJudgeTests.image(RecoveryJudgeTests.frames.prefix(1), term: 1, vote: nil)
        let damaged = RecoveryJudgeTests.damaged
        #expect(verdict(after, fence: 4, damaged, isDamaged: true) == .recovery)
        #expect(verdict(after, fence: 4, damaged, isDamaged: true, isUncertain: true) == nil)
        let unfenced = RecoveryJudgeTests.image(RecoveryJudgeTests.frames, term: 1, vote: nil)
        #expect(verdict(unfenced, isDamaged: true, isUncertain: true) == .recovery)
    }
}
