// How fast counters grow, over the last second and a half.

import Vocabulary

/// Samples of some counters, taken ten times a second.
struct Rates {
    struct Sample {
        var commands: UInt64
        var received: UInt64
        var sent: UInt64
    }

    /// As many as Redis goes by.
    static let samplesMax = 16
    private var samples: [(sample: Sample, at: Instant)] = []

    mutating func take(_ sample: Sample, at now: Instant) {
        if samples.count == Rates.samplesMax { samples.removeFirst() }
        samples.append((sample, now))
    }

    /// Per second, between the oldest and the newest sample; 0 while there is only one.
    func perSecond(_ counter: KeyPath<Sample, UInt64>) -> UInt64 {
        guard let first = samples.first, let last = samples.last, last.at > first.at else { return 0 }
        let grown = last.sample[keyPath: counter] &- first.sample[keyPath: counter]
        return UInt64((Double(grown) / (last.at - first.at).inSeconds).rounded())
    }
}
