// Proves indexes on a thread of its own, over a state that stands still while the node goes on.

import Keyspace
import Platform
import Vocabulary

/// One proof at a time; the next waits. A state costs nothing to hold still but copies of what is changed meanwhile.
final class IndexProofThread: Sendable {
    struct Order: Sendable {
        var number: UInt64
        var state: Keyspace
        /// Nil for all indexes.
        var name: [UInt8]?
        /// Whether it is of what was built anew and waits for that.
        var isOfReplacements = false
    }

    struct Letter: Sendable {
        var number: UInt64
        var isOfReplacements: Bool
        var at: LogIndex
        var took: Duration
        var verdicts: [IndexVerdict]
    }

    /// Records or elements between two looks at whether the thread is to end.
    private static let step = 4096

    private let orders: WorkQueue<Order>
    private let thread: WorkerThread

    init(report: @escaping @Sendable (Letter) -> Void) throws(SystemError) {
        let orders = WorkQueue<Order>()
        self.orders = orders
        thread = try WorkerThread.start(name: "index-proof", yields: true) {
            var waiting: [Order] = []
            var taken: [Order] = []
            var current: (order: Order, proof: IndexProof, since: Instant)?
            // While a proof is under way, a look and no wait.
            while orders.takeAll(into: &taken, waitUntil: current == nil ? nil : MonotonicClock.now()) {
                waiting += taken
                taken.removeAll()
                if current == nil, !waiting.isEmpty {
                    let order = waiting.removeFirst()
                    let proof = IndexProof(
                        of: order.state, named: order.name, isOfReplacements: order.isOfReplacements)
                    current = (order, proof, MonotonicClock.now())
                }
                guard current?.proof.step(IndexProofThread.step) == false, let ended = current else { continue }
                current = nil
                report(
                    Letter(
                        number: ended.order.number, isOfReplacements: ended.order.isOfReplacements,
                        at: ended.order.state.lastAppliedIndex,
                        took: MonotonicClock.now() - ended.since, verdicts: ended.proof.results))
            }
        }
    }

    func post(_ order: Order) { orders.post(order) }

    func stop() {
        orders.close()
        thread.join()
    }
}
