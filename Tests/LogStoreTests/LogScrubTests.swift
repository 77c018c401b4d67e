// Reading sealed segments again: every damage is found in the end, nothing else is called damage.

import ByteCoding
import LogFormat
import Simulation
import Testing
import Vocabulary

@testable import LogStore

@Suite struct LogScrubTests {
    /// A log of several sealed segments, open.
    static func log(_ frames: Int = 60) throws -> (SimulatedDisk, LogEngine<SimulatedDisk>, FrameHistory) {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        for number in 0..<frames {
            let frame = history.append(1 + number % 3, size: 60 + number % 41)
            try LogWorld.persist([.append(frame, commitIndex: frame.header.firstIndex.previous)], in: &engine)
            if number % 13 == 0 { try LogWorld.persist([.ballot(term: Term(2), votedFor: nil)], in: &engine) }
        }
        return (disk, engine, history)
    }

    /// One whole pass: what it found, how far it came, and in how many steps.
    static func pass(
        _ scrub: inout LogScrub<SimulatedDisk>, limit: ByteCount = ByteCount(500)
    ) throws -> (damages: [LogDamage], through: UInt64, bytes: Int, steps: Int) {
        var damages: [LogDamage] = []
        var (bytes, steps) = (0, 0)
        while true {
            steps += 1
            switch try scrub.step(limit) {
            case .read(let count): bytes += count.rawValue
            case .damage(let damage): damages.append(damage)
            case .ended(let through): return (damages, through, bytes, steps)
            }
            try #require(steps < 10_000)
        }
    }

    static func sealed(_ disk: SimulatedDisk) -> [String] {
        let begun = disk.files.filter {
            SegmentName.sequence(of: $0.key) != nil && $0.value.prefix(8).contains { $0 != 0 }
        }
        return begun.keys.sorted().dropLast()
    }

