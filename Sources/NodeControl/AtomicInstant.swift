// A moment that one thread finds and another waits for.

import Synchronization
import Vocabulary

final class AtomicInstant: Sendable {
    private let state = Mutex<(instant: Instant?, isOver: Bool)>((nil, false))

    var value: Instant? { state.withLock { $0.instant } }
    /// Nobody waits any more, or it is found.
    var isOver: Bool { state.withLock { $0.isOver || $0.instant != nil } }

    /// The first counts.
    func set(_ instant: Instant) { state.withLock { if $0.instant == nil { $0.instant = instant } } }
    func end() { state.withLock { $0.isOver = true } }
}
