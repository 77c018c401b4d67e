// The thread that writes the log: what gathers while it syncs is its next batch.

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
        case hold(LogHoldOrder)
        case release(UInt64)
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
        let work = Handover(LogWorker(writer: LogWriter(engine), queue: queue, preparer: preparer, report: report))
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

    /// Has the log stand still once all that was posted before is on stable storage. `LogReport.held` tells that it
    /// does,
    /// `holdEnded` that it no longer does. One at a time: another one meanwhile is dropped.
    public func hold(_ order: LogHoldOrder) { queue.post(.hold(order)) }

    /// Ends the hold of this number, if it is not over.
    public func release(hold number: UInt64) { queue.post(.release(number)) }

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

/// What the thread does: a `LogWriter`, fed from the queue.
private struct LogWorker<Disk: Storage>: Sendable {
    var writer: LogWriter<Disk>
    let queue: WorkQueue<LogThread.Item>
    let preparer: SegmentPreparer<Disk>
    let report: @Sendable (LogReport) -> Void
    var hold: LogHold?

    mutating func run() {
        defer { preparer.stop() }
        do throws(LogError) {
            prepare()
            var items: [LogThread.Item] = []
            while queue.takeAll(into: &items, waitUntil: nextDeadline) {
                for item in items { try take(item) }
                if let ending = hold?.breaking(at: MonotonicClock.now()) { endHold(ending) }
                try writeAll()
                if hold != nil {
                    try standStill()
                } else {
                    try writer.sealIfDue(at: MonotonicClock.now())
                    prepare()
                }
            }
            if hold != nil { endHold(.released) }
            try writeAll()
        } catch {
            queue.close()
            report(.failed(error))
        }
    }

    private mutating func take(_ item: LogThread.Item) throws(LogError) {
        switch item {
        case .orders(let orders):
            if hold == nil { writer.add(orders) } else { hold?.add(orders) }
        case .hold(let order):
            if hold == nil { hold = LogHold(order) }
        case .release(let number):
            if hold?.order.number == number { endHold(.released) }
        case .prepared:
            guard let result = preparer.takeResult() else { return }
            try writer.finish(result, at: MonotonicClock.now())
            report(.room(writer.room))
        }
    }

    // MARK: Holding

    private var nextDeadline: Instant? {
        guard let hold else { return writer.nextDeadline }
        guard !hold.isStanding, let next = writer.nextDeadline else { return hold.order.until }
        return min(next, hold.order.until)
    }

    /// Comes to a stand when everything from before the hold is done. What lacks room for that still gets its segment.
    private mutating func standStill() throws(LogError) {
        guard let current = hold, !current.isStanding else { return }
        guard writer.isEmpty else { return prepare() }
        guard !writer.isPreparing else { return }
        try writer.seal()
        hold?.stand()
        report(.held(current.order.number))
    }

    private mutating func endHold(_ ending: LogHoldEnding) {
        guard let ended = hold else { return }
        hold = nil
        writer.add(ended.waiting)
        report(.holdEnded(ended.order.number, ending, stood: ended.isStanding))
    }

    private mutating func writeAll() throws(LogError) {
        var begin = MonotonicClock.now()
        while let pass = try writer.write() {
            let middle = MonotonicClock.now()
            try writer.sync(at: middle)
            let end = MonotonicClock.now()
            report(
                .persisted(
                    LogBatch(
                        persisted: pass.ticket, orders: pass.orders, entries: pass.entries, bytes: pass.bytes,
                        writeDuration: middle - begin, syncDuration: end - middle, room: writer.room,
                        segments: writer.segments, firstIndex: writer.extent.bounds.first,
                        bytesOnDisk: writer.extent.bytesOnDisk)))
            begin = end
        }
    }

    private mutating func prepare() {
        if let order = writer.takePreparation(at: MonotonicClock.now()) { preparer.start(order) }
    }
}
