// Where a log begins and ends, what it takes on the disk, and what a release would leave of it.

public import Vocabulary

/// Figures of a log for whoever decides when it is shortened: on any thread, at any time, at the price of a short lock.
public struct LogExtent: Sendable {
    private let map: LogMap

    init(_ map: LogMap) { self.map = map }

    /// First and last index there are frames for; empty when `last < first`.
    public var bounds: (first: LogIndex, last: LogIndex) {
        map.withState { ($0.firstIndex, $0.lastIndex) }
    }

    /// The files of the log: segments in use, those kept ready, and those given up that are still to be removed.
    public var bytesOnDisk: ByteCount {
        map.withState { state in ByteCount(state.segments.reduce(state.idleBytes) { $0 + $1.size }) }
    }

    /// The highest index known such that releasing before it leaves at least `bytes` of log behind it; the first index
    /// of the log when there is less. Known places are `LogOptions.indexInterval` apart, so up to so much more stays.
    public func releasePoint(keeping bytes: ByteCount) -> LogIndex {
        map.withState { state in
            let marks = state.marks
            let end = state.end.rawValue
            let count = LogExtent.partition(marks) { end - $0.lsn.rawValue >= UInt64(max(0, bytes.rawValue)) }
            return count == 0 ? state.firstIndex : marks[count - 1].index
        }
    }

    /// Bytes of log from the record that holds `index` on; about so, since not every place is known.
    public func bytes(from index: LogIndex) -> ByteCount {
        map.withState { state in
            let count = LogExtent.partition(state.marks) { $0.index <= index }
            guard count > 0 || !state.marks.isEmpty else { return .zero }
            return ByteCount(Int(state.end.rawValue - state.marks[max(0, count - 1)].lsn.rawValue))
        }
    }

    /// What a release before `index` would give back: only whole segments go, and never the one being written.
    public func releasableBytes(before index: LogIndex) -> ByteCount {
        map.withState { state in
            guard let first = state.segments.lastIndex(where: { $0.previousIndex < index }) else { return .zero }
            return ByteCount(state.segments[..<first].reduce(0) { $0 + $1.size })
        }
    }

    /// How many of the first marks meet a demand that those behind them do not.
    private static func partition(_ marks: [LogMap.Mark], _ meets: (LogMap.Mark) -> Bool) -> Int {
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if meets(marks[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
