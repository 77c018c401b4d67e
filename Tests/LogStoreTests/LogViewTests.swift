// A log that is looked at: what opening it would find, and not a byte is changed.

import LogFormat
import Simulation
import Testing
import Vocabulary

@testable import LogStore

struct LogViewTests {
    private static func disk(entries: Int) throws -> (SimulatedDisk, FrameHistory) {
        let disk = SimulatedDisk()
        var history = FrameHistory()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        for _ in 0..<entries {
            let order = LogOrder(ticket: .zero, .append(history.append(), commitIndex: LogIndex(3)))
            _ = try engine.write([order])
            try engine.sync()
        }
        return (disk, history)
    }

    @Test func `all frames are found, and the disk stays as it is`() throws {
        let (disk, history) = try Self.disk(entries: 100)
        let before = disk.files
        let view = try LogView(of: disk, identity: LogWorld.identity)
        #expect(view.found.last.index == LogIndex(100) && view.found.firstIndex == LogIndex(1))
        #expect(view.found.commitIndex == LogIndex(3) && view.found.verdict == .clean)
        var reader = view.reader()
        #expect(try reader.readFrames(from: LogIndex(1), byteLimit: .mebibytes(1)) == history.frames)
        #expect(disk.files == before)
    }

    @Test func `a damaged log is read up to the damage, and is not repaired`() throws {
        let (disk, _) = try Self.disk(entries: 100)
        let name = try #require(try disk.list().first { SegmentName.sequence(of: $0) == 2 })
        disk.edit(name) { $0[$0.count / 2] ^= 1 }
        let before = disk.files
        let view = try LogView(of: disk, identity: LogWorld.identity)
        #expect(view.found.verdict.isDamage && view.found.last.index < LogIndex(100))
        #expect(disk.files == before)
    }
}
