// Opening a log: recover, repair if need be, and be ready to write.

import ByteCoding
public import LogFormat
public import Vocabulary

extension LogEngine {
    /// Opens the log of `identity` on `disk`, or makes it.
    ///
    /// Ends with a first sync of its own: the state is written once more, under a new number. So a disk that cannot be
    /// written is found here, and nothing that a torn batch left behind can ever follow what is written from now on.
    ///
    /// - Parameters:
    ///   - isNew: the log was never in use (see `DataDirectory`): segments in the directory are the rest of an attempt
    ///     to make it. When false, having no segment is damage.
    ///   - now: names the copies of damaged files.
    ///   - progress: called once per segment.
    @specialized(where Disk == DirectoryStorage)
    public static func open(
        _ disk: Disk, identity: LogIdentity, isNew: Bool, options: LogOptions = LogOptions(), now: Timestamp,
        progress: (LogProgress) -> Void = { _ in }
    ) throws(LogError) -> (LogEngine, RecoveredLog) {
        try stored { () throws(StorageError) in try removeUnfinished(disk) }
        if isNew {
            try LogRecovery(disk: disk, identity: identity, options: options).checkOwner()
            try stored { () throws(StorageError) in try make(disk, identity, options) }
        }
        var recovery = LogRecovery(disk: disk, identity: identity, options: options)
        var outcome = try recovery.run(progress: progress)
        var verdict = verdict(of: outcome, isNew: isNew)
        var repairs = 0
        while case .damaged(let damage, let fenced, let files) = outcome.ending {
            // Behind the first damage may be another that only shows once that is mended.
            guard repairs < repairsMax else { throw .unreadable(damage) }
            do throws(StorageError) {
                let repair = LogRepair(disk: disk, now: now.advanced(by: repairs))
                let kept = try repair.keep(files, staying: outcome.sequence, damage: damage, fenced: fenced)
                try repair.endLog(outcome, fenced: fenced, files: files, size: options.firstSegmentSize)
                verdict = verdict.adding(damage, kept)
            } catch { throw .repairRefused(damage, error) }
            repairs += 1
            recovery = LogRecovery(disk: disk, identity: identity, options: options)
            outcome = try recovery.run(progress: progress)
        }
        var engine = try stored { () throws(StorageError) in try begin(disk, options, outcome) }
        try engine.writeOpening(removing: outcome.leftovers)
        return (engine, try engine.describe(outcome, verdict))
    }

    /// Damage that is mended shows the next; there are at most two: in the middle, and at the beginning.
    private static var repairsMax: Int { 3 }

    private static func stored<Result>(
        _ body: () throws(StorageError) -> Result
    ) throws(LogError) -> Result {
        do { return try body() } catch { throw .storage(error) }
    }

    private static func removeUnfinished(_ disk: Disk) throws(StorageError) {
        for name in try disk.list() where name.hasPrefix("wal-") && name.hasSuffix(SegmentName.unfinished) {
            try disk.remove(name)
        }
    }

    private static func make(_ disk: Disk, _ identity: LogIdentity, _ options: LogOptions) throws(StorageError) {
        for name in try disk.list() where SegmentName.sequence(of: name) != nil { try disk.remove(name) }
        let header = LogRecovery<Disk>.origin(identity, sequence: 1)
        var chain = LogChain(header)
        try SegmentPreparation.makeBegun(
            header, chain: &chain, state: LogState(), size: options.firstSegmentSize, on: disk)
    }

    private static func verdict(of outcome: LogRecovery<Disk>.Outcome, isNew: Bool) -> RecoveredLog.Verdict {
        if case .tornTail(let damage) = outcome.ending { return .tornTail(damage) }
        return isNew ? .new : .clean
    }

