// The head of an image: everything of a state that is no record.

import ByteCoding
public import Vocabulary

/// What an image says of the state as a whole. `docs/formats/snapshot.md` has the byte table.
public struct ImageHead: Sendable {
    /// The last entry that was applied, and its time.
    public internal(set) var index: LogIndex
    public internal(set) var time: Timestamp
    /// The fingerprint of the whole state, as `Keyspace.digest` tells it.
    public internal(set) var digest: Digest
    /// Records.
    public internal(set) var count: Int
    var expiredTotal: UInt64
    var isMemoryFull: Bool
    var definitions: [IndexDefinition]
    var waiters: WaiterTable
    var outcomes: OnceTable

    /// Whether a command changes no other keys than those that it names, or that have a deadline: nobody waits, and
    /// there is no index.
    public var isSeparable: Bool { definitions.isEmpty && waiters.isEmpty }

    // MARK: Writing

    func append(to bytes: inout [UInt8]) {
        bytes.append(ChunkKind.head.rawValue)
        bytes.append(ChunkForm.version)
        bytes.append(littleEndian: index.rawValue)
        bytes.append(littleEndian: time.rawValue)
        bytes.append(littleEndian: UInt64(count))
        bytes.append(sipHash: digest)
        bytes.append(littleEndian: expiredTotal)
        bytes.append(isMemoryFull ? 1 : 0)
        bytes.append(varint: UInt64(definitions.count))
        for definition in definitions { definition.append(to: &bytes) }
        let waiting = waiters.indexes
        bytes.append(varint: UInt64(waiting.count))
        for index in waiting {
            guard let waiter = waiters[index] else { preconditionFailure("nobody waits at \(index)") }
            bytes.append(varint: index)
            bytes.append(waiter.version == .three ? 3 : 2)
            bytes.append(counted: waiter.entry.rawBytes)
        }
        bytes.append(varint: UInt64(outcomes.count))
        outcomes.forEach { client, number, reply, index in
            bytes.append(varint: index)
            bytes.append(varint: number)
            bytes.append(counted: client.rawBytes)
            bytes.append(reply == nil ? 0 : 1)
            if let reply { bytes.append(counted: reply.rawBytes) }
        }
    }

}

// MARK: Reading

extension ImageHead {
    /// The head of a state at `index` that has the records of these slots and nothing else: for harnesses and tools
    /// that look at slots alone.
    public init(of slots: [LoadedSlot], at index: LogIndex) {
        var digest = Digest.empty
        for slot in slots { digest.add(slot.digest) }
        self.init(
            index: index, time: .zero, digest: digest, count: slots.reduce(0) { $0 + $1.kinds.total }, expiredTotal: 0,
            isMemoryFull: false, definitions: [], waiters: WaiterTable(), outcomes: OnceTable())
    }

    public init(_ bytes: RawSpan) throws(ImageError) {
        var reader = ChunkReader(bytes)
        do throws(ImageFault) {
            self = try ImageHead(bytes, &reader)
        } catch {
            throw ImageError(error, offset: reader.offset)
        }
    }

    private init(_ bytes: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        let kind = try reader.byte(from: bytes)
        guard kind == ChunkKind.head.rawValue else { throw .unexpectedChunk(kind) }
        let version = try reader.byte(from: bytes)
        guard version == ChunkForm.version else { throw .unknownVersion(version) }
        index = LogIndex(try reader.integer(UInt64.self, from: bytes))
        time = Timestamp(microseconds: try reader.integer(UInt64.self, from: bytes))
        let stated = try reader.integer(UInt64.self, from: bytes)
        guard let count = Int(exactly: stated) else { throw .tooLarge(stated) }
        self.count = count
        let low = try reader.integer(UInt64.self, from: bytes)
        digest = Digest(high: try reader.integer(UInt64.self, from: bytes), low: low)
        expiredTotal = try reader.integer(UInt64.self, from: bytes)
        let isFull = try reader.byte(from: bytes)
        guard isFull <= 1 else { throw .invalidHead }
        isMemoryFull = isFull == 1
        (definitions, waiters, outcomes) = ([], WaiterTable(), OnceTable())
        for _ in 0..<(try reader.length(upTo: IndexDefinition.indexesMax, from: bytes)) {
            let definition = try IndexDefinition(bytes, &reader)
            guard definition.version <= index.rawValue, !definitions.contains(where: { $0.name == definition.name })
            else { throw .invalidHead }
            definitions.append(definition)
        }
        // Every one takes bytes, so a count beyond them ends with them.
        var last: UInt64 = 0
        for _ in 0..<(try reader.length(upTo: bytes.byteCount, from: bytes)) {
            last = try readWaiter(behind: last, bytes, &reader)
        }
        for _ in 0..<(try reader.length(upTo: OnceTable.clientsMax, from: bytes)) { try readOutcome(bytes, &reader) }
        try reader.finish()
    }

    private mutating func readWaiter(
        behind last: UInt64, _ bytes: RawSpan, _ reader: inout ChunkReader
    ) throws(ImageFault) -> UInt64 {
        let place = try reader.varint(from: bytes)
        let version = try reader.byte(from: bytes)
        guard place <= index.rawValue, place > last, version == 2 || version == 3 else {
            throw .invalidHead
        }
        let entry = bytes.extracting(try reader.counted(upTo: RecordHead.itemMax, from: bytes))
        guard let waiter = Waiter(entry, version: version == 3 ? .three : .two) else { throw .invalidHead }
        waiters.park(waiter, at: place)
        return place
    }

    private mutating func readOutcome(_ bytes: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        let place = try reader.varint(from: bytes)
        let number = try reader.varint(from: bytes)
        let client = [UInt8](bytes.extracting(try reader.counted(upTo: OnceTable.bytesMax, from: bytes)))
        let isKept = try reader.byte(from: bytes)
        guard isKept <= 1 else { throw .invalidHead }
        let reply = isKept == 0 ? nil : try reader.counted(upTo: OnceTable.replyMax, from: bytes)
        let kept = reply.map { [UInt8](bytes.extracting($0)) }
        guard place <= index.rawValue, outcomes.restore(client, number, kept, at: place) else { throw .invalidHead }
    }
}

extension IndexDefinition {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(counted: name.rawBytes)
        bytes.append(counted: prefix.rawBytes)
        bytes.append(varint: version)
        bytes.append(varint: UInt64(fields.count))
        for field in fields {
            bytes.append(field.form.rawValue)
            bytes.append(counted: field.name.rawBytes)
        }
    }

    fileprivate init(_ bytes: RawSpan, _ reader: inout ChunkReader) throws(ImageFault) {
        name = [UInt8](bytes.extracting(try reader.counted(upTo: IndexDefinition.nameMax, from: bytes)))
        prefix = [UInt8](bytes.extracting(try reader.counted(upTo: IndexDefinition.prefixMax, from: bytes)))
        version = try reader.varint(from: bytes)
        var fields: [IndexField] = []
        for _ in 0..<(try reader.length(upTo: IndexDefinition.fieldsMax, from: bytes)) {
            guard let form = IndexField.Form(rawValue: try reader.byte(from: bytes)) else { throw .invalidHead }
            let name = [UInt8](bytes.extracting(try reader.counted(upTo: IndexDefinition.fieldNameMax, from: bytes)))
            guard !name.isEmpty, !fields.contains(where: { $0.name == name }) else { throw .invalidHead }
            fields.append(IndexField(name: name, form: form))
        }
        guard !name.isEmpty, !fields.isEmpty else { throw .invalidHead }
        self.fields = fields
    }
}
