// Reads the log's older segments again and again, slowly, and looks after what repairs need.

import LogFormat
import LogStore
import Platform
import Vocabulary

/// Owns the log's scrub. Every other thread goes before it at the disk. All that it finds goes to the loop as letters:
/// several a second while a pass is under way, else one a minute.
final class LogScrubThread: Sendable {
    enum Letter: Sendable {
        case read(ByteCount)
        case damage(LogDamage)
        /// The disk refused to give a place, twice.
        case refused(StorageError)
        /// A pass is over. `order` is set when it was an operator's.
        case ended(through: UInt64, order: UInt64?)
        /// What is in quarantine, and whether the file system has room for what a repair would make.
        case stock(Quarantine, hasRoom: Bool)
    }

    struct Pace: Sendable {
        var rate: ByteCount
        var interval: Duration
        /// What a repair may have to make: a copy of a segment, and a new one.
        var roomForRepair: ByteCount
    }

    /// Bytes of one step.
    static let step = ByteCount(LogScrub<DirectoryStorage>.window)
    /// An operator who asks for a pass waits for it: it goes this many times as fast.
    static let haste = 32
    static let stockInterval = Duration.seconds(60)

    private let orders: WorkQueue<UInt64>
    private let thread: WorkerThread

    init(
        _ scrub: LogScrub<DirectoryStorage>, logDirectory: String, pace: Pace,
        report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<UInt64>()
        self.orders = orders
        thread = try WorkerThread.start(name: "log-scrub", yields: true) {
            var worker = LogScrubWorker(scrub, logDirectory: logDirectory, pace: pace, report: report)
            var taken: [UInt64] = []
            while orders.takeAll(into: &taken, waitUntil: worker.nextDeadline) {
                worker.waiting += taken
                worker.turn(at: MonotonicClock.now())
            }
        }
    }

    /// Asks for a pass over everything, at once and faster. `order` comes back with its end.
    func post(_ order: UInt64) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }
}

private struct LogScrubWorker {
    var scrub: LogScrub<DirectoryStorage>
    let logDirectory: String
    let pace: LogScrubThread.Pace
    let report: @Sendable (LogScrubThread.Letter) -> Void
    /// Passes that operators asked for and that have not begun.
    var waiting: [UInt64] = []
    /// The one that is under way.
    var order: UInt64?
    /// When the next step, or the next pass, is due.
    var stepAt: Instant
    var stockAt: Instant

    init(
        _ scrub: LogScrub<DirectoryStorage>, logDirectory: String, pace: LogScrubThread.Pace,
        report: @escaping @Sendable (LogScrubThread.Letter) -> Void
    ) {
        self.scrub = scrub
        self.logDirectory = logDirectory
        self.pace = pace
        self.report = report
        let now = MonotonicClock.now()
        // The start has only just read everything.
        stepAt = now + pace.interval
        stockAt = now
    }

    var nextDeadline: Instant { min(stepAt, stockAt) }

    mutating func turn(at now: Instant) {
        if now >= stockAt {
            takeStock()
            stockAt = now + LogScrubThread.stockInterval
        }
        if order == nil, !waiting.isEmpty {
            order = waiting.removeFirst()
            scrub.restart()
            stepAt = now
        }
        guard now >= stepAt else { return }
        step(at: now)
    }

    private mutating func step(at now: Instant) {
        do throws(StorageError) {
            switch try scrub.step(LogScrubThread.step) {
            case .read(let bytes):
                report(.read(bytes))
                let rate = pace.rate.rawValue * (order == nil ? 1 : LogScrubThread.haste)
                stepAt = now + .nanoseconds(bytes.rawValue * 1_000_000_000 / rate)
            case .damage(let damage):
                report(.damage(damage))
            case .ended(let through):
                report(.ended(through: through, order: order))
                order = nil
                stepAt = waiting.isEmpty ? now + pace.interval : now
            }
        } catch { report(.refused(error)) }
    }

    private func takeStock() {
        do throws(StorageError) {
            let free = try DirectoryStorage(path: logDirectory).freeSpace()
            report(.stock(try Quarantine(of: logDirectory), hasRoom: free >= pace.roomForRepair))
        } catch { report(.refused(error)) }
    }
}
