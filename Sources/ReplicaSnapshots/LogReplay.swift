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

    /// With those that carry them out, entries of one key each, as long as they are many; nil while they are in use.
    private let runner: (any PartitionRunner)?
    private var parts: PartitionedEntries?

    /// Entries that are not applied; nil for none. With it entries are applied one by one.
    public var skips: (@Sendable (RawSpan, LogIndex, Timestamp) -> Bool)?

    private static var readSize: ByteCount { .mebibytes(4) }
    /// Fewer entries are applied before they could be shared out.
    private static var partedMin: Int { 512 }

    /// - Parameter runner: spreads entries over threads; the state is the same.
    public init(of keyspace: Keyspace, cluster: ClusterID, runner: any PartitionRunner) {
        self.keyspace = keyspace
        self.runner = runner
        if runner.width > 1 { parts = PartitionedEntries(of: cluster, width: runner.width) }
    }

    public init(of keyspace: Keyspace) {
        self.keyspace = keyspace
        runner = nil
    }

    /// Builds the secondary indexes, which are no part of the state, so that they answer. What is applied then takes
    /// longer.
    public mutating func buildIndexes() { keyspace.buildAllIndexes() }

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
        var position = run.frames.firstIndex { $0.header.lastIndex >= first } ?? run.frames.count
        while position < run.frames.count {
            let header = run.frames[position].header
            guard header.firstIndex == next, header.lastIndex <= last else { break }
            let end = applyInParts(run, from: position, through: last)
            if end == position { apply(run, at: position) }
            position = max(end, position + 1)
            next = run.frames[position - 1].header.lastIndex.next
        }
        return next > first ? next.previous : nil
    }

    /// Applies frames that consist of entries of one key each, if they are many enough, as
    /// `Replica.applyInParts`. Returns where they end.
    private mutating func applyInParts(_ run: FrameRun, from first: Int, through last: LogIndex) -> Int {
        guard let runner, skips == nil, keyspace.isDivisible, var entries = parts else { return first }
        // Nobody else holds its buffers meanwhile.
        parts = nil
        defer {
            entries.removeAll()
            parts = entries
        }
        var position = first
        while position < run.frames.count, run.frames[position].header.lastIndex <= last {
            let before = entries.count
            guard LogReplay.add(run, position, to: &entries) else {
                entries.removeLast(entries.count - before)
                break
            }
            position += 1
        }
        guard entries.count >= LogReplay.partedMin else { return first }
        keyspace.apply(&entries, on: runner)
        self.entries += entries.count
        return position
    }

    /// Adds the entries of a frame. False when there is one that must be applied by itself.
    private static func add(_ run: FrameRun, _ position: Int, to entries: inout PartitionedEntries) -> Bool {
        let header = run.frames[position].header
        guard header.kind == .entries else { return false }
        do throws(FrameError) {
            return try run.withPayload(at: position) { payload throws(FrameError) in
                var cursor = EntryCursor(header)
                var index = header.firstIndex
                var time = header.timestamp
                while let range = try cursor.next(in: payload) {
                    guard entries.add(payload.extracting(range), at: time, index: index) else { return false }
                    index = index.next
                    time = time.advanced(by: 1)
                }
                return true
            }
        } catch { unreadable(header, error) }
    }

    /// Its checksum was verified just now.
    private static func unreadable(_ header: FrameHeader, _ error: FrameError) -> Never {
        preconditionFailure("the frame at \(header.firstIndex) can not be read: \(error)")
    }

    private mutating func apply(_ run: FrameRun, at position: Int) {
        let header = run.frames[position].header
        do throws(FrameError) {
            try run.withPayload(at: position) { payload throws(FrameError) in try apply(payload, of: header) }
        } catch { LogReplay.unreadable(header, error) }
    }

    private mutating func apply(_ payload: RawSpan, of header: FrameHeader) throws(FrameError) {
        if header.kind == .leaderStart, keyspace.waiterCount > 0 { keyspace.sendWaitersAway() }
        var cursor = EntryCursor(header)
        var index = header.firstIndex
        var time = header.timestamp
        while let range = try cursor.next(in: payload) {
            if header.kind == .entries, !(skips?(payload.extracting(range), index, time) ?? false) {
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
