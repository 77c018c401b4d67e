// Group tables as bytes of a pack.

import ByteCoding
import LogFormat

extension GroupTable {
    /// Byte table: `docs/formats/snapshot.md`.
    public static let headerLength = 24
    /// "TRTB" when read as bytes.
    public static let magic: UInt32 = 0x4254_5254
    /// History: 1, the first.
    public static let version: UInt8 = 1
    /// Inclusive, of the whole table: six million chunks.
    public static let lengthMax = 256 << 20
    static let chunkLength = 40

    /// Appends the table and returns its checksum. Traps when it is longer than `lengthMax`.
    public func encode(seed: UInt32, into bytes: inout [UInt8]) -> UInt32 {
        let begin = bytes.count
        let packs = self.packs
        let length = GroupTable.headerLength + 8 * packs.count + 4 * group.slots.count
        precondition(length + GroupTable.chunkLength * chunks.count <= GroupTable.lengthMax, "\(chunks.count) chunks")
        bytes.append(littleEndian: GroupTable.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(GroupTable.version)
        bytes.append(0)
        bytes.append(littleEndian: UInt16(group.rawValue))
        bytes.append(littleEndian: UInt32(length + GroupTable.chunkLength * chunks.count))
        bytes.append(littleEndian: UInt32(packs.count))
        bytes.append(littleEndian: UInt32(0))
        for pack in packs { bytes.append(littleEndian: pack.rawValue) }
        for slot in group.slots { bytes.append(littleEndian: UInt32(range(of: slot).count)) }
        for chunk in chunks { GroupTable.encode(chunk, packs: packs, into: &bytes) }
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(begin + 8..<bytes.count), seed: seed)
        bytes.store(littleEndian: checksum, at: begin + 4)
        return checksum
    }

    /// The packs that the chunks are in, ascending.
    private var packs: [PackNumber] {
        var packs: [PackNumber] = []
        for chunk in chunks where packs.last != chunk.pack && !packs.contains(chunk.pack) { packs.append(chunk.pack) }
        return packs.sorted()
    }

    private static func encode(_ chunk: ChunkReference, packs: [PackNumber], into bytes: inout [UInt8]) {
        guard let pack = packs.firstIndex(of: chunk.pack) else { preconditionFailure("a chunk in no pack") }
        bytes.append(chunk.name)
        bytes.append(littleEndian: UInt64(chunk.offset))
        bytes.append(littleEndian: UInt32(chunk.storedLength))
        bytes.append(littleEndian: UInt32(chunk.plainLength))
        bytes.append(littleEndian: chunk.records)
        bytes.append(littleEndian: UInt16(pack))
        bytes.append(chunk.codec.rawValue)
        bytes.append(0)
    }

    /// How long the table is that `bytes` begin with, by its own word. It may be longer than what is there.
    public static func announcedLength(of bytes: RawSpan) throws(SnapshotFault) -> Int {
        guard bytes.byteCount >= headerLength else { throw .damaged(.truncated, at: bytes.byteCount) }
        guard bytes.little(UInt32.self, at: 0) == magic else { throw .damaged(.badMagic, at: 0) }
        let length = Int(bytes.little(UInt32.self, at: 12))
        guard (headerLength...lengthMax).contains(length) else { throw .damaged(.badLength, at: 12) }
        return length
    }

    /// Whether `bytes` are a whole table of some snapshot of the cluster: for whoever looks for what stands behind it.
    public static func isWhole(_ bytes: RawSpan, seed: UInt32) -> Bool {
        guard (try? announcedLength(of: bytes)) == bytes.byteCount else { return false }
        return bytes.little(UInt32.self, at: 4) == CRC32C.checksum(bytes.extracting(8..<bytes.byteCount), seed: seed)
    }

