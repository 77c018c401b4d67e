// Why the log cannot be opened, read or written.

public import LogFormat
public import Vocabulary

/// Damage is no error: it is repaired, fenced, and told in `RecoveredLog`.
public enum LogError: Error, Hashable, Sendable {
    case storage(StorageError)
    /// What was written since the last sync may be gone. Never retried: the node stops, and recovers from the disk.
    case syncFailed(StorageError)
    /// A segment or a record of a newer release. Nothing was changed. `firstIndex` is where what can be read ends; nil
    /// when that cannot be told.
    case newerVersion(file: String, offset: Int, firstIndex: LogIndex?, found: Int, supported: Int)
    /// A segment of another cluster, node or data directory.
    case foreignSegment(file: String, found: LogIdentity, expected: LogIdentity)
    /// No segment is prepared for this much. Nothing was written; works again once there is space.
    case noRoom(needed: ByteCount, left: ByteCount)
    /// The log no longer begins that early.
    case released(asked: LogIndex, first: LogIndex)
    /// The log does not reach that far yet.
    case beyondEnd(asked: LogIndex, last: LogIndex)
    /// What was read back is not what was written.
    case unreadable(LogDamage)
    /// The log is damaged, and the disk refuses what its repair needs. The damaged files are where they were, or kept.
    case repairRefused(LogDamage, StorageError)
    /// An earlier failure has stopped this log.
    case stopped
}

extension LogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .storage(let error): "the log's disk: \(error)"
        case .syncFailed(let error): "the log cannot be synced, so nothing written since the last sync counts: \(error)"
        case .newerVersion(let file, let offset, let index, let found, let supported):
            "newer-version in \(file) at byte \(offset)\(index.map { ", from index \($0) on" } ?? ""): it has format "
                + "version \(found), this release reads up to \(supported). Nothing was changed"
        case .foreignSegment(let file, let found, let expected):
            "\(file) belongs to \(found), not to \(expected)"
        case .noRoom(let needed, let left): "the log needs \(needed) and has \(left) prepared: the disk is full"
        case .released(let asked, let first): "index \(asked) was released, the log begins at \(first)"
        case .beyondEnd(let asked, let last): "index \(asked) is behind the log's end at \(last)"
        case .unreadable(let damage): "the log cannot be read back: \(damage)"
        case .repairRefused(let damage, let error):
            "the log is damaged (\(damage)), and the disk refuses what its repair needs: \(error). The damaged files "
                + "are where they were, or in `quarantine/`"
        case .stopped: "the log has stopped after an earlier failure"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .storage(let error): error.remedy
        case .syncFailed: .operate("look at the kernel's log, replace the disk if it fails, then start the node again")
        case .newerVersion: .operate("start the release that wrote it, or a newer one")
        case .foreignSegment: .operate("move the file out of the data directory, or start the node that it belongs to")
        case .noRoom: .operate("free space on the log's file system; writing goes on by itself")
        case .released: .automatic("the follower gets a snapshot instead")
        case .beyondEnd: .retry("ask again once the entry is written")
        case .unreadable(let damage): damage.remedy
        case .repairRefused(_, let error):
            error.reason == .noSpace
                ? .operate(
                    "free space on the log's file system (what earlier repairs put into `quarantine/` may go once you "
                        + "have looked at it), then start the node again")
                : error.remedy
        case .stopped: .operate("start the node again")
        }
    }
}
