// Each rule of the judge of starts, broken once by hand; and what is right and must not be objected to.

import Consensus
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
        isUncertain: Bool = false, before: LogImage = RecoveryJudgeTests.image(RecoveryJudgeTests.frames),
        ordered: [LogOrder.Action] = []
    ) -> Violation.Judge? {
        var after = after
        after.fence = fence.map { LogIndex($0) }
        var state = LogState(term: after.term, votedFor: after.votedFor, fence: after.fence)
        state.isBallotUncertain = isUncertain
        let recovered = RecoveredLog(
            identity: RecoveryJudgeTests.identity, state: state, commitIndex: .zero, firstIndex: LogIndex(1),
            last: .zero, lastChecksum: 0, uncommitted: [], membershipFrames: [], verdict: verdict, counts: .init())
        let judge = RecoveryJudge(
            node: RecoveryJudgeTests.identity.node, before: before, ordered: ordered, isDamaged: isDamaged)
        return objection { () throws(Violation) in try judge.judge(recovered, after) }
    }

    private var whole: LogImage { RecoveryJudgeTests.image(RecoveryJudgeTests.frames) }
    private var shorter: LogImage { RecoveryJudgeTests.image(RecoveryJudgeTests.frames.prefix(1)) }

    @Test func `everything is there, and a beginning of what was ordered since`() {
        let frames = RecoveryJudgeTests.frames
        let before = RecoveryJudgeTests.image(frames.prefix(1), term: 4, vote: "n3")
        let ordered: [LogOrder.Action] = [
            .append(frames[1], commitIndex: .zero), .ballot(term: Term(5), votedFor: NodeID("n2")),
            .append(frames[2], commitIndex: .zero),
        ]
        #expect(verdict(whole) == nil)
        #expect(verdict(whole, .tornTail(RecoveryJudgeTests.damage)) == nil)
        #expect(verdict(before, before: before, ordered: ordered) == nil)
        #expect(verdict(whole, before: before, ordered: ordered) == nil)
        #expect(verdict(RecoveryJudgeTests.image(frames.prefix(2)), before: before, ordered: ordered) == nil)
        // Not a later order without those before it, and nothing that was not ordered.
        #expect(verdict(RecoveryJudgeTests.image(frames.prefix(1)), before: before, ordered: ordered) == .recovery)
        #expect(verdict(whole, before: before) == .recovery)
    }

    @Test func `damage is not found where there is none, and what is damaged is kept`() {
        #expect(verdict(whole, fence: 4, RecoveryJudgeTests.damaged) == .recovery)
        #expect(verdict(whole, fence: 4, RecoveryJudgeTests.damaged, isDamaged: true) == nil)
        let careless = RecoveredLog.Verdict.damaged(RecoveryJudgeTests.damage, quarantined: [])
        #expect(verdict(shorter, fence: 4, careless, isDamaged: true) == .recovery)
    }

    @Test func `what is missing is told by a fence that is high enough`() {
        #expect(verdict(shorter) == .recovery)
        #expect(verdict(shorter, .tornTail(RecoveryJudgeTests.damage)) == .recovery)
        #expect(verdict(shorter, isDamaged: true) == .recovery)
        #expect(verdict(shorter, RecoveryJudgeTests.damaged, isDamaged: true) == .recovery)
        #expect(verdict(shorter, fence: 3, RecoveryJudgeTests.damaged, isDamaged: true) == .recovery)
        #expect(verdict(shorter, fence: 4, RecoveryJudgeTests.damaged, isDamaged: true) == nil)
        // An earlier start has repaired it, and was cut short.
        #expect(verdict(shorter, fence: 4, isDamaged: true) == nil)
        #expect(verdict(shorter, fence: 3, isDamaged: true) == .recovery)
        #expect(verdict(shorter, fence: 4) == .recovery)
    }

    @Test func `a repair that was cut short may have left a fence and nothing else`() {
        #expect(verdict(whole, fence: 4, isDamaged: true) == nil)
        #expect(verdict(whole, fence: 3, isDamaged: true) == .recovery)
        #expect(verdict(whole, fence: 4) == .recovery)
        // What the fence stood for before is there still.
        var fenced = whole
        fenced.fence = LogIndex(4)
        #expect(verdict(whole, fence: 4, isDamaged: true, before: fenced) == nil)
        #expect(verdict(whole, isDamaged: true, before: fenced) == .recovery)
    }

    @Test func `a vote is not forgotten, but to damage that says so`() {
        let frames = RecoveryJudgeTests.frames
        #expect(verdict(RecoveryJudgeTests.image(frames, vote: "n3")) == .recovery)
        #expect(verdict(RecoveryJudgeTests.image(frames, term: 4)) == .recovery)
        let damaged = RecoveryJudgeTests.damaged
        for after in [
            RecoveryJudgeTests.image(frames, vote: nil), RecoveryJudgeTests.image(frames, vote: "n3"),
            RecoveryJudgeTests.image(frames.prefix(1), term: 1, vote: nil),
        ] {
            #expect(verdict(after, fence: 4, damaged, isDamaged: true) == .recovery)
            #expect(verdict(after, fence: 4, damaged, isDamaged: true, isUncertain: true) == nil)
        }
        let newer = RecoveryJudgeTests.image(frames.prefix(1), term: 6, vote: nil)
        #expect(verdict(newer, fence: 4, damaged, isDamaged: true) == nil)
    }

    @Test func `what was not given up is there from its beginning on`() {
        let frames = RecoveryJudgeTests.frames
        var after = whole
        let end = FrameEnd(
            position: LogPosition(term: Term(1), index: frames[0].header.lastIndex), checksum: frames[0].header.checksum
        )
        after.replace(Array(frames.dropFirst()), behind: end)
        #expect(verdict(after) == .recovery)
        #expect(verdict(after, ordered: [.release(before: LogIndex(2))]) == nil)
        #expect(verdict(after, ordered: [.release(before: LogIndex(1))]) == .recovery)
        var before = whole
        before.carryOut(.release(before: LogIndex(3)))
        #expect(verdict(after, before: before) == nil)
    }

    @Test func `a log of which entries were given up needs a snapshot that stands for them`() {
        #expect(whole.continues(oneOf: []))
        var released = whole
        released.carryOut(.release(before: LogIndex(3)))
        #expect(!released.continues(oneOf: []))
        #expect(!released.continues(oneOf: [LogIndex(1)]))
        #expect(released.continues(oneOf: [LogIndex(1), LogIndex(2)]))
        #expect(released.continues(oneOf: [LogIndex(4)]))
    }

    @Test func `a log that began anew is empty, or as it was before`() {
        let restart = LogOrder.Action.restart(at: LogPosition(term: Term(1), index: LogIndex(9)), checksum: 77)
        var after = whole
        after.carryOut(restart)
        #expect(verdict(after, ordered: [restart]) == nil)
        #expect(verdict(whole, ordered: [restart]) == nil)
        #expect(verdict(after) == .recovery)
    }
}
