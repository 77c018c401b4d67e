// The leader's hybrid clock: wall time that never goes back and never stands still.

public import Vocabulary

/// Gives every entry a timestamp later than that of the entry before it, whatever the wall clock does.
///
/// A wall clock that jumps back is ignored until it has caught up; one that jumps ahead takes the log's time with it.
public struct HybridClock: Hashable, Sendable {
    /// The latest timestamp given or seen.
    public private(set) var last: Timestamp

    public init(last: Timestamp = .zero) { self.last = last }

    /// The first of `count` consecutive timestamps, one microsecond apart.
    public mutating func take(_ count: Int, wall: Timestamp) -> Timestamp {
        precondition(count > 0, "took \(count) timestamps")
        let first = max(wall, last.advanced(by: 1))
        last = first.advanced(by: count - 1)
        return first
    }

    /// Time as a reader may see it: never before the log's, never standing still while nothing is written.
    public func reading(wall: Timestamp) -> Timestamp { max(wall, last) }

    /// Takes note of a frame that another leader stamped.
    public mutating func observe(_ timestamp: Timestamp) { last = max(last, timestamp) }
}
