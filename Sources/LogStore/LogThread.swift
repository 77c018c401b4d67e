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

    mutating func run() {
        defer { preparer.stop() }
        do throws(LogError) {
            prepare()
            var items: [LogThread.Item] = []
            while queue.takeAll(into: &items, waitUntil: writer.nextDeadline) {
                for item in items { try take(item) }
                try writeAll()
                try writer.sealIfDue(at: MonotonicClock.now())
                prepare()
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
            writer.add(orders)
        case .prepared:
            guard let result = preparer.takeResult() else { return }
            try writer.finish(result, at: MonotonicClock.now())
            report(.room(writer.room))
        }
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
