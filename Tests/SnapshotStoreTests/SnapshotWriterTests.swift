// What is written is read back; what did not change is not written; what is not needed goes.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

@Suite struct SnapshotWriterTests {
    @Test func `a snapshot is read back as it was written`() throws {
        var random = SplitMix64(seed: 1)
        var state = ChunkState()
        state.change(&random, changes: 60)
        state.slots[16384] = [[], Array("head".utf8)]
        let disk = SimulatedDisk()
        let written = try SnapshotWorld.write(state, at: 7, on: disk)
        let catalogue = try SnapshotWorld.open(disk)
        #expect(catalogue.findings.isEmpty)
        #expect(catalogue.snapshots == [written])
        #expect(written.plainBytes == state.bytes)
        #expect(written.chunkCount == state.slots.values.joined().count)
        #expect(written.facts == SnapshotWorld.facts(7))
        #expect(written.contents == SnapshotWorld.contents(state))
        #expect(try SnapshotWorld.read(written, on: disk) == state)
        #expect(try SnapshotVerification.run(disk, written).isEmpty)
        #expect(Set(disk.files.keys) == ["snap-00000000000000000007.manifest", "snap-00000000000000000007.pack"])
    }

    @Test func `an empty state is a snapshot too, of one file`() throws {
        let disk = SimulatedDisk()
        let written = try SnapshotWorld.write(ChunkState(), at: 1, on: disk)
        #expect(try SnapshotWorld.open(disk).snapshots == [written])
        #expect(try SnapshotWorld.read(written, on: disk) == ChunkState())
        #expect(disk.files.count == 1)
    }

