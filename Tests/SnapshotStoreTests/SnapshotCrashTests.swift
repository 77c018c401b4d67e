// Power that ends at every call, disks that are full or fail: what was a snapshot is one, what was not is none.

import ByteCoding
import LogStore
import Simulation
import SnapshotFormat
import Testing
import Vocabulary

@testable import SnapshotStore

@Suite struct SnapshotCrashTests {
    /// Three states, and what a node does with them: two snapshots with a collection behind each, and a third.
    struct Story {
        let disk = SimulatedDisk()
        var states: [ChunkState] = []
        /// How many snapshots were said to be there.
        var told: UInt64 = 0

        init(seed: UInt64) {
            var random = SplitMix64(seed: seed)
            var state = ChunkState()
            state.change(&random, changes: 30)
            for _ in 0..<3 {
                state.change(&random, changes: 12)
                states.append(state)
            }
        }

        mutating func run() throws(SnapshotError) {
            var catalogue = try SnapshotWorld.open(disk)
            for (position, state) in states.enumerated() {
                let index = UInt64(position + 1)
                // Without an abort: the power is gone.
                var writer = try SnapshotWriter(
                    disk: disk, facts: SnapshotWorld.facts(index), base: catalogue.snapshots.first)
                catalogue.add(try SnapshotWorld.write(state, at: index, &writer))
                told = index
                _ = try catalogue.collectGarbage(keeping: 1)
            }
        }

        /// What is wrong with the disk after a restart; nil when nothing is.
        func complaint() throws(SnapshotError) -> String? {
            var catalogue = try SnapshotWorld.open(disk)
            if let finding = catalogue.findings.first { return "looks damaged: \(finding)" }
            let newest = catalogue.snapshots.first?.index.rawValue ?? 0
            if newest < told { return "\(newest) is the newest, \(told) was there" }
            for manifest in catalogue.snapshots {
                let state = states[Int(manifest.index.rawValue) - 1]
                if try SnapshotWorld.read(manifest, on: disk) != state { return "\(manifest.index) is another state" }
            }
            _ = try catalogue.collectGarbage(keeping: 2)
            let named = Set(catalogue.snapshots.flatMap { $0.packs.map(\.number) })
            if SnapshotWorld.packs(disk) != named { return "packs \(SnapshotWorld.packs(disk)) of \(named)" }
            if disk.files.count != named.count + catalogue.snapshots.count { return "leftovers: \(disk.files.keys)" }
            let next = try SnapshotWorld.write(states[2], at: 9, base: catalogue.snapshots.first, on: disk)
            return try SnapshotWorld.read(next, on: disk) == states[2] ? nil : "cannot go on"
        }
    }

    static let calls: Int = {
        var story = Story(seed: 1)
        try? story.run()
        return StorageError.Operation.allCases.reduce(0) { $0 + story.disk.count($1) }
    }()

    /// Of what was not synced: nothing, all, only names, only contents, or a part.
    @Test(arguments: 0..<8)
    func `a power loss at any call leaves what was a snapshot, and nothing else that looks like one`(way: Int) throws {
        var random = SplitMix64(seed: UInt64(way))
        #expect(SnapshotCrashTests.calls > 40)
        for calls in 0..<SnapshotCrashTests.calls {
            var story = Story(seed: 1)
            story.disk.endPower(afterCalls: calls)
            #expect(throws: SnapshotError.self) { try story.run() }
            story.disk.losePower(
                keepsName: { _ in way == 1 || way == 2 || way > 3 && Bool.random(using: &random) },
                keepsPiece: { _, _ in way == 1 || way == 3 || way > 3 && Bool.random(using: &random) })
            let complaint = try story.complaint()
            #expect(complaint == nil, "after \(calls) calls, way \(way)")
        }
    }

    @Test func `the tests above would see a manifest that comes before its data`() throws {
        // The same story on a disk whose syncs do nothing: some power loss must show it.
        var complaints = 0
        for way in 0..<4 {
            var story = Story(seed: 1)
            story.disk.isLying = true
            try story.run()
            var random = SplitMix64(seed: UInt64(way))
            story.disk.losePower(
                keepsName: { _ in true },
                keepsPiece: { name, _ in
                    name.contains("manifest") || Bool.random(using: &random)
                })
            let complaint: String? = (try? story.complaint()) ?? "cannot be read"
            if complaint != nil { complaints += 1 }
        }
        #expect(complaints > 0)
    }

