// Moments at which something has to be done about entries of the log, earliest first.

import Vocabulary

/// A binary heap. At equal times the lower index comes first, so that the order depends on nothing else. Who changes
/// its mind about a moment leaves the old one here, and passes it over when it comes out.
struct AlarmHeap: Sendable {
    private var items: [(time: Instant, index: LogIndex)] = []

    var count: Int { items.count }
    var first: Instant? { items.first?.time }

    mutating func push(_ time: Instant, _ index: LogIndex) {
        items.append((time, index))
        rise(from: items.count - 1)
    }

    /// Removes and returns the first alarm that is not after `now`.
    mutating func pop(until now: Instant) -> (time: Instant, index: LogIndex)? {
        guard let top = items.first, top.time <= now else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        sink(from: 0)
        return top
    }

    /// Removes those that `isWanted` does not want.
    mutating func keep(_ isWanted: (Instant, LogIndex) -> Bool) {
        items = items.filter { isWanted($0.time, $0.index) }
        for position in stride(from: items.count / 2, through: 0, by: -1) { sink(from: position) }
    }

    private func isEarlier(_ a: Int, _ b: Int) -> Bool {
        (items[a].time, items[a].index) < (items[b].time, items[b].index)
    }

    private mutating func rise(from start: Int) {
        var position = start
        while position > 0, isEarlier(position, (position - 1) / 2) {
            items.swapAt(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    private mutating func sink(from start: Int) {
        var position = start
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2] where child < items.count && isEarlier(child, least) {
                least = child
            }
            guard least != position else { return }
            items.swapAt(position, least)
            position = least
        }
    }

    func checkInvariants() {
        for position in items.indices.dropFirst() {
            precondition(!isEarlier(position, (position - 1) / 2), "alarm \(position) is earlier than its parent")
        }
    }
}
