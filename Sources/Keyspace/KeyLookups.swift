// How often keys were looked for: figures for people, on the way of every read.

import Synchronization

/// Shared by a keyspace and its copies. Reads and writes of one keyspace run on one thread, so that loading and storing
/// apart loses nothing; a copy that is read elsewhere at the same time may cost a count, never more.
public final class KeyLookups: Sendable {
    private let hits = Atomic<UInt64>(0)
    private let misses = Atomic<UInt64>(0)

    /// Keys that were there, and keys that were not, when a command read them.
    public var figures: (hits: UInt64, misses: UInt64) {
        (hits.load(ordering: .relaxed), misses.load(ordering: .relaxed))
    }

    @inline(__always) func found() { hits.store(hits.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    @inline(__always) func missed() { misses.store(misses.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
}
