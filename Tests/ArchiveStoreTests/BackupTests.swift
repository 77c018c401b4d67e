// Backups: full in use, incremental in cost, and known when they are not what was written.

import ArchiveFormat
import ByteCoding
import LogStore
import ObjectStores
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import ArchiveStore
@testable import SnapshotStore

/// Chunks of a state, written as this node's snapshots and read back from backups.
struct ChunkWorld {
    static let cluster = ArchivedLog.cluster
    let disk = SimulatedDisk()
    var chunks: [Int: [[UInt8]]] = [:]
    var newest: SnapshotManifest?

    static func noise(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    mutating func snapshot(at index: UInt64) throws -> SnapshotManifest {
        let facts = SnapshotFacts(
            cluster: ChunkWorld.cluster, position: LogPosition(term: Term(3), index: LogIndex(index)),
            frameChecksum: 5, timestamp: Timestamp(microseconds: index * 1_000_000), featureLevel: 1,
            configuration: [1, 2, 3], registry: [4, 5])
        var writer = try SnapshotWriter(disk: disk, facts: facts, base: newest)
        for group in SlotGroup.all {
            try writer.begin(group)
            for slot in group.slots {
                for bytes in chunks[slot] ?? [] { try writer.add(slot: slot, records: 1, bytes.rawBytes) }
            }
        }
        let contents = SnapshotContents(
            digest: Digest(high: 0, low: index), strings: 9, hashes: 0, lists: 0, sets: 0, sortedSets: 0)
        newest = try writer.finish(contents)
        return newest!
    }

    static let author = PackDisk.Author(owner: ArchivedLog.owner, term: Term(3), partSize: .mebibytes(1))

    func backup(
        _ manifest: SnapshotManifest, to store: any ObjectStore, usesBase: Bool = true
    ) throws -> BackupManifest {
        let order = BackupOrder(
            author: ChunkWorld.author, program: "0.3.0", node: NodeID("n1")!, started: Timestamp(microseconds: 1000))
        var maker = try BackupMaker(order, of: manifest, on: disk, to: store, usesBase: usesBase)
        while true {
            if let made = try maker.step(at: Timestamp(microseconds: 2000)) { return made }
        }
    }

    static func read(_ id: BackupID, from store: any ObjectStore) throws -> [Int: [[UInt8]]] {
        let catalogue = try BackupCatalogue.read(store, cluster)
        let backup = try catalogue.manifest(of: id, in: store)
        let state = try catalogue.state(of: backup, in: store)
        let disk = PackDisk(store, author: author, packs: backup.packs)
        var reader = SnapshotReader(disk: disk, manifest: state)
        var found: [Int: [[UInt8]]] = [:]
        for group in SlotGroup.all {
            let table = try reader.table(group)
            for slot in group.slots where !table.chunks(of: slot).isEmpty {
                for part in 0..<table.chunks(of: slot).count {
                    var plain: [UInt8] = []
                    try reader.read(ChunkPlace(slot: slot, part: part), of: table, into: &plain)
                    found[slot, default: []].append(plain)
                }
            }
        }
        return found
    }
}

@Suite struct BackupTests {
    @Test func `every backup gives back its own state, however much of it earlier ones have written`() throws {
        let store = MemoryObjects(pageSize: 7)
        var world = ChunkWorld()
        var random = SplitMix64(seed: 11)
        var states: [(BackupID, [Int: [[UInt8]]])] = []
        for number in 1...7 {
            for _ in 0..<20 {
                let slot = [0, 1, 127, 128, 5000, 16383, 16384][Int(random.next() % 7)]
                world.chunks[slot, default: []].append(ChunkWorld.noise(Int(random.next() % 60_000) + 1, random.next()))
                if world.chunks[slot]!.count > 8 { world.chunks[slot]!.removeFirst(Int(random.next() % 4)) }
            }
            let manifest = try world.snapshot(at: UInt64(number * 10))
            let made = try world.backup(manifest, to: store)
            #expect(made.type == (number == 1 ? .full : .incremental) || made.packs.count == 1)
            states.append((made.id, world.chunks))
            for (id, chunks) in states { #expect(try ChunkWorld.read(id, from: store) == chunks) }
        }
        #expect(try BackupCatalogue.read(store, ChunkWorld.cluster).ids == states.map(\.0).reversed())
        #expect(try BackupCatalogue.read(store, ChunkWorld.cluster).strangers.isEmpty)
    }

    @Test func `what did not change is not uploaded again`() throws {
        let store = MemoryObjects()
        var world = ChunkWorld()
        for slot in 0..<2000 { world.chunks[slot * 8] = [ChunkWorld.noise(1500, UInt64(slot))] }
        let first = try world.backup(try world.snapshot(at: 10), to: store)
        world.chunks[8] = [ChunkWorld.noise(100, 77)]
        let second = try world.backup(try world.snapshot(at: 20), to: store)
        #expect(first.type == .full && second.type == .incremental)
        #expect(second.base == first.id)
        #expect(second.uploadedBytes * 50 < first.uploadedBytes)
        let whole = try world.backup(try world.snapshot(at: 30), to: store, usesBase: false)
        #expect(whole.type == .full && whole.base == nil)
        #expect(try ChunkWorld.read(whole.id, from: store) == world.chunks)
    }

    @Test func `a backup that was cut short is none, and the next one is whole`() throws {
        for limit in 1...4 {
            let store = FaultyObjects([FaultyObjects.Fault?](repeating: nil, count: limit - 1) + [.refuse])
            var world = ChunkWorld()
            for slot in 0..<40 { world.chunks[slot * 400] = [ChunkWorld.noise(60_000, UInt64(slot))] }
            let manifest = try world.snapshot(at: 10)
            #expect(throws: (any Error).self) { try world.backup(manifest, to: store) }
            #expect(try BackupCatalogue.read(store, ChunkWorld.cluster).ids.isEmpty)
            let made = try world.backup(manifest, to: store)
            #expect(try ChunkWorld.read(made.id, from: store) == world.chunks)
        }
    }

    @Test func `a backup whose objects changed is known`() throws {
        let store = MemoryObjects()
        var world = ChunkWorld()
        for slot in 0..<40 { world.chunks[slot * 400] = [ChunkWorld.noise(60_000, UInt64(slot))] }
        let made = try world.backup(try world.snapshot(at: 10), to: store)
        for listing in try store.listAll("") {
            let bytes = try store.get(listing.key)
            for position in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 8)) {
                var changed = bytes
                changed[position] ^= 0x10
                try store.delete(listing.key)
                _ = try store.put(listing.key, changed)
                let found = try? ChunkWorld.read(made.id, from: store)
                // The bytes between blocks are nobody's who reads some of them; `verify` reads all.
                #expect(found == nil || found == world.chunks)
            }
            try store.delete(listing.key)
            #expect(throws: (any Error).self) { try ChunkWorld.read(made.id, from: store) }
            _ = try store.put(listing.key, bytes)
        }
    }
}
