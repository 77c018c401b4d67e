// When the limit on the cores' wake-up time is held.

import Platform
import Testing
import Vocabulary

@testable import Node

@Suite struct LatencyHoldTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    private func work(_ commands: UInt64, _ lastIndex: UInt64) -> LatencyHold.Work {
        LatencyHold.Work(commands: commands, lastIndex: LogIndex(lastIndex))
    }

    @Test func `the limit is held while commands or entries come, and for a second more`() throws {
        let directory = try FileSystem.makeTemporaryDirectory(prefix: "latency-test")
        defer { try? FileSystem.removeTree(directory) }
        let device = directory + "/device"
        try File.open(device, mode: .create).close()
        var hold = LatencyHold(try CPULatencyLimit(.zero, device: device))
        func expect(_ isHeld: Bool, _ work: LatencyHold.Work, at milliseconds: Int) throws {
            try hold.look(at: work, now: start + .milliseconds(milliseconds))
            let found = hold.isHeld
            #expect(found == isHeld, "at \(milliseconds) ms")
        }
        try expect(false, work(5, 100), at: 0)
        try expect(false, work(5, 100), at: 100)
        try expect(true, work(6, 100), at: 200)
        try expect(true, work(6, 101), at: 1100)
        try expect(true, work(6, 101), at: 2099)
        try expect(false, work(6, 101), at: 2100)
        try expect(false, work(6, 101), at: 2200)
        // Entries that are cut off were work too.
        try expect(true, work(6, 99), at: 2300)
        try expect(false, work(6, 99), at: 3300)
    }
}
