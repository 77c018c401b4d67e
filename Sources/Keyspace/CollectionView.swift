// A collection to be read, whichever form it has.

import ByteCoding

/// Valid until the keyspace is changed.
struct CollectionView {
    enum Form {
        /// The value of a record within its page.
        case packed(Record)
        /// The same bytes on their way into or out of one.
        case bytes([UInt8])
        case tree(CollectionRoot)
    }

    let kind: ValueKind
    let form: Form
    /// Keys the hash that places fields in a tree.
    let hashKey: SipHash.Key

    init(_ record: Record, hashKey: SipHash.Key) {
        kind = record.kind
        form = record.collection.map { .tree($0) } ?? .packed(record)
        self.hashKey = hashKey
    }

    init(kind: ValueKind, form: Form, hashKey: SipHash.Key) {
        self.kind = kind
        self.form = form
        self.hashKey = hashKey
    }

    /// Items to an entry of the packed form.
    var width: Int { kind.packedWidth }

    var root: CollectionRoot? {
        if case .tree(let root) = form { root } else { nil }
    }

    /// Calls `body` with the packed form. Traps when there is a tree.
    func withPacked<Result>(_ body: (RawSpan) -> Result) -> Result {
        switch form {
        case .packed(let record): record.block.withBytes(record.valueOffset, record.valueLength, body)
        case .bytes(let bytes): body(bytes.rawBytes)
        case .tree: preconditionFailure("a tree is not packed")
        }
    }

    /// Entries.
    var count: Int { root?.node.count ?? withPacked { Packed.count($0, width: width) } }

    // MARK: Hashes and sets

    /// Calls `body` with the value of a field, which is empty in a set; nil when there is no such field.
    func find<Result>(_ field: RawSpan, _ body: (RawSpan) -> Result) -> Result? {
        if let root {
            guard let fields = root.fields else { return nil }
            let hash = SipHash.hash(field, key: hashKey)
            return Page.find(field, hash, below: fields).map { $0.withValue(body) }
        }
        return withPacked { bytes in
            Packed.search(field, in: bytes, width: width).value.map { body(bytes.extracting($0)) }
        }
    }

    func contains(_ field: RawSpan) -> Bool { length(ofValueAt: field) != nil }

    /// How many bytes the value of a field has; nil when there is no such field.
    func length(ofValueAt field: RawSpan) -> Int? {
        if let root {
            let hash = SipHash.hash(field, key: hashKey)
            return root.fields.flatMap { Page.find(field, hash, below: $0)?.valueLength }
        }
        return withPacked { Packed.search(field, in: $0, width: width).value?.count }
    }

    /// Calls `body` with every field and its value, in an order that depends on them only: of a tree by the fields'
    /// hashes, else by their bytes.
    func forEachField(_ body: (RawSpan, RawSpan) -> Void) {
        if let root {
            guard let fields = root.fields else { return }
            RecordTree.forEachRecord(below: fields, hashKey: hashKey) { record in
                record.withKey { key in record.withValue { body(key, $0) } }
            }
        } else {
            withPacked { bytes in
                var offset = 0
                while let field = Packed.next(in: bytes, &offset) {
                    var value = field.upperBound..<field.upperBound
                    if width > 1 { value = Packed.next(in: bytes, &offset) ?? value }
                    body(bytes.extracting(field), bytes.extracting(value))
                }
            }
        }
    }

    /// Calls `body` with the field of a rank, in the order of `forEachField`, and its value.
    func withField<Result>(ofRank rank: Int, _ body: (RawSpan, RawSpan) -> Result) -> Result {
        if let root {
            let found = root.fields.flatMap { RecordTree.record(ofRank: rank, below: $0, hashKey: hashKey) }
            guard let record = found else { preconditionFailure("field \(rank) of \(count)") }
            return record.withKey { key in record.withValue { body(key, $0) } }
        }
        return withPacked { bytes in
            var offset = Packed.offset(ofRank: rank, in: bytes, width: width)
            guard let field = Packed.next(in: bytes, &offset) else { preconditionFailure("field \(rank)") }
            var value = field.upperBound..<field.upperBound
            if width > 1 { value = Packed.next(in: bytes, &offset) ?? value }
            return body(bytes.extracting(field), bytes.extracting(value))
        }
    }

