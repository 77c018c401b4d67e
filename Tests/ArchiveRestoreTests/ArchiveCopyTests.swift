// Copies of archives: equal, resumed, and an archive at every moment.

import ArchiveFormat
import ObjectStores
import Synchronization
import Testing
import Vocabulary

@testable import ArchiveRestore

/// Faults: takes so many objects, and then none.
private final class FullStore: ObjectStore {
    private let inner: any ObjectStore
    private let room: Mutex<Int>

    init(_ inner: any ObjectStore, room: Int) {
        self.inner = inner
        self.room = Mutex(room)
    }

    var location: String { inner.location }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome {
        let isFull = room.withLock { room in
            room -= 1
            return room < 0
        }
        if isFull { throw ObjectStoreError(.put, key.text, .noSpace, "full") }
        return try inner.put(key, bytes)
    }

    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] { try inner.get(key, range) }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try inner.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) { try inner.delete(key) }
    func verdict(on capability: StoreCapability, below prefix: String) throws(ObjectStoreError) -> StoreVerdict? {
        try inner.verdict(on: capability, below: prefix)
    }
}

struct ArchiveCopyTests {
    @discardableResult
    private func copy(_ source: any ObjectStore, to target: any ObjectStore) throws -> ArchiveCopyReport {
        var copy = ArchiveCopy(from: source, of: History.cluster, to: target)
        return try copy.run()
    }

    private func verdict(_ store: any ObjectStore) throws -> ArchiveVerdict {
        var verify = try ArchiveVerify(ArchiveView(store, cluster: History.cluster))
        return try verify.run()
    }

    @Test func `a copy has every object, restores the same, and a second one brings nothing`() throws {
        let history = try History.usual(MemoryObjects(pageSize: 7))
        let target = MemoryObjects(pageSize: 5)
        let first = try copy(history.store, to: target)
        #expect(try target.listAll("") == history.store.listAll(""))
        #expect(first.isWhole && first.backups == history.backups.count && first.last == history.last)
        #expect(first.sourceDigest == first.targetDigest && first.known == 0)
        #expect(try verdict(target).isWhole)
        let again = try copy(history.store, to: target)
        #expect(again.copied == 0 && again.known == first.copied && again.targetDigest == first.targetDigest)
        let past = try PastState(RestorePlan(.latest, in: ArchiveView(target, cluster: nil)))
        #expect(past.digest == history.points[history.points.count - 1].digest)
    }

    @Test func `wherever a copy is interrupted, the target is an archive, and the next one goes on`() throws {
        let history = try History.usual(MemoryObjects(), rounds: 6)
        let count = try history.store.listAll("").count
        for room in 0..<count {
            let target = MemoryObjects()
            #expect(throws: RestoreError.self) { try copy(history.store, to: FullStore(target, room: room)) }
            let found = try verdict(target).findings.filter(\.isDamage)
            // A backup is there with its manifest, which comes right behind the state's.
            #expect(found.allSatisfy { $0.object.hasSuffix("manifest.json") } && found.count <= 1, "\(room): \(found)")
            let report = try copy(history.store, to: target)
            #expect(report.isWhole && report.known == room && report.copied == count - room)
            #expect(try verdict(target).isWhole)
        }
    }

    @Test func `what has a name in the target stays, and ends the copy when it is something else`() throws {
        let history = try History.usual(MemoryObjects(), rounds: 6)
        let target = MemoryObjects()
        let name = try #require(try history.store.listAll("").first { $0.key.text.contains("/log/") })
        _ = try target.put(name.key, [1, 2, 3])
        #expect { try copy(history.store, to: target) } throws: { error in
            error as? RestoreError == .archive(.conflict(name.key.text))
        }
        #expect(try target.get(name.key) == [1, 2, 3])
    }

    @Test func `a damaged object is named and left out, with the backups that need it`() throws {
        let history = try History.usual(MemoryObjects(), rounds: 6)
        let part = try #require(history.backups.last?.packs.last.map { $0.name(of: $0.parts[0]).description })
        var bytes = try history.store.bytes(part)
        bytes[bytes.count / 2] ^= 1
        try history.store.replace(part, by: bytes)
        let target = MemoryObjects()
        let report = try copy(history.store, to: target)
        #expect(!report.isWhole && report.damaged.map(\.name) == [part])
        #expect(report.backups == history.backups.count - 1)
        #expect(try verdict(target).isWhole)
    }

    @Test func `a copy that follows brings what is new, reads nothing twice, and drops tails as the source does`()
        throws
    {
        let source = MemoryObjects(pageSize: 7)
        _ = try History.usual(source, rounds: 3)
        let early = try source.listAll("").map(\.key)
        let full = MemoryObjects()
        for key in early { _ = try full.put(key, try source.get(key)) }
        let counted = CountingObjects(full)
        let target = MemoryObjects()
        var copy = ArchiveCopy(from: counted, of: History.cluster, to: target)
        let first = try copy.run()
        let read = counted.count
        #expect(first.isWhole)
        _ = try copy.run()
        #expect(counted.count == read)

        let tail = try #require(early.compactMap { RunName($0.text) }.first { $0.isTail })
        let whole = RunName(
            cluster: tail.cluster, timeline: tail.timeline, first: tail.first, last: tail.last,
            lastTime: tail.lastTime, term: tail.term, isTail: false)
        let bytes = try full.get(try #require(ObjectKey(tail.description)))
        _ = try full.put(try #require(ObjectKey(whole.description)), bytes)
        try full.delete(try #require(ObjectKey(tail.description)))
        let second = try copy.run()
        try copy.removeSuperseded()
        #expect(second.copied == first.copied + 1)
        #expect(try target.listAll("") == full.listAll(""))
    }
}

/// Counts what is read.
private final class CountingObjects: ObjectStore {
    private let inner: any ObjectStore
    private let reads = Mutex(0)

    init(_ inner: any ObjectStore) { self.inner = inner }

    var count: Int { reads.withLock { $0 } }
    var location: String { inner.location }

    func put(_ key: ObjectKey, _ bytes: [UInt8]) throws(ObjectStoreError) -> PutOutcome { try inner.put(key, bytes) }
    func get(_ key: ObjectKey, _ range: Range<Int>?) throws(ObjectStoreError) -> [UInt8] {
        if key.text.contains("/log/") { reads.withLock { $0 += 1 } }
        return try inner.get(key, range)
    }
    func list(_ prefix: String, after key: ObjectKey?) throws(ObjectStoreError) -> ObjectPage {
        try inner.list(prefix, after: key)
    }
    func delete(_ key: ObjectKey) throws(ObjectStoreError) { try inner.delete(key) }
    func verdict(on capability: StoreCapability, below prefix: String) throws(ObjectStoreError) -> StoreVerdict? {
        try inner.verdict(on: capability, below: prefix)
    }
}