    @Test func `a whole log is read to the end of its sealed segments, pass after pass`() throws {
        let (disk, engine, _) = try LogScrubTests.log()
        var scrub = engine.scrub()
        for limit in [1, 500, 100_000] {
            let pass = try LogScrubTests.pass(&scrub, limit: ByteCount(limit))
            #expect(pass.damages == [])
            #expect(pass.through == UInt64(LogScrubTests.sealed(disk).count))
            #expect(pass.bytes > 4000)
            // One record at a time, or a segment at a time.
            if limit == 1 { #expect(pass.steps > 40) }
            if limit == 100_000 { #expect(pass.steps == LogScrubTests.sealed(disk).count + 1) }
        }
    }

    @Test func `a log of one segment has nothing to read yet`() throws {
        let (_, engine, _) = try LogScrubTests.log(2)
        var scrub = engine.scrub()
        #expect(try scrub.step(ByteCount(500)) == .ended(through: 0))
    }

    @Test func `every flipped bit of a sealed segment's log is found, with the place that recovery names`() throws {
        let (disk, engine, _) = try LogScrubTests.log()
        let files = disk.files
        let name = try #require(LogScrubTests.sealed(disk).dropFirst().first)
        let bytes = try #require(files[name])
        // Behind the segment's last record stands nothing that counts.
        let end = LogScrubTests.end(of: bytes)
        var found: Set<DamageKind> = []
        for offset in stride(from: 0, to: end, by: 3) {
            disk.edit(name) { $0[offset] ^= 1 << UInt8(offset % 8) }
            var scrub = engine.scrub()
            let pass = try LogScrubTests.pass(&scrub, limit: ByteCount(4000))
            let damage = try #require(pass.damages.first, "byte \(offset)")
            #expect(pass.damages.count == 1, "byte \(offset)")
            #expect(damage.file == name)
            found.insert(damage.kind)
            let twin = SimulatedDisk(files: disk.files)
            let report = try #require(try LogInspection(twin)).verify()
            let finding = try #require(report.findings.first).damage
            #expect(finding.offset == damage.offset && finding.kind == damage.kind, "byte \(offset)")
            #expect(finding.firstIndex == damage.firstIndex && finding.file == damage.file, "byte \(offset)")
            disk.edit(name) { $0 = bytes }
        }
        #expect(found.isSuperset(of: [.checksumMismatch, .badMagic, .badLength]))
    }

    static func end(of bytes: [UInt8]) -> Int {
        var place = SegmentHeader.byteCount
        while place + RecordHeader.byteCount <= bytes.count {
            let magic = LogWorld.word(bytes, at: place + 48)
            guard magic == RecordHeader.magic else { return place }
            let length = LogWorld.word(bytes, at: place + 4)
            place += RecordHeader.recordLength(body: Int(length))
        }
        return place
    }

    @Test func `a file that is gone, cut, emptied or another's is named, and the pass goes on behind it`() throws {
        let (disk, engine, _) = try LogScrubTests.log()
        let files = disk.files
        let names = LogScrubTests.sealed(disk)
        let (one, other) = (names[1], names[2])
        let changes: [(DamageKind, (SimulatedDisk) -> Void)] = [
            (.missingSegment, { $0.removeFile(one) }),
            (.badLength, { $0.edit(one) { $0.removeLast($0.count - 60) } }),
            (.gap, { $0.edit(one) { for place in $0.indices { $0[place] = 0 } } }),
            (.misplacedBlock, { disk in disk.edit(one) { $0 = files[other] ?? [] } }),
        ]
        for (kind, change) in changes {
            change(disk)
            disk.edit(names[3]) { $0[200] ^= 4 }
            var scrub = engine.scrub()
            let pass = try LogScrubTests.pass(&scrub)
            #expect(pass.damages.map(\.file) == [one, names[3]], "\(kind)")
            #expect(pass.damages.first?.kind == kind)
            #expect(pass.damages.first?.firstIndex ?? .zero > .zero)
            disk.removeFile(one)
            let handle = try disk.create(one)
            try disk.write(Array(files[one] ?? []).rawBytes, at: 0, of: handle)
            disk.edit(names[3]) { $0[200] ^= 4 }
        }
        var scrub = engine.scrub()
        #expect(try LogScrubTests.pass(&scrub).damages == [])
    }

    @Test func `a place that is bad once is looked at again and is no damage`() throws {
        let (disk, engine, _) = try LogScrubTests.log()
        for skip in 0..<12 {
            disk.fail(.read, after: skip)
            var scrub = engine.scrub()
            #expect(try LogScrubTests.pass(&scrub).damages == [])
        }
        disk.fail(.open, reason: .missing)
        var scrub = engine.scrub()
        #expect(try LogScrubTests.pass(&scrub).damages == [])
    }

    @Test func `segments that are released and used again under a pass are no damage`() throws {
        for seed in UInt64(1)...60 {
            var random = SplitMix64(seed: seed)
            let (disk, first, old) = try LogScrubTests.log(90)
            var (engine, history) = (first, old)
            var scrub = engine.scrub()
            for _ in 0..<60 {
                for _ in 0..<Int.random(in: 0...6, using: &random) {
                    if case .damage(let damage) = try scrub.step(ByteCount(300)) {
                        Issue.record("seed \(seed): \(damage)")
                        return
                    }
                }
                let frame = history.append(2, size: 90)
                try LogWorld.persist([.append(frame, commitIndex: frame.header.lastIndex)], in: &engine)
                if Int.random(in: 0..<5, using: &random) == 0 {
                    let keep = LogIndex(history.last.rawValue - UInt64.random(in: 4...60, using: &random))
                    try LogWorld.persist([.release(before: keep)], in: &engine)
                    try engine.prepareNow()
                }
            }
            #expect(try LogScrubTests.pass(&scrub).damages == [], "seed \(seed)")
            _ = disk
        }
    }

    @Test func `a disk that refuses a place is told, and the next step goes on behind it`() throws {
        let (disk, engine, _) = try LogScrubTests.log()
        disk.fail(.read, times: 2)
        var scrub = engine.scrub()
        let error = #expect(throws: StorageError.self) { try scrub.step(ByteCount(500)) }
        #expect(error?.operation == .read)
        let pass = try LogScrubTests.pass(&scrub)
        #expect(pass.damages == [])
        #expect(pass.through == UInt64(LogScrubTests.sealed(disk).count))
    }
}
