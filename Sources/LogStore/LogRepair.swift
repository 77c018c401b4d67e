// What is done about damage: keep the files, end the log before it, say what may be missing.

import ByteCoding
import LogFormat
import Vocabulary

/// Repairs a damaged log: keeps every file from the damage on as it was found, then ends the log before the damage
/// with a segment whose first record is the fence.
///
/// The order makes it safe at every point: what is kept and the report are on stable storage first; the new segment
/// takes its name (and with it the fence is in force) in one step; only then are the files behind it removed. A crash
/// before that step leaves the damage, one after it leaves files that do not follow, which is damage again: found,
/// kept, fenced.
///
/// A file that leaves the log is kept by a second name, which costs no space. One that stays in it, because the log
/// goes on up to the damage, is copied: it may be written over when the log no longer needs it.
struct LogRepair<Disk: Storage> {
    let disk: Disk
    let stamp: String

    /// `now` names what is kept: `quarantine/20261121T021334.000001Z-wal-….seg`.
    init(disk: Disk, now: Timestamp) {
        self.disk = disk
        stamp = now.description.filter { $0 != "-" && $0 != ":" }
    }

    /// Keeps `files`, of which those up to `staying` stay in the log. The names in quarantine; none, and nothing new
    /// there, when the disk refuses.
    func keep(
        _ files: [UInt64], staying: UInt64, damage: LogDamage, fenced: LogState
    ) throws(StorageError) -> [String] {
        try disk.makeDirectory(SegmentName.quarantine)
        try disk.syncDirectory(nil)
        var made: [String] = []
        do throws(StorageError) {
            for sequence in files {
                let name = SegmentName.text(sequence)
                let kept = SegmentName.quarantine + "/" + stamp + "-" + name
                made.append(kept)
                if sequence <= staying { try disk.copy(name, to: kept) } else { try disk.link(name, as: kept) }
            }
            let report = SegmentName.quarantine + "/" + stamp + QuarantineReport.ending
            made.append(report)
            try write(QuarantineReport(damage, fenced: fenced, copies: made.dropLast()), as: report)
            try disk.syncDirectory(SegmentName.quarantine)
        } catch {
            // The damaged files are where they were. Half of a copy would only fill the disk, at every start more; that
            // the disk refuses is told by the first error.
            for name in made.reversed() { try? disk.remove(name) }
            throw error
        }
        return made.dropLast()
    }

    private func write(_ report: QuarantineReport, as name: String) throws(StorageError) {
        let file = try disk.create(name)
        try disk.write(Array(report.text.utf8).rawBytes, at: 0, of: file)
        try disk.sync(file)
    }

    /// Ends the log where `outcome` says, with a new segment. `files` are those that `keep` has kept.
    func endLog(
        _ outcome: LogRecovery<Disk>.Outcome, fenced: LogState, files: [UInt64], size: ByteCount
    ) throws(StorageError) {
        let sequence = outcome.sequence == 0 ? files.first ?? 1 : outcome.sequence + 1
        var state = fenced
        var chain = outcome.chain
        var header = chain.successor(sequence: sequence)
        if outcome.sequence == 0 {
            header = LogRecovery<Disk>.origin(chain.identity, sequence: sequence)
            chain = LogChain(header)
            if let lost = outcome.chain.lostStateNumber { chain.skipStates(through: lost) }
            state.startSequence = sequence
        } else {
            let follows = chain.enter(header)
            precondition(follows, "segment \(sequence) does not follow LSN \(chain.next)")
        }
        try SegmentPreparation.makeBegun(header, chain: &chain, state: state, size: size, on: disk)
        if outcome.sequence != 0 { try clearEnd(outcome) }
        for old in files.reversed() where old > sequence {
            try disk.remove(SegmentName.text(old))
            try disk.syncDirectory(nil)
        }
    }

    /// Whole records may stand behind the damage. Their places in the log are given out anew, so they must not be taken
    /// for a part of it by a later repair. Some of them stay when this is cut short: `LogRecovery` does not rely on it.
    private func clearEnd(_ outcome: LogRecovery<Disk>.Outcome) throws(StorageError) {
        let file = try disk.open(SegmentName.text(outcome.sequence))
        let end = Int(outcome.chain.next.rawValue - outcome.base.rawValue)
        try disk.fill(file, from: end, to: try disk.size(of: file))
    }
}
