// Partitions carried out on threads of their own.

import ByteCoding
import Keyspace
import Testing
import Vocabulary

import ReplicaSnapshots

struct PartitionThreadsTests {
    @Test(arguments: [1, 2, 3, 100]) func `threads make the state that one after the other make`(processors: Int) throws
    {
        let threads = try PartitionThreads(processors: processors)
        defer { threads.stop() }
        let cluster = ClusterID(high: 1, low: 2)
        try #require(threads.width > 1 || processors == 1)
        guard threads.width > 1 else { return }
        #expect(threads.width <= 8)
        var states: [Digest] = []
        for runner in [threads, SequentialRunner(width: threads.width)] as [any PartitionRunner] {
            var keyspace = Keyspace(of: cluster)
            var entries = PartitionedEntries(of: cluster, width: threads.width)
            var index = LogIndex.zero
            for round in 0..<20 {
                for number in 0..<500 {
                    index = index.next
                    let words = ["k\(number * 7 % 900)", "\(round)"].map { Array($0.utf8) }
                    let entry = EntryCoding.encoded(.append, words)
                    let isAdded = entries.add(entry.rawBytes, at: Timestamp(microseconds: 1_000_000), index: index)
                    #expect(isAdded)
                }
                keyspace.apply(&entries, on: runner)
                var changed = 0
                entries.forEachNote { changed += $0.hasChanged ? 1 : 0 }
                #expect(changed == 500)
                entries.removeAll()
            }
            keyspace.checkInvariants()
            #expect(keyspace.lastAppliedIndex == index)
            states.append(keyspace.digest)
        }
        #expect(states[0] == states[1])
    }
}
