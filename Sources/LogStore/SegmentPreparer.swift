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
        let result = Mutex<Result<PreparedSegment<Disk>?, StorageError>?>(nil)
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
                    desk.result.withLock { $0 = result }
                    finished()
                }
            }
        }
    }

    func start(_ order: SegmentPreparation) {
        queue.post(order)
    }

    /// What came of the preparation that has finished; nil when none has.
    func takeResult() -> Result<PreparedSegment<Disk>?, StorageError>? {
        desk.result.withLock { result in
            defer { result = nil }
            return result
        }
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
