// Orders for the snapshots' thread while nothing of their directory may change: they wait, in their order.

import Vocabulary

/// Stands between the thread's queue and its keeper. A hold ends when it is told so, or when its time is over.
struct SnapshotHold {
    private var current: (number: UInt64, until: Instant)?
    private var waiting: [SnapshotThread.Order] = []
    /// A hold that has begun, and of which nobody was told.
    private var untold: UInt64?

    var isStanding: Bool { current != nil }

    /// When the thread has something to do although nobody orders anything.
    ///
    /// - Parameter next: when it may take the next step of what it does; nil: it does nothing.
    func deadline(next: Instant?) -> Instant? { current?.until ?? next }

    /// The orders that are to be carried out now: those that are not behind a hold.
    mutating func pass(_ orders: [SnapshotThread.Order], at now: Instant) -> [SnapshotThread.Order] {
        var passed: [SnapshotThread.Order] = []
        for order in orders {
            switch order {
            case .hold(let number, let until) where current == nil:
                current = (number, until)
                untold = number
            case .endHold(let number) where current?.number == number: passed += end()
            default: if isStanding { waiting.append(order) } else { passed.append(order) }
            }
        }
        if let current, now >= current.until { passed += end() }
        return passed
    }

    /// The hold that has come to stand with the last orders, once.
    mutating func begun() -> UInt64? {
        defer { untold = nil }
        return isStanding ? untold : nil
    }

    /// Ends it; what waited is to be carried out.
    mutating func end() -> [SnapshotThread.Order] {
        current = nil
        defer { waiting = [] }
        return waiting
    }
}
