// The 128 bytes at the start of a segment: whose it is, where it stands, and what its first record is chained to.

import ByteCoding
public import Vocabulary

/// Byte table: `docs/formats/log.md`. Enough to begin reading a log at any segment.
public struct SegmentHeader: Hashable, Sendable {
    public static let byteCount = 128
    /// "TRIREWAL" when read as bytes.
    public static let magic: UInt64 = 0x4C41_5745_5249_5254
    /// History: 1, the first.
    public static let version: UInt32 = 1
    /// Inclusive, of every number in a header.
    static let numberMax: UInt64 = 1 << 62

    public let identity: LogIdentity
    /// The number in the file's name: 1, 2, 3, ...
    public let sequence: UInt64
    /// The LSN of the file's first byte, which is where the segment before it ended.
    public let base: LSN
    /// The log as it was when the segment began.
    public let start: ChainLink

    public init(identity: LogIdentity, sequence: UInt64, base: LSN, start: ChainLink) {
        self.identity = identity
        self.sequence = sequence
        self.base = base
        self.start = start
    }

    /// The LSN of the first record.
    public var firstRecord: LSN { LSN(base.rawValue + UInt64(SegmentHeader.byteCount)) }

    public func encode(into bytes: inout [UInt8]) {
        let begin = bytes.count
        bytes.append(littleEndian: SegmentHeader.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: SegmentHeader.version)
        bytes.append(identity.cluster)
        bytes.append(identity.node)
        bytes.append(identity.storage)
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: base.rawValue)
        bytes.append(littleEndian: start.last.index.rawValue)
        bytes.append(littleEndian: start.last.term.rawValue)
        bytes.append(littleEndian: start.highestIndex.rawValue)
        bytes.append(littleEndian: start.lastChecksum)
        bytes.append(littleEndian: start.recordChecksum)
        bytes.append(littleEndian: start.stateNumber.rawValue)
        while bytes.count < begin + SegmentHeader.byteCount { bytes.append(0) }
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(begin + 12..<begin + SegmentHeader.byteCount))
        bytes.store(littleEndian: checksum, at: begin + 8)
    }

    /// Reads a header from the first bytes of a file. Checksum before version before meaning.
    public static func decode(_ bytes: RawSpan) -> Finding {
        guard bytes.byteCount >= byteCount else { return bytes.isZero(in: 0..<bytes.byteCount) ? .unused : .short }
        guard bytes.little(UInt64.self, at: 0) == magic else {
            return bytes.isZero(in: 0..<byteCount) ? .unused : .invalid(.badMagic)
        }
        let computed = CRC32C.checksum(bytes.extracting(12..<byteCount))
        guard bytes.little(UInt32.self, at: 8) == computed else { return .invalid(.checksumMismatch) }
        let version = bytes.little(UInt32.self, at: 12)
        guard version <= SegmentHeader.version else { return .newer(version) }
        guard version > 0 else { return .invalid(.failedRecovery) }
        guard let node = NodeID(high: bytes.little(at: 32), low: bytes.little(at: 40)) else {
            return .invalid(.failedRecovery)
        }
        let identity = LogIdentity(
            cluster: ClusterID(high: bytes.little(at: 16), low: bytes.little(at: 24)), node: node,
            storage: StorageID(high: bytes.little(at: 48), low: bytes.little(at: 56)))
        let start = ChainLink(
            last: LogPosition(term: Term(bytes.little(at: 88)), index: LogIndex(bytes.little(at: 80))),
            lastChecksum: bytes.little(at: 104), highestIndex: LogIndex(bytes.little(at: 96)),
            recordChecksum: bytes.little(at: 108), stateNumber: StateNumber(bytes.little(at: 112)))
        // Sequence, LSN, and the three positions: no log counts so far, and behind this bound nothing overflows.
        for field in stride(from: 64, to: 104, by: 8) where bytes.little(UInt64.self, at: field) > numberMax {
            return .invalid(.failedRecovery)
        }
        return .header(
            SegmentHeader(
                identity: identity, sequence: bytes.little(at: 64), base: LSN(bytes.little(at: 72)), start: start))
    }

    /// What the first bytes of a file turned out to be.
    public enum Finding: Hashable, Sendable {
        case header(SegmentHeader)
        /// Zeros: prepared, and not used yet.
        case unused
        /// The file ends inside of the header.
        case short
        case invalid(DamageKind)
        /// Written by a newer release, with its version.
        case newer(UInt32)
    }
}

/// What the next record of a log is chained to.
public struct ChainLink: Hashable, Sendable {
    /// The last entry, and the checksum of the frame that it ends.
    public var last: LogPosition
    public var lastChecksum: UInt32
    /// The highest index that this log ever had, also if it was cut since.
    public var highestIndex: LogIndex
    /// The checksum of the last record.
    public var recordChecksum: UInt32
    public var stateNumber: StateNumber

    public init(
        last: LogPosition = .zero, lastChecksum: UInt32 = 0, highestIndex: LogIndex = .zero,
        recordChecksum: UInt32 = 0, stateNumber: StateNumber = .zero
    ) {
        self.last = last
        self.lastChecksum = lastChecksum
        self.highestIndex = highestIndex
        self.recordChecksum = recordChecksum
        self.stateNumber = stateNumber
    }
}
