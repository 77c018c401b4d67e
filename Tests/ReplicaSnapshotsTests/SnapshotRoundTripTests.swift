// A state stored, loaded, fetched by another node: always the same state, or an error.

import ByteCoding
import Consensus
import Keyspace
import LogFormat
import LogStore
import PeerProtocol
import Replica
import ReplicaSnapshots
import Simulation
import SnapshotFormat
import SnapshotStore
import Testing
import Vocabulary

struct SnapshotRoundTripTests {
    @Test func `what is loaded is what was stored, with all that belongs to it`() throws {
        let rig = Rig()
        rig.fill(3000)
        let state = try rig.state()
        let manifest = try rig.snapshot(state)
        let loaded = try StateLoad.run(manifest, on: rig.disk)
        #expect(loaded.keyspace.digest == state.keyspace.digest)
        #expect(loaded.end == state.end && loaded.timestamp == state.timestamp)
        #expect(loaded.registry == state.registry && loaded.configuration == state.configuration)
        loaded.keyspace.checkInvariants()
        let contents = manifest.contents
        #expect(contents.strings + contents.hashes + contents.lists + contents.sets == UInt64(state.keyspace.count))
    }

    @Test func `a state that goes on changing does not change its snapshot`() throws {
        let rig = Rig()
        rig.fill(500)
        let state = try rig.state()
        let digest = state.keyspace.digest
        var maker = try SnapshotMaker(
            SnapshotOrder(state: state, cause: .logGrowth), on: rig.disk, featureLevel: 1, base: nil)
        var manifest: SnapshotManifest?
        while manifest == nil {
            rig.fill(1)
            manifest = try maker.step(.kibibytes(64))
        }
        #expect(try StateLoad.run(try #require(manifest), on: rig.disk).keyspace.digest == digest)
    }

    @Test func `what did not change is not written again`() throws {
        let rig = Rig()
        rig.fill(2000)
        try rig.snapshot()
        let before = rig.keyspace.digest
        let catalogue = try SnapshotCatalogue.open(rig.disk, cluster: Rig.cluster)
        var maker = try SnapshotMaker(
            SnapshotOrder(state: try rig.state(), cause: .schedule), on: rig.disk, featureLevel: 1,
            base: catalogue.snapshots.first)
        var manifest: SnapshotManifest?
        while manifest == nil { manifest = try maker.step(.mebibytes(1)) }
        // The head tells of another time.
        #expect(maker.figures.chunksWritten <= 1)
        #expect(try StateLoad.run(try #require(manifest), on: rig.disk).keyspace.digest == before)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `snapshots upon snapshots load as the states they are of`(seed: UInt64) throws {
        let rig = Rig()
        var random = SplitMix64(seed: seed)
        for _ in 0..<6 {
            rig.fill(Int(random.next() % 300))
            let state = try rig.state()
            let manifest = try rig.snapshot(state)
            #expect(try StateLoad.run(manifest, on: rig.disk).keyspace.digest == state.keyspace.digest)
            var catalogue = try SnapshotCatalogue.open(rig.disk, cluster: Rig.cluster)
            _ = try catalogue.collectGarbage(keeping: 1 + Int(random.next() % 3))
        }
    }

