// Entries of a log applied to a state outside of a cluster: for whoever looks at what a stopped node has.

import ByteCoding
public import Keyspace
public import LogFormat
public import LogStore
import RESP
public import Vocabulary

/// What `Replica` does to its keyspace when it applies entries, and nothing else of it: nobody is answered, no member
/// is taken up, no snapshot is cut.
public struct LogReplay: Sendable {
    public private(set) var keyspace: Keyspace
    /// Entries applied so far.
    public private(set) var entries = 0
    private var scratch = ReplyWriter(version: .two)

    private static var readSize: ByteCount { .mebibytes(4) }

    public init(of keyspace: Keyspace) { self.keyspace = keyspace }

    /// The state, to be taken back when all is applied.
    public consuming func finish() -> Keyspace { keyspace }

    /// Applies what the log has from `first` on up to the frame that ends with `last`.
    ///
    /// - Throws: when the log cannot be read. What was applied before that is.
    public mutating func run<Disk: Storage>(
        from first: LogIndex, through last: LogIndex, reader: inout LogReader<Disk>
    ) throws(LogError) {
        var next = first
        var run = FrameRun()
        while next <= last {
            try reader.readRun(from: next, byteLimit: LogReplay.readSize, into: &run)
            keyspace.freeSome()
            let end = run.frames.last?.header.lastIndex ?? .zero
            guard let applied = apply(run, from: next, through: last), applied == min(end, last) else { return }
            next = applied.next
        }
    }

    /// Applies the frames of a run from the one that begins with `first` on, up to the one that ends with `last` or
    /// before it. The last index that was applied; nil when there is none, or the next one does not follow.
    public mutating func apply(_ run: FrameRun, from first: LogIndex, through last: LogIndex) -> LogIndex? {
        var next = first
        for position in run.frames.indices {
            let header = run.frames[position].header
            guard header.lastIndex >= first else { continue }
            guard header.firstIndex == next, header.lastIndex <= last else { break }
            apply(run, at: position)
            next = header.lastIndex.next
        }
        return next > first ? next.previous : nil
    }

    private mutating func apply(_ run: FrameRun, at position: Int) {
        let header = run.frames[position].header
        do throws(FrameError) {
            try run.withPayload(at: position) { payload throws(FrameError) in try apply(payload, of: header) }
        } catch {
            // Its checksum was verified just now.
            preconditionFailure("the frame at \(header.firstIndex) can not be read: \(error)")
        }
    }

    private mutating func apply(_ payload: RawSpan, of header: FrameHeader) throws(FrameError) {
        if header.kind == .leaderStart, keyspace.waiterCount > 0 { keyspace.sendWaitersAway() }
        var cursor = EntryCursor(header)
        var index = header.firstIndex
        var time = header.timestamp
        while let range = try cursor.next(in: payload) {
            if header.kind == .entries {
                scratch.bytes.removeAll(keepingCapacity: true)
                keyspace.apply(payload.extracting(range), at: time, index: index, isOneOfMany: true, reply: &scratch)
                keyspace.served.removeAll()
            }
            index = index.next
            time = time.advanced(by: 1)
        }
        keyspace.served.removeAll()
        keyspace.settleIndexes()
        entries += Int(header.count)
    }
}
