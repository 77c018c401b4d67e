// Writes that stand in the log and wait for their commit, so that whoever asked gets the outcome.

public import RESP
public import Vocabulary

/// One logged command and who waits for it.
public struct PendingWrite: Sendable {
    public var index: LogIndex
    public var token: UInt64
    public var origin: Origin
    public var version: RESPVersion
}

/// A queue by log index.
///
/// 1. Indexes strictly increase from front to back.
/// 2. All entries were logged by this replica as leader; it answers them when they commit, even if it leads no more,
///    since an index that commits with the frame in our own log is the entry that we put there.
public struct PendingWrites: Sendable {
    private var items: [PendingWrite] = []
    private var head = 0

    public var isEmpty: Bool { head == items.count }
    public var count: Int { items.count - head }

    public mutating func append(_ write: PendingWrite) {
        if let last = items.last {
            precondition(write.index > last.index, "pending \(write.index) behind \(last.index)")
        }
        items.append(write)
    }

    /// Removes and returns the write at `index`, if somebody waits for it.
    @inline(__always)
    public mutating func take(_ index: LogIndex) -> PendingWrite? {
        guard head < items.count, items[head].index == index else { return nil }
        let write = items[head]
        head += 1
        if head == items.count {
            items.removeAll(keepingCapacity: true)
            head = 0
        }
        return write
    }

    /// Removes and returns all writes at `index` or behind it: their entries were cut from our log.
    public mutating func takeCut(from index: LogIndex) -> [PendingWrite] {
        var start = items.count
        while start > head, items[start - 1].index >= index { start -= 1 }
        let cut = Array(items[start...])
        items.removeLast(items.count - start)
        return cut
    }

    public mutating func takeAll() -> [PendingWrite] { takeCut(from: .zero) }

    public func checkInvariants() {
        for (a, b) in zip(items[head...], items[head...].dropFirst()) {
            precondition(a.index < b.index, "pending writes out of order at \(b.index)")
        }
    }
}
