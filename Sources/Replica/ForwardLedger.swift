// Requests that this replica sent on to the leader for its own clients, until each is answered.

public import PeerProtocol
public import Vocabulary

/// Every forwarded request has a number, counted from 1 in this process; the leader answers by number.
///
/// The request's bytes are kept until then: what the leader certainly did not log may be sent to the next one.
public struct ForwardLedger: Sendable {
    private struct Parcel: Sendable {
        let firstNumber: UInt64
        let leader: NodeID
        let arrival: Arrival
        var isAnswered: [Bool]
        var unanswered: Int
    }
    private var parcels: [Parcel] = []
    private var nextNumber: UInt64 = 1
    public private(set) var bytes = 0

    public init() {}

    public var isEmpty: Bool { parcels.isEmpty }

    /// Enters the arrival; the returned batch is what to send, its tokens being the numbers.
    public mutating func enter(_ arrival: Arrival, for leader: NodeID) -> RequestBatch {
        var outgoing = arrival.batch
        for position in outgoing.items.indices { outgoing.items[position].token = nextNumber + UInt64(position) }
        let count = outgoing.items.count
        parcels.append(
            Parcel(
                firstNumber: nextNumber, leader: leader, arrival: arrival,
                isAnswered: Array(repeating: false, count: count), unanswered: count))
        nextNumber += UInt64(count)
        bytes += arrival.batch.bytes.count
        return outgoing
    }

    /// Strikes out request `number`. Nil when it is unknown or was answered before: a late answer, to be ignored.
    public mutating func settle(_ number: UInt64, from leader: NodeID) -> RequestBatch.Item? {
        guard let parcel = position(of: number), parcels[parcel].leader == leader else { return nil }
        let offset = Int(number - parcels[parcel].firstNumber)
        guard !parcels[parcel].isAnswered[offset] else { return nil }
        parcels[parcel].isAnswered[offset] = true
        parcels[parcel].unanswered -= 1
        return parcels[parcel].arrival.batch.items[offset]
    }

    /// Strikes out request `number` and returns it whole, for sending it elsewhere.
    public mutating func withdraw(_ number: UInt64, from leader: NodeID) -> Arrival? {
        guard let parcel = position(of: number) else { return nil }
        let arrival = parcels[parcel].arrival
        guard let item = settle(number, from: leader) else { return nil }
        return arrival.only([item])
    }

    /// Forgets parcels whose requests are all answered.
    public mutating func sweep() {
        parcels.removeAll { parcel in
            guard parcel.unanswered == 0 else { return false }
            bytes -= parcel.arrival.batch.bytes.count
            return true
        }
    }

    /// Whether a leader other than this one may still answer something.
    public func hasUnanswered(otherThan leader: NodeID) -> Bool {
        parcels.contains { $0.leader != leader && $0.unanswered > 0 }
    }

    /// Takes out everything sent to `leader` that has no answer, in order.
    public mutating func takeUnanswered(from leader: NodeID) -> [Arrival] {
        takeUnanswered { $0.leader == leader }
    }

    /// Takes out everything without an answer that arrived before `instant`.
    public mutating func takeUnanswered(olderThan instant: Instant) -> [Arrival] {
        takeUnanswered { $0.arrival.arrivedAt < instant }
    }

    private mutating func takeUnanswered(_ matches: (Parcel) -> Bool) -> [Arrival] {
        var taken: [Arrival] = []
        parcels.removeAll { parcel in
            guard matches(parcel) else { return false }
            bytes -= parcel.arrival.batch.bytes.count
            let open = zip(parcel.arrival.batch.items, parcel.isAnswered).filter { !$0.1 }.map(\.0)
            if !open.isEmpty { taken.append(parcel.arrival.only(open)) }
            return true
        }
        return taken
    }

    private func position(of number: UInt64) -> Int? {
        var low = 0
        var high = parcels.count
        while low < high {
            let middle = (low + high) / 2
            if parcels[middle].firstNumber <= number { low = middle + 1 } else { high = middle }
        }
        guard low > 0, number < parcels[low - 1].firstNumber + UInt64(parcels[low - 1].isAnswered.count) else {
            return nil
        }
        return low - 1
    }
}

extension Arrival {
    /// The same arrival with only these of its items; the bytes are shared.
    func only(_ items: [RequestBatch.Item]) -> Arrival {
        var part = self
        part.batch.items = items
        return part
    }
}
