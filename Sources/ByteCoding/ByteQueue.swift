// A first-in-first-out run of bytes in one piece: what a socket gave and a decoder has not taken yet.

/// Bytes are appended at the end and consumed from the front. Space in front is reused by moving what is left, at most
/// once per doubling, so the cost per byte is constant. Its owner bounds `count`; it never shrinks by itself: `trim`.
public struct ByteQueue: Sendable {
    /// All bytes, of which `head...` are live.
    public private(set) var storage: [UInt8] = []
    public private(set) var head = 0

    public init() {}

    public var count: Int { storage.count - head }
    public var isEmpty: Bool { head == storage.count }

    public mutating func append(_ bytes: RawSpan) {
        compact(for: bytes.byteCount)
        storage.append(bytes: bytes)
    }

    /// Removes `count` bytes from the front. Traps when there are fewer.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "consumed \(count) of \(self.count) bytes")
        head += count
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        }
    }

    /// Calls `body` with the live bytes.
    @inlinable public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let span = storage.rawBytes
        return try body(span.extracting(head..<span.byteCount))
    }

    /// Gives memory back when the queue is empty and holds more than `capacity` bytes of it.
    public mutating func trim(to capacity: Int) {
        guard isEmpty, storage.capacity > capacity else { return }
        storage = []
        head = 0
    }

    private mutating func compact(for size: Int) {
        guard head > 0, head >= count || storage.count + size > storage.capacity && head >= storage.capacity / 4 else {
            return
        }
        storage.removeSubrange(0..<head)
        head = 0
    }
}
