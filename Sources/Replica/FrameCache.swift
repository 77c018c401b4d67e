// The newest frames, kept in memory for applying and for followers that are nearly up to date.

public import LogFormat
public import Vocabulary

/// A contiguous run of the newest frames.
///
/// 1. Frames are contiguous: each begins one index behind the one before it.
/// 2. A frame that is not applied yet is never evicted.
/// 3. Beyond what rule 2 demands, at most `byteLimit` bytes are kept.
public struct FrameCache: Sendable {
    private var frames: [Frame?] = []
    private var head = 0
    public private(set) var bytes = 0
    private let byteLimit: Int

    public init(byteLimit: ByteCount) { self.byteLimit = byteLimit.rawValue }

    public var isEmpty: Bool { head == frames.count }
    public var first: Frame? { head < frames.count ? frames[head] : nil }
    public var last: Frame? { frames.last ?? nil }

    public mutating func append(_ frame: Frame) {
        if let last {
            precondition(
                frame.header.firstIndex == last.header.lastIndex.next,
                "frame at \(frame.header.firstIndex) behind one that ends at \(last.header.lastIndex)")
        }
        frames.append(frame)
        bytes += frame.bytes.count
    }

    /// The frame that begins at `index`, or nil when it is not here.
    public func frame(at index: LogIndex) -> Frame? {
        position(of: index).flatMap { frames[$0] }
    }

    /// Frames from the one that begins at `index`, up to `limit` bytes but at least one; empty when it is not here.
    public func frames(from index: LogIndex, byteLimit limit: Int) -> [Frame] {
        guard var next = position(of: index) else { return [] }
        var found: [Frame] = []
        var size = 0
        while next < frames.count, let frame = frames[next] {
            if !found.isEmpty, size + frame.bytes.count > limit { break }
            size += frame.bytes.count
            found.append(frame)
            next += 1
        }
        return found
    }

    /// Frames from the one that holds `index`, up to `limit` bytes but at least one; empty when it is not here.
    public func frames(holding index: LogIndex, byteLimit limit: Int) -> [Frame] {
        guard let first, first.header.firstIndex <= index else { return [] }
        var (low, high) = (head, frames.count)
        while low < high {
            let middle = (low + high) / 2
            if let frame = frames[middle], frame.header.lastIndex < index { low = middle + 1 } else { high = middle }
        }
        guard low < frames.count, let frame = frames[low] else { return [] }
        return self.frames(from: frame.header.firstIndex, byteLimit: limit)
    }

    /// Bytes of the frames here that end behind `index`.
    public func bytes(behind index: LogIndex) -> Int {
        var size = 0
        for frame in frames[head...].reversed() {
            guard let frame, frame.header.lastIndex > index else { break }
            size += frame.bytes.count
        }
        return size
    }

    /// Drops the frames that begin at `index` or behind it.
    public mutating func truncate(from index: LogIndex) {
        while let last, last.header.firstIndex >= index {
            bytes -= last.bytes.count
            frames.removeLast()
        }
        normalise()
    }

    /// Gives up old frames over the limit, but none behind `applied`.
    public mutating func evict(applied: LogIndex) {
        while bytes > byteLimit, let first, first.header.lastIndex <= applied {
            bytes -= first.bytes.count
            frames[head] = nil
            head += 1
        }
        normalise()
    }

    /// Forgets everything: the next frame may begin anywhere.
    public mutating func removeAll() {
        frames = []
        head = 0
        bytes = 0
    }

    private func position(of index: LogIndex) -> Int? {
        var low = head
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            guard let frame = frames[middle] else { return nil }
            if frame.header.firstIndex == index { return middle }
            if frame.header.firstIndex < index { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    private mutating func normalise() {
        if head == frames.count {
            frames.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head * 2 > frames.count {
            frames.removeSubrange(0..<head)
            head = 0
        }
    }
}
