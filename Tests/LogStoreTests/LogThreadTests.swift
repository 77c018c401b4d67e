// The log thread over a disk in memory and over a real directory.

import LogFormat
import Platform
import Simulation
import Synchronization
import Testing
import Vocabulary

@testable import LogStore

/// Collects reports, and lets a test wait for one.
private final class Reports: Sendable {
    private let queue = WorkQueue<LogReport>()
    private let kept = Mutex<[LogReport]>([])

    var all: [LogReport] { kept.withLock { $0 } }

    func take(_ report: LogReport) {
        kept.withLock { $0.append(report) }
        queue.post(report)
    }

    /// Waits until `isEnough` says so of a report; nil after a minute.
    func first(where isEnough: (LogReport) -> Bool) -> LogReport? {
        let deadline = MonotonicClock.now() + .seconds(60)
        var taken: [LogReport] = []
        while MonotonicClock.now() < deadline, queue.takeAll(into: &taken, waitUntil: deadline) {
            if let found = taken.first(where: isEnough) { return found }
        }
        return nil
    }

    func firstPersisted(_ ticket: WriteTicket) -> LogReport? {
        first { if case .persisted(let batch) = $0 { batch.persisted >= ticket } else { false } }
    }
}

@Suite struct LogThreadTests {
    private func orders(_ history: inout FrameHistory, _ tickets: ClosedRange<UInt64>, size: Int) -> [LogOrder] {
        tickets.map { LogOrder(ticket: WriteTicket($0), .append(history.append(1, size: size), commitIndex: .zero)) }
    }

    /// A new log of small segments, which only a thread makes.
    private func engine(on disk: SimulatedDisk) throws -> LogEngine<SimulatedDisk> {
        var options = LogWorld.small
        options.preparesInline = false
        return try LogWorld.open(disk, isNew: true, options: options).0
    }

    @Test func `what was reported as persisted is there, over many segments`() throws {
        let disk = SimulatedDisk()
        let engine = try engine(on: disk)
        let reports = Reports()
        let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
        var history = FrameHistory()
        for batch in 0..<50 as Range<UInt64> {
            thread.post(orders(&history, batch * 10 + 1...batch * 10 + 10, size: 100))
        }
        #expect(reports.firstPersisted(WriteTicket(500)) != nil)
        let crashed = disk.crash(keeps: { _, _ in false })
        thread.stop()
        let (reopened, recovered) = try LogWorld.open(crashed)
        #expect(recovered.verdict == .clean)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a failed sync is reported once and nothing is persisted after it`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        // Else making the next segment could take the failure.
        try engine.prepareNow()
        let reports = Reports()
        let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
        var history = FrameHistory()
        thread.post(orders(&history, 1...2, size: 10))
        #expect(reports.firstPersisted(WriteTicket(2)) != nil)
        disk.fail(.sync)
        thread.post(orders(&history, 3...5, size: 10))
        #expect(reports.first { if case .failed = $0 { true } else { false } } != nil)
        thread.post(orders(&history, 6...7, size: 10))
        thread.stop()
        let persisted = reports.all.compactMap { if case .persisted(let batch) = $0 { batch.persisted } else { nil } }
        #expect(persisted.max() == WriteTicket(2))
        #expect(reports.all.filter { if case .failed = $0 { true } else { false } }.count == 1)
    }

