// Every byte of a small log damaged, cut and lost: what recovery makes of it is right, or says that it is not.

import LogFormat
import Simulation
import Testing
import Vocabulary

@testable import LogStore

/// A small log of several segments, with what it held after each of its orders.
struct SmallLog {
    struct Moment {
        var frames: [Frame]
        /// The last index, with or without a frame, and the first that was not given up.
        var last = LogIndex.zero
        var kept = LogIndex(1)
        var state: LogState
        /// The sync that brought it to stable storage.
        var batch: Int

        /// Whether the log could be this one: a release may take less than it was told.
        func holds(_ found: [Frame], _ recovered: RecoveredLog) -> Bool {
            recovered.last.index == last && recovered.firstIndex <= kept
                && frames.filter { $0.header.firstIndex >= recovered.firstIndex } == found
        }

        /// Where the log's files begin is its own affair.
        func isState(_ found: LogState) -> Bool {
            found.term == state.term && found.votedFor == state.votedFor && found.fence == state.fence
                && found.isBallotUncertain == state.isBallotUncertain
        }
    }

    static let options = LogOptions(
        segmentSize: .kibibytes(1), firstSegmentSize: .kibibytes(1), indexInterval: ByteCount(256),
        preparesInline: true)

    var files: [String: [UInt8]] = [:]
    var moments: [Moment] = []
    var highest = LogIndex.zero
    /// The disk before and after the last batch was written, without its sync.
    var beforeLast = SimulatedDisk()
    var unsynced = SimulatedDisk()

    /// With `givesUp`, there are also releases and restarts.
    init(batches: Int, seed: UInt64, givesUp: Bool = false) throws {
        let disk = SimulatedDisk()
        var options = SmallLog.options
        // With odd seeds there is a second spare segment at the end.
        if !seed.isMultiple(of: 2) { options.spareRoom = .kibibytes(2) }
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        var history = FrameHistory()
        var random = SplitMix64(seed: seed)
        moments = [Moment(frames: [], state: engine.state, batch: 0)]
        for batch in 1...batches {
            var orders: [LogOrder] = []
            var (state, kept) = (moments[moments.count - 1].state, moments[moments.count - 1].kept)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let action =
                    givesUp && Int.random(in: 0..<8, using: &random) == 0
                    ? SmallLog.giveUp(&history, &kept, batch: UInt64(batch), &random)
                    : SmallLog.action(&history, &state, from: kept, batch: UInt64(batch), &random)
                orders.append(LogOrder(ticket: WriteTicket(UInt64(orders.count + 1)), action))
                highest = max(highest, history.last)
                moments.append(
                    Moment(frames: history.frames, last: history.last, kept: kept, state: state, batch: batch))
            }
            if batch == batches { beforeLast = disk.crash(keeps: { _, _ in true }, keepsNames: true) }
            if batch == batches, engine.roomLeft < ByteCount(900) || options.spareSegments > 1 {
                try engine.prepareNow()
                try engine.prepareNow()
            }
            var written = 0
            while written < orders.count {
                written += try engine.write(orders, from: written)
                if batch == batches { unsynced = disk }
                if batch < batches || written < orders.count { try engine.sync() }
            }
        }
        files = disk.files
    }

    private static func giveUp(
        _ history: inout FrameHistory, _ kept: inout LogIndex, batch: UInt64, _ random: inout SplitMix64
    ) -> LogOrder.Action {
        if Bool.random(using: &random) {
            let action = history.restart(batch, history.last.rawValue + 7, checksum: 3)
            kept = history.last.next
            return action
        }
        kept = max(kept, LogIndex(history.last.rawValue * 2 / 3 + 1))
        return .release(before: kept)
    }

    private static func action(
        _ history: inout FrameHistory, _ state: inout LogState, from kept: LogIndex, batch: UInt64,
        _ random: inout SplitMix64
    ) -> LogOrder.Action {
        switch Int.random(in: 0..<8, using: &random) {
        case 0:
            state.term = max(state.term, Term(batch))
            state.votedFor = NodeID("n\(Int.random(in: 1...3, using: &random))")
            return .ballot(term: state.term, votedFor: state.votedFor)
        case 1 where history.frames.count > 3 && history.frames[history.frames.count - 2].header.firstIndex >= kept:
            let from = history.frames[history.frames.count - Int.random(in: 1...2, using: &random)].header.firstIndex
            history.cut(from: from)
            return .truncate(from: from)
        default:
            return .append(
                history.append(Int.random(in: 1...2, using: &random), size: 20, term: batch), commitIndex: .zero)
        }
    }

    /// What is wrong with a recovery from some version of these files; nil when nothing is.
    func complaint(about disk: SimulatedDisk, opensTwice: Bool = true) -> String? {
        do throws(LogError) {
            let (engine, recovered) = try LogEngine.open(
                disk, identity: LogWorld.identity, isNew: false, options: SmallLog.options, now: .zero)
            let frames = try LogWorld.frames(in: engine)
            return judge(frames, recovered) ?? (opensTwice ? judgeAgain(disk, frames, recovered) : nil)
        } catch {
            return "cannot be opened: \(error)"
        }
    }

    private func judge(_ frames: [Frame], _ recovered: RecoveredLog) -> String? {
        if frames != recovered.uncommitted { return "the reader reads other frames than recovery reports" }
        guard case .damaged(let damage, _) = recovered.verdict else {
            if recovered.state.fence != nil { return "a fence without damage" }
            let batches = moments.last.map(\.batch) ?? 0
            let candidates = moments.lastIndex { $0.batch < batches }.map { moments[$0...] } ?? moments[...]
            let fits = candidates.contains { $0.holds(frames, recovered) && $0.isState(recovered.state) }
            return fits ? nil : "no state since the last sync but one: \(recovered.verdict)"
        }
        if !moments.contains(where: { $0.holds(frames, recovered) }) { return "frames that never were: \(damage)" }
        guard let fence = recovered.state.fence else { return "damage without a fence: \(damage)" }
        if recovered.state.isBallotUncertain { return nil }
        guard let last = moments.last else { return nil }
        // The highest index of the last batch but one has been acknowledged.
        let acknowledged = moments.filter { $0.batch < last.batch }.map(\.last).max()
        if fence < acknowledged ?? .zero { return "the fence at \(fence) is too low: \(damage)" }
        var state = recovered.state
        state.fence = nil
        let known = moments.filter { $0.batch >= last.batch - 1 }.map(\.state)
        return known.contains { $0.term == state.term && $0.votedFor == state.votedFor } ? nil : "a vote is lost"
    }

    /// A second opening finds the same, and nothing to repair.
    private func judgeAgain(_ disk: SimulatedDisk, _ frames: [Frame], _ first: RecoveredLog) -> String? {
        do throws(LogError) {
            let (engine, recovered) = try LogEngine.open(
                disk, identity: LogWorld.identity, isNew: false, options: SmallLog.options, now: Timestamp(rawValue: 1))
            if recovered.verdict != .clean { return "not clean when opened again: \(recovered.verdict)" }
            if recovered.state != first.state { return "another state when opened again" }
            return try LogWorld.frames(in: engine) == frames ? nil : "other frames when opened again"
        } catch {
            return "cannot be opened again: \(error)"
        }
    }
}

