// The disk model: what a power loss, a failed sync, a full disk and damage leave.

import ByteCoding
import LogStore
import Testing
import Vocabulary

@testable import Simulation

@Suite struct SimulatedDiskTests {
    private func write(_ text: String, at offset: Int = 0, _ file: SimulatedDisk.Handle, _ disk: SimulatedDisk) throws {
        try disk.write(bytes(text).rawBytes, at: offset, of: file)
    }

    private func text(_ name: String, _ disk: SimulatedDisk) -> String? {
        disk.files[name].map { String(decoding: $0, as: UTF8.self) }
    }

    private func losePower(_ disk: SimulatedDisk, keepsNames: Bool = false, keepsPieces: Bool = false) {
        disk.losePower(keepsName: { _ in keepsNames }, keepsPiece: { _, _ in keepsPieces })
    }

    /// A disk with one file on stable storage, and its handle.
    private func disk(with content: String) throws -> (SimulatedDisk, SimulatedDisk.Handle) {
        let disk = SimulatedDisk(files: ["a": bytes(content)])
        return (disk, try disk.open("a"))
    }

    // MARK: Power

    @Test func `what was not synced is lost, or stays, as is drawn`() throws {
        let (disk, file) = try disk(with: "old.")
        try write("new and longer", file, disk)
        #expect(text("a", disk) == "new and longer")
        #expect(text("a", disk.crash(keeps: { _, _ in true })) == "new and longer")
        #expect(text("a", disk.crash(keeps: { _, _ in false })) == "old.")
        try disk.sync(file)
        try write("x", at: 2, file, disk)
        losePower(disk)
        #expect(text("a", disk) == "new and longer")
        // A copy is another disk.
        #expect(disk.used == 14)
    }

    @Test func `a write is torn at multiples of the grain, counted in the file`() throws {
        let old = String(repeating: "-", count: 24)
        // Of the pieces in order of writing, every other one stays.
        let cases = [
            (8, [6, 8, 16], "------xx--------xx------"), (4, [6, 8, 12, 16], "------xx----xxxx--------"),
            (512, [6], "------xxxxxxxxxxxx------"),
        ]
        for (grain, places, expected) in cases {
            let (disk, file) = try disk(with: old)
            try write(String(repeating: "x", count: 12), at: 6, file, disk)
            var asked: [Int] = []
            disk.losePower(grain: grain, keepsName: { _ in true }) { name, place in
                asked.append(place)
                return name == "a" && asked.count % 2 == 1
            }
            #expect(asked == places)
            #expect(text("a", disk) == expected)
        }
    }

    @Test func `names are undone, and what they named comes back`() throws {
        let (disk, _) = try disk(with: "first")
        let file = try disk.create("b.tmp")
        try write("second", file, disk)
        try disk.sync(file)
        try disk.rename("b.tmp", to: "a")
        #expect(text("a", disk.crash(keeps: { _, _ in true }, keepsNames: true)) == "second")
        let crashed = disk.crash(keeps: { _, _ in true })
        #expect(crashed.files == ["a": bytes("first")])
        try disk.syncDirectory(nil)
        try disk.remove("a")
        #expect(disk.files.isEmpty)
        losePower(disk)
        #expect(disk.files == ["a": bytes("second")])
        #expect(disk.used == 6)
    }

    @Test func `a synced directory says nothing about another`() throws {
        let disk = SimulatedDisk()
        try disk.makeDirectory("q")
        _ = try disk.create("q/a")
        _ = try disk.create("b")
        try disk.syncDirectory("q")
        losePower(disk)
        #expect(disk.files.keys.sorted() == ["q/a"])
        _ = try disk.create("b")
        try disk.remove("q/a")
        try disk.syncDirectory(nil)
        losePower(disk)
        #expect(disk.files.keys.sorted() == ["b", "q/a"])
    }

