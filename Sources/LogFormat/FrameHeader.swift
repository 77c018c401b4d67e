// The 80 bytes in front of every frame: where it stands in the log, what it is chained to, what its payload is.

import ByteCoding
public import Vocabulary

/// What a frame's entries are.
public enum FrameKind: UInt8, Hashable, Sendable {
    /// Commands of clients, and the leader's own ticks.
    case entries = 1
    /// The entry with which a leader begins its term (Raft paper, section 8). One index, no payload of its own.
    case leaderStart = 2
    /// A change of the cluster's members.
    case membership = 3
    /// Reserved: where replicas cut a snapshot.
    case marker = 4
}

/// How a frame's payload is stored.
public enum FrameCodec: UInt8, Hashable, Sendable {
    case plain = 0
    /// LZ4 block format; decompresses to exactly `plainLength` bytes.
    case lz4 = 1
}

/// Byte table: `docs/formats/log.md`. Little-endian throughout.
///
/// The checksum covers every byte behind it: the rest of the header, with cluster, term, index and the previous frame's
/// checksum, and the payload as stored. So equal checksums at one index mean equal logs up to there.
public struct FrameHeader: Hashable, Sendable {
    public static let byteCount = 80
    /// "TRIF" when read as bytes.
    public static let magic: UInt32 = 0x4649_5254
    /// History: 1, the first.
    public static let version: UInt16 = 1
    /// Where the checksum's cover begins. Magic, checksum and version keep their places in every version.
    static let coveredFrom = 8

    public internal(set) var checksum: UInt32
    public let kind: FrameKind
    public let codec: FrameCodec
    /// The low 64 bits of the cluster's id.
    public let cluster: UInt64
    public let term: Term
    public let firstIndex: LogIndex
    /// How many entries; at least 1.
    public let count: UInt32
    /// Of the first entry. Entry `i` has this plus `i` microseconds.
    public let timestamp: Timestamp
    /// Term and checksum of the frame that ends at `firstIndex - 1`; zero for the first frame of a log.
    public let previousTerm: Term
    public let previousChecksum: UInt32
    /// Bytes of payload behind the header, and what they decompress to.
    public let storedLength: UInt32
    public let plainLength: UInt32
    /// The key that the payload is encrypted with; 0 is plaintext, the only value of version 1.
    public let keyID: UInt32

    /// Inclusive.
    public var lastIndex: LogIndex { LogIndex(firstIndex.rawValue + UInt64(count) - 1) }
    /// Header and payload.
    public var frameLength: Int { FrameHeader.byteCount + Int(storedLength) }
}

