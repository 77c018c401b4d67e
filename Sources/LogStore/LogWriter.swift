// Group commit without its thread: which orders go into one pass, when the next segment is made, what room is left.

import LogFormat
public import Vocabulary

/// The log's engine with the orders that wait for it. `LogThread` runs it on a thread of its own, the simulator between
/// two of its events: both call `write`, then `sync`, as often as `write` finds something to do.
///
/// 1. Orders are written in the order in which they were added, and each once.
/// 2. At most one preparation is under way: from `takePreparation` until `finish`.
/// 3. A log at rest is sealed: behind its newest batch stands a state record of a batch of its own. It proves that the
///    batch was synced, so that later damage to it is known from a torn tail.
public struct LogWriter<Disk: Storage>: Sendable {
    /// How long to wait before space is looked for again.
    public static var retryInterval: Duration { .seconds(1) }
    /// How long the log rests before it is sealed: longer than a lone client pauses, short enough that little is ever
    /// unsealed.
    public static var sealDelay: Duration { .milliseconds(50) }

    private var engine: LogEngine<Disk>
    /// Orders that are not written yet, from `written` on.
    private var waiting: [LogOrder] = []
    private var written = 0
    /// The newest ticket all of whose orders were written.
    private var whole = WriteTicket.zero
    /// The highest index before which was released ahead of its turn.
    private var released = LogIndex.zero
    /// A preparation is under way.
    private(set) var isPreparing = false
    /// When space is to be looked for again; until then nothing is prepared.
    private var retryAt: Instant?
    /// The last segment that was wanted could not be made for want of space.
    private var isDiskFull = false
    /// When the newest batch is to be sealed; nil when it is. What a start has found is sealed by its opening
    /// record.
    private var sealAt: Instant?

    public init(_ engine: LogEngine<Disk>) { self.engine = engine }

    /// One write pass: orders handed to the disk that count once `sync` has returned.
    public struct Pass: Hashable, Sendable {
        /// All orders up to this ticket are in this pass, or were in those before it.
        public let ticket: WriteTicket
        /// How many of those that waited are in it; none when a release is carried out ahead of its turn.
        public let orders: Int
        public let entries: Int
        public let bytes: ByteCount
    }

    public var room: LogRoom { LogRoom(left: engine.roomLeft, isDiskFull: isDiskFull) }
    public var segments: Int { engine.segments }
    public var extent: LogExtent { engine.extent }
    /// Whether orders wait: for a pass, or for room.
    public var isEmpty: Bool { written == waiting.count }

    public mutating func add(_ orders: [LogOrder]) { waiting += orders }

    /// Writes the next pass. Nil when nothing waits, or what waits needs a segment that is not prepared yet.
    public mutating func write() throws(LogError) -> Pass? {
        guard written < waiting.count else { return nil }
        let count: Int
        do throws(LogError) { count = try engine.write(waiting, from: written) } catch {
            guard case .noRoom = error else { throw error }
            return try writeRelease()
        }
        let orders = waiting[written..<written + count]
        let entries = orders.reduce(0) {
            if case .append(let frame, _) = $1.action { $0 + Int(frame.header.count) } else { $0 }
        }
        // A ticket is persisted with the last of its orders only, and a pass may end before that.
        let next = written + count < waiting.count ? waiting[written + count].ticket : nil
        whole = orders.last { $0.ticket != next }?.ticket ?? whole
        written += count
        if written == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            written = 0
        }
        return Pass(ticket: whole, orders: count, entries: entries, bytes: ByteCount(engine.takeWrittenBytes()))
    }

    /// What waits does not fit, and behind it waits a release that may make it fit: that is carried out now, and again
    /// in its turn. It gives up only what every order before it leaves alone.
    private mutating func writeRelease() throws(LogError) -> Pass? {
        var highest = released
        for order in waiting[written...] {
            if case .release(let index) = order.action { highest = max(highest, index) }
        }
        guard highest > released, engine.hasStateRoom else { return nil }
        released = highest
        _ = try engine.write([LogOrder(ticket: whole, .release(before: highest))])
        return Pass(ticket: whole, orders: 0, entries: 0, bytes: ByteCount(engine.takeWrittenBytes()))
    }

    /// Brings what was written to stable storage.
    public mutating func sync(at now: Instant) throws(LogError) {
        try engine.sync()
        sealAt = now + LogWriter.sealDelay
    }

    /// Whether the newest batch has its proof.
    public var isSealed: Bool { sealAt == nil }

    /// When there is something to do that nobody asks for: look for space, or seal the log.
    public var nextDeadline: Instant? {
        guard let sealAt, isEmpty else { return retryAt }
        return min(sealAt, retryAt ?? sealAt)
    }

    /// Seals the log when it has rested for long enough: writes its state once more, and syncs that.
    public mutating func sealIfDue(at now: Instant) throws(LogError) {
        guard let deadline = sealAt, isEmpty, now >= deadline else { return }
        guard engine.hasStateRoom else {
            sealAt = now + LogWriter.retryInterval
            return
        }
        try engine.rewriteState()
        try engine.sync()
        sealAt = nil
    }

    /// Seals the log now, if it has room for that: what is copied of it then proves that its newest batch was synced.
    mutating func seal() throws(LogError) {
        guard sealAt != nil, isEmpty, engine.hasStateRoom else { return }
        try engine.rewriteState()
        try engine.sync()
        sealAt = nil
    }

    /// A reader for any one thread.
    public func reader() -> LogReader<Disk> { engine.reader() }

    // MARK: Segments

    /// The preparation to carry out now, if one is due and none is under way. Its result goes to `finish`.
    public mutating func takePreparation(at now: Instant) -> SegmentPreparation? {
        // What was given up in between is room at once.
        if let deadline = retryAt, now < deadline, !engine.hasRetired { return nil }
        retryAt = nil
        guard !isPreparing, let order = engine.takePreparation() else { return nil }
        isPreparing = true
        return order
    }

    /// Takes what came of a preparation. For want of space it is tried again later; any other error ends the log.
    public mutating func finish(
        _ result: Result<PreparedSegment<Disk>?, StorageError>, at now: Instant
    ) throws(LogError) {
        isPreparing = false
        switch result {
        case .success(let segment):
            if segment != nil { isDiskFull = false }
            engine.adopt(segment)
        case .failure(let error):
            engine.putBack()
            guard error.reason == .noSpace else { throw .storage(error) }
            isDiskFull = true
            retryAt = now + LogWriter.retryInterval
        }
    }
}
