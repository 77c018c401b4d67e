// Orders for a worker thread that blocks while it has none.

import Glibc
public import Vocabulary

/// Elements that threads post and one worker thread takes, all at once: what gathers while it works is its next batch.
///
/// Sendable because `elements` is touched between `gate.enter` and `gate.leave` only.
public final class WorkQueue<Element: Sendable>: @unchecked Sendable {
    @usableFromInline let gate = WorkGate()
    @usableFromInline var elements: [Element] = []

    @inlinable public init() {}

    /// Adds an element, of which the caller keeps no copy: the worker may be the only one to hold it. False, and
    /// nothing is added, once the queue is closed.
    @inlinable @discardableResult public func post(_ element: consuming Element) -> Bool {
        gate.enter()
        let isOpen = !gate.isClosed
        if isOpen { elements.append(element) }
        gate.leave(waking: isOpen)
        return isOpen
    }

    /// Waits until there is something, the queue is closed, or `deadline` has passed (nil waits for ever), and moves
    /// everything there is into `taken`, in place of what was in there. For one thread.
    ///
    /// - Returns: false when the queue is closed and empty: the worker's work is done.
    @inlinable public func takeAll(into taken: inout [Element], waitUntil deadline: Instant? = nil) -> Bool {
        taken.removeAll(keepingCapacity: true)
        gate.enter()
        while elements.isEmpty, !gate.isClosed, gate.wait(until: deadline) {}
        swap(&elements, &taken)
        let isOpen = !gate.isClosed
        gate.leave(waking: false)
        return !taken.isEmpty || isOpen
    }

    /// Lets the worker take what is left and then end. What is posted from now on is refused.
    public func close() { gate.close() }
}

/// A lock that one thread may wait under.
///
/// Sendable because `isClosed` and `isWaiting` are touched with `mutex` held only, and the two pointers never change:
/// pthread's functions may be called on what they point at by any thread.
@usableFromInline
final class WorkGate: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    @usableFromInline private(set) var isClosed = false
    private var isWaiting = false

    @usableFromInline init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        // Waiting by the monotonic clock: a clock that is set must not stretch a deadline.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @usableFromInline func enter() { pthread_mutex_lock(mutex) }

    /// `waking`: whoever waits has a reason to look again.
    @usableFromInline func leave(waking: Bool) {
        let wakes = waking && isWaiting
        pthread_mutex_unlock(mutex)
        if wakes { pthread_cond_signal(condition) }
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
    }

    /// Leaves, waits, and is inside again. False when the deadline has passed.
    @usableFromInline func wait(until deadline: Instant?) -> Bool {
        isWaiting = true
        defer { isWaiting = false }
        guard let deadline else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(
            tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) == 0
    }
}