extension FrameHeader {
    /// Appends the header with a checksum of zero; `Frame` puts the true one in once the payload stands behind it.
    func encode(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: FrameHeader.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: FrameHeader.version)
        bytes.append(kind.rawValue)
        bytes.append(codec.rawValue)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: cluster)
        bytes.append(littleEndian: term.rawValue)
        bytes.append(littleEndian: firstIndex.rawValue)
        bytes.append(littleEndian: previousTerm.rawValue)
        bytes.append(littleEndian: timestamp.rawValue)
        bytes.append(littleEndian: previousChecksum)
        bytes.append(littleEndian: count)
        bytes.append(littleEndian: storedLength)
        bytes.append(littleEndian: plainLength)
        bytes.append(littleEndian: keyID)
        bytes.append(littleEndian: UInt32(0))
    }

    /// How long the frame is that `bytes` begin with, by its own word: for cutting a run of frames into single ones,
    /// each of which then goes through `Frame.decode`. At most what is there.
    public static func announcedLength(of bytes: RawSpan) throws(FrameError) -> Int {
        guard bytes.byteCount >= byteCount else {
            throw .truncated(needed: ByteCount(byteCount), found: ByteCount(bytes.byteCount))
        }
        let length = byteCount + Int(bytes.little(UInt32.self, at: 64))
        guard length <= bytes.byteCount else {
            throw .truncated(needed: ByteCount(length), found: ByteCount(bytes.byteCount))
        }
        return length
    }

    /// The one gate for frames from outside: size, magic, checksum, version, fields, in this order.
    /// `bytes` is the whole frame and nothing else. `limit` bounds it as stored and as decompressed.
    public static func decode(frame bytes: RawSpan, limit: ByteCount) throws(FrameError) -> FrameHeader {
        guard bytes.byteCount >= byteCount else {
            throw .truncated(needed: ByteCount(byteCount), found: ByteCount(bytes.byteCount))
        }
        guard bytes.byteCount <= limit.rawValue else {
            throw .overLimit(length: ByteCount(bytes.byteCount), limit: limit)
        }
        let magic = bytes.little(UInt32.self, at: 0)
        guard magic == FrameHeader.magic else { throw .badMagic(found: magic) }
        let stated = bytes.little(UInt32.self, at: 4)
        let computed = CRC32C.checksum(bytes.extracting(coveredFrom..<bytes.byteCount))
        guard stated == computed else { throw .checksumMismatch(stated: stated, computed: computed) }
        let version = bytes.little(UInt16.self, at: 8)
        guard version <= FrameHeader.version else {
            throw .newerVersion(found: version, supported: FrameHeader.version)
        }
        guard version > 0 else { throw .invalidField(.version) }
        let header = try FrameHeader(checked: bytes, checksum: stated)
        try header.validate(storedLength: bytes.byteCount - byteCount, limit: limit)
        return header
    }

    private init(checked bytes: RawSpan, checksum: UInt32) throws(FrameError) {
        guard let kind = FrameKind(rawValue: bytes.little(at: 10)) else { throw .invalidField(.kind) }
        guard let codec = FrameCodec(rawValue: bytes.little(at: 11)) else { throw .invalidField(.codec) }
        guard bytes.little(UInt32.self, at: 12) == 0 else { throw .invalidField(.flags) }
        self.checksum = checksum
        self.kind = kind
        self.codec = codec
        cluster = bytes.little(at: 16)
        term = Term(bytes.little(at: 24))
        firstIndex = LogIndex(bytes.little(at: 32))
        previousTerm = Term(bytes.little(at: 40))
        timestamp = Timestamp(rawValue: bytes.little(at: 48))
        previousChecksum = bytes.little(at: 56)
        count = bytes.little(at: 60)
        storedLength = bytes.little(at: 64)
        plainLength = bytes.little(at: 68)
        keyID = bytes.little(at: 72)
        guard bytes.little(UInt32.self, at: 76) == 0 else { throw .invalidField(.reserved) }
    }

    private func validate(storedLength found: Int, limit: ByteCount) throws(FrameError) {
        guard Int(storedLength) == found else {
            throw .lengthMismatch(stated: ByteCount(Int(storedLength)), found: ByteCount(found))
        }
        guard Int(plainLength) <= limit.rawValue else {
            throw .overLimit(length: ByteCount(Int(plainLength)), limit: limit)
        }
        guard codec != .plain || plainLength == storedLength else { throw .invalidField(.plainLength) }
        guard codec != .lz4 || LZ4.mayHold(plain: Int(plainLength), stored: found) else {
            throw .invalidField(.plainLength)
        }
        guard firstIndex > .zero else { throw .invalidField(.firstIndex) }
        guard count > 0, kind != .leaderStart || count == 1 else { throw .invalidField(.count) }
        guard !firstIndex.rawValue.addingReportingOverflow(UInt64(count)).overflow else {
            throw .invalidField(.count)
        }
        guard !timestamp.rawValue.addingReportingOverflow(UInt64(count)).overflow else {
            throw .invalidField(.timestamp)
        }
        guard term > .zero, previousTerm <= term else { throw .invalidField(.term) }
        guard keyID == 0 else { throw .keyUnavailable(keyID) }
    }
}
