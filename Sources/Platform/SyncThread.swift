// Files brought to stable storage behind the back of whoever writes them.

import Synchronization

/// A thread that carries out syncs in the order in which they are handed over, so that a device works while its writers
/// go on. For files of which nothing counts before `finish`: the first failure ends all that would follow, and is told
/// there.
public final class SyncThread: Sendable {
    public typealias Work = @Sendable () throws(SystemError) -> Void

    private let shared: Shared
    private let thread: Mutex<WorkerThread?>

    /// What the thread needs of this object, which may go before it does.
    private final class Shared: Sendable {
        let queue = WorkQueue<Work>()
        let failure = Mutex<SystemError?>(nil)

        func run() {
            var taken: [Work] = []
            while queue.takeAll(into: &taken) {
                for work in taken where failure.withLock({ $0 == nil }) {
                    do throws(SystemError) { try work() } catch { failure.withLock { $0 = error } }
                }
            }
        }
    }

    public init(name: String) throws(SystemError) {
        let shared = Shared()
        self.shared = shared
        thread = Mutex(try WorkerThread.start(name: name) { shared.run() })
    }

    deinit { stop() }

    /// Has `work` done when everything before it is.
    public func post(_ work: @escaping Work) { shared.queue.post(work) }

    /// Waits until everything is done. Nothing may be posted from then on.
    public func finish() throws(SystemError) {
        stop()
        if let failure = shared.failure.withLock({ $0 }) { throw failure }
    }

    private func stop() {
        shared.queue.close()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}