    @Test func `a second name keeps the contents, and their space, when the first goes`() throws {
        let (disk, _) = try disk(with: "kept")
        try disk.link("a", as: "b")
        #expect(disk.used == 4)
        try disk.syncDirectory(nil)
        try disk.remove("a")
        try disk.syncDirectory(nil)
        #expect(disk.used == 4)
        losePower(disk)
        #expect(disk.files == ["b": bytes("kept")])
        #expect(disk.used == 4)
        disk.removeFile("b")
        #expect(disk.used == 0)
        #expect(throws: StorageError.self) { try disk.link("a", as: "c") }
    }

    @Test func `what was removed for good does not come back with a power loss that keeps some names`() throws {
        for isRenamed in [false, true] {
            let (disk, _) = try disk(with: "gone")
            if isRenamed { try disk.rename("a", to: "b") } else { try disk.link("a", as: "b") }
            disk.removeFile("b")
            disk.losePower(keepsName: { _ in true }, keepsPiece: { _, _ in true })
            #expect(disk.files["b"] == nil)
        }
    }

    @Test func `power ends after so many calls, and comes back with a loss of it`() throws {
        let (disk, file) = try disk(with: "old")
        disk.endPower(afterCalls: 2)
        try write("new", file, disk)
        #expect(!disk.isPowerGone)
        #expect(try disk.list() == ["a"])
        #expect(disk.isPowerGone)
        for _ in 0..<3 {
            #expect(throws: StorageError.self) { try disk.sync(file) }
            #expect(throws: StorageError.self) { try disk.list() }
        }
        losePower(disk)
        #expect(!disk.isPowerGone)
        #expect(text("a", disk) == "old")
        disk.endPower(afterCalls: 0)
        #expect(throws: StorageError.self) { try disk.list() }
        disk.survivesProcess()
        #expect(try disk.list() == ["a"])
    }

    // MARK: Calls that fail

    @Test func `a failed sync forgets for ever, and shows it nobody before the power goes`() throws {
        let (disk, file) = try disk(with: "old")
        try write("new", file, disk)
        disk.fail(.sync)
        #expect(throws: StorageError.self) { try disk.sync(file) }
        try disk.sync(file)
        #expect(text("a", disk) == "new")
        losePower(disk, keepsPieces: true)
        #expect(text("a", disk) == "old")
    }

    @Test func `so it does for a file that was renamed since it was opened`() throws {
        let disk = SimulatedDisk()
        let file = try disk.create("a.tmp")
        try disk.rename("a.tmp", to: "a")
        try disk.syncDirectory(nil)
        try write("new", file, disk)
        disk.fail(.sync)
        #expect(throws: StorageError.self) { try disk.sync(file) }
        try disk.sync(file)
        losePower(disk, keepsPieces: true)
        #expect(text("a", disk) == "")
    }

    @Test func `calls fail when and as often as they are told to`() throws {
        let (disk, file) = try disk(with: "old")
        disk.fail(.write, after: 1, times: 2, reason: .denied)
        var outcomes: [StorageError.Reason?] = []
        for number in 0..<5 {
            do throws(StorageError) {
                try disk.write([UInt8(number)].rawBytes, at: number, of: file)
                outcomes.append(nil)
            } catch { outcomes.append(error.reason) }
        }
        #expect(outcomes == [nil, .denied, .denied, nil, nil])
        #expect(disk.count(.write) == 5)
        // A refused write has written nothing.
        #expect(disk.files["a"] == [0, bytes("l")[0], bytes("d")[0], 3, 4])
    }

