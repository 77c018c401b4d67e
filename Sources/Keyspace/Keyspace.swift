// The replicated state as a value: records, and the one way in which entries change them.

import ByteCoding
public import RESP
public import Vocabulary

/// All records, and the commands on them.
///
/// A copy is a snapshot: it costs one reference, stays as it is while the original changes, and may be read and dropped
/// on another thread. Equal entries at equal times and indexes make equal states, whatever happened between.
public struct Keyspace: Sendable {
    /// The time of the last entry applied: what is expired is decided by it. Never goes back.
    public private(set) var lastAppliedTime = Timestamp.zero
    /// The last entry applied.
    public private(set) var lastAppliedIndex = LogIndex.zero
    /// Records that were removed because their time was over.
    public internal(set) var expiredTotal: UInt64 = 0

    var records: RecordTree
    /// For values that are put together. Empty between commands.
    private var scratch: [UInt8] = []
    private static let scratchKeptMax = 64 << 10

    /// An empty keyspace of `cluster`, whose id decides where records lie within their slots: so the nodes of a cluster
    /// agree, and keys that collide cannot be made for all clusters at once. Whoever knows the id can make them for
    /// this one; they make a slot slower, not wrong.
    public init(of cluster: ClusterID) {
        records = RecordTree(hashKey: SipHash.Key(cluster.high, cluster.low))
    }

    // MARK: Commands

    /// Carries out an entry. Deterministic; leaves exactly one reply, whatever the bytes are. An error reply means that
    /// no record changed, other than that one whose time was over may be gone.
    public mutating func apply(
        _ entry: RawSpan, at time: Timestamp, index: LogIndex, reply: inout ReplyWriter
    ) {
        lastAppliedTime = max(lastAppliedTime, time)
        lastAppliedIndex = index
        records.freeSome()
        do throws(EntryError) {
            let view = try EntryView(entry)
            do throws(CommandError) {
                try CommandTable.checkArity(view)
                guard try write(view.code, view.arguments, &reply) else {
                    return try answer(view.code, view.arguments, clock: lastAppliedTime, &reply)
                }
            } catch {
                error.write(view.code, to: &reply)
            }
        } catch {
            reply.error(text: "ERR \(error)")
        }
    }

    /// Carries out a command that only reads. Times to live are counted from `clock` when it is later than
    /// the last entry's time. A command that writes is refused.
    public func read(_ entry: RawSpan, clock: Timestamp, reply: inout ReplyWriter) {
        do throws(EntryError) {
            let view = try EntryView(entry)
            do throws(CommandError) {
                try CommandTable.checkArity(view)
                try answer(view.code, view.arguments, clock: clock, &reply)
            } catch {
                error.write(view.code, to: &reply)
            }
        } catch {
            reply.error(text: "ERR \(error)")
        }
    }

    // MARK: Figures

    /// The fingerprint of all records: equal records, equal digest. Times and indexes are no part of it.
    public var digest: Digest { records.digest }
    /// Records, including those whose time is over and that no `tick` has removed yet.
    public var count: Int { records.count }
    /// The earliest time at which a record ends, in milliseconds since 1970; nil when none ever does. Exact.
    public var nextDeadline: UInt64? { records.deadline == TreeNode.never ? nil : records.deadline }

    /// The digest of one slot's records. Traps outside of `0..<HashSlot.count`.
    public func digest(ofSlot slot: Int) -> Digest {
        records.node(ofSlot: slot).map { TreeNode($0).digest } ?? .empty
    }

    /// The number of one slot's records. Traps outside of `0..<HashSlot.count`.
    public func count(inSlot slot: Int) -> Int {
        records.node(ofSlot: slot).map { TreeNode($0).count } ?? 0
    }

    /// What the records take.
    public struct MemoryFigures: Hashable, Sendable {
        /// Bytes of keys and values.
        public var payload: ByteCount
        /// Bytes of all that is reachable from the keyspace: pages, tables, long strings, room to grow and garbage.
        public var total: ByteCount
    }

    public var memory: MemoryFigures {
        MemoryFigures(payload: ByteCount(records.payloadBytes), total: ByteCount(records.bytes))
    }

    // MARK: Time

    /// Log time in milliseconds since 1970.
    var now: UInt64 { lastAppliedTime.milliseconds }

    /// The record of a key unless its time is over.
    @inline(__always)
    func live(_ key: RawSpan, at place: KeyPlace) -> Record? {
        guard let record = records.find(key, at: place), !record.isOver(at: now) else { return nil }
        return record
    }

    /// The same for a command that writes: a record whose time is over is removed.
    @inline(__always)
    mutating func liveForWrite(_ key: RawSpan, at place: KeyPlace) -> Record? {
        guard let record = records.find(key, at: place) else { return nil }
        guard record.isOver(at: now) else { return record }
        _ = records.remove(key, at: place)
        expiredTotal += 1
        return nil
    }

    // MARK: Storing

    /// Puts a string at a key. A deadline that is over means that there will be none, so the key is removed.
    @inline(__always)
    mutating func store(_ key: RawSpan, at place: KeyPlace, _ value: RawSpan, deadline: UInt64) {
        guard deadline > now else {
            _ = records.remove(key, at: place)
            return
        }
        if value.byteCount > Record.valueInlineMax {
            return store(key, at: place, Rope(value), deadline: deadline)
        }
        let draft = RecordDraft(key: key, keyHash: place.hash, deadline: deadline, value: value, rope: nil)
        records.put(draft, slot: place.slot)
    }

    /// Puts a long string at a key. The rope's reference goes over to the record.
    mutating func store(_ key: RawSpan, at place: KeyPlace, _ rope: Rope, deadline: UInt64) {
        let draft = RecordDraft(
            key: key, keyHash: place.hash, deadline: deadline, value: key.extracting(first: 0), rope: rope)
        records.put(draft, slot: place.slot)
    }

    /// Puts at a key what `compose` writes into an empty array.
    @inline(__always)
    mutating func store(
        _ key: RawSpan, at place: KeyPlace, deadline: UInt64, _ compose: (inout [UInt8]) -> Void
    ) {
        var bytes: [UInt8] = []
        swap(&bytes, &scratch)
        compose(&bytes)
        store(key, at: place, bytes.rawBytes, deadline: deadline)
        if bytes.capacity <= Keyspace.scratchKeptMax {
            bytes.removeAll(keepingCapacity: true)
            swap(&bytes, &scratch)
        }
    }
}
