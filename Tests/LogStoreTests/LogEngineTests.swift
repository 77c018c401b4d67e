// Writing and reading back: group commit, segments, cuts, releases, full disks and failing syncs.

import LogFormat
import Simulation
import Testing
import Vocabulary

@testable import LogStore

@Suite struct LogEngineTests {
    @Test func `a new log is empty and stays so`() throws {
        let disk = SimulatedDisk()
        let (_, made) = try LogWorld.open(disk, isNew: true)
        #expect(made.verdict == .new)
        let (engine, again) = try LogWorld.open(disk)
        #expect(again.verdict == .clean)
        #expect(again.last == .zero)
        #expect(again.state == LogState())
        #expect(again.firstIndex == LogIndex(1))
        #expect(engine.roomLeft > .kibibytes(3))
    }

    @Test func `many orders share one write and one sync`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        let orders = (1...10).map {
            LogOrder(ticket: WriteTicket($0), .append(history.append(), commitIndex: .zero))
        }
        let (writes, syncs) = (disk.count(.write), disk.count(.sync))
        let written = try engine.write(orders)
        try engine.sync()
        #expect(written == 10)
        #expect(disk.count(.write) == writes + 1)
        #expect(disk.count(.sync) == syncs + 1)
        #expect(try LogWorld.frames(in: engine) == history.frames)
    }

    @Test func `everything is there after a restart, over many segments`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        for number in 0..<200 {
            let frame = history.append(1 + number % 5, size: number)
            try LogWorld.persist(
                [.append(frame, commitIndex: LogIndex(UInt64(number)))], in: &engine)
            if number % 50 == 9 {
                try LogWorld.persist([.ballot(term: Term(UInt64(number)), votedFor: NodeID("n2"))], in: &engine)
            }
        }
        #expect(engine.segments > 5)
        #expect(try LogWorld.frames(in: engine) == history.frames)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.last.index == history.last)
        #expect(recovered.lastChecksum == history.frames.last?.header.checksum)
        #expect(recovered.commitIndex == LogIndex(199))
        #expect(recovered.uncommitted == history.frames.filter { $0.header.lastIndex > LogIndex(199) })
        #expect(recovered.state.term == Term(159))
        #expect(recovered.state.votedFor == NodeID("n2"))
        #expect(recovered.counts.entries == Int(history.last.rawValue))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a frame larger than a segment gets one of its size`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        history.builder = FrameBuilder(cluster: LogWorld.cluster, compressionThreshold: .mebibytes(1))
        for size in [10, 20_000, 10, 9000, 9000, 10] {
            try LogWorld.persist([.append(history.append(1, size: size), commitIndex: .zero)], in: &engine)
        }
        #expect(try LogWorld.frames(in: engine) == history.frames)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a log cut and written again reads as written last`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        var random = SplitMix64(seed: 11)
        for round in 1...60 as ClosedRange<UInt64> {
            var actions: [LogOrder.Action] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                actions.append(
                    .append(
                        history.append(Int.random(in: 1...3, using: &random), size: 60, term: round),
                        commitIndex: .zero))
            }
            if let victim = history.frames.randomElement(using: &random) {
                history.cut(from: victim.header.firstIndex)
                actions.append(.truncate(from: victim.header.firstIndex))
            }
            actions.append(.append(history.append(2, size: 30, term: round), commitIndex: .zero))
            try LogWorld.persist(actions, in: &engine)
            #expect(try LogWorld.frames(in: engine) == history.frames)
        }
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.uncommitted == history.frames)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a log can be cut to nothing`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine)
        try LogWorld.persist([.truncate(from: LogIndex(1))], in: &engine)
        history.cut(from: LogIndex(1))
        var (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.last == .zero)
        #expect(recovered.lastChecksum == 0)
        try LogWorld.persist([.append(history.append(3, term: 2), commitIndex: .zero)], in: &reopened)
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `released segments go, are used again, and never shine through`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        var kept = LogIndex(1)
        for number in 0..<400 {
            let frame = history.append(2, size: 100 + number % 37)
            try LogWorld.persist([.append(frame, commitIndex: frame.header.lastIndex)], in: &engine)
            if number % 40 == 39 {
                kept = LogIndex(history.last.rawValue - 20)
                try LogWorld.persist([.release(before: kept)], in: &engine)
                #expect(engine.reader().bounds.first <= kept)
                try engine.prepareNow()
            }
            if number % 90 == 89 {
                let recovered: RecoveredLog
                (engine, recovered) = try LogWorld.open(disk)
                #expect(recovered.verdict == .clean)
                #expect(recovered.last.index == history.last)
                #expect(recovered.firstIndex <= kept)
            }
        }
        #expect(engine.segments <= 8)
        #expect(try LogWorld.frames(in: engine, from: kept) == history.frames.filter { $0.header.lastIndex >= kept })
        var reader = engine.reader()
        #expect(throws: LogError.released(asked: LogIndex(1), first: reader.bounds.first)) {
            try reader.readFrames(from: LogIndex(1), byteLimit: .zero)
        }
    }

    @Test func `no segment is made from the reserve`() throws {
        let disk = SimulatedDisk()
        var options = LogWorld.small
        options.reserve = .kibibytes(100)
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        let order = engine.takePreparation()
        let preparation = try #require(order)
        let free = options.segmentSize + options.reserve
        disk.capacity = disk.used + free.rawValue - 1
        let before = try disk.list()
        do throws(StorageError) {
            _ = try preparation.run(on: disk)
            Issue.record("made from the reserve")
        } catch {
            #expect(error.reason == .noSpace)
            #expect(error.text.contains("100KiB of them are the reserve"))
        }
        #expect(try disk.list() == before)
        disk.capacity += 1
        #expect(try preparation.run(on: disk) != nil)
    }

    @Test func `as many segments are kept ready as hold the spare room, and those too many are removed`() throws {
        let disk = SimulatedDisk()
        var options = LogWorld.small
        options.spareRoom = .kibibytes(10)
        #expect(options.spareSegments == 3)
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        while let order = engine.takePreparation() { engine.adopt(try order.run(on: disk)) }
        #expect(try disk.list().count == 4)
        #expect(engine.roomLeft >= options.spareRoom)
        disk.capacity = 0
        // Three of the four segments go: what is left is in use.
        var history = FrameHistory()
        while engine.segments > 1, engine.roomLeft > .kibibytes(5) {
            try LogWorld.persist([.append(history.append(1, size: 300), commitIndex: .zero)], in: &engine)
        }
        var recovered: RecoveredLog
        (engine, recovered) = try LogWorld.open(disk, options: options)
        #expect(recovered.verdict == .clean)
        #expect(try LogWorld.frames(in: engine) == history.frames)
        disk.capacity = .max
        while let order = engine.takePreparation() { engine.adopt(try order.run(on: disk)) }
        let count = try disk.list().count
        (engine, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(try disk.list().count == count - 2)
        #expect(try LogWorld.frames(in: engine) == history.frames)
    }

    @Test func `a full disk refuses a frame and keeps room for a vote`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        disk.capacity = 0
        var history = FrameHistory()
        var refused = false
        while !refused {
            let frame = history.append(1, size: 200)
            do throws(LogError) {
                try LogWorld.persist([.append(frame, commitIndex: .zero)], in: &engine)
            } catch {
                guard case .noRoom = error else { throw error }
                refused = true
            }
        }
        history.cut(from: history.last)
        let before = engine.roomLeft
        try LogWorld.persist([.ballot(term: Term(9), votedFor: nil)], in: &engine)
        #expect(engine.roomLeft < before)
        disk.capacity = .max
        try LogWorld.persist([.append(history.append(1, size: 200), commitIndex: .zero)], in: &engine)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.state.term == Term(9))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a failed sync stops the log for good`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        try LogWorld.persist([.append(history.append(), commitIndex: .zero)], in: &engine)
        disk.fail(.sync)
        let lost = LogOrder(ticket: WriteTicket(2), .append(history.append(), commitIndex: .zero))
        _ = try engine.write([lost])
        #expect(throws: LogError.self) { try engine.sync() }
        #expect(throws: LogError.stopped) { try engine.sync() }
        #expect(throws: LogError.stopped) { try engine.write([lost]) }
        let (_, recovered) = try LogWorld.open(disk.crash(keeps: { _, _ in false }))
        #expect(recovered.last.index == LogIndex(1))
        #expect(recovered.state.fence == nil)
    }

    @Test func `a failed write stops the log for good`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        disk.fail(.write)
        let lost = LogOrder(ticket: WriteTicket(2), .append(history.append(), commitIndex: .zero))
        #expect(throws: LogError.self) { try engine.write([lost]) }
        #expect(throws: LogError.stopped) { try engine.write([lost]) }
    }

    @Test func `a segment of another storage is refused and left alone`() throws {
        let disk = SimulatedDisk()
        _ = try LogWorld.open(disk, isNew: true)
        let before = disk.files
        let other = LogIdentity(cluster: LogWorld.cluster, node: NodeID("n2")!, storage: StorageID(high: 9, low: 9))
        #expect(throws: LogError.self) {
            try LogEngine.open(disk, identity: other, isNew: false, now: .zero)
        }
        #expect(throws: LogError.self) {
            try LogEngine.open(disk, identity: other, isNew: true, now: .zero)
        }
        #expect(disk.files == before)
    }

    @Test func `a reader sees what the writer adds`() throws {
        let disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var reader = engine.reader()
        var history = FrameHistory()
        #expect(throws: LogError.beyondEnd(asked: LogIndex(1), last: .zero)) {
            try reader.readFrames(from: LogIndex(1), byteLimit: .zero)
        }
        for _ in 0..<100 {
            let frame = history.append(3, size: 50)
            try LogWorld.persist([.append(frame, commitIndex: .zero)], in: &engine)
            let middle = frame.header.firstIndex.next
            #expect(try reader.readFrames(from: middle, byteLimit: .mebibytes(1)) == [frame])
        }
        #expect(try reader.readFrames(from: LogIndex(1), byteLimit: .mebibytes(1)).first == history.frames[0])
    }

    @Test func `a run holds the same frames as single ones, contiguous as a message carries them`() throws {
        let (_, engine, history) = try LogScrubTests.log()
        var reader = engine.reader()
        var run = FrameRun()
        for first in 1...history.last.rawValue {
            for limit in [0, 300, 1000, 1 << 20] {
                let frames = try reader.readFrames(from: LogIndex(first), byteLimit: ByteCount(limit))
                try reader.readRun(from: LogIndex(first), byteLimit: ByteCount(limit), into: &run)
                #expect(run.frames.indices.map { run.frame(at: $0) } == frames)
                #expect(run.bytes == frames.flatMap(\.bytes))
                #expect(run.bytes.count <= limit || frames.count == 1)
            }
        }
        let behind = history.last.next
        #expect(throws: LogError.beyondEnd(asked: behind, last: history.last)) {
            try reader.readRun(from: behind, byteLimit: .zero, into: &run)
        }
    }
}

@Suite struct SegmentNameTests {
    @Test func `only the names that the log itself gives are those of segments`() {
        for sequence in [1, 2, 10, 1 << 62] as [UInt64] {
            #expect(SegmentName.sequence(of: SegmentName.text(sequence)) == sequence)
        }
        for sequence in [0, 1 << 62 + 1, .max] as [UInt64] {
            #expect(SegmentName.sequence(of: SegmentName.text(sequence)) == nil, "\(sequence)")
        }
        for name in ["wal-1.seg", "wal-00000000000000000001.seg.tmp", "xwal-00000000000000000001.seg", "wal-", ""] {
            #expect(SegmentName.sequence(of: name) == nil, "\(name)")
        }
    }
}
