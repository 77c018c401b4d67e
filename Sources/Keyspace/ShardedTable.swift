// Tables and queues beside the records, of which a copy and its original part with little at a time.

import ByteCoding

/// What says in which of the small tables its value is.
protocol ShardKey: Hashable, Sendable {
    var shardHash: UInt64 { get }
}

extension UInt64: ShardKey {
    var shardHash: UInt64 { self }
}

extension [UInt8]: ShardKey {
    var shardHash: UInt64 { SipHash.hash(rawBytes, key: Record.digestKey) }
}

/// A dictionary in many small ones. A write after a copy copies one of them, where a dictionary would be copied whole:
/// a millisecond for ten thousand clients, during which nobody is served.
///
/// Its order is that of the process's seed, like a dictionary's: nothing may depend on it.
struct ShardedTable<Key: ShardKey, Value: Sendable>: Sendable {
    private static var shardCount: Int { 128 }

    /// Empty until the first value comes.
    private var shards: [[Key: Value]] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    private static func shard(of key: Key) -> Int { Int(truncatingIfNeeded: key.shardHash) & (shardCount - 1) }

    subscript(key: Key) -> Value? {
        get { shards.isEmpty ? nil : shards[ShardedTable.shard(of: key)][key] }
        set {
            let shard = prepare(for: key)
            let before = shards[shard].count
            shards[shard][key] = newValue
            count += shards[shard].count - before
        }
    }

    /// A value that is there as soon as it is changed.
    subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        _modify {
            let shard = prepare(for: key)
            let before = shards[shard].count
            defer { count += shards[shard].count - before }
            yield &shards[shard][key, default: value()]
        }
    }

    private mutating func prepare(for key: Key) -> Int {
        if shards.isEmpty { shards = Array(repeating: [:], count: ShardedTable.shardCount) }
        return ShardedTable.shard(of: key)
    }

    mutating func removeValue(forKey key: Key) -> Value? {
        guard let value = self[key] else { return nil }
        self[key] = nil
        return value
    }

    var keys: [Key] { shards.flatMap(\.keys) }

    func forEach(_ body: (Key, Value) -> Void) {
        for shard in shards { shard.forEach { body($0.key, $0.value) } }
    }
}

/// First in, first out, in runs: a write after a copy copies one of them.
struct ShardedQueue<Element: Sendable>: Sendable {
    private static var runMax: Int { 128 }

    /// None of them is empty.
    private var runs: [[Element]] = []
    /// Elements of the first run that were taken out.
    private var taken = 0
    private(set) var count = 0

    var first: Element? { runs.first?[taken] }
    var last: Element? { runs.last?.last }

    mutating func append(_ element: Element) {
        if runs.isEmpty || runs[runs.count - 1].count == ShardedQueue.runMax {
            runs.append([])
            runs[runs.count - 1].reserveCapacity(ShardedQueue.runMax)
        }
        runs[runs.count - 1].append(element)
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        taken += 1
        count -= 1
        if taken == runs[0].count {
            runs.removeFirst()
            taken = 0
        }
        return first
    }

    func forEach(_ body: (Element) -> Void) {
        for (position, run) in runs.enumerated() {
            for element in position == 0 ? run[taken...] : run[...] { body(element) }
        }
    }

    func filter(_ isIncluded: (Element) -> Bool) -> ShardedQueue {
        var kept = ShardedQueue()
        forEach { if isIncluded($0) { kept.append($0) } }
        return kept
    }
}
