// A frame: a checksummed batch of consecutive entries of one term, with the same bytes on every disk and wire.

import ByteCoding
public import Vocabulary

/// The unit of writing, replication and checksums. Immutable: the leader seals it, everyone else decodes it.
public struct Frame: Hashable, Sendable {
    public let header: FrameHeader
    /// Header and payload as stored.
    public let bytes: [UInt8]

    /// Checks everything but the entries inside of the payload, and copies the bytes.
    ///
    /// `bytes` is one frame and nothing else; `limit` bounds it as stored and as decompressed.
    public static func decode(_ bytes: RawSpan, limit: ByteCount) throws(FrameError) -> Frame {
        Frame(header: try FrameHeader.decode(frame: bytes, limit: limit), bytes: [UInt8](bytes))
    }

    /// As above, but takes the array over instead of copying it.
    public static func decode(taking bytes: consuming [UInt8], limit: ByteCount) throws(FrameError) -> Frame {
        let header = try FrameHeader.decode(frame: bytes.rawBytes, limit: limit)
        return Frame(header: header, bytes: bytes)
    }

    /// Frames that stand one behind the other, each of which says in its header how long it is: those of a message.
    public static func decodeRun(_ bytes: RawSpan, limit: ByteCount) throws(FrameError) -> [Frame] {
        var frames: [Frame] = []
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            let length = try FrameHeader.announcedLength(of: rest)
            frames.append(try decode(rest.extracting(0..<length), limit: limit))
            offset += length
        }
        return frames
    }

    /// Calls `body` with the plain payload: a run of entries, each a varint length and its bytes (see `EntryCursor`).
    ///
    /// A compressed payload is decompressed into a buffer of `plainLength` bytes, which decoding has bounded.
    public func withPayload<Result>(
        _ body: (RawSpan) throws(FrameError) -> Result
    ) throws(FrameError) -> Result {
        try header.withPayload(of: bytes.rawBytes, body)
    }
}

extension FrameHeader {
    /// Calls `body` with the plain payload of this header's frame.
    func withPayload<Result>(
        of frame: RawSpan, _ body: (RawSpan) throws(FrameError) -> Result
    ) throws(FrameError) -> Result {
        let stored = frame.extracting(FrameHeader.byteCount..<frame.byteCount)
        switch codec {
        case .plain:
            return try body(stored)
        case .lz4:
            guard let plain = LZ4.decompress(stored, plainLength: Int(plainLength)) else {
                throw .badCompression(plainLength: ByteCount(Int(plainLength)))
            }
            return try body(plain.rawBytes)
        }
    }
}

extension Frame {
    /// A frame whose header was decoded from these very bytes, which are copied.
    public init(_ header: FrameHeader, checked bytes: RawSpan) {
        self.init(header: header, bytes: [UInt8](bytes))
    }

    /// Seals header and stored payload into the frame's one array. The header's checksum is computed here.
    init(sealing header: FrameHeader, payload: RawSpan) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.frameLength)
        header.encode(into: &bytes)
        bytes.append(bytes: payload)
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(FrameHeader.coveredFrom..<bytes.count))
        bytes.store(littleEndian: checksum, at: 4)
        var sealed = header
        sealed.checksum = checksum
        self.init(header: sealed, bytes: bytes)
    }
}
