// Manifests, tables and chunks of snapshots, as another node may send them.

import ByteCoding
import SnapshotFormat
import Vocabulary

extension FuzzTarget {
    /// The bytes as they are, then with a true checksum. What is accepted, encoded anew, is the same to the byte, and
    /// its tables lie within its packs.
    static let snapshotManifests = FuzzTarget("snapshot-manifests") { bytes throws(Violation) in
        for candidate in [bytes, SnapshotCheck.sealed(bytes, magic: 8, seed: 0)] {
            guard let manifest = try? SnapshotManifest.decode(candidate.rawBytes) else { continue }
            try require(manifest.encoded == candidate, "\(manifest) was encoded as other bytes")
            for table in manifest.tables.compactMap(\.self) {
                let holds = manifest.pack(table.pack)?.holds(offset: table.offset, length: table.length)
                try require(holds == true, "\(table) lies outside of its pack")
            }
        }
    }

    /// With a true checksum, that the manifest knows of: what is accepted survives being encoded, and its chunks lie
    /// within the manifest's packs.
    static let snapshotTables = FuzzTarget("snapshot-tables") { bytes throws(Violation) in
        let sealed = SnapshotCheck.sealed(bytes, magic: 4, seed: SnapshotCheck.seed)
        for group in [SlotGroup(slot: 0), .head] {
            let manifest = SnapshotCheck.manifest(of: sealed, group)
            guard let table = try? GroupTable.decode(sealed.rawBytes, group: group, of: manifest) else { continue }
            for chunk in table.chunks {
                let holds = manifest.pack(chunk.pack)?.holds(offset: chunk.offset, length: chunk.length)
                try require(holds == true, "\(chunk) lies outside of its pack")
            }
            var encoded: [UInt8] = []
            _ = table.encode(seed: SnapshotCheck.seed, into: &encoded)
            let other = SnapshotCheck.manifest(of: encoded, group)
            let again = try? GroupTable.decode(encoded.rawBytes, group: group, of: other)
            try require(again == table, "\(table) was read back as \(again as Any)")
        }
    }

    /// As they are, with a true checksum, and with the true name of what is stored: what opens has its length and name.
    static let snapshotChunks = FuzzTarget("snapshot-chunks") { bytes throws(Violation) in
        var named = bytes
        if named.count >= ChunkRecord.headerLength {
            let name = ChunkName(of: bytes.rawBytes.extracting(ChunkRecord.headerLength..<bytes.count))
            named.store(littleEndian: name.high, at: 32)
            named.store(littleEndian: name.low, at: 40)
        }
        for candidate in [bytes, bytes, named].enumerated() {
            let whole =
                candidate.offset == 0
                ? candidate.element : SnapshotCheck.sealed(candidate.element, magic: 4, seed: SnapshotCheck.seed)
            guard let record = try? ChunkRecord.decode(whole.rawBytes, seed: SnapshotCheck.seed) else { continue }
            try require(record.length == whole.count, "a record of \(record.length) in \(whole.count) bytes")
            var plain: [UInt8] = [1, 2, 3]
            guard (try? record.open(whole.rawBytes, into: &plain)) != nil else { continue }
            try require(plain.count == record.plainLength, "\(plain.count) bytes of \(record.plainLength)")
            try require(ChunkName(of: plain.rawBytes) == record.name, "opened under another name")
        }
    }
}

private enum SnapshotCheck {
    static let cluster = ClusterID(high: 1, low: 2)
    static let seed = ChunkRecord.seed(of: cluster)

    /// With a true checksum behind a magic of so many bytes.
    static func sealed(_ bytes: [UInt8], magic: Int, seed: UInt32) -> [UInt8] {
        guard bytes.count >= magic + 4 else { return bytes }
        var sealed = bytes
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(magic + 4..<bytes.count), seed: seed)
        sealed.store(littleEndian: checksum, at: magic)
        return sealed
    }

    /// One that takes these bytes for the table of a group, with two packs.
    static func manifest(of table: [UInt8], _ group: SlotGroup) -> SnapshotManifest {
        let facts = SnapshotFacts(
            cluster: cluster, position: LogPosition(term: Term(1), index: LogIndex(9)), frameChecksum: 0,
            timestamp: .zero, featureLevel: 0, configuration: [], registry: [])
        let contents = SnapshotContents(digest: .empty, strings: 0, hashes: 0, lists: 0, sets: 0, sortedSets: 0)
        var tables = [TableReference?](repeating: nil, count: SlotGroup.count)
        if table.count >= GroupTable.headerLength {
            let checksum = CRC32C.checksum(table.rawBytes.extracting(8..<table.count), seed: seed)
            tables[group.rawValue] = TableReference(
                pack: PackNumber(9), offset: PackHeader.byteCount, length: table.count, checksum: checksum)
        }
        let packs = [
            PackUse(number: PackNumber(4), size: 4000, live: 200),
            PackUse(number: PackNumber(9), size: 9000, live: 9000),
        ]
        return SnapshotManifest(
            facts: facts, contents: contents, plainBytes: 0, storedBytes: 0, chunkCount: 0, packs: packs,
            tables: tables)
    }
}
