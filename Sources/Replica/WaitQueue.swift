// `WAIT`: how many nodes have synced what this client wrote, answered when enough have or its time is up.

import ByteCoding
import PeerProtocol
public import Vocabulary

/// A client that waits has no other request outstanding, so all its acknowledged writes are at or below the commit
/// index of the moment when its `WAIT` arrives.
public struct WaitQueue: Sendable {
    struct Wait: Sendable {
        let item: RequestBatch.Item
        let arrival: Arrival
        let index: LogIndex
        let needed: Int
        /// Set for `WAITAOF`: how many of its own syncs the client wants, 0 or 1; the answer then is a pair.
        let local: Int?
        let deadline: Instant?
    }
    private var waiting: [Wait] = []

    public init() {}

    var isEmpty: Bool { waiting.isEmpty }

    public var nextDeadline: Instant? { waiting.compactMap(\.deadline).min() }

    /// The item's bytes: nodes needed and milliseconds to wait (0: for ever), both varints; for `WAITAOF` a third one,
    /// its first argument plus 1.
    mutating func add(_ item: RequestBatch.Item, of arrival: Arrival, index: LogIndex, at now: Instant) {
        let bytes = arrival.batch.bytes.rawBytes
        var reader = ByteReader(offset: item.range.lowerBound, end: item.range.upperBound)
        let needed = (try? reader.varint(from: bytes)) ?? 0
        let milliseconds = (try? reader.varint(from: bytes)) ?? 0
        let local = reader.isAtEnd ? nil : (try? reader.varint(from: bytes)).map { Int(clamping: $0) - 1 }
        waiting.append(
            Wait(
                item: item, arrival: arrival.only([item]), index: index, needed: Int(clamping: needed), local: local,
                deadline: milliseconds == 0 ? nil : now + .milliseconds(Int64(min(milliseconds, 1 << 40)))))
    }

    /// Removes and returns the waits that end now, each with the number of nodes that hold its index. `own` and
    /// `others`: up to where this node and each connected peer have the log on stable storage.
    mutating func takeEnded(at now: Instant, own: LogIndex, others: [LogIndex]) -> [(Wait, Int)] {
        var ended: [(Wait, Int)] = []
        waiting.removeAll { wait in
            let isSyncedHere = own >= wait.index
            let count = others.count { $0 >= wait.index } + (isSyncedHere ? 1 : 0)
            let isEnough = count >= wait.needed && (isSyncedHere || wait.local ?? 0 == 0)
            guard isEnough || wait.deadline.map({ $0 <= now }) == true else { return false }
            ended.append((wait, count))
            return true
        }
        return ended
    }

    /// Removes and returns all: they are asked anew of the next leader.
    mutating func takeAll() -> [Arrival] {
        defer { waiting = [] }
        return waiting.map(\.arrival)
    }
}
