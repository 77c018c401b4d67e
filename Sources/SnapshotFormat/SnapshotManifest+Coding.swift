// Manifests as bytes of a file.

import ByteCoding
import LogFormat
import Vocabulary

extension SnapshotManifest {
    /// Byte table: `docs/formats/snapshot.md`.
    static let fixedLength = 192
    /// "TRIRSNAP" when read as bytes.
    public static let magic: UInt64 = 0x5041_4E53_5249_5254
    /// History: 1, the first.
    public static let version: UInt32 = 1
    /// Inclusive, of `configuration` and of `registry`.
    public static let fieldLengthMax = 64 << 10
    /// Inclusive. A writer stays far below: `PackUse.countMax`.
    public static let packCountMax = 1024
    static let packLength = 24
    static let tableLength = 20
    /// In place of a pack's position, for a group without chunks.
    static let noPack = UInt32.max
    /// Inclusive, of the whole file.
    public static let lengthMax =
        fixedLength + 2 * (4 + fieldLengthMax) + 4 + packCountMax * packLength + SlotGroup.count * tableLength
    /// Inclusive, of every size and position.
    static let numberMax: UInt64 = 1 << 62

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        encodeFixed(into: &bytes)
        for field in [facts.configuration, facts.registry] {
            bytes.append(littleEndian: UInt32(field.count))
            bytes += field
        }
        bytes.append(littleEndian: UInt32(packs.count))
        for pack in packs {
            bytes.append(littleEndian: pack.number.rawValue)
            bytes.append(littleEndian: UInt64(pack.size))
            bytes.append(littleEndian: UInt64(pack.live))
        }
        for table in tables {
            let position = table.flatMap { table in packs.firstIndex { $0.number == table.pack } }
            precondition(table == nil || position != nil, "a table in a pack that the manifest does not name")
            bytes.append(littleEndian: position.map(UInt32.init) ?? SnapshotManifest.noPack)
            bytes.append(littleEndian: UInt64(table?.offset ?? 0))
            bytes.append(littleEndian: UInt32(table?.length ?? 0))
            bytes.append(littleEndian: table?.checksum ?? 0)
        }
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<bytes.count)), at: 8)
        return bytes
    }

    private func encodeFixed(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: SnapshotManifest.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: SnapshotManifest.version)
        bytes.append(facts.cluster)
        bytes.append(littleEndian: facts.position.term.rawValue)
        bytes.append(littleEndian: facts.position.index.rawValue)
        bytes.append(littleEndian: facts.timestamp.rawValue)
        bytes.append(littleEndian: facts.frameChecksum)
        bytes.append(littleEndian: facts.featureLevel)
        bytes.append(contents.digest)
        let counts = [contents.strings, contents.hashes, contents.lists, contents.sets, contents.sortedSets]
        for count in counts { bytes.append(littleEndian: count) }
        for size in [plainBytes, storedBytes, chunkCount] { bytes.append(littleEndian: UInt64(size)) }
        // The key id, 0 being plaintext, and what is reserved.
        while bytes.count < SnapshotManifest.fixedLength { bytes.append(0) }
    }

    /// The one gate for manifests: `bytes` is a whole one and nothing else.
    public static func decode(_ bytes: RawSpan) throws(SnapshotFault) -> SnapshotManifest {
        guard bytes.byteCount >= fixedLength else { throw .damaged(.truncated, at: bytes.byteCount) }
        guard bytes.byteCount <= lengthMax else { throw .damaged(.badLength, at: lengthMax) }
        guard bytes.little(UInt64.self, at: 0) == magic else { throw .damaged(.badMagic, at: 0) }
        let computed = CRC32C.checksum(bytes.extracting(12..<bytes.byteCount))
        guard bytes.little(UInt32.self, at: 8) == computed else { throw .damaged(.checksumMismatch, at: 8) }
        let version = bytes.little(UInt32.self, at: 12)
        try SnapshotFault.check(version: Int(version), upTo: Int(SnapshotManifest.version), at: 12)
        let key = bytes.little(UInt32.self, at: 144)
        guard key == 0 else { throw .keyUnavailable(key) }
        var reader = ByteReader(offset: fixedLength, end: bytes.byteCount)
        do throws(ByteError) {
            return try read(bytes, &reader)
        } catch { throw .damaged(.impossibleField, at: reader.offset) }
    }

    private static func read(_ bytes: RawSpan, _ reader: inout ByteReader) throws(ByteError) -> SnapshotManifest {
        let configuration = try readField(bytes, &reader)
        let registry = try readField(bytes, &reader)
        let facts = SnapshotFacts(
            cluster: ClusterID(high: bytes.little(at: 16), low: bytes.little(at: 24)),
            position: LogPosition(
                term: Term(try number(bytes, at: 32, from: 1)), index: LogIndex(try number(bytes, at: 40, from: 1))),
            frameChecksum: bytes.little(at: 56), timestamp: Timestamp(rawValue: try number(bytes, at: 48)),
            featureLevel: bytes.little(at: 60), configuration: configuration, registry: registry)
        let contents = SnapshotContents(
            digest: Digest(high: bytes.little(at: 64), low: bytes.little(at: 72)),
            strings: try number(bytes, at: 80), hashes: try number(bytes, at: 88), lists: try number(bytes, at: 96),
            sets: try number(bytes, at: 104), sortedSets: try number(bytes, at: 112))
        guard bytes.isZero(in: 148..<fixedLength) else { throw .invalidValue(at: 148) }
        let packs = try readPacks(bytes, &reader)
        let tables = try readTables(bytes, &reader, packs: packs)
        guard reader.isAtEnd else { throw .invalidValue(at: reader.offset) }
        return SnapshotManifest(
            facts: facts, contents: contents, plainBytes: Int(try number(bytes, at: 120)),
            storedBytes: Int(try number(bytes, at: 128)), chunkCount: Int(try number(bytes, at: 136)), packs: packs,
            tables: tables)
    }

    private static func number(_ bytes: RawSpan, at offset: Int, from least: UInt64 = 0) throws(ByteError) -> UInt64 {
        let value = bytes.little(UInt64.self, at: offset)
        guard (least...numberMax).contains(value) else { throw .invalidValue(at: offset) }
        return value
    }

    private static func readField(_ bytes: RawSpan, _ reader: inout ByteReader) throws(ByteError) -> [UInt8] {
        let start = reader.offset
        let length = Int(try reader.integer(UInt32.self, from: bytes))
        guard length <= fieldLengthMax else { throw .invalidValue(at: start) }
        let begin = reader.offset
        try reader.skip(length)
        return [UInt8](bytes.extracting(begin..<reader.offset))
    }

    private static func readPacks(_ bytes: RawSpan, _ reader: inout ByteReader) throws(ByteError) -> [PackUse] {
        let start = reader.offset
        let count = Int(try reader.integer(UInt32.self, from: bytes))
        guard count <= packCountMax else { throw .invalidValue(at: start) }
        var packs: [PackUse] = []
        for _ in 0..<count {
            let start = reader.offset
            let pack: UInt64 = try reader.integer(from: bytes)
            let size: UInt64 = try reader.integer(from: bytes)
            let live: UInt64 = try reader.integer(from: bytes)
            guard pack <= PackNumber.valueMax, packs.last.map({ $0.number.rawValue < pack }) ?? true,
                size <= numberMax, live <= size
            else { throw .invalidValue(at: start) }
            packs.append(PackUse(number: PackNumber(pack), size: Int(size), live: Int(live)))
        }
        return packs
    }

    private static func readTables(
        _ bytes: RawSpan, _ reader: inout ByteReader, packs: [PackUse]
    ) throws(ByteError) -> [TableReference?] {
        var tables: [TableReference?] = []
        for _ in 0..<SlotGroup.count {
            let start = reader.offset
            let position: UInt32 = try reader.integer(from: bytes)
            let offset: UInt64 = try reader.integer(from: bytes)
            let length: UInt32 = try reader.integer(from: bytes)
            let checksum: UInt32 = try reader.integer(from: bytes)
            if position == noPack {
                guard offset == 0, length == 0, checksum == 0 else { throw .invalidValue(at: start) }
                tables.append(nil)
                continue
            }
            guard Int(position) < packs.count, let offset = Int(exactly: offset),
                (GroupTable.headerLength...GroupTable.lengthMax).contains(Int(length)),
                packs[Int(position)].holds(offset: offset, length: Int(length))
            else { throw .invalidValue(at: start) }
            tables.append(
                TableReference(
                    pack: packs[Int(position)].number, offset: offset, length: Int(length), checksum: checksum))
        }
        return tables
    }
}
