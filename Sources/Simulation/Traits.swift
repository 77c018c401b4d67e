// What kind of world a seed makes: sizes, delays and loads, drawn so that rare paths are common in some worlds.

import Consensus
import Keyspace
import LogStore
import Replica
import Vocabulary

/// Swarm testing (Groce and others, "Swarm Testing", 2012): each world has its own few extremes.
public struct Traits: Sendable {
    /// One way, without disturbance, in nanoseconds.
    var networkDelay: ClosedRange<Int>
    /// One sync.
    var syncDelay: ClosedRange<Int>
    /// From the arrival of something to the turn that takes it.
    var turnDelay: ClosedRange<Int>
    var clients: Int
    var keys: Int
    /// Between a client's reply and its next request.
    var thinkTime: ClosedRange<Int>
    /// Of a thousand requests so many come in bursts.
    var bursts: Int
    /// Of a thousand requests so many read.
    var reads: Int
    /// Of a thousand requests so many are on collections, so many on queues, and so many begin an errand.
    var collections: Int
    var queues: Int
    var errands: Int
    /// Queues, and counters that errands are about.
    var queueKeys: Int
    /// Values have up to so many bytes of padding.
    var padding: Int
    /// Whether messages travel as bytes, through the peer protocol's coding.
    var usesWire: Bool
    /// At what multiples power loss tears a write, and which of a thousand pieces and names it keeps.
    var tearGrain: Int
    var keepsPieces: Int
    var keepsNames: Int
    /// Between two passes over a log's older segments.
    var scrubInterval: Int64
    var log: LogOptions
    var roomMin: ByteCount
    var replica: ReplicaOptions
    var snapshots: SnapshotTraits
    var archive: ArchiveTraits

    init(seed: UInt64) {
        archive = ArchiveTraits(seed: seed)
        var random = SeededRandom.stream(1, of: seed)
        networkDelay = random.pick([30_000...80_000, 30_000...80_000, 200_000...2_000_000, 1_000_000...9_000_000])
        syncDelay = random.pick([60_000...120_000, 60_000...120_000, 500_000...3_000_000, 100_000...20_000_000])
        turnDelay = 2_000...random.pick([10_000, 50_000])
        clients = random.within(2...6)
        keys = random.pick([1, 2, 4, 8, 16])
        let longest = (random.chance(60) ? 300 : random.pick([3000, 6000, 20_000])) * 1_000_000
        thinkTime = 1_000_000...longest
        bursts = random.pick([0, 10, 50])
        reads = random.pick([100, 400, 700])
        padding = random.pick([0, 0, 30, 300, 3000])
        usesWire = random.chance(150)
        tearGrain = random.pick([8, 512, 512, 4096])
        keepsPieces = random.pick([0, 300, 700, 1000])
        keepsNames = random.pick([0, 500, 1000])
        scrubInterval = Int64(random.pick([2, 5, 10])) * 1_000_000_000
        log = Traits.log(&random)
        roomMin = .kibibytes(8)
        replica = Traits.replica(&random)
        collections = random.pick([0, 200, 600])
        queues = random.pick([0, 100, 400])
        errands = random.pick([0, 50, 200])
        queueKeys = random.pick([1, 1, 2, 4])
        snapshots = SnapshotTraits(&random)
        snapshots.set(&replica)
        replica.partitionRunner = SequentialRunner(width: random.pick([1, 2, 3, 8]))
        replica.partitionedEntriesMin = random.pick([1, 4])
        replica.catchUpRate = .kibibytes(random.pick([64, 16 << 10]))
    }

    private static func log(_ random: inout SeededRandom) -> LogOptions {
        let size = ByteCount.kibibytes(random.pick([4, 16, 16, 64]))
        return LogOptions(
            segmentSize: size, firstSegmentSize: size, spareRoom: .kibibytes(random.pick([4, 16, 32])),
            indexInterval: ByteCount(random.pick([256, 4096, 65_536])))
    }

    private static func replica(_ random: inout SeededRandom) -> ReplicaOptions {
        var options = ReplicaOptions()
        let inflight = random.pick([2048, 16 << 10, 4 << 20])
        options.consensus = ConsensusOptions(
            inflightBytesMax: inflight, inflightFramesMax: random.pick([2, 16, 256]),
            appendBytesMax: min(inflight, random.pick([512, 8192, 1 << 20])),
            uncommittedBytesMax: max(inflight, random.pick([8 << 10, 64 << 20])))
        options.batchBytesMax = ByteCount(random.pick([200, 2000, 1 << 20]))
        options.framesUnderWayMax = random.pick([1, 2, 4])
        options.compressionThreshold = ByteCount(random.pick([64, 512]))
        options.cacheBytes = ByteCount(random.pick([500, 8000, 8 << 20, 8 << 20, 8 << 20]))
        options.applyBytesPerStep = random.pick([500, 2 << 20, 2 << 20, 2 << 20])
        options.readReplyBytesPerStep = random.pick([50, 2 << 20])
        return options
    }
}
