// Snapshots read again, and put aside when they are damaged: told once, kept as they were, and out of the way.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

@Suite struct SnapshotScrubTests {
    /// Two snapshots that share no pack.
    private static func disk() throws -> (SimulatedDisk, [SnapshotManifest]) {
        var random = SplitMix64(seed: 3)
        let disk = SimulatedDisk()
        var manifests: [SnapshotManifest] = []
        for index in 1...2 as ClosedRange<UInt64> {
            var state = ChunkState()
            state.change(&random, changes: 40)
            manifests.insert(try SnapshotWorld.write(state, at: index, on: disk), at: 0)
        }
        return (disk, manifests)
    }

    /// What a pass tells, but for what was good.
    private static func pass(
        _ scrub: inout SnapshotScrub<SimulatedDisk>, _ manifests: [SnapshotManifest]
    ) throws -> [SnapshotScrub<SimulatedDisk>.Progress] {
        var told: [SnapshotScrub<SimulatedDisk>.Progress] = []
        while true {
            let progress = try scrub.step(ByteCount(100), of: manifests)
            if case .read = progress { continue }
            told.append(progress)
            if progress == .ended { return told }
        }
    }

    @Test func `whole snapshots are read, newest first, again and again`() throws {
        let (disk, manifests) = try Self.disk()
        var scrub = SnapshotScrub(disk: disk)
        for _ in 0..<3 { #expect(try Self.pass(&scrub, manifests) == [.ended]) }
    }

    @Test func `damage is told with its snapshot, and the pass goes on with the others`() throws {
        let (disk, manifests) = try Self.disk()
        for number in 1...2 as ClosedRange<UInt64> {
            disk.edit(SnapshotName.pack(PackNumber(number))) { $0[PackHeader.byteCount + 60] ^= 1 }
        }
        var scrub = SnapshotScrub(disk: disk)
        let told = try Self.pass(&scrub, manifests)
        #expect(told.count == 3)
        for (progress, index) in zip(told, [LogIndex(2), LogIndex(1)]) {
            guard case .damage(let found, let damages) = progress else {
                Issue.record("\(progress)")
                continue
            }
            #expect(found == index && damages.map(\.file) == [SnapshotName.pack(PackNumber(index.rawValue))])
        }
    }

    @Test func `a snapshot that goes while it is read is nobody's, and no damage`() throws {
        let (disk, manifests) = try Self.disk()
        var scrub = SnapshotScrub(disk: disk)
        _ = try scrub.step(ByteCount(1), of: manifests)
        try disk.remove(SnapshotName.pack(PackNumber(2)))
        #expect(try Self.pass(&scrub, Array(manifests.dropFirst())) == [.ended])
    }

    @Test func `what is put aside is there as it was found, with a note, and is no snapshot any more`() throws {
        let (disk, manifests) = try Self.disk()
        let (manifest, pack) = (SnapshotName.manifest(LogIndex(2)), SnapshotName.pack(PackNumber(2)))
        disk.edit(pack) { $0[PackHeader.byteCount + 60] ^= 1 }
        let before = disk.files
        var catalogue = try SnapshotWorld.open(disk)
        let damages = try SnapshotVerification.run(disk, manifests[0])
        let kept = try catalogue.quarantine(manifest, damages, now: Timestamp(microseconds: 1))
        #expect(kept.copies.count == 2 && catalogue.snapshots.map(\.index) == [LogIndex(1)])
        let files = disk.files
        #expect(files[manifest] == nil)
        #expect(files[kept.copies[0]] == before[manifest] && files[kept.copies[1]] == before[pack])
        let note = String(decoding: files[kept.report] ?? [], as: UTF8.self)
        #expect(note.contains("manifest: \(manifest)\nkind: \(damages[0].kind.rawValue)\nfile: \(pack)\n"), "\(note)")
        // The pack itself goes with the next collection, what is in quarantine never.
        _ = try catalogue.collectGarbage(keeping: 1)
        #expect(disk.files[pack] == nil && disk.files[kept.copies[1]] == before[pack])
        #expect(try SnapshotWorld.open(disk).snapshots.map(\.index) == [LogIndex(1)])
    }

    @Test func `a manifest that cannot be read is put aside by its name`() throws {
        let (disk, _) = try Self.disk()
        disk.edit(SnapshotName.manifest(LogIndex(2))) { $0[20] ^= 1 }
        var catalogue = try SnapshotWorld.open(disk)
        let finding = try #require(catalogue.findings.first)
        let kept = try catalogue.quarantine(finding.manifest, [finding.damage], now: Timestamp(microseconds: 1))
        #expect(kept.copies.count == 1 && catalogue.findings.isEmpty)
        #expect(try SnapshotWorld.open(disk).findings.isEmpty)
    }
}
