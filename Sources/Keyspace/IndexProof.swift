// Whether indexes say what the records say: every element and every record of a state that stands still is looked at.

import ByteCoding
public import Vocabulary

/// What a proof has found of one field of an index.
public struct IndexVerdict: Hashable, Sendable {
    /// What one side says.
    public struct Account: Hashable, Sendable {
        /// Values that the index holds, or that it has to hold.
        public var entries = 0
        /// Values that it cannot hold.
        public var skipped = 0
        /// The sum of the fingerprints of all elements: value, place and key.
        public var digest = Digest.empty
    }

    public let index: [UInt8]
    public let field: [UInt8]
    /// Whether the index was built when the proof began. Of one that was not, the part that was is proved.
    public let isReady: Bool
    public internal(set) var records = Account()
    public internal(set) var elements = Account()
    /// Whether each element stands behind the one before it.
    public internal(set) var isOrdered = true

    public var isEqual: Bool { isOrdered && records == elements }
}

/// Compares all indexes of a state with its records, in steps, so that whoever carries it out can stop.
///
/// Nothing that the indexes keep of themselves is believed: elements are counted and hashed anew, and composed anew
/// from the records. Sums do not depend on the order in which either side is met.
public struct IndexProof: Sendable {
    private let keyspace: Keyspace
    private let isOfReplacements: Bool
    private let positions: [Int]
    /// For each index in `positions`, for each of its fields.
    private var verdicts: [[IndexVerdict]]
    /// Where the walk over the records goes on; nil when it is over.
    private var cursor: WalkCursor? = WalkCursor(rawValue: 0)
    /// The tree that is walked then, and the rank at which it goes on.
    private var (tree, rank) = (0, 0)
    private var last: [UInt8] = []
    /// Records and elements that were looked at.
    public private(set) var examined = 0

    /// Of all indexes of a state, or of those with this name.
    ///
    /// - Parameter isOfReplacements: of those that were built anew and wait for their proof, in place of those in
    /// service.
    public init(of keyspace: Keyspace, named name: [UInt8]? = nil, isOfReplacements: Bool = false) {
        self.keyspace = keyspace
        self.isOfReplacements = isOfReplacements
        let list = keyspace.records.indexes.list
        positions = list.indices.filter {
            (name == nil || list[$0].definition.name == name) && (!isOfReplacements || list[$0].unproved != nil)
        }
        verdicts = positions.map { position in
            let index = list[position]
            return index.definition.fields.map {
                IndexVerdict(index: index.definition.name, field: $0.name, isReady: index.contents.isReady)
            }
        }
        if positions.isEmpty { cursor = nil }
    }

    /// Of each field of each index; to be believed when `step` has said that it is done.
    public var results: [IndexVerdict] { Array(verdicts.joined()) }

    /// Looks at about `count` records or elements more. False when nothing is left.
    public mutating func step(_ count: Int) -> Bool {
        if let cursor {
            self.cursor = walkRecords(from: cursor, count)
            return true
        }
        return walkElements(count)
    }

    private func contents(at position: Int) -> IndexContents {
        let index = keyspace.records.indexes.list[position]
        return isOfReplacements ? index.unproved ?? index.contents : index.contents
    }

    /// Looks at everything.
    public mutating func finish() -> [IndexVerdict] {
        while step(1 << 20) {}
        return results
    }

    private mutating func walkRecords(from start: WalkCursor, _ count: Int) -> WalkCursor? {
        var (verdicts, examined) = ([[IndexVerdict]](), 0)
        swap(&verdicts, &self.verdicts)
        let records = keyspace.records
        let contents = positions.map { self.contents(at: $0) }
        var element: [UInt8] = []
        let next = records.walk(from: start, count: count) { record in
            examined += 1
            guard record.kind == .hash else { return }
            record.withKey { key in
                let place = records.place(of: key)
                for (number, position) in positions.enumerated() {
                    let index = records.indexes.list[position]
                    guard index.definition.covers(key), contents[number].has(place) else { continue }
                    for (field, definition) in index.definition.fields.enumerated() {
                        IndexedValue.with(record, definition.name.rawBytes, records.hashKey) { value in
                            element.removeAll(keepingCapacity: true)
                            verdicts[number][field].records.add(value, definition.form, place, key, &element)
                        }
                    }
                }
            }
        }
        swap(&verdicts, &self.verdicts)
        self.examined += examined
        return next
    }

    private mutating func walkElements(_ count: Int) -> Bool {
        var tree = tree
        for (number, position) in positions.enumerated() {
            let fields = contents(at: position).fields
            guard tree >= fields.count else {
                walk(fields[tree], count, number, tree)
                return true
            }
            tree -= fields.count
        }
        return false
    }

    private mutating func walk(_ field: IndexContents.Field, _ count: Int, _ number: Int, _ position: Int) {
        var verdict = verdicts[number][position]
        verdict.elements.skipped = field.skipped
        var (left, last, isFirst) = (count, last, rank == 0)
        field.tree.walk(from: rank) { element in
            if !isFirst, !last.rawBytes.isBefore(element, orEqual: false) { verdict.isOrdered = false }
            isFirst = false
            last.removeAll(keepingCapacity: true)
            last.append(bytes: element)
            verdict.elements.entries += 1
            verdict.elements.digest.add(SipHash.digest(element, key: Record.digestKey))
            left -= 1
            return left > 0
        }
        verdicts[number][position] = verdict
        examined += count - left
        rank += count - left
        self.last = last
        guard left > 0 else { return }
        (tree, rank) = (tree + 1, 0)
    }
}

extension IndexVerdict.Account {
    fileprivate mutating func add(
        _ value: IndexedValue, _ form: IndexField.Form, _ place: KeyPlace, _ key: RawSpan, _ element: inout [UInt8]
    ) {
        switch value {
        case .none: break
        case .long: skipped += 1
        case .bytes(let bytes):
            guard IndexElement.append(bytes, form, place, key, to: &element) else {
                skipped += 1
                return
            }
            entries += 1
            digest.add(SipHash.digest(element.rawBytes, key: Record.digestKey))
        }
    }
}
