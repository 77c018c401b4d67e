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
    public internal(set) var lastAppliedTime = Timestamp.zero
    /// The last entry applied.
    public internal(set) var lastAppliedIndex = LogIndex.zero
    /// Records that were removed because their time was over.
    public internal(set) var expiredTotal: UInt64 = 0
    /// What happened to keys, as far as it is wanted. No part of the state: nodes may want different things.
    public var events = KeyEventList()
    /// What the last entry changed.
    public internal(set) var changes = ChangeNotes()

    /// Whether commands that may make the keyspace larger are refused: the leader has found its memory full, and has
    /// said so in the log. Part of the state.
    public internal(set) var isMemoryFull = false
    /// How often a key was looked for and found or not, on this node. No part of the state.
    public let lookups = KeyLookups()

    var records: RecordTree
    /// What clients that number their requests were answered.
    var outcomes = OnceTable()
    /// Who waits for an element, and what became of those who did since `served` was emptied last.
    var waiters = WaiterTable()
    public var served = ServedReplies()
    var waiting = Waiting.no
    private var isParked = false
    /// Commands of the entry that were carried out so far: no two of them draw the same random numbers.
    private var draws: UInt64 = 0
    /// For values that are put together. Empty between commands.
    private var scratch: [UInt8] = []
    private static let scratchKeptMax = 64 << 10

    /// An empty keyspace of `cluster`, whose id decides where records lie within their slots: so the nodes of a cluster
    /// agree, and keys that collide cannot be made for all clusters at once. Whoever knows the id can make them for
    /// this one; they make a slot slower, not wrong.
    public init(of cluster: ClusterID) {
        self.init(hashKey: Keyspace.hashKey(of: cluster))
    }

    init(hashKey: SipHash.Key) {
        records = RecordTree(hashKey: hashKey)
    }

    /// The state of an image, from its records and its head. Indexes are defined but not built.
    init(_ records: consuming RecordTree, _ head: ImageHead) {
        for definition in head.definitions { records.addIndex(definition) }
        self.records = records
        lastAppliedTime = head.time
        lastAppliedIndex = head.index
        expiredTotal = head.expiredTotal
        isMemoryFull = head.isMemoryFull
        waiters = head.waiters
        outcomes = head.outcomes
    }

    static func hashKey(of cluster: ClusterID) -> SipHash.Key { SipHash.Key(cluster.high, cluster.low) }

    // MARK: Commands

    /// Carries out an entry. Deterministic; leaves exactly one reply, whatever the bytes are. An error reply means that
    /// no record changed, other than that one whose time was over may be gone. A blocking command that waits leaves no
    /// reply; those that the entry has served have theirs in `served`.
    ///
    /// Who carries out several entries says so with `isOneOfMany`, and calls `settleIndexes` before anything is read.
    @discardableResult
    public mutating func apply(
        _ entry: RawSpan, at time: Timestamp, index: LogIndex, isOneOfMany: Bool = false, reply: inout ReplyWriter
    ) -> Outcome {
        lastAppliedTime = max(lastAppliedTime, time)
        lastAppliedIndex = index
        records.begin(at: index.rawValue)
        isParked = false
        changes.begin()
        let before = records.changes
        draws = 0
        carryOut(entry, isNested: false, &reply)
        if waiters.hasReady {
            changes.settle(hasChanged: records.changes != before)
            serve()
        }
        changes.end(hasChanged: records.changes != before)
        if !isOneOfMany { settleIndexes() }
        return isParked ? .parked : .answered
    }

    /// Brings secondary indexes up to date with the entries that were carried out.
    @inline(__always)
    public mutating func settleIndexes() { records.indexes.settle() }

    /// Notes that the entry waits.
    mutating func parked() { isParked = true }

    /// Carries out an entry, which leaves one reply. Within another one not every command may stand.
    mutating func carryOut(_ entry: RawSpan, isNested: Bool, _ reply: inout ReplyWriter) {
        do throws(EntryError) {
            let view = try EntryView(entry)
            do throws(CommandError) {
                guard !isNested || view.code.mayBeNested else { throw .nested }
                try CommandTable.checkArity(view)
                if isMemoryFull, !isNested, CommandTable.mayGrow(view.code) { throw .memoryFull }
                guard try write(view.code, view.arguments, &reply) else {
                    draws += 1
                    let moment = ReadMoment(clock: lastAppliedTime, seed: lastAppliedIndex.rawValue &+ draws &<< 48)
                    return try answer(view.code, view.arguments, moment, &reply)
                }
            } catch {
                error.write(view.code, to: &reply)
            }
        } catch {
            reply.error(text: "ERR \(error)")
        }
    }

    /// Carries out a command that only reads. Times to live are counted from `clock` when it is later than
    /// the last entry's time. What is chosen at random depends on `seed`: equal seeds, equal choice as long as the
    /// record is the same. A command that writes is refused.
    public func read(_ entry: RawSpan, clock: Timestamp, seed: UInt64 = 0, reply: inout ReplyWriter) {
        do throws(EntryError) {
            let view = try EntryView(entry)
            do throws(CommandError) {
                try CommandTable.checkArity(view)
                try answer(view.code, view.arguments, ReadMoment(clock: clock, seed: seed), &reply)
            } catch {
                error.write(view.code, to: &reply)
            }
        } catch {
            reply.error(text: "ERR \(error)")
        }
    }

    // MARK: Figures

    /// The fingerprint of all that replicas agree on: records, what secondary indexes there are, who waits, what is
    /// remembered for clients that may ask again, and whether memory is full. Log time is no part of it, nor are
    /// versions of records and what is in an index.
    public var digest: Digest {
        var digest = records.digest
        digest.add(records.indexes.digest)
        digest.add(waiters.digest)
        digest.add(outcomes.digest)
        if isMemoryFull { digest.add(Keyspace.memoryFullDigest) }
        return digest
    }

    /// The part of the digest that the records have.
    public var recordsDigest: Digest { records.digest }

    /// Counts in the digest like a record while memory is full. `docs/formats/entries.md` defines it.
    static let memoryFullDigest = SipHash.digest(Array("memory full".utf8).rawBytes, key: Record.digestKey)

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
        /// Bytes of all that is reachable from the keyspace: pages, tables, long strings, secondary indexes, room to
        /// grow and garbage.
        public var total: ByteCount
    }

    public var memory: MemoryFigures {
        MemoryFigures(payload: ByteCount(records.payloadBytes), total: ByteCount(records.bytes + records.indexes.bytes))
    }

    /// Pieces of what was removed that are still to be freed, each a page, a branch, or a long value's root.
    public var unfreedPieces: Int { records.unfreedPieces }
    /// Frees a bounded part of what was removed, as every entry does: so that memory comes back although none comes.
    public mutating func freeSome() { records.freeSome() }
    /// Records with a deadline.
    public var timedCount: Int { records.timedCount }

    /// What records are marked with that are written now: the index of the entry.
    @inline(__always) var version: UInt64 { lastAppliedIndex.rawValue }

    // MARK: Time

    /// Log time in milliseconds since 1970.
    var now: UInt64 { lastAppliedTime.milliseconds }

    /// The record of a key unless its time is over.
    @inline(__always)
    func live(_ key: RawSpan, at place: KeyPlace) -> Record? {
        guard let record = records.find(key, at: place), !record.isOver(at: now) else {
            lookups.missed()
            return nil
        }
        lookups.found()
        return record
    }

    /// The same for a command that writes: a record whose time is over is removed.
    @inline(__always)
    mutating func liveForWrite(_ key: RawSpan, at place: KeyPlace) -> Record? {
        guard let record = records.find(key, at: place) else { return nil }
        guard record.isOver(at: now) else { return record }
        records.removeOver(key, at: place)
        expiredTotal += 1
        note(.expired, "expired", key)
        return nil
    }

    /// The same when it must be a string.
    @inline(__always)
    mutating func liveStringForWrite(_ key: RawSpan, at place: KeyPlace) throws(CommandError) -> Record? {
        guard let record = liveForWrite(key, at: place) else { return nil }
        guard record.kind == .string else { throw .wrongType }
        return record
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
        let draft = RecordDraft(key: key, keyHash: place.hash, deadline: deadline, version: version, value: value)
        records.put(draft, slot: place.slot)
    }

    /// Puts a long string at a key. The rope's reference goes over to the record.
    mutating func store(_ key: RawSpan, at place: KeyPlace, _ rope: Rope, deadline: UInt64) {
        let draft = RecordDraft(key: key, keyHash: place.hash, deadline: deadline, version: version, rope: rope)
        records.put(draft, slot: place.slot)
    }

    /// Puts the value of a record, of whatever kind, at a key. What lies beside the page is shared.
    mutating func store(valueOf record: Record, at key: RawSpan, _ place: KeyPlace, deadline: UInt64) {
        if !waiters.isEmpty { waiters.signal(key) }
        if let value = record.valueReference {
            value.retain()
            let draft = RecordDraft(
                key: key, keyHash: place.hash, deadline: deadline, kind: record.kind, version: version,
                reference: value, valueLength: record.valueLength)
            return records.put(draft, slot: place.slot)
        }
        var bytes = takeScratch()
        record.forEachPiece(of: 0..<record.valueLength) { bytes.append(bytes: $0) }
        let draft = RecordDraft(
            key: key, keyHash: place.hash, deadline: deadline, kind: record.kind, version: version,
            value: bytes.rawBytes)
        records.put(draft, slot: place.slot)
        giveBackScratch(bytes)
    }

    /// An empty array, perhaps with room; to be given back.
    mutating func takeScratch() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &scratch)
        return bytes
    }

    mutating func giveBackScratch(_ bytes: consuming [UInt8]) {
        guard bytes.capacity <= Keyspace.scratchKeptMax else { return }
        bytes.removeAll(keepingCapacity: true)
        swap(&bytes, &scratch)
    }

    /// Puts at a key what `compose` writes into an empty array.
    @inline(__always)
    mutating func store(
        _ key: RawSpan, at place: KeyPlace, deadline: UInt64, _ compose: (inout [UInt8]) -> Void
    ) {
        var bytes = takeScratch()
        compose(&bytes)
        store(key, at: place, bytes.rawBytes, deadline: deadline)
        giveBackScratch(bytes)
    }
}
