// Making frames: the leader's one payload buffer, and the choice whether to compress.

import ByteCoding
public import Vocabulary

/// Gathers the entries of one loop turn and seals them into a frame. Reused: its buffers grow to the largest frame and
/// stay, so a frame costs one allocation, that of its own bytes.
public struct FrameBuilder: Sendable {
    /// The entries so far, each a varint length and its bytes. Encoders that write here also raise `count`.
    public var payload: [UInt8] = []
    /// How many entries the payload holds.
    public var count = 0

    /// The most bytes that each buffer keeps between frames.
    private static let keptMax = 4 << 20

    private let cluster: ClusterID
    private var compression: PayloadCompression

    /// Payloads below the threshold stay plain.
    public init(cluster: ClusterID, compressionThreshold: ByteCount = ByteCount(512)) {
        self.cluster = cluster
        compression = PayloadCompression(threshold: compressionThreshold.rawValue)
    }

    /// Empties the buffer for the next frame. What a huge frame made it grow to is given back.
    public mutating func begin() {
        payload.removeAll(keepingCapacity: payload.capacity <= FrameBuilder.keptMax)
        compression.trim(to: FrameBuilder.keptMax)
        count = 0
    }

    public mutating func appendEntry(_ entry: RawSpan) {
        payload.append(counted: entry)
        count += 1
    }

    /// The frame of everything since `begin`. Its chain goes on with `frame.header.term` and `.checksum`.
    ///
    /// Traps when there is no entry (a `leaderStart` needs none: it takes its one index by itself), when the payload is
    /// past 4 GiB, and on positions that no log has.
    public mutating func seal(
        kind: FrameKind, term: Term, firstIndex: LogIndex, timestamp: Timestamp, previousTerm: Term,
        previousChecksum: UInt32
    ) -> Frame {
        precondition(kind == .leaderStart ? count == 0 : count > 0, "a frame of \(count) entries, kind \(kind)")
        precondition(firstIndex > .zero && term > .zero && previousTerm <= term, "no log has \(term):\(firstIndex)")
        precondition(payload.count <= Int(UInt32.max) && count <= Int(UInt32.max), "a frame of \(payload.count) bytes")
        let compressed = compression.compress(payload)
        let header = FrameHeader(
            checksum: 0, kind: kind, codec: compressed == nil ? .plain : .lz4, cluster: cluster.low, term: term,
            firstIndex: firstIndex, count: UInt32(max(count, 1)), timestamp: timestamp, previousTerm: previousTerm,
            previousChecksum: previousChecksum, storedLength: UInt32(compressed ?? payload.count),
            plainLength: UInt32(payload.count), keyID: 0)
        guard let size = compressed else { return Frame(sealing: header, payload: payload.rawBytes) }
        return Frame(sealing: header, payload: compression.output.rawBytes.extracting(0..<size))
    }
}

/// Decides per frame whether compression is worth its time.
///
/// It is when the payload reaches the threshold and shrinks by at least an eighth. After `n` failures in a row the next
/// `2^n` frames (at most 64) are not even tried: incompressible load then costs next to nothing.
package struct PayloadCompression: Sendable {
    static let skipMax = 64

    let threshold: Int
    package private(set) var output: [UInt8] = []
    private var failures = 0
    private var skips = 0

    package init(threshold: Int) { self.threshold = threshold }

    package mutating func trim(to size: Int) {
        if output.count > size { output = [] }
    }

    mutating func compress(_ payload: [UInt8]) -> Int? { compress(payload.rawBytes) }

    /// The number of bytes now in `output`, or nil when the payload is to stay plain.
    package mutating func compress(_ payload: RawSpan) -> Int? {
        let count = payload.byteCount
        guard count >= max(threshold, 16) else { return nil }
        guard skips == 0 else {
            skips -= 1
            return nil
        }
        let room = count - count / 8
        if output.count < room {
            output.append(contentsOf: repeatElement(0, count: room - output.count))
        }
        if let size = LZ4.compress(payload, into: &output, room: room) {
            failures = 0
            return size
        }
        failures = min(failures + 1, 6)
        skips = min(1 << failures, PayloadCompression.skipMax)
        return nil
    }
}