    @Test func `a full disk holds orders back until there is space`() throws {
        let disk = SimulatedDisk()
        let engine = try engine(on: disk)
        disk.capacity = 0
        let reports = Reports()
        let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
        var history = FrameHistory()
        thread.post(orders(&history, 1...30, size: 200))
        // The first segment takes some of them; then the thread says that it cannot prepare another.
        #expect(
            reports.first {
                if case .room(let room) = $0 { room.isDiskFull && room.left < .kibibytes(1) } else { false }
            } != nil)
        disk.capacity = .max
        #expect(reports.firstPersisted(WriteTicket(30)) != nil)
        thread.stop()
    }

    @Test func `a disk counts as full only when a segment could not be made`() throws {
        let disk = SimulatedDisk()
        let engine = try engine(on: disk)
        let reports = Reports()
        let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
        var history = FrameHistory()
        for ticket in 1...100 as ClosedRange<UInt64> { thread.post(orders(&history, ticket...ticket, size: 900)) }
        #expect(reports.firstPersisted(WriteTicket(100)) != nil)
        thread.stop()
        let rooms = reports.all.compactMap { report -> LogRoom? in
            switch report {
            case .persisted(let batch): batch.room
            case .room(let room): room
            case .failed, .held, .holdEnded: nil
            }
        }
        #expect(rooms.contains { $0.left < LogWorld.small.segmentSize })
        #expect(!rooms.contains { $0.isDiskFull })
    }

    // MARK: Holding

    private static func hold(_ time: Duration, waitingMax: ByteCount = .mebibytes(1)) -> LogHoldOrder {
        LogHoldOrder(number: 1, until: MonotonicClock.now() + time, waitingMax: waitingMax)
    }

    @Test func `a log that is held has what was ordered before, and changes nothing until it is released`() throws {
        let disk = SimulatedDisk()
        let engine = try engine(on: disk)
        let reports = Reports()
        let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
        var history = FrameHistory()
        thread.post(orders(&history, 1...50, size: 200))
        thread.hold(Self.hold(.seconds(60)))
        thread.post(orders(&history, 51...60, size: 200))
        #expect(reports.first { if case .held(1) = $0 { true } else { false } } != nil)
        let held = disk.files
        let view = try LogView(of: SimulatedDisk(files: held), identity: LogWorld.identity)
        #expect(view.found.last.index == LogIndex(50) && view.found.verdict == .clean)
        thread.release(hold: 2)
        thread.post(orders(&history, 61...70, size: 200))
        thread.release(hold: 1)
        #expect(reports.firstPersisted(WriteTicket(70)) != nil)
        thread.stop()
        let kinds = reports.all.compactMap { report -> String? in
            switch report {
            case .held: "held"
            case .holdEnded(1, .released, stood: true): "released"
            case .persisted(let batch): batch.persisted > WriteTicket(50) ? "later" : nil
            default: nil
            }
        }
        #expect(kinds.prefix(2) == ["held", "released"] && kinds.dropFirst(2).allSatisfy { $0 == "later" })
        let (reopened, _) = try LogWorld.open(disk)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a hold ends by itself when its time is over, or too much waits, and nothing is lost`() throws {
        for (order, ending) in [
            (Self.hold(.milliseconds(20)), LogHoldEnding.overtime),
            (Self.hold(.seconds(600), waitingMax: .kibibytes(1)), LogHoldEnding.overflow),
        ] {
            let disk = SimulatedDisk()
            let engine = try engine(on: disk)
            let reports = Reports()
            let thread = try LogThread(engine: engine, disk: disk) { reports.take($0) }
            var history = FrameHistory()
            thread.hold(order)
            thread.post(orders(&history, 1...50, size: 200))
            #expect(reports.firstPersisted(WriteTicket(50)) != nil)
            thread.stop()
            let endings = reports.all.compactMap { if case .holdEnded(_, let ending, _) = $0 { ending } else { nil } }
            #expect(endings == [ending])
            let (reopened, _) = try LogWorld.open(disk)
            #expect(try LogWorld.frames(in: reopened) == history.frames)
        }
    }

    @Test func `a held log that is stopped writes what waits`() throws {
        let disk = SimulatedDisk()
        let engine = try engine(on: disk)
        let thread = try LogThread(engine: engine, disk: disk) { _ in }
        var history = FrameHistory()
        thread.hold(Self.hold(.seconds(600)))
        thread.post(orders(&history, 1...5, size: 100))
        thread.stop()
        let (reopened, _) = try LogWorld.open(disk)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a log in a directory is there after a restart`() throws {
        let path = try FileSystem.makeTemporaryDirectory()
        defer { try? FileSystem.removeTree(path) }
        let node = NodeID("n1")!
        var history = FrameHistory()
        do {
            let directory = try DataDirectory.open(path + "/data", cluster: LogWorld.cluster, node: node)
            #expect(directory.isNew)
            let (engine, made) = try directory.openLog()
            #expect(made.verdict == .new)
            let reports = Reports()
            let thread = try LogThread(engine: engine, disk: directory.storage) { reports.take($0) }
            thread.post(orders(&history, 1...20, size: 1000))
            #expect(reports.firstPersisted(WriteTicket(20)) != nil)
            thread.stop()
        }
        let directory = try DataDirectory.open(path + "/data", cluster: LogWorld.cluster, node: node)
        #expect(!directory.isNew)
        let (engine, recovered) = try directory.openLog()
        #expect(recovered.verdict == .clean)
        #expect(recovered.uncommitted == history.frames)
        #expect(engine.identity == directory.identity)
        #expect(try #require(try LogInspection(directory.storage)).verify().isWhole)
    }
}
