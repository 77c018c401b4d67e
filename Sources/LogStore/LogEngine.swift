// Writing the log: many orders, one write, one sync.

import ByteCoding
public import LogFormat
public import Vocabulary

/// The log's one writer: single-threaded and synchronous, so that the same code runs under a log thread and under a
/// simulated disk.
///
/// 1. Everything before `chain.batch` is on stable storage; everything from there to `chain.next` was written since.
/// 2. A new segment is begun only when the one before it is synced to its end.
/// 3. After any failed write or sync nothing is written any more (`hasFailed`): what the disk holds is unknown.
/// 4. Readers see an index only when its frame was handed to the disk.
public struct LogEngine<Disk: Storage>: Sendable {
    /// The most bytes of one write pass; a single order may be larger.
    public static var passLimit: Int { 16 << 20 }
    /// The bytes of a large frame that the buffer keeps room for afterwards.
    private static var bufferKept: Int { 4 << 20 }
    /// What a segment costs before its first order: its header and its state record.
    static var opening: Int { SegmentHeader.byteCount + LogChain.stateLength }

    public let identity: LogIdentity
    let disk: Disk
    let options: LogOptions
    let map: LogMap
    var chain: LogChain
    var current: OpenSegment
    /// Segments that are ready, in the order of their use: the next of the log, and those that follow it.
    var spares: [PreparedSegment<Disk>]
    var segmentCount: Int
    /// The newest state gives up segments, and is not on stable storage yet.
    var isReleasing = false
    /// Segments that were given up, the oldest first: to go, and going. They go in this order, so that those which a
    /// crash leaves follow one another up to the log.
    var retired: [RetiredSegment] = []
    var leaving: [RetiredSegment] = []
    /// Something has retired since the last preparation was taken.
    var hasRetired = false

    /// Records on their way to the disk; the first stands at `current.offset`.
    var buffer: [UInt8] = []
    var notes: [MapNote] = []
    private var writtenBytes = 0
    var hasFailed = false

    struct OpenSegment {
        var sequence: UInt64
        var file: Disk.Handle
        var base: LSN
        var size: Int
        /// Where in the file the next record goes.
        var offset: Int
        var room: Int { size - offset }
    }

    /// What the map learns once the bytes are with the disk.
    enum MapNote {
        case frame(first: LogIndex, last: LogIndex, at: LSN)
        case truncation(from: LogIndex)
        case restart(at: LogIndex)
        case segment(SegmentHeader, size: Int)
    }

    init(
        disk: Disk, options: LogOptions, outcome: LogRecovery<Disk>.Outcome, file: Disk.Handle, size: Int,
        spares: [PreparedSegment<Disk>]
    ) {
        self.disk = disk
        self.options = options
        identity = outcome.chain.identity
        map = LogMap(outcome.map)
        // The newest batch is not over before the opening sync: its own may have failed.
        chain = outcome.chain
        let offset = Int(outcome.chain.next.rawValue - outcome.base.rawValue)
        current = OpenSegment(
            sequence: outcome.sequence, file: file, base: outcome.base, size: max(size, offset), offset: offset)
        self.spares = spares
        segmentCount = outcome.map.segments.count
        map.withState { [end = chain.next, idle = idleBytes] state in
            state.end = end
            state.idleBytes = idle
        }
    }

    // MARK: What it tells

    public var last: LogPosition { chain.last }
    public var state: LogState { chain.state }
    public var segments: Int { segmentCount + spares.count }

    /// Where the log begins and what it takes, for any thread.
    public var extent: LogExtent { LogExtent(map) }

    /// The bytes that can surely still be written: what is left of this segment and of those prepared.
    public var roomLeft: ByteCount {
        ByteCount(spares.reduce(current.room) { $0 + max(0, $1.size - LogEngine.opening) })
    }

    /// A reader for any one thread.
    public func reader() -> LogReader<Disk> { LogReader(disk: disk, map: map, seed: chain.seed) }

    /// Checks the sealed segments, on any one thread.
    public func scrub() -> LogScrub<Disk> { LogScrub(disk: disk, map: map, identity: identity) }

    // MARK: Writing

    /// Writes the orders from `start` on, as many as one pass takes: at most `passLimit` bytes and one new segment.
    /// Nothing of them counts before `sync`.
    ///
    /// - Returns: how many orders were written; at least one.
    /// - Throws: `noRoom` when not even the first fits, and then nothing has changed. After any other error the log has
    ///   stopped.
    public mutating func write(_ orders: [LogOrder], from start: Int = 0) throws(LogError) -> Int {
        guard !hasFailed else { throw .stopped }
        let count = try plan(orders, from: start)
        do throws(StorageError) {
            for order in orders[start..<start + count] { try encode(order.action) }
            try flush()
        } catch {
            hasFailed = true
            throw error.operation == .sync ? .syncFailed(error) : .storage(error)
        }
        return count
    }

