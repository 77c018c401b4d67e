// Damage upon damage, and damage upon failures: what a start makes of histories that the simulator came upon.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

@Suite struct LogRepairTests {
    private let nobody: (String) -> Bool = { _ in false }

    /// Copies are named by the time, so each start has its own.
    private let later = Timestamp(microseconds: 5_000_000)
    private let latest = Timestamp(microseconds: 9_000_000)

    /// Flips a bit in the body of a record.
    private func damage(_ record: DiskRecord, on disk: SimulatedDisk) {
        disk.flipBit(8 * (record.range.lowerBound + 60), of: record.file)
    }

    @Test func `a batch whose sync failed is written again by the next start`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine)
        let failing = LogOrder(ticket: WriteTicket(2), .append(history.append(2, size: 90), commitIndex: .zero))
        _ = try engine.write([failing])
        disk.fail(.sync)
        #expect(throws: LogError.self) { try engine.sync() }
        // The process ends, and the system still shows what it will never write.
        disk.survivesProcess()
        var recovered: RecoveredLog
        (engine, recovered) = try LogWorld.open(disk)
        #expect(recovered.last.index == history.last)
        try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine)
        disk.losePower(keepsName: nobody, keepsPiece: { _, _ in false })
        (engine, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.state.fence == nil)
        #expect(try LogWorld.frames(in: engine) == history.frames)
    }

    @Test func `damage in the middle and a missing first segment are mended in one start`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        for number in 0..<60 {
            try LogWorld.persist([.append(history.append(1, size: 100 + number), commitIndex: .zero)], in: &engine)
        }
        #expect(engine.segments >= 4)
        let names = disk.segmentNames
        disk.removeFile(names[0])
        let hit = try #require(DiskRecord.all(on: disk).first { $0.file == names[2] && $0.isFrame })
        damage(hit, on: disk)
        let found = disk.files
        let (mended, recovered) = try LogWorld.open(disk)
        guard case .damaged(_, let copies) = recovered.verdict else {
            Issue.record("\(recovered.verdict)")
            return
        }
        #expect(try LogWorld.frames(in: mended).isEmpty)
        #expect(try #require(recovered.state.fence) >= history.last)
        // Of every file that was in use there is a copy as it was found.
        let after = disk.files
        for name in names.dropFirst() where found[name]?.contains(where: { $0 != 0 }) == true {
            #expect(copies.contains { $0.hasSuffix(name) && after[$0] == found[name] }, "\(name) in \(copies)")
        }
        let (_, again) = try LogWorld.open(disk)
        #expect(again.verdict == .clean)
        #expect(again.state.fence == recovered.state.fence)
    }

    /// A log with a frame, a frame, ten votes and frames, each a batch, in one segment; and behind it some segments.
    private func logWithVotes(
        on disk: SimulatedDisk, frames: Int = 1, options: LogOptions = LogWorld.small
    ) throws -> FrameHistory {
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        var history = FrameHistory()
        for _ in 0..<2 { try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine) }
        for term in 1...10 as ClosedRange<UInt64> {
            try LogWorld.persist([.ballot(term: Term(term), votedFor: NodeID("n2"))], in: &engine)
        }
        for _ in 0..<frames { try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine) }
        return history
    }

    /// After the repair of that: other frames, a vote in term 11, and no fence any more.
    private func goOn(_ engine: inout LogEngine<SimulatedDisk>, _ history: inout FrameHistory) throws(LogError) {
        history.cut(from: engine.last.index.next)
        try LogWorld.persist([.ballot(term: Term(11), votedFor: NodeID("n3"))], in: &engine)
        while history.last < LogIndex(4) {
            try LogWorld.persist([.append(history.append(1, size: 20, term: 11), commitIndex: .zero)], in: &engine)
        }
        try LogWorld.persist([.clearFence], in: &engine)
        try LogWorld.persist([.append(history.append(1, size: 20, term: 11), commitIndex: .zero)], in: &engine)
    }

    @Test func `what stood behind a repaired damage is no evidence at the next one`() throws {
        let disk = SimulatedDisk()
        var history = try logWithVotes(on: disk)
        damage(DiskRecord.all(on: disk).filter(\.isFrame)[1], on: disk)
        var (engine, recovered) = try LogWorld.open(disk)
        #expect(recovered.state.fence == LogIndex(3))
        #expect(recovered.state.term == Term(10))
        #expect(recovered.state.votedFor == NodeID("n2"))
        try goOn(&engine, &history)
        damage(try #require(DiskRecord.all(on: disk).first { $0.isFrame }), on: disk)
        (engine, recovered) = try LogWorld.open(disk, now: latest)
        #expect(recovered.last == .zero)
        #expect(recovered.state.fence == history.last)
        #expect(recovered.state.term == Term(11))
        #expect(recovered.state.votedFor == NodeID("n3"))
        #expect(!recovered.state.isBallotUncertain)
    }

    /// What cuts a repair short.
    enum Cut: CaseIterable {
        /// With everything on stable storage that was written.
        case endOfPower
        /// With only that which was synced.
        case lossOfPower
        /// The process ends, and what it wrote is read from memory until the power is lost.
        case failedSync
    }

    /// Damages a log with votes, and has the repair cut short at each of its calls in turn; the next start repairs, and
    /// goes on.
    private func cutRepairs(
        _ cut: Cut, frames: Int = 1, options: LogOptions = LogWorld.small,
        then judge: (SimulatedDisk, inout LogEngine<SimulatedDisk>, inout FrameHistory, Comment) throws -> Void
    ) throws {
        let start = SimulatedDisk()
        let history = try logWithVotes(on: start, frames: frames, options: options)
        damage(DiskRecord.all(on: start).filter(\.isFrame)[1], on: start)
        var calls = 0
        var isCut = true
        while isCut {
            let place: Comment = "cut at call \(calls)"
            let disk = SimulatedDisk(files: start.files)
            if cut == .failedSync { disk.fail(.sync, after: calls) } else { disk.endPower(afterCalls: calls) }
            isCut = (try? LogWorld.open(disk, options: options)) == nil
            switch cut {
            case .endOfPower: disk.losePower(keepsName: { _ in true }, keepsPiece: { _, _ in true })
            case .lossOfPower: disk.losePower(keepsName: nobody, keepsPiece: { _, _ in false })
            case .failedSync: disk.survivesProcess()
            }
            var (engine, recovered) = try LogWorld.open(disk, options: options, now: later)
            #expect(recovered.state.fence == history.last, place)
            #expect(recovered.state.term == Term(10), place)
            var history = history
            try goOn(&engine, &history)
            try judge(disk, &engine, &history, place)
            calls += 1
        }
        #expect(calls > (cut == .failedSync ? 4 : 20))
    }

    @Test(arguments: Cut.allCases)
    func `nor is it when the repair was cut short`(cut: Cut) throws {
        try cutRepairs(cut) { disk, _, history, place in
            damage(try #require(DiskRecord.all(on: disk).first { $0.isFrame }), on: disk)
            let (_, recovered) = try LogWorld.open(disk, now: latest)
            #expect(recovered.state.fence == history.last, place)
            #expect(recovered.state.term == Term(11), place)
            #expect(recovered.state.votedFor == NodeID("n3"), place)
        }
    }

    /// Its records have their own places still, and no header says any more that they are none of the log's.
    @Test(arguments: Cut.allCases)
    func `nor is it when the segment that the repair began is lost`(cut: Cut) throws {
        try cutRepairs(cut) { disk, engine, history, place in
            // Until the one behind it is begun.
            while disk.newestSegment != SegmentName.text(3) {
                try LogWorld.persist([.append(history.append(1, size: 300, term: 11), commitIndex: .zero)], in: &engine)
            }
            disk.removeFile(disk.segmentNames[1])
            let (_, recovered) = try LogWorld.open(disk, now: latest)
            #expect(try #require(recovered.state.fence) >= history.last, place)
            #expect(recovered.state.term == Term(11), place)
            #expect(recovered.state.votedFor == NodeID("n3"), place)
        }
    }

    /// Of a damage that only memory had, for instance. The log goes on in the segment that the repair began.
    @Test(arguments: Cut.allCases)
    func `nor is it the log's again when it can be read again`(cut: Cut) throws {
        try cutRepairs(cut, frames: 60) { disk, engine, history, place in
            disk.losePower(keepsName: nobody, keepsPiece: { _, _ in false })
            let last = try #require(DiskRecord.all(on: disk).first { $0.isFrame })
            disk.flipBit(8 * (last.range.upperBound + 60), of: last.file)
            let (reopened, recovered) = try LogWorld.open(disk, now: latest)
            #expect(recovered.verdict == .clean, place)
            #expect(recovered.state.term == Term(11), place)
            #expect(recovered.state.votedFor == NodeID("n3"), place)
            #expect(try LogWorld.frames(in: reopened) == history.frames, place)
        }
    }

    /// Its LSNs were given out anew, and the log is not as far yet.
    @Test(arguments: Cut.allCases, [true, false])
    func `nor is it when the file that it is in is used again`(cut: Cut, isRestart: Bool) throws {
        // Larger than what is overwritten at the front of such a file.
        var options = LogWorld.small
        options.segmentSize = .kibibytes(16)
        options.firstSegmentSize = .kibibytes(16)
        try cutRepairs(cut, frames: 60, options: options) { disk, engine, history, place in
            let first = disk.segmentNames[0]
            let action =
                isRestart
                ? history.restart(11, 1000, checksum: 3) : .release(before: engine.last.index)
            try LogWorld.persist([action], in: &engine)
            for _ in 0..<4 { try engine.prepareNow() }
            #expect(!disk.segmentNames.contains(first), place)
            disk.losePower(keepsName: nobody, keepsPiece: { _, _ in false })
            let (_, recovered) = try LogWorld.open(disk, options: options, now: latest)
            #expect(recovered.verdict == .clean, place)
            #expect(recovered.state.fence == nil, place)
        }
    }

    @Test func `records in a segment whose header is lost still count as evidence`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        while Set(DiskRecord.all(on: disk).map(\.file)).count < 2 {
            try LogWorld.persist([.append(history.append(2, size: 300), commitIndex: .zero)], in: &engine)
        }
        let second = disk.segmentNames[1]
        try LogWorld.persist([.ballot(term: Term(7), votedFor: NodeID("n3"))], in: &engine)
        for _ in 0..<4 {
            try LogWorld.persist([.append(history.append(2, size: 30, term: 7), commitIndex: .zero)], in: &engine)
        }
        let kept = try #require(DiskRecord.all(on: disk).last { $0.isFrame && $0.file != second })
        disk.edit(second) { bytes in
            for place in 0..<SegmentHeader.byteCount { bytes[place] = 0 }
        }
        let (mended, recovered) = try LogWorld.open(disk)
        guard case .damaged = recovered.verdict else {
            Issue.record("\(recovered.verdict), last frame of the first segment at \(kept.lsn)")
            return
        }
        #expect(try LogWorld.frames(in: mended).count < history.frames.count)
        // The newest frame is named by nothing behind it; the one before it was synced when that was begun.
        #expect(try #require(recovered.state.fence) >= LogIndex(history.last.rawValue - 2))
        #expect(recovered.state.term == Term(7))
        #expect(recovered.state.votedFor == NodeID("n3"))
    }

    /// It begins before the first record of a log that has nothing in it.
    @Test(arguments: [false, true])
    func `so do those in the first segment, with and without another`(isAlone: Bool) throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        try LogWorld.persist([.ballot(term: Term(7), votedFor: NodeID("n3"))], in: &engine)
        repeat {
            try LogWorld.persist([.append(history.append(2, size: 300, term: 7), commitIndex: .zero)], in: &engine)
        } while !isAlone && disk.newestSegment == disk.segmentNames[0]
        try LogWorld.persist([.append(history.append(1, term: 7), commitIndex: .zero)], in: &engine)
        disk.edit(disk.segmentNames[0]) { bytes in
            for place in 0..<SegmentHeader.byteCount { bytes[place] = 0 }
        }
        let (_, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict.isDamage)
        #expect(recovered.last == .zero)
        #expect(try #require(recovered.state.fence) >= LogIndex(history.last.rawValue - 1))
        #expect(recovered.state.term == Term(7))
        #expect(recovered.state.votedFor == NodeID("n3"))
    }

    /// A repair that lost everything has begun the log anew, and was cut short behind that.
    @Test func `a log whose only record cannot be read has lost it`() throws {
        let start = SimulatedDisk()
        _ = try logWithVotes(on: start)
        start.edit(start.segmentNames[0]) { bytes in
            for place in 0..<SegmentHeader.byteCount { bytes[place] = 0 }
        }
        var (calls, begun) = (0, 0)
        var isCut = true
        while isCut {
            let disk = SimulatedDisk(files: start.files)
            disk.endPower(afterCalls: calls)
            isCut = (try? LogWorld.open(disk)) == nil
            let seen = DiskRecord.all(on: disk)
            if seen.count == 1 {
                // What a nemesis may not do, whatever a loss of power would bring back.
                #expect(DamageReach(of: seen[0].file, on: disk).end == 0, "cut at call \(calls)")
            }
            disk.losePower(keepsName: { _ in true }, keepsPiece: { _, _ in true })
            let records = DiskRecord.all(on: disk)
            if isCut, let only = records.first, records.count == 1 {
                disk.flipBit(8 * only.range.lowerBound, of: only.file)
                let (_, recovered) = try LogWorld.open(disk, now: later)
                #expect(recovered.verdict.isDamage, "cut at call \(calls)")
                #expect(recovered.state.fence != nil, "cut at call \(calls)")
                #expect(recovered.state.isBallotUncertain, "cut at call \(calls)")
                begun += 1
            }
            calls += 1
        }
        #expect(begun > 0)
    }
}
