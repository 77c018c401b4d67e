// Entries of one key each, carried out on several threads: each thread has the records of some slots to itself.

import ByteCoding
import RESP
public import Vocabulary

/// The records of some groups of slots while they are apart from the others, and the entries that change them.
public struct KeyspacePartition: Sendable {
    private struct Item: Sendable {
        /// Where the entry lies in `bytes`.
        var range: Range<Int>
        var time: Timestamp
        var index: LogIndex
    }

    /// Its place among the partitions.
    public let number: Int
    /// Empty while there is nothing to do.
    var keyspace: Keyspace
    private var bytes: [UInt8] = []
    private var items: [Item] = []
    /// What each entry changed, once they were carried out.
    private(set) var notes: [ChangeNotes] = []
    private var group: [Range<Int>] = []
    private var reply = ReplyWriter(version: .two)

    init(_ number: Int, hashKey: SipHash.Key) {
        self.number = number
        keyspace = Keyspace(hashKey: hashKey)
    }

    mutating func add(_ entry: RawSpan, at time: Timestamp, index: LogIndex) {
        let start = bytes.count
        bytes.append(bytes: entry)
        items.append(Item(range: start..<bytes.count, time: time, index: index))
    }

    /// The time of the entry that was added last; zero without one.
    var lastTime: Timestamp { items.last?.time ?? .zero }

    mutating func removeLast() {
        bytes.removeLast(items.removeLast().range.count)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        notes.removeAll(keepingCapacity: true)
    }

    /// Carries out the entries, in their order.
    public mutating func run() {
        var bytes: [UInt8] = []
        swap(&bytes, &self.bytes)
        defer { swap(&bytes, &self.bytes) }
        var warmed = 0
        for position in items.indices {
            if position == warmed { warmed = warm(bytes.rawBytes, from: position) }
            let item = items[position]
            reply.bytes.removeAll(keepingCapacity: true)
            keyspace.apply(
                bytes.rawBytes.extracting(item.range), at: item.time, index: item.index, isOneOfMany: true,
                reply: &reply)
            notes.append(keyspace.changes)
        }
    }

    private mutating func warm(_ bytes: RawSpan, from first: Int) -> Int {
        let end = min(first + Keyspace.warmMax, items.count)
        group.removeAll(keepingCapacity: true)
        for position in first..<end { group.append(items[position].range) }
        keyspace.warm(bytes, entries: group)
        return end
    }
}

/// Carries out partitions, at once if it can.
public protocol PartitionRunner: Sendable {
    /// How many partitions are worth making: from 2 on, or 1 for none.
    var width: Int { get }
    /// Calls `run` of each, and returns when all are through, with the partitions in their order.
    func run(_ partitions: inout [KeyspacePartition])
}

/// Carries partitions out one after the other.
public struct SequentialRunner: PartitionRunner {
    public let width: Int

    public init(width: Int = 1) { self.width = width }

    public func run(_ partitions: inout [KeyspacePartition]) {
        for position in partitions.indices { partitions[position].run() }
    }
}

/// Consecutive entries, each of which changes one record, parted by the slots of their keys. Reused: its buffers stay
/// as large as they grew.
public struct PartitionedEntries: Sendable {
    var partitions: [KeyspacePartition]
    /// The partition of each entry.
    private var owners: [UInt8] = []
    private var last = LogIndex.zero
    private var clock = Timestamp.zero

    private static let groups = HashSlot.count >> Branch.slotBits

    /// - Parameter width: how many partitions there are, 2 to 128.
    public init(of cluster: ClusterID, width: Int) {
        precondition((2...PartitionedEntries.groups).contains(width), "\(width) partitions")
        let hashKey = Keyspace.hashKey(of: cluster)
        partitions = (0..<width).map { KeyspacePartition($0, hashKey: hashKey) }
    }

    public var count: Int { owners.count }

    /// The groups of slots that are a partition's.
    static func groups(of partition: Int, among width: Int) -> Range<Int> {
        func first(_ partition: Int) -> Int { (partition * groups + width - 1) / width }
        return first(partition)..<first(partition + 1)
    }

