// Every byte of a snapshot's files changed, cut and exchanged: nothing of it is used, and the report says where.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

@Suite struct SnapshotDamageTests {
    struct Small {
        let files: [String: [UInt8]]
        let manifest: SnapshotManifest
        let state: ChunkState
        /// Where in the pack what stands.
        var parts: [(Range<Int>, SnapshotDamage.Subject)] = []

        init() throws {
            var random = SplitMix64(seed: 11)
            var state = ChunkState()
            state.change(&random, changes: 8, size: 1...100)
            let disk = SimulatedDisk()
            manifest = try SnapshotWorld.write(state, at: 4, on: disk)
            self.state = state
            files = disk.files
            var reader = SnapshotReader(disk: disk, manifest: manifest)
            for group in SlotGroup.all {
                let table = try reader.table(group)
                if let place = manifest.table(of: group) { parts.append((place.offset..<place.end, .table(group))) }
                for slot in group.slots {
                    for (part, chunk) in table.chunks(of: slot).enumerated() {
                        parts.append((chunk.offset..<chunk.end, .chunk(ChunkPlace(slot: slot, part: part))))
                    }
                }
            }
        }

        var pack: String { SnapshotName.pack(PackNumber(4)) }
        var manifestName: String { SnapshotName.manifest(LogIndex(4)) }
    }

    static let small = Result { try Small() }

    @Test(arguments: 0..<4)
    func `every flipped byte of a pack is found, named, and never read as anything`(part: Int) throws {
        let small = try SnapshotDamageTests.small.get()
        let size = small.files[small.pack]!.count
        #expect(small.parts.reduce(PackHeader.byteCount) { $0 + $1.0.count } == size)
        for offset in stride(from: part, to: size, by: 4) {
            let disk = SimulatedDisk(files: small.files)
            disk.edit(small.pack) { $0[offset] ^= [1, 2, 4, 8, 16, 32, 64, 128, 255][offset / 4 % 9] }
            if offset < PackHeader.byteCount {
                let finding = try #require(try SnapshotWorld.open(disk).findings.first)
                #expect(finding.manifest == small.manifestName && finding.damage.file == small.pack)
                continue
            }
            let damages = try SnapshotVerification.run(disk, small.manifest)
            let subject = small.parts.first { $0.0.contains(offset) }?.1
            guard damages.map(\.subject) == [subject], damages.first?.file == small.pack else {
                Issue.record("\(damages) at \(offset)")
                continue
            }
            let read: ChunkState? = try? SnapshotWorld.read(small.manifest, on: disk)
            if read != nil { Issue.record("read, damaged at \(offset)") }
        }
    }

    @Test func `every flipped byte of a manifest is found when the catalogue opens`() throws {
        let small = try SnapshotDamageTests.small.get()
        for offset in small.files[small.manifestName]!.indices {
            let disk = SimulatedDisk(files: small.files)
            disk.edit(small.manifestName) { $0[offset] ^= 1 << UInt8(offset % 8) }
            let catalogue = try SnapshotWorld.open(disk)
            guard catalogue.snapshots.isEmpty, catalogue.findings.map(\.manifest) == [small.manifestName] else {
                Issue.record("\(catalogue.findings) at \(offset)")
                continue
            }
        }
    }

    @Test func `every cut file is found`() throws {
        let small = try SnapshotDamageTests.small.get()
        for name in [small.pack, small.manifestName] {
            for offset in small.files[name]!.indices {
                let disk = SimulatedDisk(files: small.files)
                disk.edit(name) { $0.removeSubrange(offset...) }
                let finding = try SnapshotWorld.open(disk).findings.first
                if finding?.manifest != small.manifestName { Issue.record("\(name) cut at \(offset)") }
            }
        }
        let disk = SimulatedDisk(files: small.files)
        disk.removeFile(small.pack)
        #expect(try SnapshotWorld.open(disk).findings.first?.damage.kind == .missingFile)
    }

