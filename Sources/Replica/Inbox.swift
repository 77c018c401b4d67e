// Requests that have arrived and are not on their way yet: gathered during a turn, held while nobody leads.

public import PeerProtocol
public import Vocabulary

/// Where a request came from, and so where its answer goes.
public enum Origin: Hashable, Sendable {
    case ownClient
    /// A peer's client; `conversation` tells this conversation with the peer from earlier ones.
    case peer(NodeID, conversation: UInt64)
}

/// One batch of requests as it arrived.
public struct Arrival: Sendable {
    public var origin: Origin
    public var batch: RequestBatch
    public var arrivedAt: Instant
}

/// First in, first out. Its owner bounds `bytes` by not reading from clients while the replica is congested.
public struct Inbox: Sendable {
    public private(set) var arrivals: [Arrival] = []
    public private(set) var bytes = 0

    public var isEmpty: Bool { arrivals.isEmpty }
    public var oldest: Instant? { arrivals.first?.arrivedAt }

    public mutating func add(_ arrival: Arrival) {
        bytes += arrival.batch.bytes.count
        arrivals.append(arrival)
    }

    /// Puts requests that could not be served in front again, in their old order.
    public mutating func putBack(_ earlier: [Arrival]) {
        arrivals.insert(contentsOf: earlier, at: 0)
        bytes += earlier.reduce(0) { $0 + $1.batch.bytes.count }
    }

    public mutating func takeAll() -> [Arrival] {
        bytes = 0
        var taken: [Arrival] = []
        swap(&taken, &arrivals)
        return taken
    }

    /// Takes what arrived before `instant`, for giving up on it.
    public mutating func takeOlder(than instant: Instant) -> [Arrival] {
        let count = arrivals.prefix { $0.arrivedAt < instant }.count
        let old = Array(arrivals.prefix(count))
        arrivals.removeFirst(count)
        bytes -= old.reduce(0) { $0 + $1.batch.bytes.count }
        return old
    }
}
