// Clients that wait for an element: part of the state, so that every node gives the same element to the same one.

import ByteCoding
import RESP
public import Vocabulary

/// A blocking command that found nothing. Its name is the index of its entry.
struct Waiter: Sendable {
    /// The command, as it would stand in an envelope; carried out again when one of its keys has something.
    var entry: [UInt8]
    var version: RESPVersion
    /// What it waits for at its keys.
    var kind: ValueKind
    var keys: [[UInt8]]

    /// Its part of the state's digest. Kind and keys follow from the command.
    func digest(at index: UInt64) -> Digest {
        var message: [UInt8] = [StateMark.waiter.rawValue]
        message.append(varint: index)
        message.append(version == .three ? 3 : 2)
        message.append(bytes: entry.rawBytes)
        return SipHash.digest(message.rawBytes, key: Record.digestKey)
    }
}

/// Who waits, in the order in which they came.
///
/// 1. Every waiter stands in the queue of each of its keys, once.
/// 2. Queues are in the order of log indexes: who came first is served first.
struct WaiterTable: Sendable {
    private var waiters = ShardedTable<UInt64, Waiter>()
    private var queues = ShardedTable<[UInt8], [UInt64]>()
    /// Keys that were written in this entry and are waited for, in that order, each once.
    private var ready: [[UInt8]] = []
    private var signalled: Set<[UInt8]> = []
    /// The sum of one hash for each waiter. Their order is that of their indexes, which are in it.
    private(set) var digest = Digest.empty

    var isEmpty: Bool { waiters.isEmpty }
    var count: Int { waiters.count }
    /// All waiters, first come first.
    var indexes: [UInt64] { waiters.keys.sorted() }

    subscript(index: UInt64) -> Waiter? { waiters[index] }

    func queue(at key: [UInt8]) -> [UInt64] { queues[key] ?? [] }

    mutating func park(_ waiter: Waiter, at index: UInt64) {
        precondition(waiters[index] == nil, "two waiters at index \(index)")
        waiters[index] = waiter
        digest.add(waiter.digest(at: index))
        for key in waiter.keys where queues[key]?.last != index { queues[key, default: []].append(index) }
    }

    mutating func remove(_ index: UInt64) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: index) else { return nil }
        digest.remove(waiter.digest(at: index))
        for key in waiter.keys {
            if let place = place(of: index, at: key) { queues[key, default: []].remove(at: place) }
            if queues[key]?.isEmpty == true { queues[key] = nil }
        }
        return waiter
    }

    /// Where a waiter stands in the queue of a key. A command may name one key a million times, and each time but the
    /// first it is not there any more.
    private func place(of index: UInt64, at key: [UInt8]) -> Int? {
        guard let queue = queues[key] else { return nil }
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if queue[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < queue.count && queue[low] == index ? low : nil
    }

    /// Notes that a key was written.
    mutating func signal(_ key: RawSpan) {
        let key = [UInt8](key)
        if queues[key] != nil, signalled.insert(key).inserted { ready.append(key) }
    }

    mutating func takeReady() -> [UInt8]? {
        guard !ready.isEmpty else { return nil }
        let key = ready.removeFirst()
        signalled.remove(key)
        return key
    }

    var hasReady: Bool { !ready.isEmpty }

    func checkInvariants() {
        var sum = Digest.empty
        waiters.forEach { index, waiter in
            sum.add(waiter.digest(at: index))
            for key in waiter.keys {
                precondition(queues[key]?.count { $0 == index } == 1, "waiter \(index) is not in a queue once")
            }
        }
        precondition(sum == digest, "waiters have digest \(sum), kept is \(digest)")
        queues.forEach { key, queue in
            precondition(!queue.isEmpty && queue == queue.sorted(), "a queue out of order")
            for index in queue {
                precondition(waiters[index]?.keys.contains(key) == true, "a waiter in a strange queue")
            }
        }
        precondition(ready.isEmpty && signalled.isEmpty, "keys that are ready between two entries")
    }
}

/// Replies to waiters that an entry has served or sent away.
public struct ServedReplies: Sendable {
    public struct Item: Sendable {
        /// The index of the waiter's own entry.
        public let waiter: LogIndex
        /// Where its reply lies.
        public let range: Range<Int>
    }

    public private(set) var items: [Item] = []
    public private(set) var bytes: [UInt8] = []

    public var isEmpty: Bool { items.isEmpty }

    mutating func append(_ waiter: UInt64, _ reply: [UInt8]) {
        items.append(Item(waiter: LogIndex(waiter), range: bytes.count..<bytes.count + reply.count))
        bytes += reply
    }

    public mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
