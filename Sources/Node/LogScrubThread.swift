// Reads the log's older segments and the snapshots again and again, slowly, and looks after what repairs need.

import LogFormat
import LogStore
import Platform
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Vocabulary

/// Owns the scrubs of log and snapshots: a pass is one over the log, and then one over the snapshots. Every other
/// thread goes before it at the disk. All that it finds goes to the loop as letters: several a second while a pass is
/// under way, else one a minute.
final class LogScrubThread: Sendable {
    enum Letter: Sendable {
        case read(ByteCount)
        case damage(LogDamage)
        /// The disk refused to give a place, twice.
        case refused(StorageError)
        case snapshotRead(ByteCount)
        /// The snapshot of this index cannot be loaded as a whole.
        case snapshotDamage(LogIndex, [SnapshotDamage])
        case snapshotRefused(SnapshotError)
        /// A pass over the log is over.
        case logEnded(through: UInt64)
        /// The pass over the snapshots, which followed, is over as well. `order` is set when it was an operator's.
        case ended(order: UInt64?)
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
        _ scrub: LogScrub<DirectoryStorage>, _ shelf: SnapshotShelf, on snapshots: DirectoryStorage,
        logDirectory: String, pace: Pace, report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<UInt64>()
        self.orders = orders
        thread = try WorkerThread.start(name: "log-scrub", yields: true) {
            var worker = LogScrubWorker(
                scrub, shelf, on: snapshots, logDirectory: logDirectory, pace: pace, report: report)
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
    var snapshotScrub: SnapshotScrub<DirectoryStorage>
    let shelf: SnapshotShelf
    /// Whether the pass under way is through with the log.
    var isInSnapshots = false
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
        _ scrub: LogScrub<DirectoryStorage>, _ shelf: SnapshotShelf, on snapshots: DirectoryStorage,
        logDirectory: String, pace: LogScrubThread.Pace, report: @escaping @Sendable (LogScrubThread.Letter) -> Void
    ) {
        self.scrub = scrub
        self.shelf = shelf
        snapshotScrub = SnapshotScrub(disk: snapshots)
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
            snapshotScrub.restart()
            isInSnapshots = false
            stepAt = now
        }
        guard now >= stepAt else { return }
        step(at: now)
    }

    private mutating func step(at now: Instant) {
        if isInSnapshots { return stepSnapshots(at: now) }
        do throws(StorageError) {
            switch try scrub.step(LogScrubThread.step) {
            case .read(let bytes):
                report(.read(bytes))
                rest(after: bytes, at: now)
            case .damage(let damage):
                report(.damage(damage))
            case .ended(let through):
                report(.logEnded(through: through))
                isInSnapshots = true
            }
        } catch { report(.refused(error)) }
    }

    private mutating func stepSnapshots(at now: Instant) {
        do throws(SnapshotError) {
            switch try snapshotScrub.step(LogScrubThread.step, of: shelf.snapshots) {
            case .read(let bytes):
                report(.snapshotRead(bytes))
                rest(after: bytes, at: now)
            case .damage(let index, let damages):
                report(.snapshotDamage(index, damages))
            case .ended:
                report(.ended(order: order))
                order = nil
                isInSnapshots = false
                stepAt = waiting.isEmpty ? now + pace.interval : now
            }
        } catch { report(.snapshotRefused(error)) }
    }

    private mutating func rest(after bytes: ByteCount, at now: Instant) {
        let rate = pace.rate.rawValue * (order == nil ? 1 : LogScrubThread.haste)
        stepAt = now + .nanoseconds(bytes.rawValue * 1_000_000_000 / rate)
    }

    private func takeStock() {
        do throws(StorageError) {
            let free = try DirectoryStorage(path: logDirectory).freeSpace()
            report(.stock(try Quarantine(of: logDirectory), hasRoom: free >= pace.roomForRepair))
        } catch { report(.refused(error)) }
    }
}
