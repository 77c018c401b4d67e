// Gives pieces of this node's snapshots to nodes that fetch them, no faster than is allowed.

import LogStore
import PeerProtocol
import Platform
import ReplicaSnapshots
import SnapshotStore
import Vocabulary

/// Takes questions in order, and answers each by a letter to the loop. Every other thread goes before it at the disk.
final class SnapshotServerThread: Sendable {
    struct Order: Sendable {
        var read: SnapshotRead
        var from: NodeID
    }

    enum Letter: Sendable {
        case piece(SnapshotPiece, for: NodeID)
        /// This node's own snapshot cannot be given to anybody.
        case damage(LogIndex, [SnapshotDamage])
    }

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread

    /// - Parameter rate: bytes per second, to all nodes together.
    init(
        _ shelf: SnapshotShelf, on disk: DirectoryStorage, rate: ByteCount,
        report: @escaping @Sendable (Letter) -> Void
    ) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        thread = try WorkerThread.start(name: "snapshot-server", yields: true) {
            var server = SnapshotServer(on: disk)
            var waiting: [Order] = []
            var taken: [Order] = []
            var nextAt = MonotonicClock.now()
            while orders.takeAll(into: &taken, waitUntil: waiting.isEmpty ? nil : nextAt) {
                waiting += taken
                let now = MonotonicClock.now()
                guard !waiting.isEmpty, now >= nextAt else { continue }
                let order = waiting.removeFirst()
                shelf.note(order.read.snapshot, at: now)
                let piece = server.answer(order.read, shelf.snapshots)
                // What was not sent while nobody asked is not made up for.
                nextAt = max(nextAt, now) + .nanoseconds((piece.bytes?.count ?? 0) * 1_000_000_000 / rate.rawValue)
                report(.piece(piece, for: order.from))
                if let found = server.findDamage() { report(.damage(found.index, found.damages)) }
            }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }
}
