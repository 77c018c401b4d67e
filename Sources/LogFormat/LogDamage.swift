// What can be wrong with a log, and where: one code per kind.

public import Vocabulary

/// The kind of damage; its raw value is the code in logs, `nodectl wal verify` and quarantine reports.
public enum DamageKind: String, Hashable, Sendable, CaseIterable {
    /// Bytes that are no record or header at all.
    case badMagic = "bad-magic"
    /// A length that leads out of the segment.
    case badLength = "bad-length"
    case checksumMismatch = "checksum-mismatch"
    /// A whole record that belongs elsewhere: another place, or an earlier life of the file.
    case misplacedBlock = "misplaced-block"
    /// A whole record at its place that does not follow the one before it.
    case brokenChain = "broken-chain"
    /// Zeros, or the file's end, where a synced record was; or a frame that skips indexes.
    case gap = "gap"
    /// A whole file is not there.
    case missingSegment = "missing-segment"
    /// Records that verify and yet make no sense.
    case failedRecovery = "failed-recovery"
}

/// One place where a log is damaged.
public struct LogDamage: Hashable, Sendable, CustomStringConvertible {
    public let kind: DamageKind
    public let file: String
    /// Of the first byte that cannot be trusted, in the file and in the log.
    public let offset: Int
    public let lsn: LSN
    /// The first index that is not surely there any more, and the highest seen anywhere behind the damage.
    public let firstIndex: LogIndex
    public let highestIndex: LogIndex

    public init(
        kind: DamageKind, file: String, offset: Int, lsn: LSN, firstIndex: LogIndex, highestIndex: LogIndex
    ) {
        self.kind = kind
        self.file = file
        self.offset = offset
        self.lsn = lsn
        self.firstIndex = firstIndex
        self.highestIndex = highestIndex
    }

    public var description: String {
        let indexes =
            firstIndex <= highestIndex ? "indexes \(firstIndex)...\(highestIndex)" : "no index from \(firstIndex) on"
        return "\(kind.rawValue) in \(file) at byte \(offset) (LSN \(lsn)), \(indexes) affected"
    }

    public var remedy: Remedy {
        .automatic("the files are kept in quarantine, and the node fetches the range again before it votes")
    }
}
