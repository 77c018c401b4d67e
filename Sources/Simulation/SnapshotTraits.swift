// How a world's nodes cut, keep and write snapshots.

import Replica
import Vocabulary

struct SnapshotTraits: Sendable {
    var terms = SnapshotTerms()
    /// How often states are compared.
    var markerInterval: Duration
    /// How many snapshots are kept.
    var keep: Int
    /// Bytes of log that are kept for followers, whatever snapshots cover.
    var logRetained: ByteCount
    /// What is written between two events.
    var step: ByteCount

    init(_ random: inout SeededRandom) {
        terms.logMin = ByteCount(random.pick([2 << 10, 8 << 10, 32 << 10, 1 << 30]))
        terms.logPercent = 0
        terms.interval = random.pick([nil, nil, .seconds(2), .seconds(10)])
        markerInterval = .milliseconds(Int64(random.pick([100, 300, 1000, 1000])))
        keep = random.within(1...3)
        logRetained = ByteCount(random.pick([0, 0, 4 << 10, 16 << 10]))
        step = ByteCount(random.pick([64 << 10, 1 << 20, 16 << 20]))
    }

    func set(_ options: inout ReplicaOptions) {
        options.snapshots = terms
        options.markerInterval = markerInterval
        options.wishInterval = .milliseconds(500)
    }
}