    /// Brings everything written to stable storage. After an error the log has stopped, whatever a retry would say.
    public mutating func sync() throws(LogError) {
        guard !hasFailed else { throw .stopped }
        do throws(StorageError) { try disk.sync(current.file) } catch {
            hasFailed = true
            throw .syncFailed(error)
        }
        chain.beginBatch()
        finishRelease()
    }

    /// Writes the state once more, under its next number.
    mutating func rewriteState() throws(LogError) {
        do throws(StorageError) {
            if LogChain.stateLength > current.room { try roll() } else { write { _ in } }
            try flush()
        } catch {
            hasFailed = true
            throw error.operation == .sync ? .syncFailed(error) : .storage(error)
        }
    }

    /// Whether another state record can be written, in a spare segment if need be.
    var hasStateRoom: Bool { current.room >= LogChain.stateLength || !spares.isEmpty }

    /// Prepares a segment here and now, if one is wanted.
    mutating func prepareNow() throws(LogError) {
        do throws(StorageError) {
            try prepareInline()
        } catch { throw .storage(error) }
    }

    /// Bytes given to the disk since the last call.
    public mutating func takeWrittenBytes() -> Int {
        defer { writtenBytes = 0 }
        return writtenBytes
    }

    /// How many orders go into this pass. Makes sure that there is a segment for them, large enough.
    private mutating func plan(_ orders: [LogOrder], from start: Int) throws(LogError) -> Int {
        precondition(start < orders.count, "no orders behind \(start) of \(orders.count)")
        var room = current.room
        var total = 0
        var hasRolled = false
        for position in start..<orders.count {
            let action = orders[position].action
            let size = LogEngine.recordLength(of: action)
            if position > start, total + size > LogEngine.passLimit { return position - start }
            let isLast = spares.count == (hasRolled ? 1 : 0)
            if size + (isLast && action.isFrame ? options.lastRoom : 0) > room {
                if hasRolled { return position - start }
                do throws(LogError) { room = try readyNext(for: size) } catch {
                    if case .noRoom = error, position > start { return position - start }
                    throw error
                }
                hasRolled = true
            }
            room -= size
            total += size
        }
        return orders.count - start
    }

    private static func recordLength(of action: LogOrder.Action) -> Int {
        switch action {
        case .append(let frame, _): LogChain.recordLength(of: frame)
        case .truncate: LogChain.truncationLength
        case .restart: LogChain.restartLength
        case .ballot, .raiseFence, .clearFence, .release: LogChain.stateLength
        }
    }

    private mutating func encode(_ action: LogOrder.Action) throws(StorageError) {
        let size = LogEngine.recordLength(of: action)
        if buffer.count + size > current.room { try roll() }
        switch action {
        case .append(let frame, let commitIndex):
            notes.append(.frame(first: frame.header.firstIndex, last: frame.header.lastIndex, at: chain.next))
            chain.write(frame, commitIndex: commitIndex, into: &buffer)
        case .truncate(let index):
            try writeTruncation(from: index)
        case .restart(let position, let checksum):
            try writeRestart(at: position, checksum: checksum)
        case .ballot(let term, let votedFor):
            write {
                $0.term = term; $0.votedFor = votedFor
            }
        case .raiseFence(let index):
            write { $0.fence = max(index, $0.fence ?? .zero) }
        case .clearFence:
            write {
                $0.fence = nil; $0.isBallotUncertain = false
            }
        case .release(let index):
            writeRelease(before: index)
        }
    }

    mutating func write(_ change: (inout LogState) -> Void) {
        var state = chain.state
        change(&state)
        chain.write(state, into: &buffer)
    }

    /// Hands the buffer to the disk, with zeros behind it that say "nothing more", for a recycled file has old bytes.
    mutating func flush() throws(StorageError) {
        guard !buffer.isEmpty else { return }
        let length = buffer.count
        let end = min(RecordHeader.byteCount, current.room - length)
        buffer.append(contentsOf: repeatElement(0, count: end))
        try disk.write(buffer.rawBytes, at: current.offset, of: current.file)
        writtenBytes += buffer.count
        current.offset += length
        buffer.removeAll(keepingCapacity: buffer.capacity <= LogEngine.bufferKept)
        publish()
    }

    private mutating func publish() {
        let interval = options.indexInterval
        map.withState { [notes, end = chain.next, idle = idleBytes] state in
            for note in notes {
                switch note {
                case .frame(let first, let last, let lsn):
                    state.noteFrame(first, last, at: lsn, interval: interval)
                case .truncation(let index): state.noteTruncation(from: index)
                case .restart(let index): state.noteRestart(at: index)
                case .segment(let header, let size): state.noteSegment(header, size: size)
                }
            }
            state.end = end
            state.idleBytes = idle
        }
        notes.removeAll(keepingCapacity: true)
    }
}