    /// Calls `body` with fields from a cursor on, as `SCAN` does with keys: about `count` of a tree, all of a packed
    /// one. Returns the next cursor, 0 at the end.
    func scan(from cursor: UInt64, count: Int, _ body: (RawSpan, RawSpan) -> Void) -> UInt64 {
        guard let root else {
            forEachField(body)
            return 0
        }
        guard let fields = root.fields else { return 0 }
        return RecordTree.walk(below: fields, from: cursor, count: count, hashKey: hashKey) { record in
            record.withKey { key in record.withValue { body(key, $0) } }
        } ?? 0
    }

    // MARK: Lists and sorted sets

    /// Calls `body` with the element at a rank. Traps outside of `0..<count`.
    func withElement<Result>(at rank: Int, _ body: (RawSpan) -> Result) -> Result {
        if let root { return root.elements.withElement(at: rank, body) }
        return withPacked { bytes in
            var offset = Packed.offset(ofRank: rank, in: bytes, width: 1)
            guard let element = Packed.next(in: bytes, &offset) else { preconditionFailure("element \(rank)") }
            return body(bytes.extracting(element))
        }
    }

    /// Calls `body` with the elements of some ranks, upwards or downwards. Traps outside of `0..<count`.
    func forEach(ofRanks ranks: Range<Int>, backwards: Bool = false, _ body: (RawSpan) -> Void) {
        guard !ranks.isEmpty else { return }
        precondition(ranks.lowerBound >= 0 && ranks.upperBound <= count, "elements \(ranks) of \(count)")
        var left = ranks.count
        walk(from: backwards ? ranks.upperBound - 1 : ranks.lowerBound, backwards: backwards) {
            body($0)
            left -= 1
            return left > 0
        }
    }

    /// Calls `body` with elements from a rank on, upwards or downwards, until it returns false.
    func walk(from rank: Int, backwards: Bool = false, _ body: (RawSpan) -> Bool) {
        if let root { return root.elements.walk(from: rank, backwards: backwards, body) }
        withPacked { bytes in
            guard backwards else {
                var offset = Packed.offset(ofRank: rank, in: bytes, width: 1)
                while let place = Packed.next(in: bytes, &offset), body(bytes.extracting(place)) {}
                return
            }
            var places: [Range<Int>] = []
            var offset = 0
            while let place = Packed.next(in: bytes, &offset) { places.append(place) }
            guard places.indices.contains(rank) else { return }
            for rank in (0...rank).reversed() {
                guard body(bytes.extracting(places[rank])) else { return }
            }
        }
    }

    // MARK: Sorted sets

    /// The score of a member, or nil.
    func score(of member: RawSpan) -> Double? {
        guard root == nil else { return find(member) { ScoredMember.score(of: $0) } }
        return withPacked { bytes in
            var offset = 0
            while let place = Packed.next(in: bytes, &offset) {
                let element = bytes.extracting(place)
                if ScoredMember.member(of: element).hasSameBytes(as: member) { return ScoredMember.score(of: element) }
            }
            return nil
        }
    }

    /// How many elements stand before a member, or nil when it is not there.
    func rank(of member: RawSpan) -> Int? {
        guard root != nil else {
            return withPacked { bytes in
                var (offset, rank) = (0, 0)
                while let place = Packed.next(in: bytes, &offset) {
                    if ScoredMember.member(of: bytes.extracting(place)).hasSameBytes(as: member) { return rank }
                    rank += 1
                }
                return nil
            }
        }
        guard let score = score(of: member) else { return nil }
        var element: [UInt8] = []
        ScoredMember.compose(score, member, into: &element)
        return bound(element.rawBytes, includesEqual: false)
    }

    /// How many elements are less than `element`, or not greater.
    func bound(_ element: RawSpan, includesEqual: Bool) -> Int {
        if let root {
            return includesEqual ? root.elements.upperBound(element) : root.elements.lowerBound(element)
        }
        return withPacked { bytes in
            let place = Packed.search(element, in: bytes, width: 1)
            return place.rank + (includesEqual && place.isThere ? 1 : 0)
        }
    }
}

extension ValueKind {
    /// Items to an entry of the packed form.
    var packedWidth: Int { self == .hash ? 2 : 1 }

    /// Whether its tree has elements, in an order.
    var hasElements: Bool { self == .list || self == .sortedSet }
}

extension Record {
    /// Calls `body` with the bytes of a string or of a field's value. A large one is gathered for it.
    func withValue<Result>(_ body: (RawSpan) -> Result) -> Result {
        if let valueRope { return body(valueRope.gathered().rawBytes) }
        return block.withBytes(valueOffset, valueLength, body)
    }
}
