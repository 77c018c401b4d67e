// Asking for memory before it is needed.

public import CSystem

public enum Prefetch {
    /// Asks the processor to fetch the cache line of an address, which need not be a valid one. Waits for nothing.
    @inlinable
    @inline(__always)
    public static func line(_ address: UnsafeRawPointer) {
        unsafe trireme_prefetch(address)
    }
}