    @Test func `bytes of another place or another snapshot are found`() throws {
        let small = try SnapshotDamageTests.small.get()
        for (first, second) in zip(small.parts, small.parts.dropFirst()) {
            let disk = SimulatedDisk(files: small.files)
            let count = min(first.0.count, second.0.count)
            disk.edit(small.pack) { bytes in
                bytes.replaceSubrange(first.0.prefix(count), with: Array(bytes[second.0.prefix(count)]))
            }
            let damages = try SnapshotVerification.run(disk, small.manifest)
            #expect(damages.contains { $0.subject == first.1 })
        }
        // A manifest under another name, of another cluster.
        var files = small.files
        files[SnapshotName.manifest(LogIndex(5))] = files[small.manifestName]
        let renamed = try SnapshotWorld.open(SimulatedDisk(files: files))
        #expect(renamed.findings.map(\.damage.kind) == [.misplaced])
        let other = try SnapshotCatalogue.open(
            SimulatedDisk(files: small.files), cluster: ClusterID(high: 7, low: 7))
        #expect(other.findings.map(\.damage.kind) == [.misplaced])
    }

    @Test func `a newer version is refused by both numbers and nothing is touched`() throws {
        let small = try SnapshotDamageTests.small.get()
        for (name, covered) in [(small.manifestName, 12...), (small.pack, 12..<64)]
            as [(String, any RangeExpression<Int>)]
        {
            let disk = SimulatedDisk(files: small.files)
            disk.edit(name) { bytes in
                bytes.store(littleEndian: UInt32(9), at: 12)
                let range = covered.relative(to: bytes)
                bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(range)), at: 8)
            }
            let files = disk.files
            #expect(throws: SnapshotError.newerVersion(file: name, offset: 0, found: 9, supported: 1)) {
                try SnapshotWorld.open(disk)
            }
            #expect(disk.files == files)
        }
    }

    @Test func `a damaged manifest keeps its packs, until enough newer snapshots are there`() throws {
        let small = try SnapshotDamageTests.small.get()
        let disk = SimulatedDisk(files: small.files)
        disk.edit(small.manifestName) { $0[100] ^= 1 }
        var catalogue = try SnapshotWorld.open(disk)
        #expect(try catalogue.collectGarbage(keeping: 2).isEmpty)
        catalogue.add(try SnapshotWorld.write(small.state, at: 5, on: disk))
        #expect(try catalogue.collectGarbage(keeping: 2).isEmpty)
        #expect(catalogue.findings.count == 1)
        catalogue.add(try SnapshotWorld.write(small.state, at: 6, base: catalogue.snapshots.first, on: disk))
        #expect(try catalogue.collectGarbage(keeping: 2) == [small.manifestName, small.pack])
        #expect(catalogue.findings.isEmpty)
        #expect(try SnapshotWorld.read(catalogue.snapshots[0], on: disk) == small.state)
    }

    @Test func `a damaged chunk is not carried into the next snapshot, and one without a base heals`() throws {
        let small = try SnapshotDamageTests.small.get()
        let disk = SimulatedDisk(files: small.files)
        // Half of the pack is garbage by now, so what is left of it is copied.
        var less = small.state
        for slot in less.slots.keys.sorted().dropLast() { less.slots[slot] = nil }
        let base = try SnapshotWorld.write(less, at: 5, base: small.manifest, on: disk)
        let slot = try #require(less.slots.keys.first)
        let place = try #require(small.parts.last { $0.1 == .chunk(ChunkPlace(slot: slot, part: 0)) }?.0)
        disk.edit(small.pack) { $0[place.upperBound - 1] ^= 1 }
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(6), base: base)
        let refused = #expect(throws: SnapshotError.self) {
            for group in SlotGroup.all { try writer.reuse(group) }
        }
        guard case .damaged(let damage) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(damage.file == small.pack)
        try writer.abort()
        let healed = try SnapshotWorld.write(less, at: 6, on: disk)
        #expect(try SnapshotVerification.run(disk, healed).isEmpty)
    }
}
