// A log that begins anew behind a snapshot: all of it or nothing, whatever ends the process in between.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

@Suite struct LogRestartTests {
    /// A log of several segments, with a vote, and its last entry at 40.
    static func log(on disk: SimulatedDisk) throws -> (engine: LogEngine<SimulatedDisk>, history: FrameHistory) {
        var (engine, _) = try LogWorld.open(disk, isNew: true)
        var history = FrameHistory()
        for number in 0..<20 {
            let frame = history.append(2, size: 200 + number)
            try LogWorld.persist([.append(frame, commitIndex: LogIndex(30))], in: &engine)
        }
        try LogWorld.persist([.ballot(term: Term(7), votedFor: NodeID("n3"))], in: &engine)
        return (engine, history)
    }

    private func prepareAll(_ engine: inout LogEngine<SimulatedDisk>) throws(LogError) {
        for _ in 0..<4 { try engine.prepareNow() }
    }

    @Test func `a restart gives up all that was there, and the log goes on behind it`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        #expect(engine.segments >= 3)
        var stale = engine.reader()
        _ = try stale.readFrames(from: LogIndex(1), byteLimit: .zero)
        try LogWorld.persist([history.restart(6, 1000, checksum: 0xABCD)], in: &engine)
        #expect(engine.last == history.start)
        #expect(engine.state.term == Term(7) && engine.state.votedFor == NodeID("n3"))
        #expect(stale.bounds == (LogIndex(1001), LogIndex(1000)))
        for index in [1, 40, 1000] as [UInt64] {
            #expect(throws: LogError.released(asked: LogIndex(index), first: LogIndex(1001))) {
                try stale.readFrames(from: LogIndex(index), byteLimit: .zero)
            }
        }
        try prepareAll(&engine)
        // One to write, one to spare.
        #expect(try disk.list().count == 2 && engine.segments == 2)
        try LogWorld.persist([.append(history.append(3, term: 7), commitIndex: LogIndex(1000))], in: &engine)
        #expect(try LogWorld.frames(in: engine) == history.frames)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.firstIndex == LogIndex(1001) && recovered.last.index == LogIndex(1003))
        #expect(recovered.commitIndex == LogIndex(1000))
        #expect(recovered.uncommitted == history.frames)
        #expect(recovered.state.term == Term(7) && recovered.state.votedFor == NodeID("n3"))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `what goes on from a position is told from what does not`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        for frame in history.frames {
            let header = frame.header
            let end = LogPosition(term: header.term, index: header.lastIndex)
            #expect(try engine.goesOn(from: end, checksum: header.checksum))
            #expect(try !engine.goesOn(from: end, checksum: header.checksum ^ 1))
            #expect(try !engine.goesOn(from: LogPosition(term: Term(2), index: end.index), checksum: header.checksum))
            let inside = LogPosition(term: header.term, index: header.firstIndex)
            #expect(try !engine.goesOn(from: inside, checksum: header.checksum))
        }
        #expect(try engine.goesOn(from: .zero, checksum: 0))
        #expect(try !engine.goesOn(from: LogPosition(term: Term(1), index: LogIndex(41)), checksum: 0))
        try LogWorld.persist([history.restart(6, 1000, checksum: 5)], in: &engine)
        #expect(try engine.goesOn(from: history.start, checksum: 5))
        #expect(try !engine.goesOn(from: LogPosition(term: Term(6), index: LogIndex(999)), checksum: 5))
        try LogWorld.persist([.append(history.append(1, term: 6), commitIndex: .zero)], in: &engine)
        #expect(try engine.goesOn(from: LogPosition(term: Term(6), index: LogIndex(1000)), checksum: 5))
        #expect(try !engine.goesOn(from: LogPosition(term: Term(6), index: LogIndex(999)), checksum: 5))
    }

    @Test func `another history behind what is committed is given up, and may be cut again`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        var stale = engine.reader()
        _ = try stale.readFrames(from: LogIndex(39), byteLimit: .zero)
        try LogWorld.persist([history.restart(4, 34, checksum: 9)], in: &engine)
        #expect(throws: LogError.beyondEnd(asked: LogIndex(39), last: LogIndex(34))) {
            try stale.readFrames(from: LogIndex(39), byteLimit: .zero)
        }
        try LogWorld.persist([.append(history.append(4, term: 7), commitIndex: .zero)], in: &engine)
        history.cut(from: LogIndex(35))
        try LogWorld.persist([.truncate(from: LogIndex(35))], in: &engine)
        #expect(engine.last == history.start)
        try LogWorld.persist([.append(history.append(1, term: 8), commitIndex: .zero)], in: &engine)
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.firstIndex == LogIndex(35))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a restart that would give up what counts traps`() async {
        await #expect(processExitsWith: .failure) {
            var (engine, _) = try LogRestartTests.log(on: SimulatedDisk())
            // 30 is known to be committed.
            let position = LogPosition(term: Term(6), index: LogIndex(29))
            try LogWorld.persist([.restart(at: position, checksum: 1)], in: &engine)
        }
        await #expect(processExitsWith: .failure) {
            var (engine, history) = try LogRestartTests.log(on: SimulatedDisk())
            // What stands behind this entry may have been acknowledged.
            let header = history.frames[16].header
            let position = LogPosition(term: header.term, index: header.lastIndex)
            try LogWorld.persist([.restart(at: position, checksum: header.checksum)], in: &engine)
        }
        await #expect(processExitsWith: .failure) {
            var (engine, _) = try LogRestartTests.log(on: SimulatedDisk())
            try LogWorld.persist([.release(before: LogIndex(30))], in: &engine)
            // Nobody has what lies between.
            let position = LogPosition(term: Term(1), index: LogIndex(12))
            try LogWorld.persist([.restart(at: position, checksum: 1)], in: &engine)
        }
        await #expect(processExitsWith: .failure) {
            var (engine, _) = try LogRestartTests.log(on: SimulatedDisk())
            try LogWorld.persist([.raiseFence(LogIndex(39))], in: &engine)
            let position = LogPosition(term: Term(1), index: LogIndex(12))
            try LogWorld.persist([.restart(at: position, checksum: 1)], in: &engine)
        }
        await #expect(processExitsWith: .success) {
            var (engine, history) = try LogRestartTests.log(on: SimulatedDisk())
            let header = history.frames[16].header
            let position = LogPosition(term: header.term, index: header.lastIndex)
            try LogWorld.persist([.restart(at: position, checksum: header.checksum ^ 1)], in: &engine)
        }
    }

    @Test func `a node that says what it lacks may begin anew before what is committed`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        try LogWorld.persist([.raiseFence(LogIndex(40)), history.restart(1, 12, checksum: 8)], in: &engine)
        while history.last < LogIndex(28) {
            try LogWorld.persist([.append(history.append(2), commitIndex: .zero)], in: &engine)
        }
        let (reopened, recovered) = try LogWorld.open(disk)
        #expect(recovered.verdict == .clean)
        #expect(recovered.state.fence == LogIndex(40))
        #expect(recovered.commitIndex == LogIndex(28))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a restart is the first order of a log that was opened behind its snapshot`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        var recovered: RecoveredLog
        (engine, recovered) = try LogWorld.open(disk)
        let position = LogPosition(term: Term(6), index: LogIndex(90))
        recovered = try engine.restart(recovered, at: position, checksum: 77)
        #expect(recovered.last == position && recovered.lastChecksum == 77)
        #expect(recovered.firstIndex == LogIndex(91) && recovered.commitIndex == LogIndex(90))
        #expect(recovered.uncommitted.isEmpty)
        _ = history.restart(6, 90, checksum: 77)
        try LogWorld.persist([.append(history.append(2, term: 7), commitIndex: .zero)], in: &engine)
        let (reopened, again) = try LogWorld.open(disk.crash(keeps: { _, _ in false }))
        #expect(again.verdict == .clean)
        #expect(again.firstIndex == LogIndex(91))
        #expect(try LogWorld.frames(in: reopened) == history.frames)
    }

    @Test func `a full disk does not stop a restart, which frees it`() throws {
        let disk = SimulatedDisk()
        var (engine, history) = try LogRestartTests.log(on: disk)
        disk.capacity = disk.used
        while engine.segments > 1, engine.roomLeft.rawValue > 2000 {
            try LogWorld.persist([.append(history.append(1, size: 150), commitIndex: .zero)], in: &engine)
        }
        let before = engine.roomLeft
        try LogWorld.persist([history.restart(6, 1000, checksum: 1)], in: &engine)
        try prepareAll(&engine)
        #expect(engine.roomLeft > before)
        for _ in 0..<100 {
            let frame = history.append(1, size: 300, term: 6)
            try LogWorld.persist([.append(frame, commitIndex: frame.header.lastIndex)], in: &engine)
            try LogWorld.persist([.release(before: frame.header.firstIndex)], in: &engine)
            try prepareAll(&engine)
        }
        #expect(engine.last.index == LogIndex(1100))
    }

    /// The log before and after, and whatever ends the process or the power at any call in between, with any part of
    /// what was not synced: one of both is what a start finds, whole.
    @Test(arguments: [0, 35, 100])
    func `a restart that is cut short anywhere is not there, or there at all`(chance: Int) throws {
        var random = SplitMix64(seed: 17)
        for calls in 0..<60 {
            let disk = SimulatedDisk()
            var (engine, old) = try LogRestartTests.log(on: disk)
            var new = old
            let restart = calls.isMultiple(of: 2) ? new.restart(6, 1000, checksum: 3) : new.restart(6, 33, checksum: 3)
            disk.endPower(afterCalls: calls)
            var isPersisted = false
            var isWhole = false
            do throws(LogError) {
                try LogWorld.persist([restart], in: &engine)
                isPersisted = true
                try prepareAll(&engine)
                try LogWorld.persist([.append(new.append(1, term: 7), commitIndex: .zero)], in: &engine)
                isWhole = true
            } catch {}
            if chance == 100 {
                disk.survivesProcess()
            } else {
                disk.losePower(
                    keepsName: { _ in Bool.random(using: &random) },
                    keepsPiece: { _, _ in Int.random(in: 0..<100, using: &random) < chance })
            }
            // The start is cut short too, and then the next one is not.
            disk.endPower(afterCalls: Int.random(in: 0..<80, using: &random))
            _ = try? LogWorld.open(disk)
            disk.losePower(keepsName: { _ in false }, keepsPiece: { _, _ in false })
            let (reopened, recovered) = try LogWorld.open(disk)
            #expect(!recovered.verdict.isDamage && recovered.state.fence == nil, "after \(calls) calls")
            #expect(recovered.state.term == Term(7) && recovered.state.votedFor == NodeID("n3"))
            let frames = try LogWorld.frames(in: reopened)
            if reopened.reader().bounds.first == LogIndex(1) {
                #expect(!isPersisted && frames == old.frames, "after \(calls) calls")
            } else {
                #expect(recovered.firstIndex == new.start.index.next, "after \(calls) calls")
                #expect(frames == new.frames || frames.isEmpty && !isWhole, "after \(calls) calls")
            }
        }
    }

    /// A start may find what was written and never synced, because only the process has ended. It may not remove a file
    /// for it before it has made sure that it stays.
    @Test(arguments: [true, false])
    func `files go at a start once what gives them up is on stable storage`(isRestart: Bool) throws {
        var calls = 0
        var isCut = true
        while isCut {
            let disk = SimulatedDisk()
            var (engine, history) = try LogRestartTests.log(on: disk)
            let old = history.frames
            let action = isRestart ? history.restart(6, 1000, checksum: 3) : .release(before: LogIndex(30))
            _ = try engine.write([LogOrder(ticket: WriteTicket(1), action)])
            disk.survivesProcess()
            disk.endPower(afterCalls: calls)
            do throws(LogError) {
                _ = try LogWorld.open(disk)
                isCut = false
            } catch {}
            disk.losePower(keepsName: { _ in true }, keepsPiece: { _, _ in false })
            let (reopened, recovered) = try LogWorld.open(disk)
            #expect(!recovered.verdict.isDamage, "after \(calls) calls: \(recovered.verdict)")
            #expect(recovered.state.term == Term(7) && recovered.state.votedFor == NodeID("n3"))
            let frames = try LogWorld.frames(in: reopened)
            if isRestart, recovered.firstIndex == LogIndex(1001) {
                #expect(frames.isEmpty)
            } else {
                #expect(frames == Array(old.suffix(frames.count)) && frames.count >= 6, "after \(calls) calls")
            }
            calls += 1
        }
        #expect(calls > 30)
    }
}