    /// Adds the entry at `index`, which must be the one behind the last. False, and nothing is added, when it may
    /// change more than one record, or anything else.
    public mutating func add(_ entry: RawSpan, at time: Timestamp, index: LogIndex) -> Bool {
        guard let key = PartitionedEntries.onlyKey(of: entry) else { return false }
        let group = HashSlot.of(entry.extracting(key)) >> Branch.slotBits
        let owner = group * partitions.count / PartitionedEntries.groups
        precondition(owners.isEmpty || index == last.next, "entry \(index) behind \(last)")
        // Log time never goes back; each partition sees only some of the times before.
        clock = owners.isEmpty ? time : max(clock, time)
        last = index
        partitions[owner].add(entry, at: clock, index: index)
        owners.append(UInt8(owner))
        return true
    }

    /// Where the one key lies that an entry is about; nil when it may be about more.
    static func onlyKey(of entry: RawSpan) -> Range<Int>? {
        var reader = ByteReader(entry)
        guard let number = try? reader.varint(from: entry), let code = CommandCode(rawValue: UInt16(clamping: number)),
            let count = try? reader.varint(from: entry), count > 0,
            CommandTable.isOfOneKey(code, arguments: Int(clamping: count))
        else { return nil }
        return try? reader.counted(from: entry)
    }

    /// Takes back what was added last.
    public mutating func removeLast(_ count: Int) {
        for _ in 0..<count {
            partitions[Int(owners.removeLast())].removeLast()
            last = LogIndex(last.rawValue - 1)
        }
        clock = owners.last.map { partitions[Int($0)].lastTime } ?? .zero
    }

    public mutating func removeAll() {
        for position in partitions.indices { partitions[position].removeAll() }
        owners.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with what each entry changed, in their order, once they were carried out.
    public func forEachNote(_ body: (borrowing ChangeNotes) -> Void) {
        var next = InlineArray<128, Int>(repeating: 0)
        for owner in owners {
            body(partitions[Int(owner)].notes[next[Int(owner)]])
            next[Int(owner)] += 1
        }
    }

    /// Parts the records of a keyspace, has the entries carried out, and puts the records together again.
    mutating func run(on keyspace: inout Keyspace, _ runner: any PartitionRunner) {
        for position in 1..<partitions.count {
            let groups = PartitionedEntries.groups(of: position, among: partitions.count)
            partitions[position].keyspace.take(groups, of: &keyspace)
        }
        // What is left of it is the first partition.
        swap(&keyspace, &partitions[0].keyspace)
        runner.run(&partitions)
        swap(&keyspace, &partitions[0].keyspace)
        for position in 1..<partitions.count { keyspace.takeBack(&partitions[position].keyspace) }
        keyspace.lastAppliedTime = max(keyspace.lastAppliedTime, clock)
        keyspace.lastAppliedIndex = last
    }
}

extension Keyspace {
    /// Whether entries of one key each may be carried out apart from each other: nobody waits for an element, there is
    /// no secondary index, and nobody wants to hear of events.
    public var isDivisible: Bool {
        waiters.isEmpty && served.isEmpty && records.indexes.isEmpty && events.wanted.isEmpty
    }

    /// Carries out entries as `apply` would one after the other, on several threads. Equal entries make equal states.
    /// The keyspace must be divisible; `entries` knows what changed.
    public mutating func apply(_ entries: inout PartitionedEntries, on runner: any PartitionRunner) {
        precondition(isDivisible, "a keyspace with something that all slots have in common")
        if entries.count > 0 { entries.run(on: &self, runner) }
    }

    /// Makes an empty keyspace the one of some groups of slots of another.
    fileprivate mutating func take(_ groups: Range<Int>, of other: inout Keyspace) {
        records = other.records.takeOut(groups)
        lastAppliedTime = other.lastAppliedTime
        lastAppliedIndex = other.lastAppliedIndex
        isMemoryFull = other.isMemoryFull
        expiredTotal = 0
    }

    /// Takes back what such a one has, and leaves it empty.
    fileprivate mutating func takeBack(_ part: inout Keyspace) {
        var records = RecordTree(hashKey: self.records.hashKey)
        swap(&records, &part.records)
        self.records.putBack(records)
        expiredTotal += part.expiredTotal
    }
}
