// What a restore is asked for, and what can be.

public import ArchiveFormat
public import Vocabulary

/// The point to restore.
public enum RestoreTarget: Hashable, Sendable, CustomStringConvertible {
    /// The newest entry of the timeline.
    case latest
    case index(LogIndex)
    /// The last entry that is not later.
    case time(Timestamp)
    /// The state of a backup, without the log behind it.
    case backup(BackupID)

    public var description: String {
        switch self {
        case .latest: "the newest entry"
        case .index(let index): "index \(index)"
        case .time(let time): "\(time)"
        case .backup(let id): "backup \(id)"
        }
    }
}

/// Entries of which each can be restored. Both ends are inside.
public struct RestorableRange: Hashable, Sendable, CustomStringConvertible {
    public let timeline: TimelineName
    public let first: LogIndex
    public let last: LogIndex
    /// Of the first, where a backup begins the range, and of the last.
    public let firstTime: Timestamp?
    public let lastTime: Timestamp

    public init(
        timeline: TimelineName, first: LogIndex, last: LogIndex, firstTime: Timestamp?, lastTime: Timestamp
    ) {
        self.timeline = timeline
        self.first = first
        self.last = last
        self.firstTime = firstTime
        self.lastTime = lastTime
    }

    public var description: String {
        let begin = firstTime.map { "\(first) (\($0))" } ?? "\(first)"
        return "timeline \(timeline): index \(begin) to \(last) (\(lastTime))"
    }
}
