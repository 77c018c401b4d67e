// The thread that writes the log: what gathers while it syncs is its next batch.

import LogFormat
public import Platform
import Synchronization
import Vocabulary

/// Owns a log's engine. Orders go in by `post`, reports come out by the closure given at the start, which runs on this
/// thread: it posts to a mailbox, or does as little.
///
/// One write pass and one sync per gathered batch. A second thread makes the next segment ready meanwhile. A failed
/// sync is never repeated: the report says `failed`, and the thread ends.
public final class LogThread: Sendable {
    private let queue: WorkQueue<Item>
    private let thread: WorkerThread

    fileprivate enum Item: Sendable {
        case orders([LogOrder])
        /// The preparation that was under way has ended; the closure of `LogWorker` holds its result.
        case prepared
    }

    @specialized(where Disk == DirectoryStorage)
    public init<Disk: Storage>(
        engine: consuming LogEngine<Disk>, disk: Disk, report: @escaping @Sendable (LogReport) -> Void
    ) throws(SystemError) {
        let queue = WorkQueue<Item>()
        self.queue = queue
        let preparer = try SegmentPreparer(disk: disk) { queue.post(.prepared) }
        let work = Handover(LogWorker(engine: engine, queue: queue, preparer: preparer, report: report))
        do throws(SystemError) {
            thread = try WorkerThread.start(name: "log") {
                var worker = work.take()
                worker?.run()
            }
        } catch {
            preparer.stop()
            throw error
        }
    }

    /// Gives orders to write. Each call's orders follow those of the call before. Dropped once the log has failed or
    /// stopped: they are never reported as persisted.
    public func post(_ orders: [LogOrder]) {
        if !orders.isEmpty { queue.post(.orders(orders)) }
    }

    /// Writes and syncs what was posted, as far as there is room, then ends the thread. Once.
    public func stop() {
        queue.close()
        thread.join()
    }
}

/// Gives a value to the thread without keeping a copy: one would hold the first segments open for ever.
private final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: Value) { self.value = Mutex(value) }

    func take() -> Value? {
        value.withLock {
            let taken = $0
            $0 = nil
            return taken
        }
    }
}

/// What the thread does.
private struct LogWorker<Disk: Storage>: Sendable {
    /// How long to wait before space is looked for again.
    private static var retryInterval: Duration { .seconds(1) }

    var engine: LogEngine<Disk>
    let queue: WorkQueue<LogThread.Item>
    let preparer: SegmentPreparer<Disk>
    let report: @Sendable (LogReport) -> Void
    /// Orders that are not written yet, from `written` on.
    var waiting: [LogOrder] = []
    var written = 0
    var retryAt: Instant?
    /// The last segment that was wanted could not be made for want of space.
    var isDiskFull = false

    init(
        engine: LogEngine<Disk>, queue: WorkQueue<LogThread.Item>, preparer: SegmentPreparer<Disk>,
        report: @escaping @Sendable (LogReport) -> Void
    ) {
        self.engine = engine
        self.queue = queue
        self.preparer = preparer
        self.report = report
    }

    mutating func run() {
        defer { preparer.stop() }
        do throws(LogError) {
            try prepare()
            var items: [LogThread.Item] = []
            while queue.takeAll(into: &items, waitUntil: retryAt) {
                for item in items { try take(item) }
                try writeAll()
                try prepare()
            }
            try writeAll()
        } catch {
            queue.close()
            report(.failed(error))
        }
    }

    private mutating func take(_ item: LogThread.Item) throws(LogError) {
        switch item {
        case .orders(let orders):
            waiting += orders
        case .prepared:
            do throws(StorageError) {
                let segment = try preparer.takeResult()
                if segment != nil { isDiskFull = false }
                engine.adopt(segment)
            } catch {
                guard error.reason == .noSpace else { throw .storage(error) }
                isDiskFull = true
                retryAt = MonotonicClock.now() + LogWorker.retryInterval
            }
            report(.room(room))
        }
    }

    private mutating func writeAll() throws(LogError) {
        while written < waiting.count {
            do throws(LogError) { try writeBatch() } catch {
                guard case .noRoom = error else { throw error }
                // Goes on once a segment is prepared.
                break
            }
        }
        if written == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            written = 0
        }
    }

    private mutating func writeBatch() throws(LogError) {
        let begin = MonotonicClock.now()
        let count = try engine.write(waiting, from: written)
        let middle = MonotonicClock.now()
        try engine.sync()
        let end = MonotonicClock.now()
        var entries = 0
        for order in waiting[written..<written + count] {
            if case .append(let frame, _) = order.action { entries += Int(frame.header.count) }
        }
        written += count
        report(
            .persisted(
                LogBatch(
                    persisted: waiting[written - 1].ticket, orders: count, entries: entries,
                    bytes: ByteCount(engine.takeWrittenBytes()), writeDuration: middle - begin,
                    syncDuration: end - middle, room: room, segments: engine.segments)))
    }

    private var room: LogRoom { LogRoom(left: engine.roomLeft, isDiskFull: isDiskFull) }

    private mutating func prepare() throws(LogError) {
        if let deadline = retryAt, MonotonicClock.now() < deadline { return }
        retryAt = nil
        guard !preparer.isBusy, let order = engine.takePreparation() else { return }
        preparer.start(order)
    }
}
