// When the leader calls its memory full, and when not any more.

public import Vocabulary

/// What a leader goes by. Bytes of memory differ from node to node, so that a node never decides for itself: the leader
/// says in the log from which entry on commands that may grow are refused, on every node alike.
public struct MemoryLimit: Hashable, Sendable {
    /// Nil for no limit.
    public var max: ByteCount?

    public init(_ max: ByteCount?) {
        self.max = max
    }

    /// Full from above `max` on, and until a 64th of it is free: so that records of the same size, written and removed
    /// in turn, do not make an entry of their own each time.
    func isFull(used: ByteCount, wasFull: Bool) -> Bool {
        guard let max else { return false }
        return used > (wasFull ? ByteCount(max.rawValue - max.rawValue / 64) : max)
    }
}
