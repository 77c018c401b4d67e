// The naive twin of the keyspace: what entries mean, in the plainest words, for judging replicas by.

import ByteCoding
import Keyspace
public import Vocabulary

/// A dictionary that takes the same entries as `Keyspace` and must give the same replies and hold the same records.
///
/// Shares with it the coding of entries, the slot and hash of a key, and no code of any command. Of strings and keys
/// all write commands are known but `INCRBYFLOAT`, `RESTORE` and those on bits, which have tests of their own; of
/// collections, of what stands around commands and of waiting those that the simulated clients use. Expiry is by log
/// time (decision 0004): a record is over when its deadline is not after the latest time of an entry, stays until
/// something touches it, and is never seen.
public struct NaiveKeyspace: Sendable {
    /// What a key holds besides a string.
    public enum Collection: Hashable, Sendable {
        case hash([[UInt8]: [UInt8]])
        case list([[UInt8]])
        case set(Set<[UInt8]>)
        /// Members and their scores.
        case sortedSet([[UInt8]: Double])

        var isEmpty: Bool {
            switch self {
            case .hash(let fields): fields.isEmpty
            case .list(let elements): elements.isEmpty
            case .set(let members): members.isEmpty
            case .sortedSet(let scores): scores.isEmpty
            }
        }
    }

    /// A value and when it ends, in milliseconds since 1970; nil for never.
    public struct Record: Hashable, Sendable {
        public var value: [UInt8]
        public var deadline: UInt64?
        /// Instead of the value.
        public var collection: Collection?
        /// The index of the entry that wrote it last.
        public var version: UInt64 = 0
    }

    /// A command that waits for an element of a list.
    struct Waiter: Sendable {
        let index: LogIndex
        let code: CommandCode
        let words: [[UInt8]]
        var keys: [[UInt8]] { code == .blmove ? [words[0]] : Array(words.dropLast()) }
    }

    /// What a client that numbers its requests was answered last.
    struct Outcome: Sendable {
        let number: Int64
        let reply: [UInt8]
    }

    private let cluster: ClusterID
    /// Those that are over and were not touched since are among them.
    var records: [[UInt8]: Record] = [:]
    /// The latest time of an entry.
    public private(set) var time = Timestamp.zero
    /// The last entry's.
    public private(set) var index = LogIndex.zero
    /// Records that were removed since their time was over.
    public internal(set) var expiredTotal: UInt64 = 0
    /// First come first.
    var waiters: [Waiter] = []
    var outcomes: [[UInt8]: Outcome] = [:]
    /// Keys at which this entry left a list, in the order of writing.
    var written: [[UInt8]] = []
    /// Whether the last entry waits instead of having a reply.
    public internal(set) var isParked = false
    /// What became of waiters since this was emptied last.
    public var served: [(index: LogIndex, reply: [UInt8])] = []

    public init(of cluster: ClusterID) { self.cluster = cluster }

    /// Log time in milliseconds.
    var now: UInt64 { time.milliseconds }

    /// Carries out an entry and gives the reply in version 2 of the protocol. Nil, and nothing done, for a command
    /// that the twin does not know, as one that only reads. Nil too when the command waits: `isParked`.
    public mutating func apply(_ entry: [UInt8], at time: Timestamp, index: LogIndex) -> [UInt8]? {
        do throws(EntryError) {
            let (code, words) = try NaiveKeyspace.decoded(entry)
            guard NaiveKeyspace.isKnown(code) else { return nil }
            advance(to: time, index)
            let reply = carryOut(code, words)
            serve()
            return isParked ? nil : reply.bytes
        } catch {
            advance(to: time, index)
            return NaiveReply.error(Array("ERR \(error)".utf8)).bytes
        }
    }

    private mutating func advance(to time: Timestamp, _ index: LogIndex) {
        self.time = max(self.time, time)
        self.index = index
        isParked = false
        written = []
    }

    static func decoded(_ entry: [UInt8]) throws(EntryError) -> (CommandCode, [[UInt8]]) {
        let code = try EntryView(entry.rawBytes).code
        var reader = ByteReader(entry.rawBytes)
        var words: [[UInt8]] = []
        do throws(ByteError) {
            _ = try reader.varint(from: entry.rawBytes)
            for _ in 0..<(try reader.varint(from: entry.rawBytes)) {
                words.append(Array(entry[try reader.counted(from: entry.rawBytes)]))
            }
        } catch { throw .malformed(error) }
        return (code, words)
    }

    /// The records that can be seen at a time (at the last entry's if that is later), in the order of the keys' bytes.
    public func contents(at time: Timestamp) -> [(key: [UInt8], record: Record)] {
        let now = max(time, self.time).milliseconds
        return records.filter { !$0.value.isOver(at: now) }.map { (key: $0.key, record: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    // MARK: Parts of commands

    /// The record of a key; one that is over is removed.
    mutating func live(_ key: [UInt8]) -> Record? {
        guard let record = records[key] else { return nil }
        guard record.isOver(at: now) else { return record }
        records[key] = nil
        expiredTotal += 1
        return nil
    }

    /// A deadline that is over removes the key.
    mutating func store(_ key: [UInt8], _ value: [UInt8], deadline: UInt64? = nil) {
        put(key, Record(value: value, deadline: deadline))
    }

    /// A record whose deadline is over, or that holds an empty collection, is none.
    mutating func put(_ key: [UInt8], _ record: Record) {
        let isNone = record.isOver(at: now) || record.collection?.isEmpty == true
        records[key] = record
        records[key]?.version = index.rawValue
        if isNone { records[key] = nil }
        if case .list = record.collection, !isNone { written.append(key) }
    }

    /// Removes at most 256 records that are over: the first by slot, then by hash, then by bytes.
    mutating func tick() -> NaiveReply {
        let due = records.filter { $0.value.isOver(at: now) }.keys
            .map { (slot: HashSlot.of($0.rawBytes), hash: hash(of: $0), key: $0) }
            .sorted { a, b in
                if (a.slot, a.hash) != (b.slot, b.hash) { return (a.slot, a.hash) < (b.slot, b.hash) }
                return a.key.lexicographicallyPrecedes(b.key)
            }
        for (_, _, key) in due.prefix(256) { records[key] = nil }
        expiredTotal += UInt64(min(256, due.count))
        return .integer(Int64(min(256, due.count)))
    }

    private func hash(of key: [UInt8]) -> UInt64 {
        SipHash.hash(key.rawBytes, key: SipHash.Key(cluster.high, cluster.low))
    }
}

extension NaiveKeyspace.Record {
    func isOver(at now: UInt64) -> Bool { deadline.map { $0 <= now } ?? false }
}

/// A reply in version 2 of the protocol.
enum NaiveReply {
    case ok
    case error([UInt8])
    case integer(Int64)
    case bulk([UInt8]?)
    case array([NaiveReply]?)
    /// One that was given before.
    case raw([UInt8])

    var bytes: [UInt8] {
        switch self {
        case .ok: return Array("+OK\r\n".utf8)
        case .error(let text): return [UInt8(ascii: "-")] + text + [13, 10]
        case .integer(let number): return Array(":\(number)\r\n".utf8)
        case .array(nil): return Array("*-1\r\n".utf8)
        case .array(let parts?): return Array("*\(parts.count)\r\n".utf8) + parts.flatMap(\.bytes)
        case .raw(let bytes): return bytes
        case .bulk(nil): return Array("$-1\r\n".utf8)
        case .bulk(let value?): return Array("$\(value.count)\r\n".utf8) + value + [13, 10]
        }
    }
}