    @Test func `a full disk takes what does not grow`() throws {
        let (disk, file) = try disk(with: "0123456789")
        disk.capacity = 12
        #expect(try disk.freeSpace() == ByteCount(2))
        try write("abcd", at: 8, file, disk)
        do throws(StorageError) {
            try disk.write([1].rawBytes, at: 12, of: file)
            Issue.record("there was no room for it")
        } catch { #expect(error.reason == .noSpace) }
        try write("....", at: 4, file, disk)
        #expect(text("a", disk) == "0123....abcd")
        #expect(try disk.freeSpace() == .zero)
        _ = try disk.create("b")
        try disk.remove("a")
        #expect(try disk.freeSpace() == ByteCount(12))
    }

    // MARK: Planted, and at rest

    @Test func `a disk that lies keeps nothing`() throws {
        let (disk, file) = try disk(with: "old")
        disk.isLying = true
        try write("new", file, disk)
        _ = try disk.create("b")
        try disk.sync(file)
        try disk.syncDirectory(nil)
        losePower(disk)
        #expect(disk.files == ["a": bytes("old")])
    }

    @Test func `a sync that is called again says that it succeeded`() throws {
        let (disk, file) = try disk(with: "old")
        disk.retriesSync = true
        try write("new", file, disk)
        disk.fail(.sync)
        try disk.sync(file)
        losePower(disk, keepsPieces: true)
        #expect(text("a", disk) == "old")
    }

    @Test func `damage at rest is there for every reader, and outlives a power loss`() throws {
        var content = [UInt8](repeating: 0, count: 1600)
        for place in content.indices { content[place] = UInt8(truncatingIfNeeded: place / 512 + 1) }
        let disk = SimulatedDisk(files: ["wal-1.seg": content, "other": content])
        var expected = content
        disk.flipBit(8 * 700 + 3, of: "wal-1.seg")
        expected[700] ^= 8
        #expect(disk.files["wal-1.seg"] == expected)
        disk.replaceSector(0, of: "wal-1.seg", bySector: nil)
        for place in 0..<512 { expected[place] = 0 }
        disk.replaceSector(3, of: "wal-1.seg", bySector: 1)
        for place in 1536..<1600 { expected[place] = expected[place - 1024] }
        losePower(disk)
        #expect(disk.files == ["wal-1.seg": expected, "other": content])
        // Out of the file there is nothing to hit.
        disk.flipBit(8 * 1600, of: "wal-1.seg")
        disk.replaceSector(4, of: "wal-1.seg", bySector: 0)
        #expect(disk.files["wal-1.seg"] == expected)
        #expect(disk.segmentNames == ["wal-1.seg"])
        disk.edit("wal-1.seg") { $0 = [1, 0, 2, 0, 0] }
        #expect(disk.used == 1605)
        losePower(disk)
        #expect(disk.files["wal-1.seg"] == [1, 0, 2, 0, 0])
    }

    // MARK: Directories

    @Test func `a directory has names of its own, and the disk's space and power`() throws {
        let disk = SimulatedDisk(files: ["a": bytes("log")])
        let directory = SimulatedDirectory(disk: disk, name: "below")
        let file = try directory.create("a")
        try directory.write(bytes("one").rawBytes, at: 0, of: file)
        try directory.sync(file)
        #expect(try directory.list() == ["a"])
        #expect(try disk.list() == ["a"])
        #expect(disk.used == 6)
        #expect(disk.durableNames(below: "below").isEmpty)
        try disk.syncDirectory(nil)
        #expect(disk.durableNames(below: "below").isEmpty)
        try directory.syncDirectory(nil)
        #expect(disk.durableNames(below: "below") == ["a"])
        try directory.rename("a", to: "b")
        losePower(disk)
        #expect(try directory.list() == ["a"])
        #expect(text("below/a", disk) == "one")
        try directory.remove("a")
        #expect(text("a", disk) == "log")
        disk.endPower(afterCalls: 0)
        #expect(throws: StorageError.self) { try directory.list() }
    }

    @Test func `a disk that forgets packs keeps everything else`() throws {
        let disk = SimulatedDisk()
        disk.forgetsPacks = true
        for name in ["a.pack", "a.manifest"] {
            let file = try disk.create(name)
            try write("whole", file, disk)
            try disk.sync(file)
        }
        try disk.syncDirectory(nil)
        losePower(disk)
        #expect(text("a.pack", disk) == "")
        #expect(text("a.manifest", disk) == "whole")
    }
}
