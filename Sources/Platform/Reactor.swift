// One thread's epoll: which descriptors are ready, by registrations that are never taken for one another.

import CSystem
import Glibc
public import Vocabulary

/// Names one stay of a descriptor in a reactor. Never used twice by a reactor, unlike the descriptor's number: an event
/// that was under way when the descriptor was closed finds nobody.
public struct Registration: Hashable, Sendable, CustomStringConvertible {
    /// The slot in the lower 24 bits, above it the count of registrations before this one, from 1.
    public let rawValue: UInt64

    static let slotBits: UInt64 = 24

    init(sequence: UInt64, slot: Int) { rawValue = sequence << Registration.slotBits | UInt64(slot) }
    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A small number, unique among the registrations of now, that is used again later: an index for owners' tables.
    public var slot: Int { Int(rawValue & (1 << Registration.slotBits - 1)) }

    public var description: String { "\(slot)#\(rawValue >> Registration.slotBits)" }
}

/// What an owner wants to hear of a descriptor. An empty interest still tells of a hang-up.
public struct Interest: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let readable = Interest(rawValue: 1)
    public static let writable = Interest(rawValue: 2)

    var events: UInt32 {
        (contains(.readable) ? UInt32(TRIREME_READABLE | TRIREME_HALF_CLOSED) : 0)
            | (contains(.writable) ? UInt32(TRIREME_WRITABLE) : 0)
    }
}

/// A registration whose descriptor is ready.
public struct ReadyEvent: Hashable, Sendable {
    public let registration: Registration
    /// There are bytes, a connection, or the end to be read.
    public let isReadable: Bool
    public let isWritable: Bool
    /// Both directions are closed, or the socket failed: reading or writing tells why.
    public let isHangup: Bool
}

/// One epoll and who is registered in it. Level-triggered. Used by one thread; only its `waker` may go to others.
///
/// 1. `slots[s].registration` is nil exactly when `s` is in `freeSlots`.
/// 2. A registration's slot holds that registration until it is removed, then never again: sequences only rise.
/// 3. Events whose registration is not in its slot are dropped.
public final class Reactor {
    /// At most so many events are given by one `wait`; what is left is given by the next.
    public static let eventsMax = 256

    private struct Slot {
        var registration: Registration?
        var descriptor: Int32
        var interest: Interest
    }

    private let epoll: Int32
    private let wakeState: WakeState
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var lastSequence: UInt64 = 0
    private let ready: UnsafeMutablePointer<trireme_ready>
    /// What epoll carries for the eventfd; no registration has this value.
    private static let wakeData = UInt64.max

    public init() throws(SystemError) {
        wakeState = try WakeState()
        epoll = trireme_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1", "") }
        ready = .allocate(capacity: Reactor.eventsMax)
        ready.initialize(repeating: trireme_ready(), count: Reactor.eventsMax)
        guard
            trireme_epoll_add(epoll, wakeState.descriptor, UInt32(TRIREME_READABLE), Reactor.wakeData) == 0
        else { throw SystemError("epoll_ctl", "") }
    }

    deinit {
        _ = close(epoll)
        ready.deallocate()
    }

    public var waker: Waker { Waker(state: wakeState) }

    /// How many descriptors are registered.
    public var count: Int { slots.count - freeSlots.count }

    /// Registers a descriptor, which stays its owner's to close, after `remove`.
    public func add(_ descriptor: Int32, _ interest: Interest) throws(SystemError) -> Registration {
        let slot = freeSlots.last ?? slots.count
        precondition(slot < 1 << Registration.slotBits, "\(slot) descriptors in one reactor")
        let registration = Registration(sequence: lastSequence + 1, slot: slot)
        guard trireme_epoll_add(epoll, descriptor, interest.events, registration.rawValue) == 0 else {
            throw SystemError("epoll_ctl", "")
        }
        lastSequence += 1
        let content = Slot(registration: registration, descriptor: descriptor, interest: interest)
        if freeSlots.popLast() != nil { slots[slot] = content } else { slots.append(content) }
        return registration
    }

    /// Changes what is heard of a descriptor. Does nothing for a registration that was removed, and makes no system
    /// call when nothing changes.
    public func change(_ registration: Registration, _ interest: Interest) {
        guard isCurrent(registration), slots[registration.slot].interest != interest else { return }
        slots[registration.slot].interest = interest
        let descriptor = slots[registration.slot].descriptor
        let result = trireme_epoll_change(epoll, descriptor, interest.events, registration.rawValue)
        precondition(result == 0, "descriptor \(descriptor) was closed before its registration was removed")
    }

    /// Forgets a registration: no event of it is given from now on. Does not close the descriptor. Does nothing for a
    /// registration that was removed before.
    public func remove(_ registration: Registration) {
        guard isCurrent(registration) else { return }
        _ = trireme_epoll_remove(epoll, slots[registration.slot].descriptor)
        slots[registration.slot].registration = nil
        freeSlots.append(registration.slot)
    }

    /// Whether it was added and not yet removed. For events of one `wait` whose predecessors may have removed it.
    public func isCurrent(_ registration: Registration) -> Bool {
        registration.slot < slots.count && slots[registration.slot].registration == registration
    }

    /// Waits until a descriptor is ready, somebody wakes, or `deadline` has passed; nil waits for ever. `events` then
    /// holds what is ready: nothing after a wake or a deadline.
    public func wait(until deadline: Instant?, into events: inout [ReadyEvent]) {
        events.removeAll(keepingCapacity: true)
        var timeout: Int64 = 0
        if wakeState.prepareToSleep() {
            timeout = deadline.map { max(0, ($0 - MonotonicClock.now()).inNanoseconds) } ?? -1
        }
        let count = trireme_epoll_wait(epoll, ready, Int32(Reactor.eventsMax), timeout)
        let number = errno
        wakeState.finishSleep()
        precondition(count >= 0 || number == EINTR, "epoll_wait failed with errno \(number)")
        for position in 0..<max(0, Int(count)) { take(ready[position], into: &events) }
    }

    private func take(_ ready: trireme_ready, into events: inout [ReadyEvent]) {
        guard ready.data != Reactor.wakeData else { return wakeState.drain() }
        let registration = Registration(rawValue: ready.data)
        guard isCurrent(registration) else { return }
        let bits = ready.events
        let hangup = bits & UInt32(TRIREME_ERROR | TRIREME_HANGUP) != 0
        events.append(
            ReadyEvent(
                registration: registration,
                isReadable: bits & UInt32(TRIREME_READABLE | TRIREME_HALF_CLOSED) != 0,
                isWritable: bits & UInt32(TRIREME_WRITABLE) != 0, isHangup: hangup))
    }
}
