// The keeper of snapshots on a simulated disk: what it does when files are damaged.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import LogStore
import PeerProtocol
import RESP
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Synchronization
import Testing
import Vocabulary

struct SnapshotKeeperTests {
    private static let cluster = ClusterID(high: 5, low: 6)
    private static let node = NodeID("n1")!
    private static let start = Instant(nanoseconds: 1)

    /// The state behind so many entries, each of which sets a key.
    private func state(_ entries: UInt64) throws -> ReplicatedState {
        var keyspace = Keyspace(of: Self.cluster)
        for number in 1...entries {
            var reply = ReplyWriter(version: .two)
            let entry = EntryCoding.encoded(.set, [Array("k\(number % 50)".utf8), Array("v\(number)".utf8)])
            keyspace.apply(
                entry.rawBytes, at: Timestamp(microseconds: number), index: LogIndex(number), reply: &reply)
        }
        return ReplicatedState(
            cluster: Self.cluster, keyspace: keyspace, registry: MemberRegistry(), addresses: MemberBook(),
            configuration: try #require(Configuration(voters: [Self.node])),
            end: FrameEnd(position: LogPosition(term: Term(1), index: LogIndex(entries)), checksum: UInt32(entries)),
            timestamp: Timestamp(microseconds: entries))
    }

    private func keeper(
        _ disk: SimulatedDisk, _ shelf: SnapshotShelf, keeping: Int = 2,
        load: @escaping SnapshotKeeper<SimulatedDisk>.Parts.Load = { manifest, disk throws(StateError) in
            try StateLoad.run(manifest, on: disk)
        }
    ) throws -> SnapshotKeeper<SimulatedDisk> {
        let catalogue = try SnapshotCatalogue.open(disk, cluster: Self.cluster)
        shelf.set(catalogue.snapshots)
        let parts = SnapshotKeeper.Parts(
            catalogue: catalogue, featureLevel: 1, keeping: keeping, shelf: shelf, load: load)
        return SnapshotKeeper(parts, at: Self.start)
    }

    private func store(
        _ state: ReplicatedState, _ keeper: inout SnapshotKeeper<SimulatedDisk>, confirmed: UInt64 = 0
    ) -> [KeeperReport] {
        var reports: [KeeperReport] = []
        let order = SnapshotOrder(state: state, cause: .operators, confirmed: LogIndex(confirmed))
        keeper.take(.store(order), at: Self.start) { reports.append($0) }
        while keeper.isStoring { keeper.goOn(at: Self.start) { reports.append($0) } }
        return reports
    }

    @Test func `what cannot be made of a damaged snapshot is made without it`() throws {
        let disk = SimulatedDisk()
        let shelf = SnapshotShelf()
        var keeper = try keeper(disk, shelf)
        guard case .stored(let first, _) = try store(state(100), &keeper).last else {
            Issue.record("the first is not stored")
            return
        }
        let pack = try #require(disk.files.keys.first { $0.hasSuffix(".pack") })
        disk.removeFile(pack)
        let next = try state(130)
        guard case .stored(let second, let outcome) = store(next, &keeper).last else {
            Issue.record("the second is not stored")
            return
        }
        #expect(second.newest.index > first.newest.index)
        let loaded = try StateLoad.run(outcome.manifest, on: disk)
        #expect(loaded.keyspace.digest == next.keyspace.digest)
    }

    @Test func `what memory has altered never becomes a snapshot`() throws {
        let disk = SimulatedDisk()
        let shelf = SnapshotShelf()
        var keeper = try keeper(disk, shelf)
        var state = try state(100)
        let isFlipped = state.keyspace.flipBitForTest(Array("k7".utf8))
        #expect(isFlipped)
        let reports = store(state, &keeper)
        guard case .stateDamaged(let damage) = reports.last else {
            Issue.record("\(String(describing: reports.last))")
            return
        }
        #expect(damage.slot == HashSlot.of(Array("k7".utf8).rawBytes))
        #expect(shelf.snapshots.isEmpty)
        #expect(!disk.files.keys.contains { $0.hasSuffix(".pack") || $0.hasSuffix(".manifest") })
    }

    /// All that `fetcher` asks for is answered from `disk`.
    private func fetch(
        _ index: LogIndex, from disk: SimulatedDisk, _ manifests: [SnapshotManifest],
        _ fetcher: inout SnapshotKeeper<SimulatedDisk>
    ) -> [KeeperReport] {
        var server = SnapshotServer(on: disk)
        var reports: [KeeperReport] = []
        fetcher.take(.fetch(index, from: Self.node), at: Self.start) { reports.append($0) }
        var position = 0
        while position < reports.count {
            if case .ask(let read, _) = reports[position] {
                let piece = server.answer(read, manifests)
                fetcher.take(.piece(piece, from: Self.node), at: Self.start) { reports.append($0) }
            }
            position += 1
        }
        return reports
    }

    @Test func `a damaged manifest keeps nobody from fetching the same snapshot`() throws {
        let source = SimulatedDisk()
        let shelf = SnapshotShelf()
        var writer = try keeper(source, shelf)
        let whole = try state(100)
        _ = store(whole, &writer)
        let disk = SimulatedDisk(files: source.files)
        let manifest = try #require(disk.files.keys.first { $0.hasSuffix(".manifest") })
        disk.edit(manifest) { $0[40] ^= 1 }
        let log = SimulatedDisk()
        let identity = LogIdentity(cluster: Self.cluster, node: Self.node, storage: StorageID(high: 1, low: 2))
        var (engine, recovered) = try LogEngine.open(
            log, identity: identity, isNew: true, options: LogOptions(preparesInline: true), now: .zero)
        var catalogue = try SnapshotCatalogue.open(disk, cluster: Self.cluster)
        #expect(catalogue.findings.count == 1)
        let found = try StateFound(&catalogue, &engine, &recovered, keeping: 2, now: .zero) {
            manifest throws(StateError) in
            try StateLoad.run(manifest, on: disk)
        } skipped: { _ in
        }
        guard case .nothing = found.origin else {
            Issue.record("\(found.origin)")
            return
        }
        var fetcher = try keeper(disk, SnapshotShelf())
        guard case .fetched(let state, _, _) = fetch(whole.index, from: source, shelf.snapshots, &fetcher).last else {
            Issue.record("nothing is fetched")
            return
        }
        #expect(state.keyspace.digest == whole.keyspace.digest)
    }

