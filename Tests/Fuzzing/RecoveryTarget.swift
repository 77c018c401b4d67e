// A log that was written as a node writes it, then damaged, through recovery.

import ByteCoding
import LogFormat
import LogStore
import Vocabulary

extension FuzzTarget {
    /// The first bytes say what is written, the rest what becomes of the files: flipped bits, zeros, cuts, misplaced
    /// blocks, lost files. All of it was synced.
    ///
    /// 1. Such a log opens, whatever was done to it, and opens again without finding anything new.
    /// 2. Every frame in it is one that was written.
    /// 3. After one flipped bit, either damage is found, or nothing is gone but what the last batch may have torn.
    static let logRecovery = FuzzTarget("log-recovery", lengthMax: 512) { bytes throws(Violation) in
        var source = ByteSource(bytes)
        var log = WrittenLog()
        do throws(LogError) { try log.write(from: &source) } catch { throw Violation("it was not written: \(error)") }
        let damage = LogVandal.damage(log.disk, from: &source)
        let disk = MemoryDisk(damage.files)
        try LogOpening.inspect(disk)
        let opened: LogOpening.Opened
        let frames: [Frame]
        do throws(LogError) {
            opened = try LogOpening.open(disk)
            frames = try LogOpening.frames(of: opened)
        } catch { throw Violation("damage is no error: \(error)") }
        for frame in frames { try require(log.frames.contains(frame), "\(frame.header) was never written") }
        if damage.flips == 1, damage.others == 0 { try log.checkLoss(opened.log) }
        try LogOpening.reopen(disk, as: opened)
        guard let report = try? LogInspection(disk)?.verify() else { throw Violation("an opened log is not verified") }
        try require(report.isWhole, "an opened log has \(report.findings)")
    }
}

/// A log under way, and what it was told.
private struct WrittenLog {
    let disk = MemoryDisk()
    /// All frames that were ever in it.
    private(set) var frames: [Frame] = []
    /// Those that are in it now.
    private var present: [Frame] = []
    private var commitIndex = LogIndex.zero
    /// Its end and its term after each sync.
    private var synced: [(last: LogIndex, term: Term)] = []

    private var last: Frame? { present.last }

    mutating func write(from source: inout ByteSource) throws(LogError) {
        var (engine, _) = try LogOpening.open(disk, isNew: true)
        note(engine)
        for _ in 0..<source.choice(below: 12) {
            var orders: [LogOrder] = []
            for _ in 0...source.choice(below: 4) {
                guard let action = action(from: &source, engine) else { continue }
                orders.append(LogOrder(ticket: WriteTicket(UInt64(orders.count + 1)), action))
                if case .append = action { continue }
                break
            }
            var written = 0
            while written < orders.count {
                written += try engine.write(orders, from: written)
                try engine.sync()
                note(engine)
            }
        }
    }

    private mutating func note(_ engine: LogEngine<MemoryDisk>) {
        synced.append((engine.last.index, engine.state.term))
    }

    private mutating func action(
        from source: inout ByteSource, _ engine: LogEngine<MemoryDisk>
    ) -> LogOrder.Action? {
        switch source.choice(below: 8) {
        case 0:
            return .ballot(term: engine.state.term.next, votedFor: source.byte() & 1 == 0 ? nil : engine.identity.node)
        case 1:
            guard let from = present.last?.header.firstIndex, from > commitIndex else { return nil }
            present.removeLast()
            return .truncate(from: from)
        case 2:
            return .raiseFence(LogIndex(UInt64(source.byte())))
        case 3:
            return .clearFence
        default:
            let frame = append(from: &source)
            if source.byte() & 3 == 0 { commitIndex = frame.header.lastIndex }
            return .append(frame, commitIndex: min(commitIndex, frame.header.lastIndex))
        }
    }

    private mutating func append(from source: inout ByteSource) -> Frame {
        var builder = FrameBuilder(cluster: ForgedRecord.identity.cluster)
        builder.begin()
        for number in 0...source.choice(below: 3) {
            let entry = [UInt8](repeating: UInt8(number), count: 4 * source.choice(below: 256))
            builder.appendEntry(entry.rawBytes)
        }
        let frame = builder.seal(
            kind: .entries, term: last?.header.term ?? Term(1),
            firstIndex: last?.header.lastIndex.next ?? LogIndex(1),
            timestamp: Timestamp(microseconds: UInt64(frames.count)), previousTerm: last?.header.term ?? .zero,
            previousChecksum: last?.header.checksum ?? 0)
        frames.append(frame)
        present.append(frame)
        return frame
    }

    /// The last batch looks torn when its only record is damaged; everything before it must be there.
    func checkLoss(_ log: RecoveredLog) throws(Violation) {
        if case .damaged = log.verdict { return }
        guard let term = synced.dropLast().last?.term else { return }
        // The last batch may have cut frames.
        let last = synced.suffix(2).map(\.last).min() ?? .zero
        try require(log.last.index >= last, "ends at \(log.last), not at \(last): \(log.verdict)")
        try require(log.state.term >= term, "term \(log.state.term), not \(term): \(log.verdict)")
    }
}

/// Changes files as a disk at rest may.
private enum LogVandal {
    static func damage(
        _ disk: MemoryDisk, from source: inout ByteSource
    ) -> (files: [String: [UInt8]], flips: Int, others: Int) {
        var files = disk.files
        var (flips, others) = (0, 0)
        for _ in 0..<(1 + source.choice(below: 5)) {
            guard !source.isAtEnd, !files.isEmpty else { break }
            let names = files.keys.sorted()
            let name = names[source.choice(below: names.count)]
            var bytes = files[name] ?? []
            guard !bytes.isEmpty else { continue }
            let kind = source.choice(below: 8)
            let place = source.choice(below: bytes.count)
            let length = min(bytes.count - place, 8 * (1 + source.choice(below: 64)))
            switch kind {
            case 0: files[name] = nil
            case 1: bytes.removeSubrange(place...)
            case 2: for offset in place..<place + length { bytes[offset] = 0 }
            case 3:
                let other = files[names[source.choice(below: names.count)]] ?? []
                let block = place & ~7
                let copy = other.dropFirst(source.choice(below: 256) * 8).prefix(min(length, bytes.count - block))
                bytes.replaceSubrange(block..<block + copy.count, with: copy)
            case 4: for offset in place..<place + length { bytes[offset] = source.byte() }
            default: bytes[place] ^= 1 << UInt8(source.choice(below: 8))
            }
            if kind > 0 { files[name] = bytes }
            if kind > 4 { flips += 1 } else { others += 1 }
        }
        return (files, flips, others)
    }
}
