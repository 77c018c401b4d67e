// What consensus knows of the log: its end, and the frames that are not yet both committed and durable.
//
// Invariants:
// 1. `frames` are contiguous and chained; the first follows `base`, the last ends at `last`.
// 2. `base` ends at the lower of commit index and persisted index (each of them a frame's end).
// 3. Tickets never decrease from frame to frame; frames at or below `persistedIndex` are durable, the others not
//    known to be.
// 4. `commit.index <= last.index` and `persistedIndex <= last.index`. The commit index may be ahead of the persisted
//    one: a leader whose followers were faster.

public import Vocabulary

/// Where a frame ends, with the checksum that stands for the whole log up to there.
public struct FrameEnd: Hashable, Sendable {
    public var position: LogPosition
    public var checksum: UInt32

    public init(position: LogPosition, checksum: UInt32) {
        self.position = position
        self.checksum = checksum
    }

    /// The place before the first frame.
    public static let zero = FrameEnd(position: .zero, checksum: 0)

    public var index: LogIndex { position.index }
}

extension FrameSummary {
    /// Where this frame ends.
    public var end: FrameEnd {
        FrameEnd(position: LogPosition(term: term, index: lastIndex), checksum: checksum)
    }

    /// Where the frame before this one ends.
    public var previous: FrameEnd {
        FrameEnd(
            position: LogPosition(term: previousTerm, index: LogIndex(firstIndex.rawValue - 1)),
            checksum: previousChecksum)
    }
}

struct LogTail: Sendable {
    private struct Frame: Sendable {
        var summary: FrameSummary
        var ticket: WriteTicket
    }

    private var frames = Queue<Frame>()
    private var base: FrameEnd
    private(set) var commit: FrameEnd
    private(set) var persistedIndex: LogIndex
    /// Encoded size of the frames held here.
    private(set) var bytes = 0

    /// A log recovered from disk: all of it durable.
    init(restored: Restored) {
        let first = restored.uncommitted.first
        base = first?.previous ?? restored.last
        commit = base
        persistedIndex = base.index
        for frame in restored.uncommitted { append(frame, ticket: .zero) }
        precondition(last == restored.last, "the log ends at \(last), not at \(restored.last)")
        persist(through: .zero)
    }

    var last: FrameEnd { frames.last?.summary.end ?? base }
    var frameCount: Int { frames.count }

    /// The frame end at `index`; nil when no frame of the tail ends there.
    func end(at index: LogIndex) -> FrameEnd? {
        if index == base.index { return base }
        if index == commit.index { return commit }
        guard let position = firstFrame(endingAtOrAbove: index), frames[position].summary.lastIndex == index else {
            return nil
        }
        return frames[position].summary.end
    }

    /// The highest frame end at or below `index`, and not below `base`.
    func end(atOrBelow index: LogIndex) -> FrameEnd {
        if index >= last.index { return last }
        guard let position = firstFrame(endingAtOrAbove: index.next), position > 0 else { return base }
        return frames[position - 1].summary.end
    }

    /// The frame that begins at `index`, if it is in the tail.
    func frame(startingAt index: LogIndex) -> FrameSummary? {
        guard let position = firstFrame(endingAtOrAbove: index), frames[position].summary.firstIndex == index else {
            return nil
        }
        return frames[position].summary
    }

    mutating func append(_ frame: FrameSummary, ticket: WriteTicket) {
        precondition(frame.previous == last, "frame at \(frame.firstIndex) does not chain to \(last)")
        precondition(frame.lastIndex >= frame.firstIndex, "frame \(frame.firstIndex)...\(frame.lastIndex) is empty")
        precondition(frame.term >= last.position.term, "term \(frame.term) after \(last.position.term)")
        frames.append(Frame(summary: frame, ticket: ticket))
        bytes += frame.size
    }

    /// Cuts the frame that begins at `index` and all behind it. Traps when that would cut what is committed.
    mutating func truncate(from index: LogIndex) {
        precondition(index > commit.index, "cut at \(index), committed \(commit.index)")
        guard let position = firstFrame(endingAtOrAbove: index) else { return }
        precondition(frames[position].summary.firstIndex == index, "no frame begins at \(index)")
        for cut in position..<frames.count { bytes -= frames[cut].summary.size }
        frames.cut(to: position)
        persistedIndex = min(persistedIndex, last.index)
    }

    /// Moves the commit index up to a frame's end.
    mutating func commit(_ end: FrameEnd) {
        precondition(end.index >= commit.index, "commit index from \(commit.index) back to \(end.index)")
        precondition(end.index <= last.index, "commit index \(end.index) behind the log's end \(last.index)")
        commit = end
        release()
    }

    /// Forgets everything: the log begins anew behind `end`, up to which all is committed.
    mutating func restart(at end: FrameEnd) {
        precondition(end.index > commit.index, "restart at \(end.index), committed \(commit.index)")
        frames.removeAll()
        bytes = 0
        base = end
        commit = end
        persistedIndex = end.index
    }

    /// All orders up to `ticket` are durable.
    mutating func persist(through ticket: WriteTicket) {
        var position = firstFrame(endingAtOrAbove: persistedIndex.next) ?? frames.count
        while position < frames.count, frames[position].ticket <= ticket {
            persistedIndex = frames[position].summary.lastIndex
            position += 1
        }
        release()
    }

    private mutating func release() {
        let floor = min(commit.index, persistedIndex)
        while let first = frames.first, first.summary.lastIndex <= floor {
            base = first.summary.end
            bytes -= first.summary.size
            frames.removeFirst()
        }
    }

    /// The position of the first frame with `lastIndex >= index`, by bisection.
    private func firstFrame(endingAtOrAbove index: LogIndex) -> Int? {
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].summary.lastIndex < index { low = middle + 1 } else { high = middle }
        }
        return low < frames.count ? low : nil
    }

    func checkInvariants() {
        var end = base
        var ticket = WriteTicket.zero
        var size = 0
        for position in 0..<frames.count {
            let frame = frames[position]
            precondition(frame.summary.previous == end, "frame at \(frame.summary.firstIndex) does not chain")
            precondition(frame.ticket >= ticket, "ticket \(frame.ticket) after \(ticket)")
            end = frame.summary.end
            ticket = frame.ticket
            size += frame.summary.size
        }
        precondition(size == bytes, "\(bytes) bytes noted, \(size) held")
        precondition(base.index == min(commit.index, persistedIndex), "base \(base.index) is not the lower mark")
        precondition(commit.index <= last.index, "committed \(commit.index), last \(last.index)")
        precondition(persistedIndex <= last.index, "persisted \(persistedIndex), last \(last.index)")
        precondition(self.end(at: commit.index) == commit, "commit index \(commit.index) is no frame's end")
    }
}
