// How a snapshot and the log behind it fit together.

public import Consensus
import LogFormat
public import LogStore
public import Vocabulary

/// What the log behind a snapshot must be asked for.
public struct LogSpan: Sendable {
    /// The first index that is in the log, or will be.
    public var first: LogIndex
    /// Its end.
    public var last: FrameEnd

    public init(first: LogIndex, last: FrameEnd) {
        self.first = first
        self.last = last
    }
}

/// How a snapshot and the log fit together.
public enum LogFit: Hashable, Sendable {
    /// The log has what follows the snapshot, and nothing in between is missing.
    case follows
    /// The log ends before it, or says something else at its index: what was not committed when the snapshot was. It
    /// has to begin anew behind the snapshot.
    case restarts
    /// The log begins behind it: entries in between are gone.
    case gap
}

extension LogFit {
    /// - Parameter end: where the log's frame ends that holds an index of the log, as its reader says; nil when no
    ///   frame ends at that very index.
    public init(
        of snapshot: FrameEnd, with log: LogSpan, end: (LogIndex) throws(LogError) -> FrameEnd?,
        before: (LogIndex) throws(LogError) -> FrameEnd?
    ) throws(LogError) {
        if snapshot.index > log.last.index {
            self = .restarts
        } else if snapshot.index == log.last.index {
            self = log.last == snapshot ? .follows : .restarts
        } else if snapshot.index.next < log.first {
            self = .gap
        } else if snapshot.index.next == log.first {
            self = try before(log.first) == snapshot ? .follows : .restarts
        } else {
            self = try end(snapshot.index) == snapshot ? .follows : .restarts
        }
    }

    /// Asks the log itself.
    public init<Disk: Storage>(
        of snapshot: FrameEnd, with log: LogSpan, reader: inout LogReader<Disk>
    ) throws(LogError) {
        var frames = reader
        self = try LogFit(of: snapshot, with: log) { index throws(LogError) in
            guard let header = try frames.readFrames(from: index, byteLimit: .zero).first?.header else { return nil }
            guard header.lastIndex == index else { return nil }
            return FrameEnd(position: LogPosition(term: header.term, index: index), checksum: header.checksum)
        } before: { index throws(LogError) in
            guard let header = try frames.readFrames(from: index, byteLimit: .zero).first?.header else { return nil }
            return FrameEnd(
                position: LogPosition(term: header.previousTerm, index: index.previous),
                checksum: header.previousChecksum)
        }
        reader = frames
    }
}
