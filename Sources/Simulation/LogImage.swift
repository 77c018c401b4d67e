// What a node's log holds, as a judge writes it down from the orders that were carried out.

import Consensus
import LogFormat
import LogStore
import Vocabulary

/// Frames from the first behind the last restart on, without gaps, with the newest state.
struct LogImage: Sendable {
    private(set) var frames: [Frame] = []
    /// The position behind which the log was begun anew.
    private(set) var start = LogPosition.zero
    var term = Term.zero
    var votedFor: NodeID?
    var fence: LogIndex?

    var last: LogIndex { frames.last?.header.lastIndex ?? start.index }

    mutating func carryOut(_ action: LogOrder.Action) {
        switch action {
        case .append(let frame, _):
            precondition(frame.header.firstIndex == last.next, "an image with a gap behind \(last)")
            frames.append(frame)
        case .ballot(let term, let vote):
            self.term = term
            votedFor = vote
        case .truncate(let index): truncate(from: index)
        case .raiseFence(let index): fence = max(index, fence ?? .zero)
        case .clearFence: fence = nil
        case .restart(let position, _):
            frames = []
            start = position
        case .release: break
        }
    }

    mutating func truncate(from index: LogIndex) {
        while let frame = frames.last, frame.header.firstIndex >= index { frames.removeLast() }
    }

    mutating func replace(_ frames: [Frame]) { self.frames = frames }

    /// The frame that holds `index`.
    func frame(holding index: LogIndex) -> Frame? {
        let position = self.position(of: index)
        guard position < frames.count, frames[position].header.firstIndex <= index else { return nil }
        return frames[position]
    }

    /// Frames that hold any index behind `index`.
    func frames(behind index: LogIndex) -> ArraySlice<Frame> { frames[position(of: index.next)...] }

    func contains(_ frame: Frame) -> Bool {
        self.frame(holding: frame.header.lastIndex).map { $0.header.checksum == frame.header.checksum } ?? false
    }

    /// The first frame that ends at `index` or behind it.
    private func position(of index: LogIndex) -> Int {
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].header.lastIndex < index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
