// Opening a log twice, and looking at it: what must hold of any directory that was opened once.

import LogFormat
import LogStore
import Vocabulary

enum LogOpening {
    static let options = LogOptions(
        segmentSize: .kibibytes(2), firstSegmentSize: .kibibytes(2), indexInterval: ByteCount(256),
        preparesInline: true)

    typealias Opened = (engine: LogEngine<MemoryDisk>, log: RecoveredLog)

    static func open(_ disk: MemoryDisk, isNew: Bool = false) throws(LogError) -> Opened {
        try LogEngine.open(
            disk, identity: ForgedRecord.identity, isNew: isNew, options: options, now: Timestamp(microseconds: 5))
    }

    /// What `nodectl wal dump` and `verify` do: they change nothing, and their lines lie within the files.
    static func inspect(_ disk: MemoryDisk) throws(Violation) {
        let files = disk.files
        guard let inspection = try? LogInspection(disk) else { return }
        var outside: LogInspection<MemoryDisk>.Line?
        try? inspection.dump { line in
            guard case .unreadable(_, let file, let offset, let length) = line else { return }
            if length < 0 || offset + length > files[file]?.count ?? 0 { outside = line }
        }
        if let outside { throw Violation("\(outside) is not within its file") }
        _ = try? inspection.verify()
        try require(disk.files == files, "looking at a log changed it")
    }

    /// A log that was opened opens again as the same: whatever had to be repaired is repaired.
    ///
    /// The second time it may still be called torn, and loses nothing by it: when the first record of the torn batch
    /// was a state, the state that opening writes has that one's number, and the batch's other records look like parts
    /// of the newest batch until the next state. The third time it is clean.
    static func reopen(_ disk: MemoryDisk, as opened: Opened) throws(Violation) {
        let second = try reopen(disk, behind: opened)
        if case .damaged = second.log.verdict { throw Violation("opened once, then \(second.log.verdict)") }
        let third = try reopen(disk, behind: second)
        try require(third.log.verdict == .clean, "opened twice, then \(third.log.verdict)")
    }

    private static func reopen(_ disk: MemoryDisk, behind opened: Opened) throws(Violation) -> Opened {
        let again: Opened
        do throws(LogError) { again = try open(disk) } catch { throw Violation("opened once, then: \(error)") }
        try require(again.log.last == opened.log.last, "\(again.log.last) behind \(opened.log.last)")
        try require(again.log.state == opened.log.state, "\(again.log.state) behind \(opened.log.state)")
        try require(again.log.commitIndex >= opened.log.commitIndex, "the commit index went back")
        return again
    }

    /// Every frame that can be read, from the log's beginning on.
    static func frames(of opened: Opened) throws(LogError) -> [Frame] {
        var reader = opened.engine.reader()
        let (first, last) = reader.bounds
        var frames: [Frame] = []
        var next = first
        while next <= last {
            let some = try reader.readFrames(from: next, byteLimit: .kibibytes(16))
            guard let end = some.last?.header.lastIndex else { break }
            frames += some
            next = end.next
        }
        return frames
    }
}
