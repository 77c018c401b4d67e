// What became of waiters lately, for requests of which this node hears only afterwards.

import Vocabulary

/// A follower is told by the leader at which index its client's request waits, perhaps later than it applied the entry
/// that served the waiter. Bounded: the oldest outcomes are forgotten first, and the newest never is.
struct RecentOutcomes: Sendable {
    static let countMax = 4096
    static let bytesMax = 1 << 20

    private var replies: [LogIndex: [UInt8]] = [:]
    /// In the order in which they came, from `head` on; those that were taken are passed over.
    private var order: [LogIndex] = []
    private var head = 0
    private var bytes = 0

    var count: Int { replies.count }

    mutating func add(_ index: LogIndex, _ reply: [UInt8]) {
        precondition(replies[index] == nil, "waiter \(index) has two outcomes")
        replies[index] = reply
        bytes += reply.count
        order.append(index)
        while order.count - head > RecentOutcomes.countMax || bytes > RecentOutcomes.bytesMax && replies.count > 1 {
            _ = take(order[head])
            head += 1
        }
        if head > RecentOutcomes.countMax {
            order.removeFirst(head)
            head = 0
        }
    }

    /// Removes and returns the outcome of the waiter at `index`, if it is known still.
    mutating func take(_ index: LogIndex) -> [UInt8]? {
        guard let reply = replies.removeValue(forKey: index) else { return nil }
        bytes -= reply.count
        return reply
    }

    func checkInvariants() {
        precondition(replies.count <= RecentOutcomes.countMax, "\(replies.count) outcomes")
        precondition(bytes == replies.values.reduce(0) { $0 + $1.count }, "\(bytes) bytes of outcomes")
    }
}