    /// A load leaves the name out, since the digest of all that it loads says the same.
    @Test func `a chunk that was changed together with its checksum is no state, and a scrub names it`() throws {
        let rig = Rig()
        rig.apply(.set, "key", "value")
        let manifest = try rig.snapshot()
        var reader = SnapshotReader(disk: rig.disk, manifest: manifest)
        let group = try #require(SlotGroup.all.first { $0 != .head && manifest.table(of: $0) != nil })
        let chunk = try #require(try reader.table(group).chunks.first)
        rig.disk.edit(SnapshotName.pack(chunk.pack)) { bytes in
            // The value's last byte, before the version.
            bytes[chunk.end - 2] ^= 1
            let covered = Array(bytes[chunk.offset + 8..<chunk.end])
            let checksum = CRC32C.checksum(covered.rawBytes, seed: ChunkRecord.seed(of: Rig.cluster))
            bytes.store(littleEndian: checksum, at: chunk.offset + 4)
        }
        #expect {
            _ = try StateLoad.run(manifest, on: rig.disk)
        } throws: {
            guard case .image(_, let error) = $0 as? StateError, case .otherState = error.fault else { return false }
            return true
        }
        let damages = try SnapshotVerification.run(rig.disk, manifest)
        #expect(damages.map(\.kind) == [.wrongName])
    }

    // MARK: Fetching

    /// Carries answers from one disk to another, until it is over. `disturb` sees the number of each answer, and says
    /// whether the connection is lost with it.
    private func fetch(
        _ manifest: SnapshotManifest, from rig: Rig, to disk: SimulatedDisk, base: SnapshotManifest? = nil,
        disturb: (Int) -> Bool = { _ in false }
    ) throws -> (manifest: SnapshotManifest, received: ByteCount) {
        var server = SnapshotServer(on: rig.disk)
        var fetch = SnapshotFetch(
            of: manifest.index, from: Rig.leader, on: disk, cluster: Rig.cluster, base: base, leftovers: [])
        var answers = 0
        while true {
            var reads: [SnapshotRead] = []
            while let read = fetch.nextRead() { reads.append(read) }
            try #require(!reads.isEmpty)
            for read in reads {
                answers += 1
                if disturb(answers) {
                    fetch.restart()
                    break
                }
                let piece = server.answer(read, [manifest])
                if case .finished(let own) = try fetch.take(piece, from: Rig.leader) {
                    return (own, fetch.bytesReceived)
                }
            }
        }
    }

    @Test func `a fetched snapshot is the sender's, whatever breaks on the way`() throws {
        let rig = Rig()
        rig.fill(6000)
        let manifest = try rig.snapshot()
        for every in [0, 2, 3, 7] {
            let disk = SimulatedDisk()
            let (own, _) = try fetch(manifest, from: rig, to: disk) { every > 0 && $0 < 40 && $0 % every == 0 }
            #expect(own.isSameState(as: manifest))
            #expect(try StateLoad.run(own, on: disk).keyspace.digest == rig.keyspace.digest)
        }
    }

    @Test func `a node fetches only what it has not`() throws {
        let rig = Rig()
        rig.fill(6000)
        let first = try rig.snapshot()
        let disk = SimulatedDisk()
        let (base, all) = try fetch(first, from: rig, to: disk)
        rig.apply(.set, "one more", "value")
        let second = try rig.snapshot()
        let (own, few) = try fetch(second, from: rig, to: disk, base: base)
        #expect(few.rawValue * 4 < all.rawValue)
        #expect(try StateLoad.run(own, on: disk).keyspace.digest == rig.keyspace.digest)
    }

    @Test func `a snapshot that the sender has no more is told as gone`() throws {
        let rig = Rig()
        rig.fill(10)
        let manifest = try rig.snapshot()
        var server = SnapshotServer(on: rig.disk)
        var fetch = SnapshotFetch(
            of: manifest.index, from: Rig.leader, on: SimulatedDisk(), cluster: Rig.cluster, base: nil, leftovers: [])
        let next = fetch.nextRead()
        let read = try #require(next)
        guard case .gone = try fetch.take(server.answer(read, []), from: Rig.leader) else {
            Issue.record("the fetch goes on")
            return
        }
    }

    // MARK: Doubt

    private func read(_ manifest: SnapshotManifest, _ file: SnapshotRead.File, _ count: UInt32 = 100) -> SnapshotRead {
        SnapshotRead(snapshot: manifest.index, file: file, offset: 0, count: count)
    }

    /// It would be offered for ever, until a scrub comes to it.
    @Test func `a sender finds out that its snapshot is gone from the disk`() throws {
        let rig = Rig()
        rig.fill(200)
        let manifest = try rig.snapshot()
        let number = try #require(manifest.packs.first).number
        try rig.disk.remove(SnapshotName.pack(number))
        var server = SnapshotServer(on: rig.disk)
        _ = server.answer(read(manifest, .manifest), [manifest])
        #expect(server.findDamage() == nil)
        let piece = server.answer(read(manifest, .pack(LogIndex(number.rawValue))), [manifest])
        #expect(piece.bytes == nil)
        let damage = server.findDamage()
        let found = try #require(damage)
        #expect(found.index == manifest.index)
        #expect(Set(found.damages.map(\.kind)) == [.missingFile])
        #expect(server.findDamage() == nil)
    }

    @Test func `a sender whose snapshot is begun again and again reads it itself`() throws {
        let rig = Rig()
        rig.fill(200)
        let manifest = try rig.snapshot()
        var server = SnapshotServer(on: rig.disk)
        // It is whole: whoever begins anew loses its connection, perhaps.
        for _ in 0..<20 {
            _ = server.answer(read(manifest, .manifest), [manifest])
            #expect(server.findDamage() == nil)
        }
        let name = SnapshotName.pack(try #require(manifest.packs.first).number)
        var bytes = try #require(rig.disk.files[name])
        bytes[bytes.count / 2] ^= 1
        try rig.disk.write(bytes.span.bytes, at: 0, of: rig.disk.open(name))
        server = SnapshotServer(on: rig.disk)
        var begins = 0
        while server.findDamage() == nil, begins < 100 {
            begins += 1
            _ = server.answer(read(manifest, .manifest), [manifest])
        }
        #expect(begins < 10)
    }
}
