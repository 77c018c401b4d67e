// Many frames in one buffer: what a replay applies and a message carries, without an array for each.

import ByteCoding
public import Vocabulary

/// Frames one behind the other, byte for byte as they were sealed, with their headers beside them. Reused: its buffers
/// stay as large as they grew.
///
///     for position in run.frames.indices {
///         try run.withPayload(at: position) { payload in … }
///     }
public struct FrameRun: Sendable {
    /// The frames as an append message carries them (see `Frame.decodeRun`).
    public private(set) var bytes: [UInt8] = []
    public private(set) var frames: [Place] = []

    public struct Place: Hashable, Sendable {
        public let header: FrameHeader
        /// Header and payload, in `bytes`.
        public let range: Range<Int>
    }

    public init() {}

    /// Takes the frames of a message: checks each but for the entries inside of its payload, and copies nothing.
    /// `limit` bounds every frame as stored and as decompressed.
    public init(decoding bytes: consuming [UInt8], limit: ByteCount) throws(FrameError) {
        var offset = 0
        while offset < bytes.count {
            let rest = bytes.rawBytes.extracting(offset..<bytes.count)
            let length = try FrameHeader.announcedLength(of: rest)
            let header = try FrameHeader.decode(frame: rest.extracting(0..<length), limit: limit)
            frames.append(Place(header: header, range: offset..<offset + length))
            offset += length
        }
        self.bytes = bytes
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
    }

    /// Adds a frame whose header was decoded from these very bytes.
    public mutating func append(_ header: FrameHeader, bytes frame: RawSpan) {
        let begin = bytes.count
        bytes.append(bytes: frame)
        frames.append(Place(header: header, range: begin..<bytes.count))
    }

    /// A frame by itself, with a copy of its bytes.
    public func frame(at position: Int) -> Frame {
        let place = frames[position]
        return Frame(place.header, checked: bytes.rawBytes.extracting(place.range))
    }

    /// As `Frame.withPayload`.
    public func withPayload<Result>(
        at position: Int, _ body: (RawSpan) throws(FrameError) -> Result
    ) throws(FrameError) -> Result {
        let place = frames[position]
        return try place.header.withPayload(of: bytes.rawBytes.extracting(place.range), body)
    }
}
