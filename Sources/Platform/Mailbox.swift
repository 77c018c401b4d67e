// Messages from many threads to one reactor.

public import Synchronization

/// Elements that threads post and one thread takes, all at once; posting wakes the taker's reactor.
///
/// Nothing here bounds the number of elements: whoever posts is bounded by its own inflight limits, and `capacity` is
/// the limit that they add up to. An overflow is a broken promise in this program, not a load, and traps.
///
/// Inlinable, as the work queue is: compiled for their element where they are used, they look up no types as they run.
public final class Mailbox<Element: Sendable>: Sendable {
    public let capacity: Int
    @usableFromInline let elements: Mutex<[Element]>
    @usableFromInline let waker: Waker

    public init(waking waker: Waker, capacity: Int = 1 << 20) {
        self.waker = waker
        self.capacity = capacity
        elements = Mutex([])
    }

    /// Adds an element and wakes the reactor. The lock is held for the append only, never across a system call.
    @inlinable public func post(_ element: Element) {
        let count = elements.withLock {
            $0.append(element)
            return $0.count
        }
        precondition(count <= capacity, "\(count) elements in a mailbox of \(capacity)")
        // Whoever found it empty has woken the reactor, or is about to: it drains after that.
        if count == 1 { waker.wake() }
    }

    /// Moves everything posted so far into `taken`, in the order of posting, in place of what was in there. The two
    /// arrays swap, so that their memory serves again.
    @inlinable public func drain(into taken: inout [Element]) {
        taken.removeAll(keepingCapacity: true)
        elements.withLock { swap(&$0, &taken) }
    }
}
