// The thread that makes segments ready while the log thread writes.

import Platform
import Synchronization
import Vocabulary

/// Carries out one preparation at a time. Used by the log thread alone, but for the worker inside.
final class SegmentPreparer<Disk: Storage>: Sendable {
    private let queue: WorkQueue<SegmentPreparation>
    private let thread: WorkerThread
    private let desk: Desk

    /// Where the worker leaves what came of it.
    private final class Desk: Sendable {
        let state = Mutex<State>(.idle)

        enum State: Sendable {
            case idle
            case busy
            case done(Result<PreparedSegment<Disk>?, StorageError>)
        }
    }

    /// `finished` is called on the worker's thread after each preparation.
    init(disk: Disk, finished: @escaping @Sendable () -> Void) throws(SystemError) {
        let queue = WorkQueue<SegmentPreparation>()
        let desk = Desk()
        self.queue = queue
        self.desk = desk
        thread = try WorkerThread.start(name: "log-prepare") {
            var orders: [SegmentPreparation] = []
            while queue.takeAll(into: &orders) {
                for order in orders {
                    let result = SegmentPreparer.attempt(order, on: disk)
                    desk.state.withLock { $0 = .done(result) }
                    finished()
                }
            }
        }
    }

    /// From `start` until its result was taken.
    var isBusy: Bool {
        desk.state.withLock { if case .idle = $0 { false } else { true } }
    }

    func start(_ order: SegmentPreparation) {
        desk.state.withLock { $0 = .busy }
        queue.post(order)
    }

    /// What came of the preparation that has finished; nil when none has, or it made no segment.
    func takeResult() throws(StorageError) -> PreparedSegment<Disk>? {
        let result: Result<PreparedSegment<Disk>?, StorageError>? = desk.state.withLock {
            guard case .done(let result) = $0 else { return nil }
            $0 = .idle
            return result
        }
        return try result?.get() ?? nil
    }

    /// Waits for a preparation that is under way.
    func stop() {
        queue.close()
        thread.join()
    }

    private static func attempt(
        _ order: SegmentPreparation, on disk: Disk
    ) -> Result<PreparedSegment<Disk>?, StorageError> {
        do throws(StorageError) { return .success(try order.run(on: disk)) } catch { return .failure(error) }
    }
}
