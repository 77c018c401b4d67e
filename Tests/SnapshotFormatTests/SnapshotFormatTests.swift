// Manifests, tables, chunks and headers: golden bytes, and what is refused.

import ByteCoding
import Testing
import Vocabulary

@testable import SnapshotFormat

private let cluster = ClusterID(high: 1, low: 2)
private let seed = ChunkRecord.seed(of: cluster)

private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func chunk(_ plain: [UInt8], slot: Int = 5, part: Int = 0) -> [UInt8] {
    var sealer = ChunkSealer(cluster: cluster)
    var bytes: [UInt8] = []
    _ = sealer.seal(
        plain.rawBytes, name: ChunkName(of: plain.rawBytes), place: ChunkPlace(slot: slot, part: part), records: 3,
        into: &bytes)
    return bytes
}

/// Version 1, as it was written first.
private let golden = [
    "chunk":
        "5452434ba2cdd86f010005000000000005000000050000000300000000000000176707a2a20f200e85e3f1cab1209656"
        + "68656c6c6f",
    "header":
        "545249525041434be501e8fa010000000100000000000000020000000000000009000000000000000300000000000000"
        + "08000000000000000000000000000000",
    "table":
        "54525442dff2d67201000100a00200000200000000000000040000000000000009000000000000000000000000000000"
        + "0200000000000000",
    "manifest":
        "54524952534e4150e941e02b010000000100000000000000020000000000000003000000000000000900000000000000"
        + "06000000000000000500000007000000080000000000000009000000000000000a000000000000000b00000000000000"
        + "0c000000000000000d000000000000000e000000000000008403000000000000bc010000000000000300000000000000"
        + "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        + "030000000102030100000004020000000400000000000000a00f000000000000d4000000000000000900000000000000"
        + "2823000000000000e803000000000000ffffffff000000000000000000000000",
    "lz4":
        "1f070100ff14500707070707",
]

/// A manifest with one table of two slots in one of two packs, and that table's bytes.
private func example() -> (SnapshotManifest, GroupTable, [UInt8]) {
    var table = GroupTable(group: SlotGroup(slot: 130))
    let record = ChunkRecord(
        place: ChunkPlace(slot: 130, part: 0), codec: .lz4, storedLength: 100, plainLength: 300, records: 7,
        name: ChunkName(high: 3, low: 4))
    table.append(ChunkReference(record, in: PackNumber(9), at: 64), slot: 130)
    table.append(ChunkReference(record, in: PackNumber(4), at: 164), slot: 130)
    table.append(ChunkReference(record, in: PackNumber(9), at: 264), slot: 255)
    var bytes: [UInt8] = []
    let checksum = table.encode(seed: seed, into: &bytes)
    var tables = [TableReference?](repeating: nil, count: SlotGroup.count)
    tables[1] = TableReference(pack: PackNumber(9), offset: 1000, length: bytes.count, checksum: checksum)
    let facts = SnapshotFacts(
        cluster: cluster, position: LogPosition(term: Term(3), index: LogIndex(9)), frameChecksum: 5,
        timestamp: Timestamp(microseconds: 6), featureLevel: 7, configuration: [1, 2, 3], registry: [4])
    let contents = SnapshotContents(
        digest: Digest(high: 8, low: 9), strings: 10, hashes: 11, lists: 12, sets: 13, sortedSets: 14)
    let packs = [
        PackUse(number: PackNumber(4), size: 4000, live: 212),
        PackUse(number: PackNumber(9), size: 9000, live: 1000),
    ]
    let manifest = SnapshotManifest(
        facts: facts, contents: contents, plainBytes: 900, storedBytes: 444, chunkCount: 3, packs: packs,
        tables: tables)
    return (manifest, table, bytes)
}

@Suite struct SnapshotFormatTests {
    @Test func `the bytes of version 1 stay as they are`() throws {
        #expect(hex(chunk(Array("hello".utf8))) == golden["chunk"])
        var header: [UInt8] = []
        PackHeader(cluster: cluster, number: PackNumber(9), position: LogPosition(term: Term(3), index: LogIndex(8)))
            .encode(into: &header)
        #expect(hex(header) == golden["header"])
        let (manifest, _, table) = example()
        #expect(hex(table.prefix(56)) == golden["table"])
        #expect(hex(manifest.encoded.prefix(272)) == golden["manifest"])
        #expect(manifest.encoded.count == 192 + 4 + 3 + 4 + 1 + 4 + 2 * 24 + 20 * 129)
        #expect(hex(chunk([UInt8](repeating: 7, count: 300))[48...]) == golden["lz4"])
    }

