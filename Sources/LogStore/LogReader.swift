// Reading frames back, for followers that are behind and for the replay at a start.

import ByteCoding
public import LogFormat
public import Vocabulary

/// Reads what the log has, also while its writer goes on. Each reader is for one thread; it keeps one file open.
public struct LogReader<Disk: Storage>: Sendable {
    private let disk: Disk
    private let map: LogMap
    private let seed: UInt32
    private var window: SegmentWindow<Disk>?
    private var openSequence: UInt64 = 0

    init(disk: Disk, map: LogMap, seed: UInt32) {
        self.disk = disk
        self.map = map
        self.seed = seed
    }

    /// First and last index there are frames for; empty when `last < first`.
    public var bounds: (first: LogIndex, last: LogIndex) {
        map.withState { ($0.firstIndex, $0.lastIndex) }
    }

    /// Whole frames from the one that holds `index` on: at least that one, then as many as `byteLimit` allows.
    ///
    /// Also gives frames that are written but not synced yet. Every frame is checked as it is read.
    public mutating func readFrames(from index: LogIndex, byteLimit: ByteCount) throws(LogError) -> [Frame] {
        let route = try plan(from: index)
        var frames: [Frame] = []
        var bytes = 0
        var stop = 0
        var next = route.stops[0]
        while next.index <= route.last {
            // What is behind the next stop's index stands at that stop, also if the files go on otherwise.
            if stop + 1 < route.stops.count, route.stops[stop + 1].index == next.index {
                stop += 1
                next = route.stops[stop]
            }
            guard let frame = try readFrame(&next, route) else { break }
            guard frame.header.lastIndex >= index else { continue }
            if !frames.isEmpty, bytes + frame.bytes.count > byteLimit.rawValue { break }
            bytes += frame.bytes.count
            frames.append(frame)
        }
        return frames
    }

    /// Where to look, copied out under the lock.
    private struct Route: Sendable {
        /// From the last mark at or before the wanted index on.
        var stops: [LogMap.Mark]
        var segments: [LogMap.Segment]
        /// The last index that the stops lead to.
        var last: LogIndex
    }

    /// The most marks of one read: with the usual interval, 16 MiB of log.
    private static var stopLimit: Int { 256 }

    private func plan(from index: LogIndex) throws(LogError) -> Route {
        let found: Result<Route, LogError> = map.withState { state in
            guard index <= state.lastIndex else {
                return .failure(.beyondEnd(asked: index, last: state.lastIndex))
            }
            guard index >= state.firstIndex else {
                return .failure(.released(asked: index, first: state.firstIndex))
            }
            let begin = LogReader.lastMark(state.marks, notBehind: index)
            let end = min(state.marks.count, begin + LogReader.stopLimit)
            return .success(
                Route(
                    stops: Array(state.marks[begin..<end]), segments: state.segments,
                    last: end < state.marks.count ? state.marks[end].index.previous : state.lastIndex))
        }
        return try found.get()
    }

    private static func lastMark(_ marks: [LogMap.Mark], notBehind index: LogIndex) -> Int {
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The next frame from `place` on, over records that are none. Nil at the end of what a cut has left.
    private mutating func readFrame(_ place: inout LogMap.Mark, _ route: Route) throws(LogError) -> Frame? {
        while true {
            guard let segment = route.segments.last(where: { $0.base <= place.lsn }) else { return nil }
            let (record, frame) = try readRecord(at: place, in: segment)
            place.lsn = record.end
            guard let frame else { continue }
            guard frame.header.firstIndex == place.index else {
                throw .unreadable(damage(.gap, at: place, in: segment))
            }
            place.index = frame.header.lastIndex.next
            return frame
        }
    }

    private mutating func readRecord(
        at place: LogMap.Mark, in segment: LogMap.Segment
    ) throws(LogError) -> (RecordHeader, Frame?) {
        let offset = Int(place.lsn.rawValue - segment.base.rawValue)
        let finding: RecordHeader.Finding
        do throws(StorageError) { finding = try find(offset, place.lsn, segment) } catch {
            window = nil
            // A file that a release took away in between.
            let first = bounds.first
            if error.reason == .missing, place.index < first { throw .released(asked: place.index, first: first) }
            throw .storage(error)
        }
        guard case .record(let record, let body) = finding, let window else {
            self.window = nil
            let first = bounds.first
            if place.index < first { throw .released(asked: place.index, first: first) }
            guard case .invalid(let kind) = finding else { throw .unreadable(damage(.gap, at: place, in: segment)) }
            throw .unreadable(damage(kind, at: place, in: segment))
        }
        guard record.kind == .frame else { return (record, nil) }
        do throws(FrameError) {
            return (record, try Frame.decode(window.bytes.rawBytes.extracting(body), limit: LogChain.frameLimit))
        } catch { throw .unreadable(damage(.failedRecovery, at: place, in: segment)) }
    }

    private mutating func find(
        _ offset: Int, _ lsn: LSN, _ segment: LogMap.Segment
    ) throws(StorageError) -> RecordHeader.Finding {
        if openSequence == segment.sequence, var kept = window {
            window = nil
            let finding = try kept.record(at: offset, expected: lsn, seed: seed)
            window = kept
            // Anything else may be the place as it was before it was written: look again.
            if case .record = finding { return finding }
        }
        var fresh = try SegmentWindow(disk: disk, name: SegmentName.text(segment.sequence), step: 256 << 10)
        let finding = try fresh.record(at: offset, expected: lsn, seed: seed)
        window = fresh
        openSequence = segment.sequence
        return finding
    }

    private func damage(_ kind: DamageKind, at place: LogMap.Mark, in segment: LogMap.Segment) -> LogDamage {
        LogDamage(
            kind: kind, file: SegmentName.text(segment.sequence),
            offset: Int(place.lsn.rawValue - segment.base.rawValue), lsn: place.lsn, firstIndex: place.index,
            highestIndex: place.index)
    }
}
