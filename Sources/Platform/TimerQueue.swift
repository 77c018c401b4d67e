// Deadlines in order: which is next, and which have passed.

public import Vocabulary

/// A set of tokens, each with one deadline. A pure value: its owner brings the clock.
///
/// 1. `deadlines` is the truth: a token's one deadline. `heap` is a binary min-heap that may hold outdated entries;
///    an entry counts only if `deadlines` says the same.
/// 2. Outdated entries never outnumber the live ones by more than `slack`, so memory is bounded by the tokens.
public struct TimerQueue: Sendable {
    private struct Entry: Sendable {
        let deadline: Instant
        let token: UInt64

        /// Equal deadlines pop in the order of their tokens, so that runs repeat.
        static func < (a: Entry, b: Entry) -> Bool {
            a.deadline != b.deadline ? a.deadline < b.deadline : a.token < b.token
        }
    }

    private var heap: [Entry] = []
    private var deadlines: [UInt64: Instant] = [:]
    private static let slack = 64

    public init() {}

    public var count: Int { deadlines.count }
    public var isEmpty: Bool { deadlines.isEmpty }

    /// Sets the deadline of a token, in place of the one it had.
    public mutating func schedule(at deadline: Instant, token: UInt64) {
        guard deadlines.updateValue(deadline, forKey: token) != deadline else { return }
        heap.append(Entry(deadline: deadline, token: token))
        siftUp(heap.count - 1)
        if heap.count > 2 * deadlines.count + TimerQueue.slack { rebuild() }
    }

    /// Forgets a token. Does nothing when it has no deadline.
    public mutating func cancel(_ token: UInt64) {
        guard deadlines.removeValue(forKey: token) != nil else { return }
        if heap.count > 2 * deadlines.count + TimerQueue.slack { rebuild() }
    }

    public func deadline(of token: UInt64) -> Instant? { deadlines[token] }

    /// Takes one token whose deadline is at or before `now`, the earliest first. Nil when there is none.
    public mutating func popDue(_ now: Instant) -> UInt64? {
        guard let deadline = nextDeadline, deadline <= now else { return nil }
        let token = heap[0].token
        deadlines[token] = nil
        removeFirst()
        return token
    }

    /// The earliest deadline. Nil when there is none.
    public var nextDeadline: Instant? {
        mutating get {
            while let first = heap.first {
                if deadlines[first.token] == first.deadline { return first.deadline }
                removeFirst()
            }
            return nil
        }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private mutating func rebuild() {
        heap = deadlines.map { Entry(deadline: $0.value, token: $0.key) }
        for position in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(position) }
    }

    private mutating func siftUp(_ start: Int) {
        var position = start
        while position > 0, heap[position] < heap[(position - 1) / 2] {
            heap.swapAt(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == position { return }
            heap.swapAt(position, least)
            position = least
        }
    }
}
