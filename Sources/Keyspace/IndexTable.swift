// All secondary indexes of a keyspace: which there are, and how they follow the records.

import ByteCoding
import Vocabulary

/// An index: what it is of, and what this node has made of it.
struct SecondaryIndex: Sendable {
    let definition: IndexDefinition
    /// What queries are answered from, once it is ready.
    fileprivate(set) var contents: IndexContents
    /// What is being built to take its place; nil while nobody has asked for that.
    fileprivate(set) var replacement: IndexContents?
    /// Whether the replacement, once it is whole, waits until somebody has proved it.
    fileprivate(set) var awaitsProof = false
    /// How often it has been rebuilt while it was in service.
    fileprivate(set) var rebuilds: UInt64 = 0
    /// What was in the contents that were replaced last, and what came in their place at that moment.
    fileprivate(set) var exchange: IndexExchange?
    /// Elements that were missed in contents that are gone.
    fileprivate var pastFaults = 0

    /// How often a change of a record has shown that the index did not say what the record said.
    var faults: Int { pastFaults + contents.faults + (replacement?.faults ?? 0) }

    /// What is to be built next, if anything.
    var unfinished: IndexContents? {
        guard contents.isReady else { return contents }
        return replacement.flatMap { $0.isReady ? nil : $0 }
    }

    /// What is whole, and goes into service when it is proved.
    var unproved: IndexContents? { contents.isReady ? replacement.flatMap { $0.isReady ? $0 : nil } : nil }

    fileprivate mutating func replace(
        _ field: Int, _ key: RawSpan, _ place: KeyPlace, _ old: IndexedValue, _ new: IndexedValue
    ) {
        let form = definition.fields[field].form
        if contents.has(place) { contents.replace(field, form, key, place, old, new) }
        if replacement?.has(place) == true { replacement?.replace(field, form, key, place, old, new) }
    }

    fileprivate mutating func settle() {
        contents.settle()
        replacement?.settle()
        if contents.faults > 0, contents.isReady, replacement == nil {
            replacement = IndexContents(of: definition)
            awaitsProof = false
        }
    }

    /// Puts the replacement into service; what it replaces is returned to be freed.
    fileprivate mutating func exchange(for new: IndexContents) -> IndexContents {
        let old = contents
        exchange = IndexExchange(before: old.entries, after: new.entries)
        pastFaults += old.faults
        contents = new
        replacement = nil
        awaitsProof = false
        rebuilds += 1
        return old
    }
}

/// Values that were found by an index, in all its fields, just before and just after it was replaced.
public struct IndexExchange: Hashable, Sendable {
    public let before: Int
    public let after: Int
}

/// The values that indexes have of one record, kept while it is changed.
struct IndexImage: Sendable {
    /// By an index's position a bit: whether it covers the key.
    fileprivate var covering: UInt64 = 0
    private var bytes: [UInt8] = []
    /// For each field of those indexes where its value lies, or one of the two below.
    private var values: [Range<Int>] = []
    private static let none = -1 ..< -1
    private static let long = -2 ..< -2

    fileprivate mutating func clear(_ covering: UInt64) {
        self.covering = covering
        bytes.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }

    fileprivate mutating func append(_ value: IndexedValue) {
        switch value {
        case .none: values.append(IndexImage.none)
        case .long: values.append(IndexImage.long)
        case .bytes(let span):
            values.append(bytes.count..<bytes.count + span.byteCount)
            bytes.append(bytes: span)
        }
    }

    fileprivate subscript(position: Int) -> IndexedValue {
        @_lifetime(borrow self)
        get {
            let range = values[position]
            if range == IndexImage.none { return .none }
            if range == IndexImage.long { return .long }
            return .bytes(bytes.rawBytes.extracting(range))
        }
    }
}

/// Part of the record tree, because nobody else sees every change of a record. The definitions are state; the contents
/// are derived from records, differ in how far they are built from node to node, and are no part of any digest.
///
/// A copy shares the trees; whoever changes one first copies what it changes, a path at a time.
struct IndexTable: Sendable {
    private(set) var list: [SecondaryIndex] = []
    /// The fingerprint of all definitions.
    private(set) var digest = Digest.empty
    /// An image whose memory is used again.
    private var spare = IndexImage()
    /// Whether trees are still to be told what has become of records.
    private var isUnsettled = false

    @inline(__always) var isEmpty: Bool { list.isEmpty }
    var bytes: Int { list.reduce(0) { $0 + $1.contents.bytes + ($1.replacement?.bytes ?? 0) } }

    func position(of name: RawSpan) -> Int? { list.firstIndex { $0.definition.name.rawBytes.hasSameBytes(as: name) } }

    // MARK: Making and dropping

    /// Adds an index, which is ready at once when there are no records.
    mutating func add(_ definition: IndexDefinition, hasRecords: Bool) {
        precondition(list.count < IndexDefinition.indexesMax, "\(list.count) indexes and one more")
        let contents = hasRecords ? IndexContents(of: definition) : IndexContents(empty: definition)
        list.append(SecondaryIndex(definition: definition, contents: contents))
        digest.add(definition.digest)
    }

    /// Takes an index out; what it held is the caller's to free.
    mutating func remove(at position: Int) -> SecondaryIndex {
        let index = list.remove(at: position)
        digest.remove(index.definition.digest)
        return index
    }

    /// Starts anew: all records are gone. What the indexes held is returned to be freed.
    mutating func removeAllRecords() -> [IndexContents] {
        var dropped: [IndexContents] = []
        for position in list.indices {
            dropped.append(list[position].contents)
            if let replacement = list[position].replacement { dropped.append(replacement) }
            list[position].contents = IndexContents(empty: list[position].definition)
            list[position].replacement = nil
            list[position].awaitsProof = false
        }
        return dropped
    }

