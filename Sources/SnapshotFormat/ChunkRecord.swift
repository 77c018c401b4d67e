// A chunk as it stands in a pack: 48 bytes that say what it is, and its bytes as they are stored.

import ByteCoding
import LogFormat
public import Vocabulary

/// How a chunk's bytes are stored.
public enum ChunkCodec: UInt8, Hashable, Sendable {
    case plain = 0
    /// LZ4 block format; decompresses to exactly `plainLength` bytes.
    case lz4 = 1
}

/// Byte table: `docs/formats/snapshot.md`.
///
/// The checksum begins with the cluster's seed and covers all behind it, so that a pack can be read without any table,
/// and a chunk of another cluster never verifies.
public struct ChunkRecord: Hashable, Sendable {
    public static let headerLength = 48
    /// "TRCK" when read as bytes.
    public static let magic: UInt32 = 0x4B43_5254
    /// History: 1, the first.
    public static let version: UInt8 = 1
    /// Inclusive: a chunk holds a record at least, and a record may be as large as a request.
    public static let plainLengthMax = 1 << 30
    /// Inclusive.
    public static let partMax = 1 << 24

    /// Where it was when it was written. A later snapshot may have it at another part of the same slot.
    public let place: ChunkPlace
    public let codec: ChunkCodec
    /// Bytes behind the header, and what they decompress to.
    public let storedLength: Int
    public let plainLength: Int
    /// How many records of the keyspace are in it.
    public let records: UInt32
    public let name: ChunkName

    /// Header and stored bytes.
    public var length: Int { ChunkRecord.headerLength + storedLength }

    init(
        place: ChunkPlace, codec: ChunkCodec, storedLength: Int, plainLength: Int, records: UInt32, name: ChunkName
    ) {
        self.place = place
        self.codec = codec
        self.storedLength = storedLength
        self.plainLength = plainLength
        self.records = records
        self.name = name
    }

    /// Where the checksums of a cluster's chunks and tables begin.
    public static func seed(of cluster: ClusterID) -> UInt32 {
        var bytes: [UInt8] = []
        bytes.append(cluster)
        return CRC32C.checksum(bytes.rawBytes)
    }
}

extension ChunkRecord {
    /// Appends header and stored bytes.
    func encode(stored: RawSpan, seed: UInt32, into bytes: inout [UInt8]) {
        let begin = bytes.count
        bytes.append(littleEndian: ChunkRecord.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(ChunkRecord.version)
        bytes.append(codec.rawValue)
        bytes.append(littleEndian: UInt16(place.slot))
        bytes.append(littleEndian: UInt32(place.part))
        bytes.append(littleEndian: UInt32(storedLength))
        bytes.append(littleEndian: UInt32(plainLength))
        bytes.append(littleEndian: records)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(name)
        bytes.append(bytes: stored)
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(begin + 8..<bytes.count), seed: seed)
        bytes.store(littleEndian: checksum, at: begin + 4)
    }

    /// How long the record is that `bytes` begin with, by its own word. It may be longer than what is there.
    public static func announcedLength(of bytes: RawSpan) throws(SnapshotFault) -> Int {
        guard bytes.byteCount >= headerLength else { throw .damaged(.truncated, at: bytes.byteCount) }
        guard bytes.little(UInt32.self, at: 0) == magic else { throw .damaged(.badMagic, at: 0) }
        let stored = Int(bytes.little(UInt32.self, at: 16))
        guard stored <= plainLengthMax else { throw .damaged(.badLength, at: 16) }
        return headerLength + stored
    }

    /// The one gate for chunks: `bytes` is a whole record and nothing else. What is in it is checked by `open`.
    public static func decode(_ bytes: RawSpan, seed: UInt32) throws(SnapshotFault) -> ChunkRecord {
        let length = try announcedLength(of: bytes)
        guard length == bytes.byteCount else { throw .damaged(.badLength, at: 16) }
        let computed = CRC32C.checksum(bytes.extracting(8..<length), seed: seed)
        guard bytes.little(UInt32.self, at: 4) == computed else { throw .damaged(.checksumMismatch, at: 4) }
        let version = bytes.little(UInt8.self, at: 8)
        try SnapshotFault.check(version: Int(version), upTo: Int(ChunkRecord.version), at: 8)
        let key = bytes.little(UInt32.self, at: 28)
        guard key == 0 else { throw .keyUnavailable(key) }
        guard let codec = ChunkCodec(rawValue: bytes.little(at: 9)) else { throw .damaged(.impossibleField, at: 9) }
        let record = ChunkRecord(
            place: ChunkPlace(
                slot: Int(bytes.little(UInt16.self, at: 10)), part: Int(bytes.little(UInt32.self, at: 12))),
            codec: codec, storedLength: length - headerLength, plainLength: Int(bytes.little(UInt32.self, at: 20)),
            records: bytes.little(at: 24), name: ChunkName(high: bytes.little(at: 32), low: bytes.little(at: 40)))
        guard record.place.slot < SlotGroup.slotCount, record.place.part <= partMax else {
            throw .damaged(.impossibleField, at: 10)
        }
        guard areLengths(plain: record.plainLength, stored: record.storedLength, codec) else {
            throw .damaged(.impossibleField, at: 20)
        }
        return record
    }

    /// Whether a chunk can have these lengths.
    static func areLengths(plain: Int, stored: Int, _ codec: ChunkCodec) -> Bool {
        guard plain <= plainLengthMax, stored <= plainLengthMax else { return false }
        return switch codec {
        case .plain: plain == stored
        case .lz4: LZ4.mayHold(plain: plain, stored: stored)
        }
    }

    /// Puts the plain bytes of the record that `bytes` are in place of what `plain` holds, and checks them by name,
    /// which costs more than all else here; `isProven` says that the caller proves them another way.
    public func open(_ bytes: RawSpan, into plain: inout [UInt8], isProven: Bool = false) throws(SnapshotFault) {
        let stored = bytes.extracting(ChunkRecord.headerLength..<length)
        switch codec {
        case .plain:
            plain.removeAll(keepingCapacity: true)
            plain.append(bytes: stored)
        case .lz4:
            guard LZ4.decompress(stored, plainLength: plainLength, into: &plain) else {
                throw .damaged(.badCompression, at: ChunkRecord.headerLength)
            }
        }
        guard isProven || ChunkName(of: plain.rawBytes) == name else {
            throw .damaged(.wrongName, at: ChunkRecord.headerLength)
        }
    }
}
