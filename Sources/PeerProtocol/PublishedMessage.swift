// Messages on their way from the node on which they were published to subscribers everywhere else.

import ByteCoding

/// One published message, as a peer sent it.
public struct PublishedMessage: Hashable, Sendable {
    /// Whether it was published with `SPUBLISH`.
    public var isSharded: Bool
    /// Channel and message, one behind the other.
    public var bytes: [UInt8]
    public var channelLength: Int

    public init(_ channel: RawSpan, _ message: RawSpan, isSharded: Bool) {
        self.isSharded = isSharded
        channelLength = channel.byteCount
        bytes = []
        bytes.reserveCapacity(channel.byteCount + message.byteCount)
        bytes.append(bytes: channel)
        bytes.append(bytes: message)
    }

    public var channel: Range<Int> { 0..<channelLength }
    public var message: Range<Int> { channelLength..<bytes.count }
}

/// What this node's clients have published in a turn: peer frames, encoded once for all peers.
public struct PublicationBatch: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Where each frame lies in the bytes.
    public private(set) var frames: [Range<Int>] = []

    public init() {}

    public var isEmpty: Bool { frames.isEmpty }

    public mutating func append(_ channel: RawSpan, _ message: RawSpan, isSharded: Bool) {
        let start = bytes.count
        PeerCoding.appendPublication(channel, message, isSharded: isSharded, to: &bytes)
        frames.append(start..<bytes.count)
    }

    /// Empties the batch; keeps its memory up to a bound.
    public mutating func removeAll() {
        let isSmall = bytes.capacity <= PublicationBatch.keptMax
        bytes.removeAll(keepingCapacity: isSmall)
        frames.removeAll(keepingCapacity: isSmall)
    }

    private static let keptMax = 4 << 20
}