    @Test(arguments: [false, true])
    func `an unchanged snapshot is a manifest and nothing else`(reuses: Bool) throws {
        var random = SplitMix64(seed: 2)
        var state = ChunkState()
        state.change(&random, changes: 80)
        let disk = SimulatedDisk()
        let first = try SnapshotWorld.write(state, at: 1, on: disk)
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(2), base: first)
        let second: SnapshotManifest
        if reuses {
            for group in SlotGroup.all { try writer.reuse(group) }
            second = try writer.finish(first.contents)
        } else {
            second = try SnapshotWorld.write(state, at: 2, &writer)
        }
        #expect(writer.figures.chunksWritten == 0)
        #expect(writer.figures.chunksReused == first.chunkCount)
        #expect(writer.figures.bytesWritten == second.encoded.count)
        #expect(second.packs == first.packs)
        #expect(disk.files.count == 3)
        #expect(try SnapshotWorld.read(second, on: disk) == state)
    }

    @Test func `chunks that moved within their slot are not written again`() throws {
        var random = SplitMix64(seed: 3)
        var state = ChunkState()
        state.slots[5] = (0..<20).map { _ in ChunkState.chunk(500, &random) }
        let disk = SimulatedDisk()
        let first = try SnapshotWorld.write(state, at: 1, on: disk)
        state.slots[5]?.insert(Array("nowhere else".utf8), at: 3)
        state.slots[5]?.remove(at: 10)
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(2), base: first)
        let second = try SnapshotWorld.write(state, at: 2, &writer)
        #expect(writer.figures.chunksWritten == 1)
        #expect(try SnapshotWorld.read(second, on: disk) == state)
        #expect(try SnapshotVerification.run(disk, second).isEmpty)
    }

    @Test func `equal chunks of a slot are one in a pack, and are counted as one`() throws {
        var state = ChunkState()
        state.slots[5] = [Array("the same".utf8)]
        let disk = SimulatedDisk()
        let first = try SnapshotWorld.write(state, at: 1, on: disk)
        state.slots[5] = Array(repeating: Array("the same".utf8), count: 100)
        let second = try SnapshotWorld.write(state, at: 2, base: first, on: disk)
        #expect(second.packs.allSatisfy { $0.live <= $0.size })
        #expect(try SnapshotWorld.open(disk).snapshots == [second, first])
        #expect(try SnapshotWorld.read(second, on: disk) == state)
        #expect(try SnapshotVerification.run(disk, second).isEmpty)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `any sequence of snapshots gives back what was written, in bounded space`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let kept = 1 + Int(seed % 3)
        let disk = SimulatedDisk()
        var catalogue = try SnapshotWorld.open(disk)
        var state = ChunkState()
        var states: [LogIndex: ChunkState] = [:]
        var sizes: [Int] = []
        state.change(&random, changes: 200)
        for index in 1...40 as ClosedRange<UInt64> {
            state.change(&random, changes: [0, 1, 10, 100][random.below(4)])
            let base = random.below(10) == 0 ? nil : catalogue.snapshots.first
            catalogue.add(try SnapshotWorld.write(state, at: index, base: base, on: disk))
            states[LogIndex(index)] = state
            _ = try catalogue.collectGarbage(keeping: kept)
            #expect(catalogue.snapshots.count == min(kept, Int(index)))
            for manifest in catalogue.snapshots {
                #expect(try SnapshotWorld.read(manifest, on: disk) == states[manifest.index])
            }
            #expect(try SnapshotWorld.open(disk).snapshots == catalogue.snapshots)
            checkSpace(catalogue, disk, &sizes)
        }
    }

    /// The bound of docs/formats/snapshot.md: `kept + 2` times the largest live size, and the manifests.
    private func checkSpace(
        _ catalogue: SnapshotCatalogue<SimulatedDisk>, _ disk: SimulatedDisk, _ sizes: inout [Int]
    ) {
        sizes.append(catalogue.snapshots[0].packs.reduce(0) { $0 + $1.live })
        let named = Set(catalogue.snapshots.flatMap { $0.packs.map(\.number) })
        #expect(SnapshotWorld.packs(disk) == named)
        let packs = disk.files.filter { SnapshotName.pack(of: $0.key) != nil }.values.reduce(0) { $0 + $1.count }
        let largest = sizes.suffix(catalogue.snapshots.count + 1).max() ?? 0
        #expect(packs <= (catalogue.snapshots.count + 2) * largest)
    }

    @Test func `many small packs are merged before they are too many`() throws {
        var random = SplitMix64(seed: 9)
        let disk = SimulatedDisk()
        var catalogue = try SnapshotWorld.open(disk)
        var state = ChunkState()
        for index in 1...200 as ClosedRange<UInt64> {
            // A chunk that stays for ever: its pack is live for ever.
            state.slots[Int(index) * 50, default: []].append(ChunkState.chunk(2000, &random))
            catalogue.add(try SnapshotWorld.write(state, at: index, base: catalogue.snapshots.first, on: disk))
            _ = try catalogue.collectGarbage(keeping: 1)
            #expect(catalogue.snapshots[0].packs.count <= PackUse.countMax)
        }
        #expect(try SnapshotWorld.read(catalogue.snapshots[0], on: disk) == state)
    }

    @Test func `a pack that is mostly dead is left, whether its chunks are added or reused`() throws {
        var random = SplitMix64(seed: 4)
        var state = ChunkState()
        state.slots[0] = (0..<10).map { _ in ChunkState.chunk(3000, &random) }
        state.slots[9000] = (0..<3).map { _ in ChunkState.chunk(3000, &random) }
        let disk = SimulatedDisk()
        let first = try SnapshotWorld.write(state, at: 1, on: disk)
        state.slots[0] = nil
        let second = try SnapshotWorld.write(state, at: 2, base: first, on: disk)
        #expect(second.packs.map(\.number) == [PackNumber(1)])
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(3), base: second)
        for group in SlotGroup.all { try writer.reuse(group) }
        let third = try writer.finish(second.contents)
        #expect(third.packs.map(\.number) == [PackNumber(3)])
        #expect(writer.figures.chunksWritten == 3)
        var catalogue = try SnapshotWorld.open(disk)
        _ = try catalogue.collectGarbage(keeping: 1)
        #expect(SnapshotWorld.packs(disk) == [PackNumber(3)])
        #expect(try SnapshotWorld.read(third, on: disk) == state)
    }

    @Test func `a compact snapshot leaves every pack with a dead byte, and keeps those without`() throws {
        var random = SplitMix64(seed: 4)
        var state = ChunkState()
        let disk = SimulatedDisk()
        state.slots[0] = (0..<10).map { _ in ChunkState.chunk(3000, &random) }
        let first = try SnapshotWorld.write(state, at: 1, on: disk)
        state.slots[9000] = (0..<3).map { _ in ChunkState.chunk(3000, &random) }
        let second = try SnapshotWorld.write(state, at: 2, base: first, on: disk)
        state.slots[0]?.removeLast()
        let third = try SnapshotWorld.write(state, at: 3, base: second, on: disk)
        #expect(third.packs.map(\.number) == [1, 2, 3].map { PackNumber($0) })
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(4), base: third, isCompact: true)
        for group in SlotGroup.all { try writer.reuse(group) }
        let compact = try writer.finish(third.contents)
        #expect(compact.packs.allSatisfy { $0.live == $0.size })
        #expect(!compact.packs.contains { $0.number == PackNumber(1) })
        var catalogue = try SnapshotWorld.open(disk)
        _ = try catalogue.collectGarbage(keeping: 1)
        let size = try catalogue.bytesOnDisk().rawValue
        let live = compact.packs.reduce(0) { $0 + $1.live }
        #expect(size == live + (disk.files[SnapshotName.manifest(LogIndex(4))]?.count ?? 0))
        #expect(try SnapshotWorld.read(compact, on: disk) == state)
    }

    @Test func `an index has one snapshot, and a pack's number is never taken twice`() throws {
        var random = SplitMix64(seed: 5)
        var state = ChunkState()
        state.change(&random, changes: 20)
        let disk = SimulatedDisk()
        let first = try SnapshotWorld.write(state, at: 5, on: disk)
        #expect(throws: SnapshotError.exists(LogIndex(5))) { try SnapshotWorld.write(state, at: 5, on: disk) }
        var catalogue = try SnapshotWorld.open(disk)
        try catalogue.drop(SnapshotName.manifest(LogIndex(5)))
        #expect(catalogue.snapshots.isEmpty)
        #expect(try catalogue.leftoverPacks() == [PackNumber(5)])
        let second = try SnapshotWorld.write(state, at: 5, on: disk)
        #expect(second.packs.map(\.number) == [PackNumber(6)])
        #expect(second.isSameState(as: first))
        catalogue.add(second)
        #expect(try catalogue.collectGarbage(keeping: 1) == [SnapshotName.pack(PackNumber(5))])
    }

    @Test func `garbage is not what is kept by name, and a snapshot that nobody told of is no garbage`() throws {
        var random = SplitMix64(seed: 6)
        var state = ChunkState()
        let disk = SimulatedDisk()
        var catalogue = try SnapshotWorld.open(disk)
        for index in 1...3 as ClosedRange<UInt64> {
            state.change(&random, changes: 50)
            try SnapshotWorld.write(state, at: index, on: disk)
        }
        try disk.write([1].rawBytes, at: 0, of: try disk.create(SnapshotName.pack(PackNumber(9))))
        try disk.write([1].rawBytes, at: 0, of: try disk.create("snap-00000000000000000009.manifest.tmp"))
        _ = try catalogue.collectGarbage(keeping: 1, also: [LogIndex(1)], packs: [PackNumber(9)])
        #expect(catalogue.snapshots.map(\.index) == [LogIndex(3), LogIndex(1)])
        #expect(SnapshotWorld.packs(disk) == [PackNumber(1), PackNumber(3), PackNumber(9)])
        #expect(disk.files.count == 5)
        _ = try catalogue.collectGarbage(keeping: 1)
        #expect(SnapshotWorld.packs(disk) == [PackNumber(3)])
        let total = disk.files.values.reduce(0) { $0 + $1.count }
        #expect(try catalogue.bytesOnDisk() == ByteCount(total))
    }

    @Test func `raw ranges are those of the snapshot's packs, and no others`() throws {
        var random = SplitMix64(seed: 7)
        var state = ChunkState()
        state.change(&random, changes: 40)
        let disk = SimulatedDisk()
        let manifest = try SnapshotWorld.write(state, at: 1, on: disk)
        let size = manifest.packs[0].size
        var reader = SnapshotReader(disk: disk, manifest: manifest)
        var bytes: [UInt8] = []
        try reader.readRaw(PackNumber(1), offset: PackHeader.byteCount, count: size - 64, into: &bytes)
        #expect(bytes == Array(disk.files[SnapshotName.pack(PackNumber(1))]![64...]))
        for (pack, offset, count) in [
            (1, 63, 1), (1, size, 1), (1, size - 1, 2), (1, 64, Int.max), (1, Int.max, 1), (1, 64, -1), (2, 64, 1),
            (1, -1, 1),
        ] {
            #expect(throws: SnapshotError.outside(PackNumber(UInt64(pack)), offset: offset, count: count)) {
                try reader.readRaw(PackNumber(UInt64(pack)), offset: offset, count: count, into: &bytes)
            }
        }
    }
}
