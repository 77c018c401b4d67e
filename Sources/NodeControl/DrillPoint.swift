// Which point a drill restores: any that can be restored but the newest, drawn with a number that repeats it.

import ArchiveFormat
import ArchiveRestore
import Vocabulary

struct DrillPoint: Hashable, Sendable {
    let timeline: TimelineName
    let index: LogIndex

    init(timeline: TimelineName, index: LogIndex) {
        self.timeline = timeline
        self.index = index
    }

    /// Every entry with the same chance. Nil when there is none but the newest.
    init?(seed: UInt64, in ranges: [RestorableRange]) {
        guard let newest = ranges.map(\.last).max() else { return nil }
        var counted: [(range: RestorableRange, count: UInt64)] = []
        for range in ranges {
            let count = UInt64(range.last - range.first) + (range.last == newest ? 0 : 1)
            counted.append((range, count))
        }
        let total = counted.reduce(0) { $0 + $1.count }
        guard total > 0 else { return nil }
        var random = SplitMix64(seed: seed)
        var place = random.next() % total
        for (range, count) in counted {
            if place < count {
                self.init(timeline: range.timeline, index: LogIndex(range.first.rawValue + place))
                return
            }
            place -= count
        }
        return nil
    }
}