@Suite struct CrashTests {
    /// One that keeps all, and one with releases and restarts.
    private static let logs = [
        Result { try SmallLog(batches: 9, seed: 5) }, Result { try SmallLog(batches: 18, seed: 57, givesUp: true) },
    ]

    private static func log(givesUp: Bool) throws -> SmallLog { try logs[givesUp ? 1 : 0].get() }

    @Test func `the small logs are worth it`() throws {
        for givesUp in [false, true] {
            let log = try CrashTests.log(givesUp: givesUp)
            #expect(log.files.count >= 4)
            #expect(log.complaint(about: SimulatedDisk(files: log.files)) == nil)
        }
        let shortened = try CrashTests.log(givesUp: true)
        var kinds: Set<RecordKind> = []
        try #require(try LogInspection(SimulatedDisk(files: shortened.files))).dump {
            if case .record(let facts) = $0, let kind = facts.record.kind { kinds.insert(kind) }
        }
        #expect(kinds == [.frame, .state, .truncation, .restart])
        #expect(shortened.files[SegmentName.text(1)] == nil)
    }

    /// One of eight parts of the work, so that they share the processors.
    @Test(arguments: 0..<8, [false, true])
    func `every flipped byte is noticed where it matters`(part: Int, givesUp: Bool) throws {
        let log = try CrashTests.log(givesUp: givesUp)
        for (name, bytes) in log.files.sorted(by: { $0.key < $1.key }) {
            for offset in stride(from: part, to: bytes.count, by: 8) {
                let mask = [1, 2, 4, 8, 16, 32, 64, 128, 255][(offset / 8) % 9] as UInt8
                let disk = SimulatedDisk(files: log.files)
                disk.edit(name) { $0[offset] ^= mask }
                let complaint = log.complaint(about: disk, opensTwice: offset % 8 == offset / 8 % 8)
                #expect(complaint == nil, "\(name) at \(offset) by \(mask): \(complaint ?? "")")
            }
        }
    }

    @Test(arguments: 0..<8, [false, true])
    func `every cut file is noticed where it matters`(part: Int, givesUp: Bool) throws {
        let log = try CrashTests.log(givesUp: givesUp)
        for (name, bytes) in log.files.sorted(by: { $0.key < $1.key }) {
            for offset in stride(from: part, to: bytes.count, by: 8) {
                let disk = SimulatedDisk(files: log.files)
                disk.edit(name) { $0.removeSubrange(offset...) }
                let complaint = log.complaint(about: disk, opensTwice: offset % 8 == offset / 8 % 8)
                #expect(complaint == nil, "\(name) cut at \(offset): \(complaint ?? "")")
            }
        }
    }

    @Test(arguments: [false, true])
    func `every zeroed or stale sector is noticed where it matters`(givesUp: Bool) throws {
        let log = try CrashTests.log(givesUp: givesUp)
        let names = log.files.keys.sorted()
        for (name, bytes) in log.files.sorted(by: { $0.key < $1.key }) {
            for start in stride(from: 0, to: bytes.count, by: 64) {
                for length in [64, 128, 512] {
                    let end = min(start + length, bytes.count)
                    let zeroed = SimulatedDisk(files: log.files)
                    zeroed.edit(name) { $0.replaceSubrange(start..<end, with: repeatElement(0, count: end - start)) }
                    let complaint = log.complaint(about: zeroed)
                    #expect(complaint == nil, "\(name) zeroed \(start)..<\(end): \(complaint ?? "")")
                    let other = names[(names.firstIndex(of: name)! + 1) % names.count]
                    guard let old = log.files[other], old.count >= end else { continue }
                    let stale = SimulatedDisk(files: log.files)
                    stale.edit(name) { $0.replaceSubrange(start..<end, with: old[start..<end]) }
                    let second = log.complaint(about: stale)
                    #expect(second == nil, "\(name) exchanged \(start)..<\(end): \(second ?? "")")
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func `every missing file but a spare one is noticed`(givesUp: Bool) throws {
        let log = try CrashTests.log(givesUp: givesUp)
        for name in log.files.keys.sorted() {
            let disk = SimulatedDisk(files: log.files)
            disk.removeFile(name)
            let complaint = log.complaint(about: disk)
            #expect(complaint == nil, "without \(name): \(complaint ?? "")")
        }
    }

    @Test(arguments: [false, true])
    func `a log without its beginning opens at once, whatever else is damaged`(givesUp: Bool) throws {
        let log = try CrashTests.log(givesUp: givesUp)
        let names = log.files.keys.sorted()
        for name in names.dropFirst() {
            for offset in [8, SegmentHeader.byteCount + 8, SegmentHeader.byteCount + LogChain.stateLength + 8] {
                let disk = SimulatedDisk(files: log.files)
                disk.removeFile(names[0])
                disk.edit(name) { $0[offset] ^= 0x10 }
                let complaint = log.complaint(about: disk)
                #expect(complaint == nil, "without \(names[0]), \(offset) of \(name): \(complaint ?? "")")
            }
        }
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `a power loss costs nothing that was synced and looks like no damage`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for givesUp in [false, true] {
            let log = try SmallLog(batches: 4 + Int(seed % 9), seed: seed, givesUp: givesUp)
            for round in 0..<40 {
                let chance = [0, 10, 50, 90, 100][round % 5]
                let disk = log.unsynced.crash(keeps: { _, _ in Int.random(in: 0..<100, using: &random) < chance })
                #expect(log.recoversWithoutDamage(disk) == nil)
            }
        }
    }

    @Test(arguments: 100...120 as ClosedRange<UInt64>)
    func `a log goes on after any number of power losses`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var disk = SimulatedDisk()
        var options = SmallLog.options
        options.spareRoom = .kibibytes(Int(seed % 4))
        var (engine, _) = try LogWorld.open(disk, isNew: true, options: options)
        var synced: [Frame] = []
        for round in 0..<30 {
            var history = FrameHistory()
            history.frames = synced
            for batch in 0..<Int.random(in: 1...6, using: &random) {
                while Bool.random(using: &random) { try engine.prepareNow() }
                let orders = (1...3).map { number in
                    LogOrder(
                        ticket: WriteTicket(UInt64(number)),
                        .append(history.append(1, size: 30 + batch, term: UInt64(round + 1)), commitIndex: .zero))
                }
                var written = 0
                while written < orders.count {
                    written += try engine.write(orders, from: written)
                    if written == orders.count, Bool.random(using: &random) { break }
                    try engine.sync()
                    synced = try LogWorld.frames(in: engine)
                }
            }
            disk = disk.crash(keeps: { _, _ in Int.random(in: 0..<3, using: &random) > 0 })
            let recovered: RecoveredLog
            (engine, recovered) = try LogWorld.open(disk, options: options)
            let frames = try LogWorld.frames(in: engine)
            #expect(recovered.state.fence == nil, "round \(round)")
            #expect(Array(frames.prefix(synced.count)) == synced, "round \(round)")
            synced = frames
        }
    }
}

extension SmallLog {
    /// As `complaint`, but damage is one too.
    func recoversWithoutDamage(_ disk: SimulatedDisk) -> String? {
        do throws(LogError) {
            let (engine, recovered) = try LogEngine.open(
                disk, identity: LogWorld.identity, isNew: false, options: SmallLog.options, now: .zero)
            if case .damaged(let damage, _) = recovered.verdict { return "taken for damage: \(damage)" }
            return judge(try LogWorld.frames(in: engine), recovered)
        } catch {
            return "cannot be opened: \(error)"
        }
    }
}
