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

    /// Why a walk ended.
    private enum Trouble: Error {
        /// The log was cut, released or begun anew since the route was planned, and what is gone cannot be read.
        case changed
        case failed(LogError)
    }

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
    @specialized(where Disk == DirectoryStorage)
    public mutating func readFrames(from index: LogIndex, byteLimit: ByteCount) throws(LogError) -> [Frame] {
        while true {
            let route = try plan(from: index)
            var frames: [Frame] = []
            do throws(Trouble) {
                try walk(route, from: index, byteLimit) { frames.append(Frame($0, checked: $1)) }
                return frames
            } catch { if case .failed(let error) = error { throw error } }
        }
    }

    /// The same frames in one buffer, for those who read many: `run` is emptied first.
    @specialized(where Disk == DirectoryStorage)
    public mutating func readRun(
        from index: LogIndex, byteLimit: ByteCount, into run: inout FrameRun
    ) throws(LogError) {
        while true {
            let route = try plan(from: index)
            run.removeAll()
            do throws(Trouble) {
                return try walk(route, from: index, byteLimit) { run.append($0, bytes: $1) }
            } catch { if case .failed(let error) = error { throw error } }
        }
    }

    /// Where to look, copied out under the lock.
    private struct Route: Sendable {
        /// From the last mark at or before the wanted index on.
        var stops: [LogMap.Mark]
        var segments: [LogMap.Segment]
        /// The last index that the stops lead to.
        var last: LogIndex
        /// Of the map, when it was planned.
        var changes: Int
    }

    /// The most marks of one read: with the usual interval, 16 MiB of log.
    private static var stopLimit: Int { 256 }
    /// The bytes that one read of the disk fetches.
    private static var windowSize: Int { 256 << 10 }

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
                    last: end < state.marks.count ? state.marks[end].index.previous : state.lastIndex,
                    changes: state.changes))
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

    /// Gives the frames from the one that holds `index` on.
    private mutating func walk(
        _ route: Route, from index: LogIndex, _ byteLimit: ByteCount, _ give: (FrameHeader, RawSpan) -> Void
    ) throws(Trouble) {
        var place = route.stops[0]
        var stop = 0
        var bytesLeft: Int?
        while place.index <= route.last {
            // What is behind the next stop's index stands at that stop, also if the files go on otherwise.
            if stop + 1 < route.stops.count, route.stops[stop + 1].index == place.index {
                stop += 1
                place = route.stops[stop]
            }
            guard let position = route.segments.lastIndex(where: { $0.base <= place.lsn }) else { return }
            let isNewest = position + 1 == route.segments.count
            let stretch = Stretch(
                segment: route.segments[position], end: isNewest ? LSN(.max) : route.segments[position + 1].base,
                target: stop + 1 < route.stops.count ? route.stops[stop + 1].index : route.last.next,
                changes: route.changes)
            let goesOn = try walk(stretch, &place) { header, span in
                guard header.lastIndex >= index else { return true }
                if let left = bytesLeft, header.frameLength > left { return false }
                bytesLeft = (bytesLeft ?? byteLimit.rawValue) - header.frameLength
                give(header, span)
                return true
            }
            if !goesOn { return }
        }
    }

    /// A part of a route within one file: up to `end`, or to the frame that begins with `target`.
    private struct Stretch {
        var segment: LogMap.Segment
        var end: LSN
        var target: LogIndex
        var changes: Int
    }

    /// Gives the frames of a stretch, over records that are none, until one is not wanted: then false.
    private mutating func walk(
        _ stretch: Stretch, _ place: inout LogMap.Mark, _ give: (FrameHeader, RawSpan) -> Bool
    ) throws(Trouble) -> Bool {
        let base = stretch.segment.base.rawValue
        // What was read for an earlier route may show a place as it was before it was written.
        var isFresh = openSequence != stretch.segment.sequence || window == nil
        var window = try takeWindow(of: stretch.segment, isFresh: isFresh, stretch.changes)
        while place.index < stretch.target, place.lsn < stretch.end {
            let offset = Int(place.lsn.rawValue - base)
            let finding: RecordHeader.Finding
            do throws(StorageError) {
                finding = try window.record(at: offset, expected: place.lsn, seed: seed)
            } catch { throw trouble(.storage(error), stretch.changes) }
            guard case .record(let record, let body) = finding else {
                guard isFresh else {
                    isFresh = true
                    window = try takeWindow(of: stretch.segment, isFresh: true, stretch.changes)
                    continue
                }
                let kind: DamageKind = if case .invalid(let kind) = finding { kind } else { .gap }
                throw trouble(.unreadable(damage(kind, at: place, in: stretch.segment)), stretch.changes)
            }
            if record.kind == .frame {
                let span = window.bytes.rawBytes.extracting(body)
                let header = try decode(span, at: place, stretch)
                place.index = header.lastIndex.next
                guard give(header, span) else {
                    self.window = window
                    return false
                }
            }
            place.lsn = record.end
        }
        self.window = window
        return true
    }

    private func decode(
        _ frame: RawSpan, at place: LogMap.Mark, _ stretch: Stretch
    ) throws(Trouble) -> FrameHeader {
        var kind = DamageKind.gap
        if let header = try? FrameHeader.decode(frame: frame, limit: LogChain.frameLimit) {
            if header.firstIndex == place.index { return header }
        } else {
            kind = .failedRecovery
        }
        throw trouble(.unreadable(damage(kind, at: place, in: stretch.segment)), stretch.changes)
    }

    /// The window onto a segment's file, from the last read or opened anew. Until it is put back there is none.
    private mutating func takeWindow(
        of segment: LogMap.Segment, isFresh: Bool, _ changes: Int
    ) throws(Trouble) -> SegmentWindow<Disk> {
        let kept = window.take()
        if !isFresh, let kept { return kept }
        openSequence = segment.sequence
        do throws(StorageError) {
            return try SegmentWindow(
                disk: disk, name: SegmentName.text(segment.sequence), step: LogReader.windowSize)
        } catch { throw trouble(.storage(error), changes) }
    }

    /// What cannot be read is damage, or refused by the disk, unless the log has changed since the route was planned.
    private func trouble(_ error: LogError, _ changes: Int) -> Trouble {
        map.withState { $0.changes } == changes ? .failed(error) : .changed
    }

    private func damage(_ kind: DamageKind, at place: LogMap.Mark, in segment: LogMap.Segment) -> LogDamage {
        LogDamage(
            kind: kind, file: SegmentName.text(segment.sequence),
            offset: Int(place.lsn.rawValue - segment.base.rawValue), lsn: place.lsn, firstIndex: place.index,
            highestIndex: place.index)
    }
}
