// When a node's files are said to stand still, and what is said at the end.

import Consensus
import Platform
import Testing
import Vocabulary

@testable import Node

struct QuiesceTests {
    private static let start = Instant(nanoseconds: 5_000_000_000)
    private static let position = LogPosition(term: Term(3), index: LogIndex(40))
    private static let digest = Digest(high: 1, low: 2)

    private static func hold() -> Quiesce {
        Quiesce(number: 1, asked: start, until: start + .seconds(30), position: position)
    }

    @Test(arguments: 0..<8)
    func `it stands when log and snapshots stand and the state at its index is known, and not before`(known: Int) {
        var hold = Self.hold()
        if known & 1 != 0 { hold.logStands() }
        if known & 2 != 0 { hold.snapshotsStand() }
        let found = known & 4 != 0 ? (Self.position, Self.digest) : nil
        let step = hold.look(found, at: Self.start + .seconds(1))
        #expect(step == (known == 7 ? .stands(Self.digest) : .nothing))
        // It is said once.
        #expect(hold.look(found, at: Self.start + .seconds(1)) == .nothing)
        #expect(hold.end(.released).isWhole == (known == 7))
    }

    @Test func `an end of the log that another leader has replaced is none`() {
        var hold = Self.hold()
        let other = LogPosition(term: Term(4), index: Self.position.index)
        guard case .fails = hold.look((other, Self.digest), at: Self.start) else {
            Issue.record("a digest of another log")
            return
        }
    }

    @Test func `what cannot be committed in time fails`() {
        var hold = Self.hold()
        hold.logStands()
        hold.snapshotsStand()
        #expect(hold.look(nil, at: Self.start + .seconds(19)) == .nothing)
        guard case .fails(let reason) = hold.look(nil, at: Self.start + Quiesce.gatheringMax) else {
            Issue.record("it waits for ever")
            return
        }
        #expect(reason.contains("not committed"))
    }

    @Test(arguments: [(true, true), (false, false)])
    func `a hold that is broken is not whole`(isReleased: Bool, isWhole: Bool) {
        var hold = Self.hold()
        hold.logStands()
        hold.snapshotsStand()
        _ = hold.look((Self.position, Self.digest), at: Self.start)
        #expect(hold.end(isReleased ? .released : .overtime).isWhole == isWhole)
    }

    @Test func `orders behind a hold of the snapshots wait, in their order`() {
        var hold = SnapshotHold()
        let (one, two) = (LogIndex(1), LogIndex(2))
        let passed = hold.pass(
            [
                .keeper(.quarantine(one, [], at: .zero)), .hold(7, until: Self.start + .seconds(9)),
                .keeper(.quarantine(two, [], at: .zero)),
            ], at: Self.start)
        #expect(passed.count == 1 && hold.isStanding)
        #expect(hold.begun() == 7)
        #expect(hold.begun() == nil)
        #expect(hold.pass([.endHold(8), .keeper(.quarantine(one, [], at: .zero))], at: Self.start).isEmpty)
        let left = hold.pass([.endHold(7)], at: Self.start)
        #expect(left.count == 3 && !hold.isStanding)
    }

    @Test func `a hold of the snapshots ends by itself`() {
        var hold = SnapshotHold()
        _ = hold.pass([.hold(7, until: Self.start + .seconds(9)), .trimMemory], at: Self.start)
        #expect(hold.pass([], at: Self.start + .seconds(8)).isEmpty)
        #expect(hold.pass([], at: Self.start + .seconds(9)).count == 1)
    }
}
