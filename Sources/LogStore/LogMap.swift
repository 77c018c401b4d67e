// Where in the segments the log's frames are: a sparse list, shared by the writer and its readers.

import LogFormat
import Synchronization
import Vocabulary

/// Invariants of the state:
/// 1. `marks` increase strictly in index and in LSN; each is the exact start of a frame of the log.
/// 2. A reader that walks from a mark reaches the next mark's index exactly, and goes on at that mark's LSN. So frames
///    that were cut are never reached: what is appended after a cut begins with a mark.
/// 3. `segments` increase in sequence and base; all marks lie in them.
final class LogMap: Sendable {
    struct Mark: Hashable, Sendable {
        var index: LogIndex
        var lsn: LSN
    }

    struct Segment: Hashable, Sendable {
        var sequence: UInt64
        var base: LSN
        /// The last index before the segment, as its header says.
        var previousIndex: LogIndex
        /// Bytes of its file.
        var size: Int
    }

    struct State: Sendable {
        var marks: [Mark] = []
        var segments: [Segment] = []
        var lastIndex = LogIndex.zero
        /// Counts cuts, restarts and releases: what a reader planned before one may not be there any more.
        private(set) var changes = 0
        /// Where the next record goes.
        var end = LSN(0)
        /// Bytes of the files that are not in `segments`: ready for use, or given up and still there.
        var idleBytes = 0
        /// Whether the next frame has to get a mark.
        fileprivate var isMarkDue = true

        /// The first index that is in the log, or will be.
        var firstIndex: LogIndex { marks.first?.index ?? lastIndex.next }

        mutating func noteFrame(_ first: LogIndex, _ last: LogIndex, at lsn: LSN, interval: ByteCount) {
            let distance = marks.last.map { Int(lsn.rawValue - $0.lsn.rawValue) } ?? .max
            if isMarkDue || distance >= interval.rawValue {
                marks.append(Mark(index: first, lsn: lsn))
                isMarkDue = false
            }
            lastIndex = last
        }

        mutating func noteSegment(_ header: SegmentHeader, size: Int) {
            segments.append(
                Segment(
                    sequence: header.sequence, base: header.base, previousIndex: header.start.last.index, size: size))
            isMarkDue = true
        }

        mutating func noteTruncation(from index: LogIndex) {
            while let mark = marks.last, mark.index >= index { marks.removeLast() }
            isMarkDue = true
            changes += 1
            lastIndex = index.previous
        }

        /// The log begins behind `index` now.
        mutating func noteRestart(at index: LogIndex) {
            marks = []
            isMarkDue = true
            changes += 1
            lastIndex = index
        }

        /// Forgets the segments before `sequence`, and says which they were.
        @discardableResult
        mutating func release(before sequence: UInt64) -> [Segment] {
            let gone = Array(segments.prefix { $0.sequence < sequence })
            segments.removeFirst(gone.count)
            changes += 1
            if let first = segments.first { marks.removeAll { $0.lsn < first.base } }
            return gone
        }

        func segment(of lsn: LSN) -> Segment? { segments.last { $0.base <= lsn } }
    }

    private let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    /// One short lock per batch or read; none is held across a system call.
    func withState<Result: Sendable>(_ body: (inout sending State) -> sending Result) -> Result {
        state.withLock { body(&$0) }
    }
}