    /// Removes the files behind the log that nothing can use, and opens its end.
    private static func begin(
        _ disk: Disk, _ options: LogOptions, _ outcome: LogRecovery<Disk>.Outcome
    ) throws(StorageError) -> LogEngine {
        var spares: [PreparedSegment<Disk>] = []
        for file in outcome.unused.prefix(options.spareSegments) where file.finding == .unused {
            guard file.sequence == outcome.sequence + UInt64(spares.count) + 1 else { break }
            guard !outcome.stained.contains(file.sequence) else { break }
            let handle = try disk.open(file.name)
            let size = try disk.size(of: handle)
            guard size >= LogOptions.sizeMin.rawValue else { break }
            spares.append(PreparedSegment(sequence: file.sequence, file: handle, size: size))
        }
        // The highest first, so that no gap is ever left.
        for file in outcome.unused.dropFirst(spares.count).reversed() {
            try disk.remove(file.name)
            try disk.syncDirectory(nil)
        }
        // A name that the last process gave may not be on stable storage yet, and what goes under it would be lost.
        try disk.syncDirectory(nil)
        let file = try disk.open(SegmentName.text(outcome.sequence))
        try rewriteNewestBatch(outcome, file, on: disk)
        return LogEngine(
            disk: disk, options: options, outcome: outcome, file: file, size: try disk.size(of: file),
            spares: spares)
    }

    /// Writes the newest batch again as it is, for the opening sync to cover.
    ///
    /// Its own sync may have failed before the last process ended. Then the system has it in memory, shows it to every
    /// reader, and will never write it (Rebello and others, "Can Applications Recover from fsync Failures?", 2020).
    private static func rewriteNewestBatch(
        _ outcome: LogRecovery<Disk>.Outcome, _ file: Disk.Handle, on disk: Disk
    ) throws(StorageError) {
        let end = Int(outcome.chain.next.rawValue - outcome.base.rawValue)
        var place = Int(outcome.chain.batch.rawValue - outcome.base.rawValue)
        var bytes: [UInt8] = []
        while place < end {
            bytes.removeAll(keepingCapacity: true)
            try disk.read(min(1 << 20, end - place), at: place, of: file, into: &bytes)
            guard !bytes.isEmpty else { return }
            try disk.write(bytes.rawBytes, at: place, of: file)
            place += bytes.count
        }
    }

    private mutating func writeOpening(removing leftovers: [UInt64]) throws(LogError) {
        // First the newest batch, which was written again, by itself: the opening record proves that it was synced.
        try sync()
        // Only now, since that batch may be what gives them up. The oldest first, so that no gap is ever left.
        try LogEngine.stored { () throws(StorageError) in
            for old in leftovers {
                try disk.remove(SegmentName.text(old))
                try disk.syncDirectory(nil)
            }
        }
        if !hasStateRoom { try prepareNow() }
        try rewriteState()
        try sync()
    }

    /// Begins a log that was opened just now behind a snapshot (see `LogOrder.Action.restart`): the last process stored
    /// it, and ended before it could say so, or the log was lost. What the log turned out to be after that.
    public mutating func restart(
        _ recovered: RecoveredLog, at position: LogPosition, checksum: UInt32
    ) throws(LogError) -> RecoveredLog {
        if current.room < LogChain.restartLength, spares.isEmpty { try prepareNow() }
        _ = try write([LogOrder(ticket: .zero, .restart(at: position, checksum: checksum))])
        try sync()
        return RecoveredLog(
            identity: identity, state: state, commitIndex: position.index, firstIndex: position.index.next,
            last: position, lastChecksum: checksum, uncommitted: [], membershipFrames: [],
            verdict: recovered.verdict, counts: recovered.counts)
    }

    private mutating func describe(
        _ outcome: LogRecovery<Disk>.Outcome, _ verdict: RecoveredLog.Verdict
    ) throws(LogError) -> RecoveredLog {
        var reader = reader()
        let (first, last) = reader.bounds
        let commitIndex = min(outcome.chain.commitIndex, outcome.chain.last.index)
        var uncommitted: [Frame] = []
        var next = max(commitIndex.next, first)
        while next <= last {
            uncommitted += try reader.readFrames(from: next, byteLimit: .mebibytes(4))
            next = uncommitted.last?.header.lastIndex.next ?? last.next
        }
        return RecoveredLog(
            identity: identity, state: state, commitIndex: commitIndex, firstIndex: first, last: outcome.chain.last,
            lastChecksum: outcome.chain.link.lastChecksum, uncommitted: uncommitted,
            membershipFrames: outcome.membershipFrames.filter { $0 >= first }, verdict: verdict, counts: outcome.counts)
    }
}

extension RecoveredLog.Verdict {
    /// The first damage stays the one that is told; copies are told of all.
    fileprivate func adding(_ damage: LogDamage, _ copies: [String]) -> RecoveredLog.Verdict {
        if case .damaged(let first, let earlier) = self { return .damaged(first, quarantined: earlier + copies) }
        return .damaged(damage, quarantined: copies)
    }
}