    /// The one gate for tables: `bytes` is a whole one, of this group and in this snapshot, and nothing else. Every
    /// chunk of the table lies within a pack that the manifest names.
    public static func decode(
        _ bytes: RawSpan, group: SlotGroup, of manifest: SnapshotManifest
    ) throws(SnapshotFault) -> GroupTable {
        guard try announcedLength(of: bytes) == bytes.byteCount else { throw .damaged(.badLength, at: 12) }
        let seed = ChunkRecord.seed(of: manifest.facts.cluster)
        let computed = CRC32C.checksum(bytes.extracting(8..<bytes.byteCount), seed: seed)
        let stated = bytes.little(UInt32.self, at: 4)
        guard stated == computed else { throw .damaged(.checksumMismatch, at: 4) }
        let version = bytes.little(UInt8.self, at: 8)
        try SnapshotFault.check(version: Int(version), upTo: Int(GroupTable.version), at: 8)
        guard manifest.table(of: group)?.checksum == stated, Int(bytes.little(UInt16.self, at: 10)) == group.rawValue
        else { throw .damaged(.misplaced, at: 4) }
        guard bytes.little(UInt8.self, at: 9) == 0, bytes.little(UInt32.self, at: 20) == 0 else {
            throw .damaged(.impossibleField, at: 9)
        }
        return try read(bytes, group: group, of: manifest)
    }

    private static func read(
        _ bytes: RawSpan, group: SlotGroup, of manifest: SnapshotManifest
    ) throws(SnapshotFault) -> GroupTable {
        let packs = try readPacks(bytes, of: manifest)
        var place = headerLength + 8 * packs.count
        let slots = group.slots
        guard bytes.byteCount - place >= 4 * slots.count else { throw .damaged(.badLength, at: place) }
        let counts = slots.indices.map { Int(bytes.little(UInt32.self, at: place + 4 * ($0 - slots.lowerBound))) }
        place += 4 * slots.count
        // Below 2^39: 128 numbers of 32 bits.
        let total = counts.reduce(0, +)
        guard total <= lengthMax, bytes.byteCount - place == chunkLength * total else {
            throw .damaged(.badLength, at: place - 4 * slots.count)
        }
        var table = GroupTable(group: group)
        table.reserve(total)
        for (slot, count) in zip(slots, counts) {
            guard count <= ChunkRecord.partMax else { throw .damaged(.impossibleField, at: place) }
            for _ in 0..<count {
                table.append(try readChunk(bytes, at: place, packs: packs), slot: slot)
                place += chunkLength
            }
        }
        return table
    }

    private static func readPacks(_ bytes: RawSpan, of manifest: SnapshotManifest) throws(SnapshotFault) -> [PackUse] {
        let count = Int(bytes.little(UInt32.self, at: 16))
        guard count <= SnapshotManifest.packCountMax, 8 * count <= bytes.byteCount - headerLength else {
            throw .damaged(.badLength, at: 16)
        }
        var packs: [PackUse] = []
        for position in 0..<count {
            let number = PackNumber(bytes.little(at: headerLength + 8 * position))
            guard packs.last.map({ $0.number < number }) ?? true, let pack = manifest.pack(number) else {
                throw .damaged(.impossibleField, at: headerLength + 8 * position)
            }
            packs.append(pack)
        }
        return packs
    }

    private static func readChunk(
        _ bytes: RawSpan, at place: Int, packs: [PackUse]
    ) throws(SnapshotFault) -> ChunkReference {
        let position = Int(bytes.little(UInt16.self, at: place + 36))
        guard position < packs.count, let codec = ChunkCodec(rawValue: bytes.little(at: place + 38)),
            bytes.little(UInt8.self, at: place + 39) == 0,
            let offset = Int(exactly: bytes.little(UInt64.self, at: place + 16))
        else { throw .damaged(.impossibleField, at: place) }
        let chunk = ChunkReference(
            name: ChunkName(high: bytes.little(at: place), low: bytes.little(at: place + 8)),
            pack: packs[position].number, offset: offset, storedLength: Int(bytes.little(UInt32.self, at: place + 24)),
            plainLength: Int(bytes.little(UInt32.self, at: place + 28)), records: bytes.little(at: place + 32),
            codec: codec)
        guard ChunkRecord.areLengths(plain: chunk.plainLength, stored: chunk.storedLength, codec),
            packs[position].holds(offset: offset, length: chunk.length)
        else { throw .damaged(.impossibleField, at: place) }
        return chunk
    }
}

extension PackUse {
    /// Whether so many bytes from `offset` on lie between the pack's header and its end.
    public func holds(offset: Int, length: Int) -> Bool {
        offset >= PackHeader.byteCount && offset <= size && length >= 0 && length <= size - offset
    }
}
