// Work that blocks, such as running `nodectl`, done beside the loop that measures.

import Platform
import Synchronization

/// A piece of work on a thread of its own. The loop asks for the result once per turn.
final class Errand<Result: Sendable>: Sendable {
    private let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)

    /// Starts the work. An error of the work, or of starting it, is given by `result`.
    init(_ work: @escaping @Sendable () throws -> Result) {
        do {
            // Not joined: it ends by itself, and the outcome says when.
            _ = try WorkerThread.start(name: "errand") { [self] in
                let result = Swift.Result { try work() }
                outcome.withLock { $0 = result }
            }
        } catch {
            outcome.withLock { $0 = .failure(error) }
        }
    }

    /// What came of it; nil while it is under way.
    func result() throws -> Result? {
        try outcome.withLock { $0 }?.get()
    }
}
