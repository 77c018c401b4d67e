// Random lives of a log, with crashes at any call, against a plain list of what it was told.

import LogFormat
import Testing
import Vocabulary

@testable import LogStore
@testable import Simulation

/// What the log must hold: the naive twin.
private struct LogModel {
    var history = FrameHistory()
    var committed = LogIndex.zero
    /// The first index that was never given up.
    var kept = LogIndex(1)
    var term = Term(1)
    var votedFor: NodeID?

    /// Draws the next order, and carries it out.
    mutating func draw(_ random: inout SplitMix64) -> LogOrder.Action {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            term = term.next
            votedFor = NodeID("n\(Int.random(in: 1...3, using: &random))")
            return .ballot(term: term, votedFor: votedFor)
        case 1, 2:
            let cut = history.frames.suffix(3).first { $0.header.firstIndex > committed }
            guard let from = cut?.header.firstIndex else { return append(&random) }
            history.cut(from: from)
            return .truncate(from: from)
        case 3, 4:
            let index = LogIndex(UInt64.random(in: 0...committed.rawValue + 1, using: &random))
            kept = max(kept, index)
            return .release(before: index)
        case 5: return restart(&random)
        default: return append(&random)
        }
    }

    private mutating func append(_ random: inout SplitMix64) -> LogOrder.Action {
        let frame = history.append(
            Int.random(in: 1...3, using: &random), size: Int.random(in: 1...250, using: &random), term: term.rawValue)
        let uncommitted = history.last - committed
        committed = LogIndex(committed.rawValue + UInt64(Int.random(in: 0...max(0, uncommitted - 2), using: &random)))
        return .append(frame, commitIndex: committed)
    }

    /// Behind the end, or in another history that goes on from what is committed.
    private mutating func restart(_ random: inout SplitMix64) -> LogOrder.Action {
        let isAhead = Bool.random(using: &random) || committed == .zero
        let index = isAhead ? history.last.rawValue + UInt64.random(in: 1...50, using: &random) : committed.rawValue
        let action = history.restart(term.rawValue, index, checksum: UInt32.random(in: 0...(.max), using: &random))
        committed = history.last
        kept = history.last.next
        return action
    }

    func frames(from index: LogIndex) -> [Frame] { history.frames.filter { $0.header.firstIndex >= index } }

    /// What is wrong with a log that should be this one; nil when nothing is.
    func complaint(about engine: LogEngine<SimulatedDisk>, _ reader: inout LogReader<SimulatedDisk>) -> String? {
        let first = reader.bounds.first
        guard engine.last.index == history.last, first <= kept else {
            return "\(first) to \(engine.last), not \(kept) to \(history.last)"
        }
        // A log without frames may have been released up to here, or begun anew.
        let lastChecksum = history.frames.last?.header.checksum ?? history.startChecksum
        let lastTerm = history.frames.last?.header.term ?? history.start.term
        guard engine.last.term == lastTerm, engine.chain.link.lastChecksum == lastChecksum else {
            return "another end: \(engine.last)"
        }
        guard engine.state.term == term || engine.state.term == .zero, engine.state.votedFor == votedFor else {
            return "another vote: \(engine.state)"
        }
        guard let found = try? LogWorld.frames(in: engine), found == frames(from: first) else { return "other frames" }
        guard let frame = frames(from: kept).first else { return nil }
        guard let old = try? reader.readFrames(from: frame.header.lastIndex, byteLimit: .zero) else {
            return "\(frame.header.lastIndex) cannot be read"
        }
        var run = FrameRun()
        do throws(LogError) { try reader.readRun(from: first, byteLimit: ByteCount(900), into: &run) } catch {
            return "\(first) cannot be read"
        }
        guard run.frames.indices.map({ run.frame(at: $0) }) == Array(found.prefix(run.frames.count)) else {
            return "another run at \(first)"
        }
        return old == [frame] ? nil : "another frame at \(frame.header.firstIndex)"
    }
}

@Suite struct LogModelTests {
    @Test(arguments: 1...48 as ClosedRange<UInt64>)
    func `what was not given up is there and equal, through releases, restarts, cuts and crashes`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var options = LogWorld.small
        options.segmentSize = .kibibytes(Int(1 + seed % 5 * 2))
        options.spareRoom = .kibibytes(Int(seed % 3) * 5)
        var disk = SimulatedDisk()
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        var model = LogModel()
        for round in 0..<40 {
            var reader = engine.reader()
            // What the log may be after a crash: what was synced, and a beginning of what was ordered since.
            var candidates = [model]
            if Bool.random(using: &random) { disk.endPower(afterCalls: Int.random(in: 0..<90, using: &random)) }
            do throws(LogError) {
                for _ in 0..<Int.random(in: 1...12, using: &random) {
                    while Int.random(in: 0..<3, using: &random) > 0 { try engine.prepareNow() }
                    let orders = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                        let action = model.draw(&random)
                        candidates.append(model)
                        return LogOrder(ticket: .zero, action)
                    }
                    var written = 0
                    while written < orders.count {
                        written += try engine.write(orders, from: written)
                        if written == orders.count, Int.random(in: 0..<8, using: &random) == 0 { break }
                        try engine.sync()
                        if written == orders.count { candidates = [model] }
                    }
                    let complaint = model.complaint(about: engine, &reader)
                    #expect(complaint == nil || disk.isPowerGone, "round \(round): \(complaint ?? "")")
                }
            } catch {
                #expect(disk.isPowerGone, "round \(round): \(error)")
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                disk.survivesProcess()
            } else {
                let chance = [0, 50, 100].randomElement(using: &random) ?? 0
                disk = disk.crash(
                    keeps: { _, _ in Int.random(in: 0..<100, using: &random) < chance },
                    keepsNames: Bool.random(using: &random))
            }
            if Bool.random(using: &random) {
                // A start that is cut short first.
                disk.endPower(afterCalls: Int.random(in: 0..<120, using: &random))
                _ = try? LogWorld.open(disk, options: options)
                disk.losePower(keepsName: { _ in Bool.random(using: &random) }, keepsPiece: { _, _ in false })
            }
            let recovered: RecoveredLog
            (engine, recovered) = try LogWorld.open(disk, options: options)
            try #require(!recovered.verdict.isDamage && recovered.state.fence == nil, "\(recovered.verdict)")
            reader = engine.reader()
            let found = candidates.last { $0.complaint(about: engine, &reader) == nil }
            model = try #require(found, "round \(round): \(recovered.firstIndex) to \(recovered.last)")
            #expect(recovered.firstIndex == reader.bounds.first && recovered.last == engine.last)
            var scrub = engine.scrub()
            #expect(try LogScrubTests.pass(&scrub, limit: .kibibytes(64)).damages.isEmpty)
        }
    }
}
