// The records of a slot out of its chunks: pages filled in the order in which they will be walked.

import ByteCoding
public import Vocabulary

/// Loads one slot after the other, each on its own: several loaders work on several threads. For each slot call
/// `begin`, then `take` with every chunk in their order, then `finish`. After an error only `begin` may follow.
///
/// Bytes are believed nothing: what is not exactly what an image says is refused, and no memory is set aside for what
/// they announce. But that the slot is whole only the digest of the state shows.
///
/// With keys that are wanted, small records of other keys and without a deadline are summed up and let go, all but the
/// slot's first: what remains is a state for commands that name wanted keys only.
public final class SlotLoader {
    private let hashKey: SipHash.Key
    private let index: LogIndex
    private let wanted: TouchedKeys?
    private var slot = 0
    private var part = 0
    private var records = PageTreeBuilder()
    private var sums = LoadedSums()
    /// The hash of the record before, and whether that one is held.
    private var lastHash: UInt64 = 0
    private var holdsLast = true
    /// Long values, in the order of their records.
    private var values: LargeValueLoader

    /// For an image of the state at `index`, of the cluster whose id places records within slots.
    ///
    /// - Parameter wanted: which records are held; nil for all.
    public init(of cluster: ClusterID, at index: LogIndex, wanted: TouchedKeys? = nil) {
        hashKey = Keyspace.hashKey(of: cluster)
        self.index = index
        self.wanted = wanted
        values = LargeValueLoader(hashKey: hashKey)
    }

    /// Begins a slot; what was taken and not finished is dropped. Traps outside of `0..<HashSlot.count`.
    public func begin(slot: Int) {
        precondition(slot >= 0 && slot < HashSlot.count, "slot \(slot)")
        self.slot = slot
        (part, lastHash, holdsLast, sums) = (0, 0, true, LoadedSums())
        records.reset()
        values.reset()
    }

    public func take(_ chunk: RawSpan) throws(ImageError) {
        var reader = ChunkReader(chunk)
        do throws(ImageFault) {
            try take(chunk, &reader)
        } catch {
            throw ImageError(error, slot: slot, part: part, offset: reader.offset)
        }
        part += 1
    }

    /// The slot with all that was taken.
    public func finish() throws(ImageError) -> LoadedSlot {
        guard values.isComplete else { throw ImageError(.incompleteValue, slot: slot, part: part) }
        guard sums.kinds.total > 0 else { return LoadedSlot(slot, nil, sums, index) }
        let node = records.finish()
        values.attach(below: node, &sums)
        TreeNode(node).digest = sums.digest
        TreeNode(node).lastChange = index.rawValue
        return LoadedSlot(slot, node, sums, index)
    }

    private func take(_ chunk: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        let byte = try reader.byte(from: chunk)
        let count = Int(try reader.integer(UInt32.self, from: chunk))
        guard let kind = ChunkKind(rawValue: byte) else { throw .unexpectedChunk(byte) }
        if kind == .records {
            guard !values.hasBegun else { throw .unexpectedChunk(byte) }
            for _ in 0..<count { try takeRecord(chunk, &reader) }
        } else {
            try values.take(kind, count, chunk, &reader)
        }
        try reader.finish()
    }

    // MARK: Records

    @inline(__always)
    private func takeRecord(_ chunk: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        let start = reader.offset
        let head = try RecordHead(chunk, &reader, isField: false)
        let key = chunk.extracting(try reader.range(head.keyLength))
        let slot = HashSlot.of(key)
        guard slot == self.slot else { throw .foreignSlot(slot) }
        let hash = SipHash.hash(key, key: hashKey)
        // A record that is not held cannot be compared with; that no key stands twice the digest shows.
        if hash != lastHash || holdsLast { try records.checkOrder(of: key, hash, behind: lastHash) }
        lastHash = hash
        holdsLast = holds(hash, head)
        if holdsLast { sums.count(head) }
        guard !head.hasLargeKey, !head.hasLargeValue else { return try takeLarge(head, key, hash, chunk, &reader) }
        let value = try reader.range(head.valueLength)
        if head.kind != .string { try Packed.check(chunk.extracting(value), head.kind) }
        let message = start..<reader.offset
        try takeVersion(chunk, &reader)
        let digest = SipHash.digest(chunk.extracting(message), key: Record.digestKey)
        guard holdsLast else {
            sums.omitted.count += 1
            return sums.omitted.digest.add(digest)
        }
        try records.add(chunk.extracting(start..<reader.offset), hash: hash, deadline: head.deadline)
        sums.payload += head.keyLength + head.valueLength
        sums.digest.add(digest)
    }

    /// The first of a slot always is, so that a slot with records has a node.
    @inline(__always)
    private func holds(_ hash: UInt64, _ head: RecordHead) -> Bool {
        guard let wanted else { return true }
        return wanted.mayHave(hash, inSlot: slot) || head.deadline != TreeNode.never || head.hasLargeKey
            || head.hasLargeValue
            || records.isEmpty
    }

    @discardableResult
    @inline(__always)
    private func takeVersion(_ chunk: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) -> UInt64 {
        let version = try reader.varint(from: chunk)
        guard version <= index.rawValue else { throw .versionAhead(version) }
        return version
    }

    /// A record that has something beside its page. Of a large value this is the stub; its chunks come later.
    private func takeLarge(
        _ head: RecordHead, _ key: RawSpan, _ hash: UInt64, _ chunk: RawSpan, _ reader: inout ChunkReader
    ) throws(ImageFault) {
        guard head.hasLargeValue else {
            let value = chunk.extracting(try reader.range(head.valueLength))
            if head.kind != .string { try Packed.check(value, head.kind) }
            let draft = RecordDraft(
                key: key, keyHash: hash, deadline: head.deadline, kind: head.kind,
                version: try takeVersion(chunk, &reader), value: value)
            try records.add(draft, isStub: false)
            sums.payload += head.keyLength + head.valueLength
            if let record = records.last { sums.digest.add(record.digest()) }
            return
        }
        try values.expect(head, chunk, &reader)
        let draft = RecordDraft(
            key: key, keyHash: hash, deadline: head.deadline, kind: head.kind,
            version: try takeVersion(chunk, &reader), reference: records.placeholder, valueLength: head.valueLength)
        try records.add(draft, isStub: true)
    }
}

/// What is summed up over the records of a slot.
struct LoadedSums {
    var digest = Digest.empty
    var payload = 0
    var timed = 0
    var kinds = KindCounts()
    var omitted = OmittedRecords.none

    @inline(__always)
    mutating func count(_ head: RecordHead) {
        kinds.add(head.kind)
        timed += head.deadline == TreeNode.never ? 0 : 1
    }
}

extension PageTreeBuilder {
    /// Refuses a record that does not stand behind the one that was added last, whose hash is `before`.
    @inline(__always)
    func checkOrder(of key: RawSpan, _ hash: UInt64, behind before: UInt64) throws(ImageFault) {
        guard hash > before || isEmpty else { return try checkTie(of: key, hash, before) }
    }

    /// Of equal hashes the record before waits still: such are never parted.
    private func checkTie(of key: RawSpan, _ hash: UInt64, _ before: UInt64) throws(ImageFault) {
        guard hash == before, let last else { throw .notAscending }
        guard last.withKey({ $0.isBefore(key, orEqual: false) }) else { throw .notAscending }
    }
}
