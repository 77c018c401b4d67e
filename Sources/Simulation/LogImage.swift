// What a node's log holds, as a judge writes it down from the orders that were carried out.

import Consensus
import LogFormat
import LogStore
import Vocabulary

/// Frames from the first behind the last restart on, without gaps, with the newest state.
struct LogImage: Sendable {
    private(set) var frames: [Frame] = []
    /// Behind which the frames begin: the state there is that of a snapshot.
    private(set) var start = FrameEnd.zero
    /// Up to here, not including it, entries were given up.
    private(set) var released = LogIndex.zero
    var term = Term.zero
    var votedFor: NodeID?
    var fence: LogIndex?
    /// What its frames say of the members, in order.
    private(set) var memberships: [(index: LogIndex, members: MemberImage)] = []

    var last: LogIndex { frames.last?.header.lastIndex ?? start.index }
    /// Stands for all up to `last`.
    var lastChecksum: UInt32 { frames.last?.header.checksum ?? start.checksum }

    mutating func carryOut(_ action: LogOrder.Action) {
        switch action {
        case .append(let frame, _):
            precondition(frame.header.firstIndex == last.next, "an image with a gap behind \(last)")
            frames.append(frame)
            if let found = MemberImage.found(in: frame) { memberships.append(found) }
        case .ballot(let term, let vote):
            self.term = term
            votedFor = vote
        case .truncate(let index): truncate(from: index)
        case .raiseFence(let index): fence = max(index, fence ?? .zero)
        case .clearFence: fence = nil
        case .restart(let position, let checksum):
            frames = []
            memberships = []
            start = FrameEnd(position: position, checksum: checksum)
            released = start.index.next
        case .release(let index): released = max(released, index)
        }
    }

    mutating func truncate(from index: LogIndex) {
        while let frame = frames.last, frame.header.firstIndex >= index { frames.removeLast() }
        memberships.removeAll { $0.index >= index }
    }

    /// - Parameter end: what the frames follow.
    mutating func replace(_ frames: [Frame], behind end: FrameEnd = .zero) {
        self.frames = frames
        memberships = frames.compactMap { MemberImage.found(in: $0) }
        start = end
        released = end.index.next
    }

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

    /// Whether the frame is here, or a snapshot stands for it.
    func covers(_ frame: Frame) -> Bool { frame.header.lastIndex <= start.index || contains(frame) }

    /// Whether nothing was given up that is not in one of the snapshots of `indexes`.
    func continues(oneOf indexes: some Sequence<LogIndex>) -> Bool {
        released <= LogIndex(1) || indexes.contains { $0.next >= released }
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