    @Test func `what a quorum has confirmed stays until something newer is confirmed`() throws {
        let shelf = SnapshotShelf()
        var keeper = try keeper(SimulatedDisk(), shelf, keeping: 1)
        for (index, confirmed, oldest, kept) in [
            (100, 0, 100, [100]), (110, 100, 100, [110, 100]), (120, 100, 100, [120, 100]),
            (130, 120, 120, [130, 120]),
            (140, 130, 130, [140, 130]),
        ] as [(UInt64, UInt64, UInt64, [UInt64])] {
            guard case .stored(let stored, _) = store(try state(index), &keeper, confirmed: confirmed).last else {
                Issue.record("\(index) is not stored")
                return
            }
            #expect(stored.newest.index == LogIndex(index))
            #expect(stored.oldest == LogIndex(oldest))
            #expect(shelf.snapshots.map(\.index) == kept.map { LogIndex($0) })
        }
    }

    @Test func `what stayed until a snapshot was confirmed goes with that`() throws {
        let shelf = SnapshotShelf()
        var keeper = try keeper(SimulatedDisk(), shelf, keeping: 1)
        _ = store(try state(100), &keeper)
        _ = store(try state(110), &keeper, confirmed: 100)
        var reports: [KeeperReport] = []
        keeper.take(.confirmed(LogIndex(110)), at: Self.start) { reports.append($0) }
        guard case .collected(let stored, let left) = reports.last else {
            Issue.record("\(reports)")
            return
        }
        #expect(stored.oldest == LogIndex(110))
        #expect(left.count == 1 && !left.endsCompaction)
        #expect(shelf.snapshots.map(\.index) == [LogIndex(110)])
    }

    @Test func `a compact snapshot takes the place of all others once it is confirmed`() throws {
        let shelf = SnapshotShelf()
        var keeper = try keeper(SimulatedDisk(), shelf, keeping: 3)
        _ = store(try state(100), &keeper)
        _ = store(try state(110), &keeper, confirmed: 100)
        var order = SnapshotOrder(state: try state(120), cause: .operators, confirmed: LogIndex(110))
        order.isCompact = true
        var ends: [Bool] = []
        func note(_ report: KeeperReport) {
            if case .stored(_, let outcome) = report { ends.append(outcome.left.endsCompaction) }
            if case .collected(_, let left) = report { ends.append(left.endsCompaction) }
        }
        keeper.take(.store(order), at: Self.start) { note($0) }
        while keeper.isStoring { keeper.goOn(at: Self.start) { note($0) } }
        #expect(shelf.snapshots.map(\.index) == [LogIndex(120), LogIndex(110)])
        keeper.take(.confirmed(LogIndex(120)), at: Self.start) { note($0) }
        #expect(shelf.snapshots.map(\.index) == [LogIndex(120)])
        // From then on as many are kept as before.
        _ = store(try state(130), &keeper, confirmed: 120)
        #expect(shelf.snapshots.map(\.index) == [LogIndex(130), LogIndex(120)])
        #expect(ends == [false, true])
    }

    @Test func `a node that has come as far by its log writes its own snapshot in place of a fetched one`() throws {
        let shelf = SnapshotShelf()
        var keeper = try keeper(SimulatedDisk(), shelf)
        var reports: [KeeperReport] = []
        keeper.take(.fetch(LogIndex(100), from: Self.node), at: Self.start) { reports.append($0) }
        guard case .failed = store(try state(90), &keeper).last else {
            Issue.record("one is written while a newer one is fetched")
            return
        }
        guard case .stored(let stored, _) = store(try state(100), &keeper).last else {
            Issue.record("its own is not written")
            return
        }
        #expect(stored.newest.index == LogIndex(100))
    }

    /// How often a snapshot was loaded.
    private final class Loads: Sendable {
        let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    @Test func `a snapshot that could not be loaded is fetched again`() throws {
        let source = SimulatedDisk()
        let shelf = SnapshotShelf()
        var writer = try keeper(source, shelf)
        let whole = try state(100)
        _ = store(whole, &writer)
        let loads = Loads()
        let own = SnapshotShelf()
        var fetcher = try keeper(SimulatedDisk(), own) { manifest, disk throws(StateError) in
            guard loads.next() > 1 else {
                throw .otherDigest(manifest.index, expected: .empty, found: manifest.contents.digest)
            }
            return try StateLoad.run(manifest, on: disk)
        }
        guard case .fetchFailed = fetch(whole.index, from: source, shelf.snapshots, &fetcher).last else {
            Issue.record("what cannot be loaded is fetched")
            return
        }
        #expect(own.snapshots.isEmpty)
        guard case .fetched(let state, _, _) = fetch(whole.index, from: source, shelf.snapshots, &fetcher).last else {
            Issue.record("nothing is fetched")
            return
        }
        #expect(state.keyspace.digest == whole.keyspace.digest)
        #expect(own.snapshots.map(\.index) == [whole.index])
    }
}
