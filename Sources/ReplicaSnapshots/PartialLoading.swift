// Loading what is whole of a snapshot that is damaged: for a restore of what is left, and for nothing else.

import Keyspace
public import LogStore
public import Replica
public import SnapshotFormat
import SnapshotStore
import Vocabulary

/// The slots that verify by themselves, each chunk by the hash that its name is; the others are named.
public struct PartialLoading {
    public let state: ReplicatedState
    /// Ascending. A group whose table is damaged is lost with all of its slots, since nothing else says which have any
    /// records.
    public let lost: [Int]
    /// That the whole state would have had.
    public let recordsExpected: Int

    /// On the calling thread. The head and what the manifest says of members have to be whole. A state of which nothing
    /// is lost is proven like any other.
    public init<Disk: Storage>(_ manifest: SnapshotManifest, on disk: Disk) throws(StateError) {
        var load = try StateLoad(manifest, on: disk)
        recordsExpected = load.head.count
        var loader = GroupLoader(load.plan, isProven: false)
        var lost: [Int] = []
        for group in SlotGroup.all where group != .head {
            try load.take(try loader.loadWhole(group, lost: &lost))
        }
        self.lost = lost
        state = lost.isEmpty ? try load.finish() : try load.finishPartial()
    }
}
