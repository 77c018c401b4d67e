// The 56 bytes around each record of a node's own log, and the question whether bytes are a whole record.

import ByteCoding
public import Vocabulary

public enum RecordKind: UInt8, Hashable, Sendable {
    /// A frame, byte for byte as it was sealed.
    case frame = 1
    /// A `LogState`.
    case state = 2
    /// A `LogTruncation`.
    case truncation = 3
    /// A `LogRestart`. Releases before 0.2.0 do not know it, and refuse such a log.
    case restart = 4
}

/// Byte table: `docs/formats/log.md`.
///
/// The checksum begins with the storage's seed and covers all behind it up to the padding's end, with the LSN and the
/// previous record's checksum: a record verifies at one place of one log only.
public struct RecordHeader: Hashable, Sendable {
    public static let byteCount = 56
    /// "TRIR" when read as bytes.
    public static let magic: UInt32 = 0x5249_5254
    /// History: 1, the first; with the kind `restart` since release 0.2.0.
    public static let version: UInt8 = 1
    /// Records begin at multiples of this.
    public static let alignment = 8

    public let checksum: UInt32
    /// Of the body, without header and padding.
    public let length: UInt32
    public let lsn: LSN
    /// Where the batch began that wrote it. Everything before that place was on stable storage by then, so a whole
    /// record proves that damage before its batch is damage, and no torn tail.
    public let batch: LSN
    /// The commit index that was known when it was written.
    public let commitIndex: LogIndex
    /// The highest index that the log ever had, with this record.
    public let highestIndex: LogIndex
    public let previousChecksum: UInt32
    /// Of the newest state, with this record. Tells whether damage hides a vote.
    public let stateNumber: StateNumber
    /// As written: a newer release's kinds and versions verify, and stop the reader.
    public let rawKind: UInt8
    public let rawVersion: UInt8

    public var kind: RecordKind? { RecordKind(rawValue: rawKind) }
    /// Header, body and padding.
    public var recordLength: Int { RecordHeader.recordLength(body: Int(length)) }
    public var end: LSN { LSN(lsn.rawValue + UInt64(recordLength)) }

    public static func recordLength(body: Int) -> Int {
        (byteCount + body + alignment - 1) & ~(alignment - 1)
    }

    private init(_ bytes: RawSpan, at offset: Int) {
        checksum = bytes.little(at: offset)
        length = bytes.little(at: offset + 4)
        lsn = LSN(bytes.little(at: offset + 8))
        batch = LSN(bytes.little(at: offset + 16))
        commitIndex = LogIndex(bytes.little(at: offset + 24))
        highestIndex = LogIndex(bytes.little(at: offset + 32))
        previousChecksum = bytes.little(at: offset + 40)
        stateNumber = StateNumber(bytes.little(at: offset + 44))
        rawKind = bytes.little(at: offset + 52)
        rawVersion = bytes.little(at: offset + 53)
    }

    /// What begins at `offset` of `bytes`. `available` counts the segment's bytes from there on, which may be more than
    /// `bytes` has; `expected` is the LSN of the place.
    public static func examine(
        _ bytes: RawSpan, at offset: Int, available: Int, expected: LSN, seed: UInt32
    ) -> Finding {
        guard available >= byteCount else {
            return bytes.isZero(in: offset..<offset + available) ? .nothing : .invalid(.badMagic)
        }
        guard bytes.byteCount - offset >= byteCount else { return .needs(byteCount) }
        guard bytes.little(UInt32.self, at: offset + 48) == magic else {
            return bytes.isZero(in: offset..<offset + byteCount) ? .nothing : .invalid(.badMagic)
        }
        let header = RecordHeader(bytes, at: offset)
        let size = header.recordLength
        guard size <= available else { return .invalid(.badLength) }
        guard bytes.byteCount - offset >= size else { return .needs(size) }
        let computed = CRC32C.checksum(bytes.extracting(offset + 4..<offset + size), seed: seed)
        guard computed == header.checksum else { return .invalid(.checksumMismatch) }
        guard header.lsn == expected else { return .invalid(.misplacedBlock) }
        guard header.batch <= header.lsn, header.rawVersion > 0 else { return .invalid(.failedRecovery) }
        let body = offset + byteCount
        return .record(header, body: body..<body + Int(header.length))
    }

    /// What the bytes at one place are.
    public enum Finding: Hashable, Sendable {
        /// A whole record of this place, and where its body lies in the examined bytes.
        case record(RecordHeader, body: Range<Int>)
        /// Show this many bytes from the offset on, and ask again.
        case needs(Int)
        /// Zeros, or the end of the segment: nothing was written here.
        case nothing
        case invalid(DamageKind)
    }

    /// The next place in `offset..<end` that claims to be a record, and the LSN that it claims. With `base`, the LSN of
    /// byte 0, only those that claim to be at their own place. Claims only: `examine` says whether it is one.
    public static func nextClaim(
        in bytes: RawSpan, from offset: Int, to end: Int, base: UInt64?
    ) -> (place: Int, lsn: LSN)? {
        var place = offset
        while place + byteCount <= end {
            let lsn = bytes.little(UInt64.self, at: place + 8)
            if base.map({ lsn == $0 &+ UInt64(place) }) ?? true, bytes.little(UInt32.self, at: place + 48) == magic {
                return (place, LSN(lsn))
            }
            place += alignment
        }
        return nil
    }
}
