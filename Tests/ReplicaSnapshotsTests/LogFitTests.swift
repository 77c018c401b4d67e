// How snapshots and logs fit together.

import Consensus
import LogStore
import ReplicaSnapshots
import Testing
import Vocabulary

struct LogFitTests {
    private func end(_ index: UInt64, _ checksum: UInt32 = 1) -> FrameEnd {
        FrameEnd(position: LogPosition(term: Term(2), index: LogIndex(index)), checksum: checksum)
    }

    /// A log of `first...last` in which a frame ends at every index, with checksum 1.
    private func fit(_ snapshot: FrameEnd, first: UInt64, last: UInt64) throws -> LogFit {
        try LogFit(
            of: snapshot, with: LogSpan(first: LogIndex(first), last: end(last)), end: { end($0.rawValue) },
            before: { end($0.rawValue - 1) })
    }

    @Test func `a log that has the snapshot's end goes on from it`() throws {
        for index: UInt64 in [9, 10, 15, 20] { #expect(try fit(end(index), first: 10, last: 20) == .follows) }
    }

    @Test func `a log that ends before, or says something else there, begins anew`() throws {
        #expect(try fit(end(21), first: 10, last: 20) == .restarts)
        for index: UInt64 in [9, 10, 15, 20] { #expect(try fit(end(index, 7), first: 10, last: 20) == .restarts) }
    }

    @Test func `entries between snapshot and log are missed`() throws {
        for index: UInt64 in [1, 8] { #expect(try fit(end(index), first: 10, last: 20) == .gap) }
    }
}
