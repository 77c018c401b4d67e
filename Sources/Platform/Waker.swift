// Waking a reactor from other threads: an eventfd that is written only when somebody sleeps on it.

import CSystem
import Glibc
import Synchronization

/// Makes a reactor's `wait` return, now or the next time it is called. May be used from any thread and outlive the
/// reactor. While the reactor is busy, or was woken already, a wake costs one atomic exchange and no system call.
public struct Waker: Sendable {
    let state: WakeState

    public func wake() { state.wake() }
}

/// The state that a reactor shares with its wakers.
///
/// 1. `phase` is `sleeping` only between `prepareToSleep` and `finishSleep` of the one reactor thread.
/// 2. Whoever changes it from `sleeping` to `woken` writes the eventfd; so the reactor cannot sleep through a wake.
/// 3. Whoever finds `awake` leaves `woken`, which makes the next `prepareToSleep` say no. A message that was posted
///    before the wake is therefore seen by the drain that follows that `wait`.
final class WakeState: Sendable {
    let descriptor: Int32
    private let phase = Atomic<UInt32>(WakeState.awake)

    private static let awake: UInt32 = 0
    private static let woken: UInt32 = 1
    private static let sleeping: UInt32 = 2

    init() throws(SystemError) {
        descriptor = trireme_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd", "") }
    }

    deinit { _ = close(descriptor) }

    func wake() {
        guard phase.exchange(WakeState.woken, ordering: .acquiringAndReleasing) == WakeState.sleeping else { return }
        var one: UInt64 = 1
        // It cannot fail but by overflow, and a full counter wakes as well.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Whether the reactor may sleep: false when it was woken meanwhile.
    func prepareToSleep() -> Bool {
        phase.compareExchange(
            expected: WakeState.awake, desired: WakeState.sleeping, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// To be called after each wait, whatever ended it, and before mailboxes are drained.
    func finishSleep() { _ = phase.exchange(WakeState.awake, ordering: .acquiringAndReleasing) }

    /// Takes the eventfd's readiness back.
    func drain() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
