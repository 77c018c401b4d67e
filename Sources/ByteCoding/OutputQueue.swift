// A first-in-first-out run of bytes that may grow long: what a connection's other side has not taken yet.

/// Bytes lie in chunks, so that a queue of any length grows without moving what it holds, and gives memory back as it
/// is read. A chunk is sealed once it holds `chunkSize` bytes or the next piece would take it beyond; a piece larger
/// than that is a chunk of its own. Its owner bounds `count`.
public struct OutputQueue: Sendable {
    private let chunkSize: Int
    /// Oldest first. Taking the first moves a word for each of the others, little beside the bytes of a chunk.
    @usableFromInline private(set) var sealed: [[UInt8]] = []
    /// The chunk that is being written.
    @usableFromInline private(set) var tail: [UInt8] = []
    /// How much of the first chunk is consumed.
    @usableFromInline private(set) var head = 0
    public private(set) var count = 0

    public init(chunkSize: Int = 128 << 10) { self.chunkSize = chunkSize }

    public var isEmpty: Bool { count == 0 }

    /// Appends through the array, so that encoders write straight into the queue. `write` must only append.
    public mutating func append<Result>(_ write: (inout [UInt8]) -> Result) -> Result {
        if tail.count >= chunkSize { seal() }
        let before = tail.count
        let result = write(&tail)
        precondition(tail.count >= before, "an encoder removed bytes of the queue")
        count += tail.count - before
        return result
    }

    public mutating func append(_ bytes: RawSpan) {
        if !tail.isEmpty, tail.count + bytes.byteCount > chunkSize { seal() }
        if bytes.byteCount > chunkSize { tail.reserveCapacity(bytes.byteCount) }
        tail.append(bytes: bytes)
        count += bytes.byteCount
    }

    /// Calls `body` with the first bytes: all of the first chunk that are not consumed yet.
    @inlinable public func withFirst<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let first = sealed.first else {
            let span = tail.rawBytes
            return try body(span.extracting(head..<span.byteCount))
        }
        let span = first.rawBytes
        return try body(span.extracting(head..<span.byteCount))
    }

    /// Removes `taken` bytes from the front. Traps when the first chunk has fewer.
    public mutating func consume(_ taken: Int) {
        let first = sealed.first?.count ?? tail.count
        precondition(taken >= 0 && head + taken <= first, "consumed \(taken) of \(first - head) bytes")
        head += taken
        count -= taken
        guard head == first else { return }
        head = 0
        if sealed.isEmpty {
            tail.removeAll(keepingCapacity: true)
        } else {
            sealed.removeFirst()
        }
    }

    /// Gives memory back when the queue is empty and holds more than `capacity` bytes of it.
    public mutating func trim(to capacity: Int) {
        guard isEmpty, tail.capacity > capacity else { return }
        tail = []
    }

    private mutating func seal() {
        sealed.append(tail)
        tail = []
    }
}
