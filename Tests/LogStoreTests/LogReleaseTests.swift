// Giving up what a snapshot covers: whole segments, in order, and room that comes back by itself.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

@Suite struct LogReleaseTests {
    private static let now = Instant(nanoseconds: 1_000_000_000)

    private static func segmentBytes(_ disk: SimulatedDisk) -> Int {
        disk.files.filter { SegmentName.sequence(of: $0.key) != nil }.reduce(0) { $0 + $1.value.count }
    }

    /// Frames in batches of their own, all committed.
    private static func fill(
        _ engine: inout LogEngine<SimulatedDisk>, _ history: inout FrameHistory, frames: Int, size: Int = 200
    ) throws(LogError) {
        for _ in 0..<frames {
            let frame = history.append(2, size: size)
            try LogWorld.persist([.append(frame, commitIndex: frame.header.lastIndex)], in: &engine)
        }
    }

    // MARK: What goes

    @Test func `a release gives up whole segments before the index, and never the one being written`() throws {
        for index in 0...90 as ClosedRange<UInt64> {
            let disk = SimulatedDisk()
            var (engine, _) = try LogWorld.open(disk, isNew: true)
            var history = FrameHistory()
            try LogReleaseTests.fill(&engine, &history, frames: 40)
            try engine.prepareNow()
            let before = engine.segments
            let bytes = engine.extent.bytesOnDisk
            let expected = engine.extent.releasableBytes(before: LogIndex(index))
            try LogWorld.persist([.release(before: LogIndex(index))], in: &engine)
            let first = engine.reader().bounds.first
            #expect(first <= max(LogIndex(1), LogIndex(index)) && engine.extent.bounds.first == first)
            #expect(try LogWorld.frames(in: engine) == history.frames.filter { $0.header.firstIndex >= first })
            #expect(engine.extent.bytesOnDisk == bytes)
            try engine.prepareNow()
            try engine.prepareNow()
            #expect(engine.extent.bytesOnDisk.rawValue == LogReleaseTests.segmentBytes(disk))
            #expect(engine.segments == before - expected.rawValue / 4096)
            if index > 80 { #expect(engine.segments == 2) }
            let (reopened, recovered) = try LogWorld.open(disk)
            #expect(recovered.verdict == .clean && recovered.firstIndex == first)
            #expect(try LogWorld.frames(in: reopened, from: first) == LogWorld.frames(in: engine))
            #expect(reopened.segments == engine.segments)
            #expect(reopened.extent.bytesOnDisk.rawValue == LogReleaseTests.segmentBytes(disk))
        }
    }

    @Test func `a log whose entries were all released opens behind them`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        try LogReleaseTests.fill(&engine, &history, frames: 30)
        // A segment that holds no frame yet.
        while engine.state.term < Term(100), engine.reader().bounds.first < engine.last.index.next {
            try LogWorld.persist([.ballot(term: engine.state.term.next, votedFor: nil)], in: &engine)
            try LogWorld.persist([.release(before: engine.last.index.next)], in: &engine)
            try engine.prepareNow()
        }
        var (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.firstIndex == history.last.next && recovered.last.index == history.last)
        #expect(recovered.lastChecksum == history.frames.last?.header.checksum)
        history = FrameHistory(
            start: recovered.last, startChecksum: recovered.lastChecksum)
        try LogReleaseTests.fill(&reopened, &history, frames: 3)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a release leaves as much log as is to be kept, and hardly more`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        #expect(engine.extent.releasePoint(keeping: .zero) == LogIndex(1))
        try LogReleaseTests.fill(&engine, &history, frames: 60)
        let extent = engine.extent
        let records = DiskRecord.all(on: disk).filter(\.isFrame)
        let end = try #require(DiskRecord.all(on: disk).map { $0.lsn + UInt64($0.range.count) }.max())
        for kept in stride(from: 0, through: 30_000, by: 250) {
            let point = extent.releasePoint(keeping: ByteCount(kept))
            let position = try #require(history.frames.firstIndex { $0.header.firstIndex == point })
            let left = Int(end - records[position].lsn)
            #expect(left >= kept || position == 0)
            // The next place that the map knows leaves too little.
            let slack = LogWorld.small.indexInterval.rawValue + 500
            #expect(left <= kept + slack)
        }
        try LogWorld.persist([.release(before: extent.releasePoint(keeping: .kibibytes(9)))], in: &engine)
        #expect(extent.bounds.first > LogIndex(1))
        #expect(extent.releasePoint(keeping: .mebibytes(1)) == extent.bounds.first)
    }

    // MARK: Files used again

    @Test func `a released file of the usual size becomes the spare one, and stays it when the log is opened`() throws {
        let disk = SimulatedDisk()
        var options = LogWorld.small
        // Larger than what is written over in front of such a file.
        options.segmentSize = .kibibytes(12)
        options.firstSegmentSize = .kibibytes(2)
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        var history = FrameHistory()
        try LogReleaseTests.fill(&engine, &history, frames: 90)
        try engine.prepareNow()
        let begun = engine.segments
        while engine.segments == begun { try LogReleaseTests.fill(&engine, &history, frames: 1) }
        let creations = disk.count(.create)
        try LogWorld.persist([.release(before: LogIndex(100))], in: &engine)
        let order = engine.takePreparation()
        let preparation = try #require(order)
        // The first is smaller: it goes, and the next one is used again.
        #expect(preparation.removed == [1] && preparation.recycled == 2)
        engine.adopt(try preparation.run(on: disk))
        try engine.prepareNow()
        #expect(disk.count(.create) == creations)
        #expect(disk.files[SegmentName.text(1)] == nil)
        let spare = try #require(disk.segmentNames.last)
        #expect(disk.files[spare]?.contains { $0 != 0 } == true, "old records stand in it")
        let (reopened, recovered) = try LogWorld.open(disk, options: options)
        #expect(recovered.verdict == .clean)
        #expect(disk.segmentNames.last == spare && reopened.segments == engine.segments)
        #expect(disk.count(.create) == creations)
    }

    @Test func `the segments that are kept ready stay as many as are wanted, however much is released`() throws {
        for spares in 1...4 {
            let disk = SimulatedDisk()
            var options = LogWorld.small
            options.spareRoom = .kibibytes(4 * spares)
            var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
            var history = FrameHistory()
            for round in 1...30 {
                try LogReleaseTests.fill(&engine, &history, frames: round % 9, size: 300)
                try LogWorld.persist([.release(before: history.last)], in: &engine)
                while let order = engine.takePreparation() { engine.adopt(try order.run(on: disk)) }
                #expect(disk.segmentNames.count == engine.segments)
                #expect(engine.segments <= 1 + spares + 1)
            }
        }
    }

    // MARK: Full disks

    private func attempt(
        _ order: SegmentPreparation, on disk: SimulatedDisk
    ) -> Result<PreparedSegment<SimulatedDisk>?, StorageError> {
        do throws(StorageError) { return .success(try order.run(on: disk)) } catch { return .failure(error) }
    }

    /// A log on a full disk, in whose segments nothing more of the usual size fits.
    private func fullLog(
        on disk: SimulatedDisk, firstSize: ByteCount
    ) throws -> (writer: LogWriter<SimulatedDisk>, history: FrameHistory) {
        var options = LogWorld.small
        options.preparesInline = false
        options.firstSegmentSize = firstSize
        var writer = LogWriter(try LogWorld.open(disk, isNew: true, options: options).0)
        var history = FrameHistory()
        history.builder = FrameBuilder(cluster: LogWorld.cluster, compressionThreshold: .mebibytes(1))
        var ticket = WriteTicket.zero
        while disk.segmentNames.count < 6 {
            ticket = ticket.next
            writer.add([LogOrder(ticket: ticket, .append(history.append(1, size: 800), commitIndex: history.last))])
            while try writer.write() != nil { try writer.sync(at: LogReleaseTests.now) }
            let preparation = writer.takePreparation(at: LogReleaseTests.now)
            if let preparation { try writer.finish(attempt(preparation, on: disk), at: LogReleaseTests.now) }
        }
        disk.capacity = disk.used
        while writer.isEmpty {
            ticket = ticket.next
            writer.add([LogOrder(ticket: ticket, .append(history.append(1, size: 800), commitIndex: .zero))])
            while try writer.write() != nil { try writer.sync(at: LogReleaseTests.now) }
            let preparation = writer.takePreparation(at: LogReleaseTests.now)
            if let preparation { try writer.finish(attempt(preparation, on: disk), at: LogReleaseTests.now) }
        }
        #expect(writer.room.isDiskFull)
        return (writer, history)
    }

    @Test(arguments: [4, 2, 9])
    func `a release on a full disk makes room at once, also past what waits for room`(firstKibibytes: Int) throws {
        let disk = SimulatedDisk()
        var (writer, history) = try fullLog(on: disk, firstSize: .kibibytes(firstKibibytes))
        // Nothing is tried again before its time.
        let none = writer.takePreparation(at: LogReleaseTests.now)
        #expect(none == nil)
        let last = WriteTicket(history.last.rawValue + 1)
        writer.add([LogOrder(ticket: last, .release(before: LogIndex(10)))])
        let ahead = try writer.write()
        #expect(ahead?.orders == 0)
        // Its own ticket is told in its turn.
        #expect(try #require(ahead).ticket.rawValue < history.last.rawValue)
        try writer.sync(at: LogReleaseTests.now)
        let nothing = try writer.write()
        #expect(nothing == nil)
        while let order = writer.takePreparation(at: LogReleaseTests.now) {
            try writer.finish(attempt(order, on: disk), at: LogReleaseTests.now)
        }
        #expect(!writer.room.isDiskFull)
        var ticket = WriteTicket.zero
        while let pass = try writer.write() {
            ticket = pass.ticket
            try writer.sync(at: LogReleaseTests.now)
        }
        #expect(ticket == last && writer.isEmpty)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean && recovered.last.index == history.last)
        #expect(
            try LogWorld.frames(in: reopened) == history.frames.filter { $0.header.firstIndex >= recovered.firstIndex })
    }

    // MARK: Cut short

    /// A disk that refuses in the middle of giving files up, and a process that ends then: no gap is left.
    @Test func `what a preparation could not remove goes with the next, in order`() throws {
        let kinds: [StorageError.Operation] = [.remove, .write, .rename, .open]
        for operation in kinds {
            for skip in 0..<4 {
                let disk = SimulatedDisk()
                var options = LogWorld.small
                options.firstSegmentSize = .kibibytes(2)
                var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
                var history = FrameHistory()
                try LogReleaseTests.fill(&engine, &history, frames: 70)
                try LogWorld.persist([.release(before: LogIndex(50))], in: &engine)
                disk.fail(operation, after: skip, reason: .noSpace)
                do throws(LogError) { try engine.prepareNow() } catch {
                    guard case .storage(let found) = error else { throw error }
                    #expect(found.reason == .noSpace)
                }
                for isLater in [false, true] {
                    if isLater {
                        disk.survivesProcess()
                        try LogWorld.persist([.release(before: LogIndex(110))], in: &engine)
                        while let order = engine.takePreparation() { engine.adopt(try order.run(on: disk)) }
                        #expect(disk.segmentNames.count == engine.segments)
                    }
                    let copy = disk.crash(keeps: { _, _ in true }, keepsNames: true)
                    let (_, recovered) = try LogWorld.open(copy, options: options)
                    #expect(!recovered.verdict.isDamage, "\(operation) \(skip): \(recovered.verdict)")
                    #expect(recovered.last.index == history.last)
                }
            }
        }
    }

    @Test(arguments: [0, 50, 100])
    func `a power loss at any call of releases and of their files costs nothing`(chance: Int) throws {
        var random = SplitMix64(seed: 23)
        for calls in stride(from: Int.random(in: 0..<3, using: &random), to: 160, by: 3) {
            let disk = SimulatedDisk()
            var options = LogWorld.small
            options.spareRoom = .kibibytes(8)
            var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
            var history = FrameHistory()
            try LogReleaseTests.fill(&engine, &history, frames: 50, size: 100)
            disk.endPower(afterCalls: calls)
            var synced = history.last
            var kept = LogIndex(1)
            do throws(LogError) {
                for point in [40, 70, 110] as [UInt64] {
                    kept = LogIndex(point)
                    try LogWorld.persist([.release(before: kept)], in: &engine)
                    try engine.prepareNow()
                    try LogReleaseTests.fill(&engine, &history, frames: 12)
                    synced = history.last
                    try engine.prepareNow()
                }
            } catch {}
            disk.losePower(
                keepsName: { _ in Bool.random(using: &random) },
                keepsPiece: { _, _ in Int.random(in: 0..<100, using: &random) < chance })
            let (reopened, recovered) = try LogWorld.open(disk, options: options)
            #expect(!recovered.verdict.isDamage, "after \(calls) calls: \(recovered.verdict)")
            #expect(recovered.firstIndex <= kept && recovered.last.index >= synced)
            let frames = try LogWorld.frames(in: reopened)
            let expected = history.frames.filter { $0.header.firstIndex >= recovered.firstIndex }
            #expect(frames == Array(expected.prefix(frames.count)))
        }
    }
}