    @Test func `what was encoded is decoded`() throws {
        let (manifest, table, bytes) = example()
        #expect(try SnapshotManifest.decode(manifest.encoded.rawBytes) == manifest)
        #expect(try GroupTable.decode(bytes.rawBytes, group: table.group, of: manifest) == table)
        #expect(table.range(of: 129) == 0..<0 && table.range(of: 130) == 0..<2 && table.range(of: 131) == 2..<2)
        #expect(table.chunks(of: 255).count == 1)
        for plain in [
            [], [1], [UInt8](repeating: 9, count: 5000), (0..<999).map { UInt8(truncatingIfNeeded: $0 &* $0) },
        ] {
            let bytes = chunk(plain, slot: 16384, part: 1 << 24)
            let record = try ChunkRecord.decode(bytes.rawBytes, seed: seed)
            #expect(record.place == ChunkPlace(slot: 16384, part: 1 << 24) && record.length == bytes.count)
            #expect(record.records == 3 && record.plainLength == plain.count)
            #expect(record.codec == (plain.count > 900 ? .lz4 : .plain))
            var opened: [UInt8] = [1, 2, 3]
            try record.open(bytes.rawBytes, into: &opened)
            #expect(opened == plain)
            #expect(throws: SnapshotFault.damaged(.checksumMismatch, at: 4)) {
                try ChunkRecord.decode(bytes.rawBytes, seed: ChunkRecord.seed(of: ClusterID(high: 2, low: 1)))
            }
        }
    }

    @Test func `every flipped bit is found`() {
        let (manifest, table, bytes) = example()
        let chunk = chunk([UInt8](repeating: 9, count: 600))
        for (bytes, decode) in [
            (manifest.encoded, { _ = try SnapshotManifest.decode($0) }),
            (bytes, { _ = try GroupTable.decode($0, group: table.group, of: manifest) }),
            (chunk, { _ = try ChunkRecord.decode($0, seed: seed) }),
        ] as [([UInt8], (RawSpan) throws -> Void)] {
            var flipped = bytes
            for bit in 0..<bytes.count * 8 {
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                if (try? decode(flipped.rawBytes)) != nil { Issue.record("bit \(bit) of \(bytes.count) bytes") }
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            for count in 0..<bytes.count where (try? decode(Array(bytes[..<count]).rawBytes)) != nil {
                Issue.record("\(count) of \(bytes.count) bytes")
            }
        }
    }

    /// False contents with true checksums: refused or right, and what is accepted lies within all bounds.
    @Test(arguments: 0..<4)
    func `forged contents trap nowhere and lead nowhere`(part: Int) throws {
        var random = SplitMix64(seed: UInt64(part))
        let (manifest, table, tableBytes) = example()
        let edges: [UInt64] = [0, 1, 0x7F, 0xFF, 0xFFFF, 1 << 31, 1 << 32 - 1, 1 << 62, 1 << 63, .max]
        func forge(_ bytes: [UInt8], checksum: Int, seed: UInt32) -> [UInt8] {
            var bytes = bytes
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count - 8)
                if random.below(2) == 0 {
                    bytes[place] = UInt8(random.below(256))
                } else {
                    bytes.store(littleEndian: edges[random.below(edges.count)] &+ UInt64(random.below(2)), at: place)
                }
            }
            bytes.store(
                littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(checksum + 4..<bytes.count), seed: seed),
                at: checksum)
            return bytes
        }
        var accepted = 0
        for _ in 0..<1500 {
            if let found = try? SnapshotManifest.decode(forge(manifest.encoded, checksum: 8, seed: 0).rawBytes) {
                accepted += 1
                #expect(try SnapshotManifest.decode(found.encoded.rawBytes) == found)
                for table in found.tables.compactMap(\.self) {
                    #expect(try #require(found.pack(table.pack)).holds(offset: table.offset, length: table.length))
                }
            }
            let forged = forge(tableBytes, checksum: 4, seed: seed)
            var tables = manifest.tables
            tables[1] = TableReference(
                pack: PackNumber(9), offset: 1000, length: forged.count,
                checksum: CRC32C.checksum(forged.rawBytes.extracting(8..<forged.count), seed: seed))
            let other = SnapshotManifest(
                facts: manifest.facts, contents: manifest.contents, plainBytes: 0, storedBytes: 0, chunkCount: 0,
                packs: manifest.packs, tables: tables)
            if let found = try? GroupTable.decode(forged.rawBytes, group: table.group, of: other) {
                accepted += 1
                for chunk in found.chunks {
                    #expect(try #require(manifest.pack(chunk.pack)).holds(offset: chunk.offset, length: chunk.length))
                }
            }
            let record = forge(chunk([UInt8](repeating: 9, count: 600)), checksum: 4, seed: seed)
            if let found = try? ChunkRecord.decode(record.rawBytes, seed: seed) {
                accepted += 1
                var plain: [UInt8] = []
                if (try? found.open(record.rawBytes, into: &plain)) != nil {
                    #expect(plain == [UInt8](repeating: 9, count: 600))
                }
            }
        }
        #expect(accepted > 0)
    }

    @Test func `newer versions and keys are told from damage`() {
        let (manifest, table, bytes) = example()
        func change<Value: FixedWidthInteger & BitwiseCopyable>(
            _ bytes: [UInt8], _ value: Value, at place: Int, checksum: Int, seed: UInt32
        ) -> [UInt8] {
            var bytes = bytes
            bytes.store(littleEndian: value, at: place)
            bytes.store(
                littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(checksum + 4..<bytes.count), seed: seed),
                at: checksum)
            return bytes
        }
        let newer = SnapshotFault.newerVersion(found: 2, supported: 1)
        #expect(throws: newer) {
            try SnapshotManifest.decode(change(manifest.encoded, UInt32(2), at: 12, checksum: 8, seed: 0).rawBytes)
        }
        #expect(throws: newer) {
            try GroupTable.decode(
                change(bytes, UInt8(2), at: 8, checksum: 4, seed: seed).rawBytes, group: table.group, of: manifest)
        }
        let record = chunk([1, 2, 3])
        #expect(throws: newer) {
            try ChunkRecord.decode(change(record, UInt8(2), at: 8, checksum: 4, seed: seed).rawBytes, seed: seed)
        }
        #expect(throws: SnapshotFault.keyUnavailable(5)) {
            try ChunkRecord.decode(change(record, UInt32(5), at: 28, checksum: 4, seed: seed).rawBytes, seed: seed)
        }
        #expect(throws: SnapshotFault.keyUnavailable(6)) {
            try SnapshotManifest.decode(change(manifest.encoded, UInt32(6), at: 144, checksum: 8, seed: 0).rawBytes)
        }
        // Versions count from 1.
        #expect(throws: SnapshotFault.damaged(.impossibleField, at: 12)) {
            try SnapshotManifest.decode(change(manifest.encoded, UInt32(0), at: 12, checksum: 8, seed: 0).rawBytes)
        }
        let ours = SnapshotFault.damaged(.impossibleField, at: 8)
        #expect(throws: ours) {
            try GroupTable.decode(
                change(bytes, UInt8(0), at: 8, checksum: 4, seed: seed).rawBytes, group: table.group, of: manifest)
        }
        #expect(throws: ours) {
            try ChunkRecord.decode(change(record, UInt8(0), at: 8, checksum: 4, seed: seed).rawBytes, seed: seed)
        }
        #expect(throws: SnapshotFault.damaged(.wrongName, at: 48)) {
            let changed = change(record, UInt8(7), at: 50, checksum: 4, seed: seed)
            var plain: [UInt8] = []
            try ChunkRecord.decode(changed.rawBytes, seed: seed).open(changed.rawBytes, into: &plain)
        }
        #expect(throws: SnapshotFault.damaged(.misplaced, at: 4)) {
            try GroupTable.decode(bytes.rawBytes, group: .head, of: manifest)
        }
    }

    @Test func `packs that are half dead or too many are left`() {
        func use(_ number: UInt64, _ live: Int, of size: Int = 100) -> PackUse {
            PackUse(number: PackNumber(number), size: size, live: live)
        }
        #expect(PackUse.stale(of: [use(1, 50), use(2, 49), use(3, 100), use(4, 0)]).map(\.rawValue) == [2, 4])
        let many = (0..<63).map { use(UInt64($0), 51 + $0 % 40) }
        #expect(PackUse.stale(of: many).isEmpty)
        let tooMany = many + [use(63, 99)]
        let stale = PackUse.stale(of: tooMany)
        #expect(stale.count == PackUse.countMax / 2)
        #expect(!stale.contains(PackNumber(63)))
        #expect(stale == stale.sorted())
    }

    @Test func `a pack's number is the index where that is free`() {
        #expect(PackNumber.next(for: LogIndex(7), above: nil) == PackNumber(7))
        #expect(PackNumber.next(for: LogIndex(7), above: PackNumber(3)) == PackNumber(7))
        #expect(PackNumber.next(for: LogIndex(7), above: PackNumber(7)) == PackNumber(8))
    }
}