    @Test(arguments: [StorageError.Operation.create, .write, .sync, .rename, .syncDirectory, .list, .remove])
    func `a call that fails leaves the older snapshots, and the same index can be tried again`(
        operation: StorageError.Operation
    ) throws {
        var failures = 0
        for skip in 0..<6 {
            let story = Story(seed: 2)
            let disk = story.disk
            let first = try SnapshotWorld.write(story.states[0], at: 1, on: disk)
            disk.fail(operation, after: skip)
            do {
                var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(2), base: first)
                do throws(SnapshotError) { _ = try SnapshotWorld.write(story.states[1], at: 2, &writer) } catch {
                    failures += 1
                    #expect(!error.description.isEmpty && !error.remedy.text.isEmpty)
                    disk.survivesProcess()
                    try writer.abort()
                }
            } catch { failures += 1 }
            disk.survivesProcess()
            var catalogue = try SnapshotWorld.open(disk)
            #expect(catalogue.findings.isEmpty)
            #expect(try SnapshotWorld.read(first, on: disk) == story.states[0])
            if catalogue.snapshots.first?.index == LogIndex(1) {
                #expect(disk.files.count == 2, "\(disk.files.keys)")
                catalogue.add(try SnapshotWorld.write(story.states[1], at: 2, base: first, on: disk))
            }
            disk.losePower(keepsName: { _ in false }, keepsPiece: { _, _ in false })
            let second = try #require(try SnapshotWorld.open(disk).snapshots.first)
            #expect(second.index == LogIndex(2))
            #expect(try SnapshotWorld.read(second, on: disk) == story.states[1])
        }
        #expect(operation == .remove || failures > 0)
    }

    @Test func `a full disk keeps what was there, and gets its space back`() throws {
        let story = Story(seed: 3)
        let disk = story.disk
        let first = try SnapshotWorld.write(story.states[0], at: 1, on: disk)
        let used = disk.used
        let whole = SimulatedDisk(files: disk.files)
        _ = try SnapshotWorld.write(story.states[1], at: 2, on: whole)
        for room in stride(from: 0, to: whole.used - used, by: 97) {
            disk.capacity = used + room
            let refused = #expect(throws: SnapshotError.self) {
                try SnapshotWorld.write(story.states[1], at: 2, on: disk)
            }
            guard case .storage(let error) = refused, error.reason == .noSpace else {
                Issue.record("\(String(describing: refused)) with room for \(room)")
                continue
            }
            #expect(disk.used == used)
        }
        #expect(try SnapshotWorld.read(first, on: disk) == story.states[0])
        disk.capacity = .max
        let second = try SnapshotWorld.write(story.states[1], at: 2, base: first, on: disk)
        #expect(try SnapshotWorld.read(second, on: disk) == story.states[1])
    }

    @Test func `names that were renamed and not synced by a process that is gone are made durable by the next`() throws
    {
        let story = Story(seed: 4)
        let disk = story.disk
        let first = try SnapshotWorld.write(story.states[0], at: 1, on: disk)
        disk.fail(.syncDirectory, after: 1)
        var writer = try SnapshotWriter(disk: disk, facts: SnapshotWorld.facts(2), base: first)
        let refused = #expect(throws: SnapshotError.self) {
            try SnapshotWorld.write(story.states[1], at: 2, &writer)
        }
        guard case .syncFailed = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        // It may be a snapshot, so nothing of it goes.
        try writer.abort()
        disk.survivesProcess()
        let found = try #require(try SnapshotWorld.open(disk).snapshots.first)
        #expect(found.index == LogIndex(2))
        disk.losePower(keepsName: { _ in false }, keepsPiece: { _, _ in false })
        #expect(try SnapshotWorld.open(disk).snapshots.first == found)
        #expect(try SnapshotWorld.read(found, on: disk) == story.states[1])
    }
}