    // MARK: Following the records

    /// By an index's position a bit: whether it covers the key.
    @inline(__always)
    func covering(_ key: RawSpan) -> UInt64 {
        var covering: UInt64 = 0
        for position in list.indices where list[position].definition.covers(key) { covering |= 1 << UInt64(position) }
        return covering
    }

    /// What the indexes that cover a key have of its record, which is about to change. To be given to `settle`.
    mutating func image(_ covering: UInt64, of record: Record?, hashKey: SipHash.Key) -> IndexImage {
        var image = IndexImage()
        swap(&image, &spare)
        image.clear(covering)
        for position in list.indices where covering >> UInt64(position) & 1 == 1 {
            for field in list[position].definition.fields {
                IndexedValue.with(record, field.name.rawBytes, hashKey) { image.append($0) }
            }
        }
        return image
    }

    /// Brings the indexes up to date with what has become of the record.
    mutating func settle(
        _ image: consuming IndexImage, _ key: RawSpan, _ place: KeyPlace, _ record: Record?, hashKey: SipHash.Key
    ) {
        var next = 0
        for position in list.indices where image.covering >> UInt64(position) & 1 == 1 {
            let fields = list[position].definition.fields
            for field in fields.indices {
                let name = fields[field].name
                let old = image[next]
                next += 1
                IndexedValue.with(record, name.rawBytes, hashKey) { new in
                    guard !old.isSame(as: new) else { return }
                    list[position].replace(field, key, place, old, new)
                    isUnsettled = true
                }
            }
        }
        swap(&image, &spare)
    }

    /// Has the trees follow the records, before anybody looks at them. Until then what has become of records waits, so
    /// that many records cost little more than one.
    @inline(__always)
    mutating func settle() {
        if isUnsettled { settleAll() }
    }

    private mutating func settleAll() {
        for position in list.indices { list[position].settle() }
        isUnsettled = false
    }

    /// Takes a record that is about to be removed out of the indexes.
    mutating func forget(_ record: Record, hashKey: SipHash.Key) {
        guard record.kind == .hash else { return }
        record.withKey { key in
            let covering = covering(key)
            guard covering != 0 else { return }
            let place = KeyPlace(slot: HashSlot.of(key), hash: SipHash.hash(key, key: hashKey))
            settle(image(covering, of: record, hashKey: hashKey), key, place, nil, hashKey: hashKey)
        }
    }

    // MARK: Building

    /// The first index of which something is to be built.
    var unfinished: Int? { list.firstIndex { $0.unfinished != nil } }

    /// Takes what is to be built of an index out, to be given back. Meanwhile no record may change.
    mutating func takeUnfinished(_ position: Int) -> IndexContents {
        let empty = IndexContents(empty: list[position].definition)
        if list[position].contents.isReady, let replacement = list[position].replacement {
            list[position].replacement = empty
            return replacement
        }
        let contents = list[position].contents
        list[position].contents = empty
        return contents
    }

    /// Puts back what was taken out. A finished replacement goes into service; what it replaces is returned to be
    /// freed.
    mutating func giveBack(_ contents: IndexContents, _ position: Int) -> IndexContents? {
        guard list[position].replacement != nil else {
            list[position].contents = contents
            return nil
        }
        guard contents.isReady, !list[position].awaitsProof else {
            list[position].replacement = contents
            return nil
        }
        return list[position].exchange(for: contents)
    }

    /// Has an index built anew beside the one in service. False when it is being built anyway.
    mutating func rebuild(_ position: Int, awaitsProof: Bool) -> Bool {
        guard list[position].unfinished == nil, list[position].replacement == nil else { return false }
        list[position].replacement = IndexContents(of: list[position].definition)
        list[position].awaitsProof = awaitsProof
        return true
    }

    /// Ends the wait for a proof: the replacement goes into service, or goes. Returns what is to be freed; nil when
    /// none
    /// waits.
    mutating func judge(_ position: Int, isProved: Bool) -> IndexContents? {
        guard let replacement = list[position].unproved else { return nil }
        if isProved { return list[position].exchange(for: replacement) }
        list[position].replacement = nil
        list[position].awaitsProof = false
        return replacement
    }
}

extension IndexedValue {
    /// Calls `body` with the value of a field of a record, which may not be there, or be no hash.
    @inline(__always)
    static func with(
        _ record: Record?, _ field: RawSpan, _ hashKey: SipHash.Key, _ body: (IndexedValue) -> Void
    ) {
        guard let record, record.kind == .hash else { return body(.none) }
        guard let root = record.collection else {
            return record.block.withBytes(record.valueOffset, record.valueLength) { bytes in
                guard let value = Packed.search(field, in: bytes, width: 2).value else { return body(.none) }
                guard value.count <= IndexElement.textMax else { return body(.long) }
                body(.bytes(bytes.extracting(value)))
            }
        }
        let hash = SipHash.hash(field, key: hashKey)
        guard let fields = root.fields, let found = Page.find(field, hash, below: fields) else { return body(.none) }
        guard found.valueLength <= IndexElement.textMax else { return body(.long) }
        found.withValue { body(.bytes($0)) }
    }

    func isSame(as other: IndexedValue) -> Bool {
        switch self {
        case .none: if case .none = other { return true }
        case .long: if case .long = other { return true }
        case .bytes(let bytes): if case .bytes(let others) = other { return bytes.hasSameBytes(as: others) }
        }
        return false
    }
}
