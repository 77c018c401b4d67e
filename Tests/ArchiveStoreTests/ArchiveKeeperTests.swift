// Removing backups: what is kept stays whole, at every point at which the removal may stop.

import ArchiveFormat
import ArchivePlan
import ObjectStores
import SnapshotFormat
import Synchronization
import Testing
import Vocabulary

@testable import ArchiveStore

@Suite struct ArchiveKeeperTests {
    private static let hour: UInt64 = 3_600_000_000
    private static let newestOnly = RetentionPolicy(window: .zero, count: 1, daily: 0)

    /// Backups of a state that changes, and what each holds.
    private func world(_ store: any ObjectStore, backups: Int) throws -> [(id: BackupID, chunks: [Int: [[UInt8]]])] {
        var world = ChunkWorld()
        for slot in 0..<60 { world.chunks[slot * 200] = [ChunkWorld.noise(3000, UInt64(slot))] }
        return try (1...backups).map { number in
            for slot in 0..<(number % 3 + 1) * 20 {
                world.chunks[slot * 200] = [ChunkWorld.noise(3000, UInt64(1000 * number + slot))]
            }
            let made = try world.backup(try world.snapshot(at: UInt64(number * 10)), to: store)
            return (made.id, world.chunks)
        }
    }

    private func plan(_ store: any ObjectStore, _ policy: RetentionPolicy = newestOnly) throws -> RetentionPlan {
        let survey = try ArchiveSurvey(store, ChunkWorld.cluster)
        return RetentionPlan(policy, survey.backups, runs: survey.runs, now: Timestamp(rawValue: 1_000_000_000))
    }

    private func packs(_ store: any ObjectStore) throws -> Set<String> {
        Set(try store.listAll(PackFolder.all(of: ChunkWorld.cluster)).compactMap { PieceName($0.key.text)?.pack.name })
    }

    @Test func `what is kept is whole, and what nobody refers to goes an hour later`() throws {
        let store = MemoryObjects()
        let made = try world(store, backups: 8)
        let keeper = ArchiveKeeper(store, ChunkWorld.cluster)
        try keeper.pin(made[2].id)
        let before = try packs(store)
        let first = try keeper.carryOut(try plan(store), at: Timestamp(rawValue: Self.hour))
        #expect(first.backups == 6 && first.parts == 0 && first.marked > 0)
        #expect(try packs(store) == before)
        let soon = try keeper.carryOut(try plan(store), at: Timestamp(rawValue: 2 * Self.hour - 1))
        #expect(soon.parts == 0)
        let later = try keeper.carryOut(try plan(store), at: Timestamp(rawValue: 2 * Self.hour))
        #expect(later.parts == first.marked && later.marked == 0)
        for position in [2, 7] { #expect(try ChunkWorld.read(made[position].id, from: store) == made[position].chunks) }
        #expect(try BackupCatalogue.read(store, ChunkWorld.cluster).ids == [made[7].id, made[2].id])
        #expect(try store.listAll(ArchiveNames.root(of: ChunkWorld.cluster) + "garbage/").isEmpty)
    }

    @Test func `a removal that is cut short anywhere is finished by the next`() throws {
        for limit in 0..<40 {
            let store = LimitedDeletions(limit)
            let made = try world(store.objects, backups: 5)
            let keeper = ArchiveKeeper(store, ChunkWorld.cluster)
            for hours in [1, 2] as [UInt64] {
                _ = try? keeper.carryOut(try plan(store), at: Timestamp(rawValue: hours * Self.hour))
            }
            store.lift()
            for hours in [4, 6, 8] as [UInt64] {
                _ = try keeper.carryOut(try plan(store), at: Timestamp(rawValue: hours * Self.hour))
            }
            #expect(try ChunkWorld.read(made[4].id, from: store) == made[4].chunks)
            let left = try BackupCatalogue.read(store, ChunkWorld.cluster)
            #expect(left.ids == [made[4].id])
            let needed = try left.manifest(of: made[4].id, in: store).packs.map(\.folder.name)
            #expect(try packs(store) == Set(needed))
        }
    }

    @Test func `a backup whose base goes meanwhile is not published, or stays whole`() throws {
        let store = MemoryObjects()
        var world = ChunkWorld()
        for slot in 0..<60 { world.chunks[slot * 200] = [ChunkWorld.noise(3000, UInt64(slot))] }
        let base = try world.backup(try world.snapshot(at: 10), to: store)
        world.chunks[0] = [ChunkWorld.noise(10, 99)]
        let manifest = try world.snapshot(at: 20)
        let order = BackupOrder(
            author: ChunkWorld.author, program: "0.3.0", node: NodeID("n1")!, started: Timestamp(microseconds: 1000))
        var maker = try BackupMaker(order, of: manifest, on: world.disk, to: store)
        for _ in 0..<SlotGroup.count { #expect(try maker.step(at: .zero) == nil) }
        _ = try ArchiveKeeper(store, ChunkWorld.cluster).remove(base.id, at: Timestamp(rawValue: Self.hour))
        #expect(throws: ArchiveError.self) { try maker.step(at: .zero) }
        #expect(try BackupCatalogue.read(store, ChunkWorld.cluster).ids.isEmpty)
    }

    @Test func `a manifest that can not be read keeps every pack`() throws {
        let store = MemoryObjects()
        let made = try world(store, backups: 3)
        let key = try #require(ObjectKey(made[0].id.manifest(of: ChunkWorld.cluster)))
        try store.delete(key)
        _ = try store.put(key, Array("{}".utf8))
        let before = try packs(store)
        for hours in [1, 3] as [UInt64] {
            let outcome = try ArchiveKeeper(store, ChunkWorld.cluster).carryOut(
                try plan(store), at: Timestamp(rawValue: hours * Self.hour))
            #expect(outcome.unreadable == [made[0].id])
        }
        #expect(try packs(store) == before)
        #expect(try ChunkWorld.read(made[2].id, from: store) == made[2].chunks)
    }
}

/// Refuses to remove anything after so many objects.
private final class LimitedDeletions: ObjectStore {
    let location = "limited://"
    let objects = MemoryObjects()
    private let left: Mutex<Int>

    init(_ limit: Int) { left = Mutex(limit) }

    func lift() { left.withLock { $0 = .max } }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome { try objects.put(key, bytes) }
    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        try objects.get(key, range)
    }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try objects.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) {
        let isAllowed = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard isAllowed else { throw ObjectStoreError(.delete, key.text, .timeout, "scripted") }
        try objects.delete(key)
    }
}
