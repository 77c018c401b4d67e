// Asking for memory before it is needed.

import CSystem

public enum Prefetch {
    /// Asks the processor to fetch the cache line of an address, which need not be a valid one. Waits for nothing.
    @inline(__always)
    public static func line(_ address: UnsafeRawPointer) {
        unsafe trireme_prefetch(address)
    }
}
