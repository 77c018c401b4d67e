// Orders for a worker thread.

import Platform
import Testing
import Vocabulary

@Suite struct WorkQueueTests {
    @Test func `everything posted is taken in order, then the worker's work is done`() throws {
        let orders = WorkQueue<Int>()
        let results = WorkQueue<Int>()
        let worker = try WorkerThread.start(name: "worker with a long name") {
            var taken: [Int] = []
            while orders.takeAll(into: &taken) { for order in taken { results.post(order * 2) } }
            results.close()
        }
        #expect((0..<10_000).allSatisfy { orders.post($0) })
        orders.close()
        #expect(!orders.post(1))
        var received: [Int] = []
        var taken: [Int] = []
        while results.takeAll(into: &taken) { received += taken }
        worker.join()
        #expect(received == (0..<10_000).map { $0 * 2 })
    }

    @Test func `a take ends at its deadline with nothing`() {
        let queue = WorkQueue<Int>()
        var taken = [1]
        let deadline = MonotonicClock.now() + .microseconds(200)
        #expect(queue.takeAll(into: &taken, waitUntil: deadline))
        #expect(taken == [])
        #expect(MonotonicClock.now() >= deadline)
    }

    @Test func `what was posted before the close is still taken`() {
        let queue = WorkQueue<Int>()
        queue.post(1)
        queue.close()
        var taken: [Int] = []
        #expect(queue.takeAll(into: &taken))
        #expect(taken == [1])
        #expect(!queue.takeAll(into: &taken))
        #expect(taken == [])
    }
}

@Suite struct MailboxTests {
    @Test func `a drain takes all in order and replaces what was in its array`() throws {
        let reactor = try Reactor()
        let mailbox = Mailbox<Int>(waking: reactor.waker)
        mailbox.post(1)
        mailbox.post(2)
        var taken = [9, 9, 9]
        mailbox.drain(into: &taken)
        #expect(taken == [1, 2])
        mailbox.drain(into: &taken)
        #expect(taken == [])
    }
}
