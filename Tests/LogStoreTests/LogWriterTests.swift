// Group commit without its thread: what a pass reports, and when a log at rest is sealed.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

@Suite struct LogWriterTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func writer(
        on disk: SimulatedDisk, preparesInline: Bool = true
    ) throws -> LogWriter<SimulatedDisk> {
        var options = LogWorld.small
        options.preparesInline = preparesInline
        return LogWriter(try LogWorld.open(disk, isNew: true, options: options).0)
    }

    private func orders(_ history: inout FrameHistory, _ ticket: UInt64, frames: Int, size: Int) -> [LogOrder] {
        (0..<frames).map { _ in
            LogOrder(ticket: WriteTicket(ticket), .append(history.append(1, size: size), commitIndex: .zero))
        }
    }

    private var bulkyHistory: FrameHistory {
        var history = FrameHistory()
        history.builder = FrameBuilder(cluster: LogWorld.cluster, compressionThreshold: .mebibytes(1))
        return history
    }

    // MARK: Tickets

    @Test func `a pass that ends between two orders of one ticket reports the ticket before it`() throws {
        var writer = try writer(on: SimulatedDisk())
        var history = bulkyHistory
        writer.add(orders(&history, 1, frames: 1, size: 100))
        writer.add(orders(&history, 2, frames: 9, size: 1500))
        let pass = try writer.write()
        let first = try #require(pass)
        #expect((2..<10).contains(first.orders))
        #expect(first.ticket == WriteTicket(1))
        try writer.sync(at: LogWriterTests.start)
        var written = first.orders
        while let pass = try writer.write() {
            written += pass.orders
            #expect(pass.ticket == WriteTicket(written == 10 ? 2 : 1))
            try writer.sync(at: LogWriterTests.start)
        }
        #expect(written == 10)
        #expect(writer.isEmpty)
    }

    @Test func `a first ticket that is not whole is none`() throws {
        var writer = try writer(on: SimulatedDisk())
        var history = bulkyHistory
        writer.add(orders(&history, 1, frames: 9, size: 1500))
        let pass = try writer.write()
        #expect(try #require(pass).orders < 9)
        #expect(pass?.ticket == .zero)
    }

    /// The naive twin: the newest ticket none of whose orders is left.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a pass reports the newest ticket that is written to its end`(seed: UInt64) throws {
        var writer = try writer(on: SimulatedDisk())
        var random = SplitMix64(seed: seed)
        var history = bulkyHistory
        var all: [WriteTicket] = []
        var written = 0
        for ticket in 1...40 as ClosedRange<UInt64> {
            let new = orders(
                &history, ticket, frames: Int.random(in: 1...6, using: &random),
                size: Int.random(in: 1...1500, using: &random))
            all += new.map(\.ticket)
            writer.add(new)
            guard Bool.random(using: &random), let pass = try writer.write() else { continue }
            written += pass.orders
            let left = Set(all[written...])
            #expect(pass.ticket == all[..<written].last { !left.contains($0) } ?? .zero)
            #expect(pass.orders == pass.entries)
            try writer.sync(at: LogWriterTests.start)
        }
    }

    @Test func `what waits for a segment is written once there is one`() throws {
        let disk = SimulatedDisk()
        var writer = try writer(on: disk, preparesInline: false)
        var history = bulkyHistory
        writer.add(orders(&history, 1, frames: 4, size: 1500))
        let pass = try writer.write()
        #expect(pass?.orders == 2)
        try writer.sync(at: LogWriterTests.start)
        let none = try writer.write()
        #expect(none == nil)
        #expect(!writer.isEmpty)
        disk.capacity = disk.used
        let first = writer.takePreparation(at: LogWriterTests.start)
        let refused = try #require(first)
        let twice = writer.takePreparation(at: LogWriterTests.start)
        #expect(twice == nil)
        try writer.finish(result(of: refused, on: disk), at: LogWriterTests.start)
        #expect(writer.room.isDiskFull)
        // No second try before its time.
        #expect(writer.nextDeadline == LogWriterTests.start + .seconds(1))
        let early = writer.takePreparation(at: LogWriterTests.start)
        #expect(early == nil)
        disk.capacity = .max
        let later = LogWriterTests.start + .seconds(1)
        let retry = writer.takePreparation(at: later)
        let order = try #require(retry)
        try writer.finish(result(of: order, on: disk), at: later)
        #expect(!writer.room.isDiskFull)
        let second = try writer.write()
        #expect(second?.orders == 2)
        #expect(second?.ticket == WriteTicket(1))
    }

    private func result(
        of order: SegmentPreparation, on disk: SimulatedDisk
    ) -> Result<PreparedSegment<SimulatedDisk>?, StorageError> {
        do throws(StorageError) { return .success(try order.run(on: disk)) } catch { return .failure(error) }
    }

    // MARK: Sealing

    /// A log of three batches, and the frame that the last one holds.
    private func threeBatches(
        on disk: SimulatedDisk
    ) throws -> (writer: LogWriter<SimulatedDisk>, history: FrameHistory) {
        var writer = try writer(on: disk)
        var history = FrameHistory()
        for ticket in 1...3 as ClosedRange<UInt64> {
            writer.add(orders(&history, ticket, frames: 1, size: 50))
            _ = try writer.write()
            try writer.sync(at: LogWriterTests.start)
        }
        return (writer, history)
    }

    @Test func `a log at rest is sealed once`() throws {
        let disk = SimulatedDisk()
        var (writer, history) = try threeBatches(on: disk)
        let due = LogWriterTests.start + LogWriter<SimulatedDisk>.sealDelay
        #expect(!writer.isSealed)
        #expect(writer.nextDeadline == due)
        let (writes, syncs) = (disk.count(.write), disk.count(.sync))
        try writer.sealIfDue(at: LogWriterTests.start + (LogWriter<SimulatedDisk>.sealDelay - .nanoseconds(1)))
        #expect(disk.count(.write) == writes)
        try writer.sealIfDue(at: due)
        #expect(writer.isSealed)
        #expect(writer.nextDeadline == nil)
        #expect(disk.count(.write) == writes + 1)
        #expect(disk.count(.sync) == syncs + 1)
        try writer.sealIfDue(at: due + .seconds(10))
        #expect(disk.count(.write) == writes + 1)
        // Not while something waits, and again after each batch.
        writer.add(orders(&history, 4, frames: 1, size: 50))
        _ = try writer.write()
        try writer.sync(at: due)
        writer.add(orders(&history, 5, frames: 1, size: 50))
        try writer.sealIfDue(at: due + .seconds(1))
        #expect(!writer.isSealed)
        let (reopened, recovered) = try LogWorld.open(disk.crash(keeps: { _, _ in true }))
        #expect(recovered.verdict == .clean)
        #expect(try LogWorld.frames(in: reopened) == Array(history.frames.prefix(4)))
    }

    @Test(arguments: [true, false])
    func `damage to the newest batch is damage when it is sealed, and a torn tail before`(isSealed: Bool) throws {
        let disk = SimulatedDisk()
        var (writer, history) = try threeBatches(on: disk)
        if isSealed {
            try writer.sealIfDue(at: LogWriterTests.start + LogWriter<SimulatedDisk>.sealDelay)
        }
        let newest = try #require(DiskRecord.all(on: disk).last { $0.isFrame })
        disk.flipBit(8 * newest.range.lowerBound + 500, of: newest.file)
        disk.losePower(keepsName: { _ in false }, keepsPiece: { _, _ in false })
        let (engine, recovered) = try LogWorld.open(disk)
        #expect(try LogWorld.frames(in: engine) == Array(history.frames.prefix(2)))
        switch recovered.verdict {
        case .damaged(let damage, let copies):
            #expect(isSealed)
            #expect(damage.offset == newest.range.lowerBound)
            #expect(recovered.state.fence == LogIndex(3))
            #expect(!copies.isEmpty)
        case .tornTail:
            #expect(!isSealed)
            #expect(recovered.state.fence == nil)
        default: Issue.record("\(recovered.verdict)")
        }
    }

    @Test func `a log without room is not sealed, and asks again later`() throws {
        let disk = SimulatedDisk()
        var writer = try writer(on: disk, preparesInline: false)
        var term: UInt64 = 0
        while writer.room.left.rawValue >= LogChain.stateLength {
            term += 1
            writer.add([LogOrder(ticket: WriteTicket(term), .ballot(term: Term(term), votedFor: nil))])
            _ = try writer.write()
            try writer.sync(at: LogWriterTests.start)
        }
        let writes = disk.count(.write)
        var now = LogWriterTests.start
        for _ in 0..<5 {
            let deadline = try #require(writer.nextDeadline)
            #expect(deadline > now)
            now = deadline
            try writer.sealIfDue(at: now)
            #expect(!writer.isSealed)
            #expect(disk.count(.write) == writes)
        }
        let preparation = writer.takePreparation(at: now)
        let order = try #require(preparation)
        try writer.finish(result(of: order, on: disk), at: now)
        try writer.sealIfDue(at: try #require(writer.nextDeadline))
        #expect(writer.isSealed)
        let (_, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.state.term == Term(term))
    }
}
