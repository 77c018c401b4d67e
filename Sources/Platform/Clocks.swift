// The two clocks and the random source of this machine; cores get their values as arguments.

import CSystem
import Glibc
public import Vocabulary

/// The clock for deciding: never set, never goes back (CLOCK_MONOTONIC). Stands still while the machine sleeps.
public enum MonotonicClock {
    public static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}

/// How long the calling thread has run (CLOCK_THREAD_CPUTIME_ID): without what it waited for.
public enum ThreadClock {
    public static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// The clock for people, which may jump: what a leader's hybrid clock starts from (CLOCK_REALTIME).
public enum WallClock {
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: UInt64(max(0, time.tv_sec)) * 1_000_000 + UInt64(time.tv_nsec) / 1000)
    }
}

/// The kernel's random source (getrandom(2)), fit for keys, tokens and identities.
public enum SystemRandom {
    /// Fills the whole buffer. Traps when the kernel has no random source, without which nothing here is safe.
    public static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress else { return }
        var done = 0
        while done < buffer.count {
            let count = trireme_getrandom(base + done, buffer.count - done)
            precondition(count > 0 || wasInterrupted, "getrandom failed with errno \(errno)")
            if count > 0 { done += count }
        }
    }

    /// 64 random bits.
    public static func word() -> UInt64 {
        var word: UInt64 = 0
        withUnsafeMutableBytes(of: &word) { fill($0) }
        return word
    }

    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }
}
