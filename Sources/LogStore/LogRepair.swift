// What is done about damage: keep the files, end the log before it, say what may be missing.

import ByteCoding
import LogFormat
import Vocabulary

/// Repairs a damaged log: keeps a copy of every file from the damage on, then ends the log before the damage with a
/// segment whose first record is the fence.
///
/// The order makes it safe at every point: copies and the report are on stable storage first; the new segment takes its
/// name (and with it the fence is in force) in one step; only then are the files behind it removed. A crash before that
/// step leaves the damage, one after it leaves files that do not follow, which is damage again: found, kept, fenced.
struct LogRepair<Disk: Storage> {
    let disk: Disk
    let stamp: String

    /// `now` names the copies: `quarantine/20261121T021334.000001Z-wal-….seg`.
    init(disk: Disk, now: Timestamp) {
        self.disk = disk
        stamp = now.description.filter { $0 != "-" && $0 != ":" }
    }

    /// The names of the copies.
    func keep(_ files: [UInt64], damage: LogDamage, fenced: LogState) throws(StorageError) -> [String] {
        try disk.makeDirectory(SegmentName.quarantine)
        try disk.syncDirectory(nil)
        var copies: [String] = []
        for sequence in files {
            let name = SegmentName.text(sequence)
            copies.append(try copy(name))
        }
        try writeReport(damage: damage, fenced: fenced, copies: copies)
        try disk.syncDirectory(SegmentName.quarantine)
        return copies
    }

    private func copy(_ name: String) throws(StorageError) -> String {
        let target = SegmentName.quarantine + "/" + stamp + "-" + name
        let source = try disk.open(name)
        let copy = try disk.create(target)
        let size = try disk.size(of: source)
        var bytes: [UInt8] = []
        var offset = 0
        while offset < size {
            bytes.removeAll(keepingCapacity: true)
            try disk.read(min(1 << 20, size - offset), at: offset, of: source, into: &bytes)
            guard !bytes.isEmpty else { break }
            try disk.write(bytes.rawBytes, at: offset, of: copy)
            offset += bytes.count
        }
        try disk.sync(copy)
        return target
    }

    private func writeReport(damage: LogDamage, fenced: LogState, copies: [String]) throws(StorageError) {
        let votes =
            fenced.isBallotUncertain
            ? "The damage may hide a vote, so only terms above every one met later are safe to vote in."
            : "Term \(fenced.term) and its vote are known."
        let lines =
            [
                "kind: \(damage.kind.rawValue)", "file: \(damage.file)", "offset: \(damage.offset)",
                "lsn: \(damage.lsn)", "first index affected: \(damage.firstIndex)",
                "highest index seen: \(damage.highestIndex)",
                "The log was ended before the damage. The node neither votes nor counts for a quorum until it has all",
                "entries up to \(fenced.fence ?? .zero) again. \(votes)", "The files as they were found:",
            ] + copies
        let report = try disk.create(SegmentName.quarantine + "/" + stamp + "-report.txt")
        let text = Array((lines.joined(separator: "\n") + "\n").utf8)
        try disk.write(text.rawBytes, at: 0, of: report)
        try disk.sync(report)
    }

    /// Ends the log where `outcome` says, with a new segment. `files` are those that `keep` has copied.
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
    /// for a part of it by a later repair.
    private func clearEnd(_ outcome: LogRecovery<Disk>.Outcome) throws(StorageError) {
        let file = try disk.open(SegmentName.text(outcome.sequence))
        let end = Int(outcome.chain.next.rawValue - outcome.base.rawValue)
        try SegmentPreparation.fill(file, from: end, to: try disk.size(of: file), on: disk)
    }
}
