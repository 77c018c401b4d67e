// Dump and verify: every record shown, every kind of damage named with file, offset and index.

import ByteCoding
import LogFormat
import Simulation
import Testing
import Vocabulary

@testable import LogStore

@Suite struct LogInspectionTests {
    static func lines(_ disk: SimulatedDisk) throws -> [LogInspection<SimulatedDisk>.Line] {
        var lines: [LogInspection<SimulatedDisk>.Line] = []
        try #require(try LogInspection(disk)).dump { lines.append($0) }
        return lines
    }

    @Test func `a dump shows every record of a whole log and verify finds nothing`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let disk = SimulatedDisk(files: log.files)
        let lines = try LogInspectionTests.lines(disk)
        let report = try #require(try LogInspection(disk)).verify()
        var records = 0
        for line in lines {
            if case .record(let facts) = line {
                records += 1
                #expect(facts.body != .unknown)
            }
            if case .unreadable = line { Issue.record("\(line)") }
        }
        #expect(records == report.counts.records)
        #expect(report.isWhole)
        #expect(report.findings.isEmpty)
        #expect(report.last.index == log.moments.last?.frames.last?.header.lastIndex)
        #expect(disk.files == log.files)
    }

    @Test func `verify names kind, file, offset and index`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let first = SegmentName.text(1)
        let offset = SegmentHeader.byteCount + LogChain.stateLength
        // By the byte that is changed in the record behind the opening ones.
        let kinds: [(DamageKind, (inout [UInt8]) -> Void)] = [
            (.checksumMismatch, { $0[2 * offset - 128 + 60] ^= 1 }),
            (.badMagic, { $0[2 * offset - 128 + 48] ^= 1 }),
            (.badLength, { $0[2 * offset - 128 + 6] ^= 1 }),
            (.gap, { bytes in for place in 336..<392 { bytes[place] = 0 } }),
        ]
        for (kind, change) in kinds {
            let disk = SimulatedDisk(files: log.files)
            disk.edit(first, change)
            let report = try #require(try LogInspection(disk)).verify()
            let finding = try #require(report.findings.first)
            #expect(finding.damage.kind == kind)
            #expect(finding.damage.file == first)
            #expect(finding.damage.offset == 336)
            #expect(finding.damage.firstIndex == LogIndex(1))
            #expect(finding.damage.highestIndex >= log.highest)
            #expect(finding.isDamage)
            #expect(try LogInspectionTests.lines(disk).contains { if case .unreadable = $0 { true } else { false } })
        }
        let disk = SimulatedDisk(files: log.files)
        disk.removeFile(SegmentName.text(2))
        let gone = try #require(try LogInspection(disk)).verify()
        let missing = try #require(gone.findings.first).damage
        #expect(missing.kind == .missingSegment)
        #expect(missing.file == first)
        #expect(missing.offset > SegmentHeader.byteCount)
        #expect(missing.firstIndex > LogIndex(1) && missing.highestIndex >= log.highest)
    }

    @Test func `verify names a record that verifies and makes no sense, and one of another place`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let first = SegmentName.text(1)
        let kinds: [(DamageKind, (inout [UInt8]) -> Void)] = [
            // A frame whose count is not its payload's, and one that belongs eight bytes further on.
            (.failedRecovery, { $0[336 + 56 + 60] ^= 1 }),
            (.misplacedBlock, { $0[336 + 8] ^= 8 }),
        ]
        for (kind, change) in kinds {
            let disk = SimulatedDisk(files: log.files)
            disk.edit(first) { bytes in
                change(&bytes)
                LogInspectionTests.seal(recordAt: 336, of: &bytes)
            }
            let report = try #require(try LogInspection(disk)).verify()
            let finding = try #require(report.findings.first)
            #expect(finding.damage.kind == kind)
            #expect(finding.damage.file == first)
            #expect(finding.damage.offset == 336)
            #expect(finding.damage.firstIndex == LogIndex(1))
        }
        let disk = SimulatedDisk(files: log.files)
        disk.edit(first) { bytes in
            bytes[336 + 53] = 9
            LogInspectionTests.seal(recordAt: 336, of: &bytes)
        }
        #expect(
            throws: LogError.newerVersion(file: first, offset: 336, firstIndex: LogIndex(1), found: 9, supported: 1)
        ) { try #require(try LogInspection(disk)).verify() }
    }

    /// Makes the record at `place` verify, whatever was done to it.
    static func seal(recordAt place: Int, of bytes: inout [UInt8]) {
        let length = LogWorld.word(bytes, at: place + 4)
        let end = place + RecordHeader.recordLength(body: Int(length))
        let checksum = CRC32C.checksum(
            bytes.rawBytes.extracting(place + 4..<end), seed: LogWorld.identity.recordSeed)
        bytes.store(littleEndian: checksum, at: place)
    }

    @Test func `a repair that finds no room changes nothing, and says what to do`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let disk = SimulatedDisk(files: log.files)
        disk.edit(SegmentName.text(2)) { $0[300] ^= 1 }
        let before = disk.files
        for room in [0, 100, 1000] {
            disk.capacity = disk.used + room
            let error = #expect(throws: LogError.self) { try LogWorld.open(disk, options: SmallLog.options) }
            guard case .repairRefused(let damage, let reason)? = error else {
                Issue.record("\(error as Any)")
                return
            }
            #expect(damage.file == SegmentName.text(2) && reason.reason == .noSpace)
            #expect(error?.remedy.text.contains("free space") == true)
            #expect(disk.files.filter { !$0.key.contains("-report.txt") } == before)
        }
        disk.capacity = .max
        let (_, recovered) = try LogWorld.open(disk, options: SmallLog.options)
        #expect(recovered.verdict.isDamage)
    }

    @Test func `a report is read back as it was written, and a torn one is none`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let disk = SimulatedDisk(files: log.files)
        disk.edit(SegmentName.text(2)) { $0[300] ^= 1 }
        let (_, recovered) = try LogWorld.open(disk, options: SmallLog.options)
        guard case .damaged(let damage, let copies) = recovered.verdict else {
            Issue.record("\(recovered.verdict)")
            return
        }
        let bytes = try #require(disk.files.first { $0.key.hasSuffix(QuarantineReport.ending) }).value
        let text = String(decoding: bytes, as: UTF8.self)
        let report = try #require(QuarantineReport(text))
        #expect(report.damage == damage)
        #expect(report.copies == copies)
        #expect(report.fence == recovered.state.fence)
        #expect(report.text == text)
        #expect(QuarantineReport(String(text.prefix(60))) == nil)
    }

    @Test func `quarantine keeps the files as they were found, with a report`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let disk = SimulatedDisk(files: log.files)
        disk.edit(SegmentName.text(2)) { $0[300] ^= 1 }
        let damaged = disk.files
        let (_, recovered) = try LogWorld.open(disk, options: SmallLog.options)
        guard case .damaged(let damage, let copies) = recovered.verdict else {
            Issue.record("\(recovered.verdict)")
            return
        }
        #expect(copies.count == log.files.count - 1)
        for copy in copies {
            let name = String(copy.suffix(SegmentName.text(1).utf8.count))
            #expect(disk.files[copy] == damaged[name])
        }
        let report = try #require(disk.files.first { $0.key.hasSuffix("-report.txt") })
        let text = String(decoding: report.value, as: UTF8.self)
        #expect(text.contains("kind: checksum-mismatch"))
        #expect(text.contains(damage.file))
        #expect(disk.files[SegmentName.text(1)] == damaged[SegmentName.text(1)])
    }

    @Test func `a newer segment is refused with both versions and left alone`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        let disk = SimulatedDisk(files: log.files)
        let name = SegmentName.text(2)
        disk.edit(name) {
            $0.store(littleEndian: UInt32(7), at: 12)
            $0.store(littleEndian: CRC32C.checksum($0.rawBytes.extracting(12..<128)), at: 8)
        }
        let before = disk.files
        #expect(throws: LogError.newerVersion(file: name, offset: 0, firstIndex: nil, found: 7, supported: 1)) {
            try LogWorld.open(disk, options: SmallLog.options)
        }
        #expect(disk.files == before)
    }

    @Test func `a crash at any step of a repair leaves a log that is fenced in the end`() throws {
        let log = try SmallLog(batches: 9, seed: 5)
        for operation in StorageError.Operation.allCases {
            for step in 0..<40 {
                let disk = SimulatedDisk(files: log.files)
                disk.edit(SegmentName.text(2)) { $0[300] ^= 1 }
                disk.fail(operation, after: step)
                if (try? LogWorld.open(disk, options: SmallLog.options)) != nil, step > 0 { break }
                for keepsNames in [false, true] {
                    let after = disk.crash(keeps: { _, offset in offset % 16 == 0 }, keepsNames: keepsNames)
                    let (engine, recovered) = try LogEngine.open(
                        after, identity: LogWorld.identity, isNew: false, options: SmallLog.options,
                        now: Timestamp(microseconds: 77))
                    let fence = try #require(recovered.state.fence, "\(operation) \(step)")
                    #expect(fence >= log.highest)
                    let frames = try LogWorld.frames(in: engine)
                    #expect(log.moments.contains { $0.frames == frames }, "\(operation) \(step)")
                }
            }
        }
    }
}
