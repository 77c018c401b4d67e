// Where an index differs from its records: which slots, for whoever looks for the reason.

import ByteCoding
import Vocabulary

/// A stretch of slots in which a field of an index does not say what the records say.
public struct IndexRegion: Hashable, Sendable {
    /// Slots that are looked at together.
    static let size = 128

    public let index: [UInt8]
    public let field: [UInt8]
    public let slots: Range<Int>
    /// Values that the index has there, and that it should have.
    public let entries: Int
    public let expected: Int
}

extension Keyspace {
    /// The stretches of slots where indexes differ from their records, of all indexes that are built. Looks at every
    /// element and every record, on the calling thread.
    public var differingIndexRegions: [IndexRegion] {
        records.indexes.list.flatMap { index in
            index.definition.fields.indices.flatMap { regions(of: index, field: $0) }
        }
    }

    private func regions(of index: SecondaryIndex, field: Int) -> [IndexRegion] {
        guard index.contents.isReady else { return [] }
        let field = (definition: index.definition.fields[field], tree: index.contents.fields[field].tree)
        let count = HashSlot.count / IndexRegion.size
        var held = Array(repeating: IndexVerdict.Account(), count: count)
        var expected = held
        field.tree.walk(from: 0) { element in
            held[IndexElement.slot(element, field.definition.form) / IndexRegion.size].add(element)
            return true
        }
        var element: [UInt8] = []
        _ = records.walk(from: WalkCursor(rawValue: 0), count: .max) { record in
            guard record.kind == .hash else { return }
            record.withKey { key in
                guard index.definition.covers(key) else { return }
                let place = records.place(of: key)
                IndexedValue.with(record, field.definition.name.rawBytes, records.hashKey) { value in
                    guard case .bytes(let bytes) = value else { return }
                    element.removeAll(keepingCapacity: true)
                    guard IndexElement.append(bytes, field.definition.form, place, key, to: &element) else { return }
                    expected[place.slot / IndexRegion.size].add(element.rawBytes)
                }
            }
        }
        return (0..<count).filter { held[$0] != expected[$0] }.map { region in
            let first = region * IndexRegion.size
            return IndexRegion(
                index: index.definition.name, field: field.definition.name, slots: first..<first + IndexRegion.size,
                entries: held[region].entries, expected: expected[region].entries)
        }
    }
}

extension IndexElement {
    /// The slot of the element's record; the first for bytes that are no element, which the digest then tells.
    fileprivate static func slot(_ element: RawSpan, _ form: IndexField.Form) -> Int {
        guard let key = keyOffset(element, form) else { return 0 }
        let slot = Int(element.byte(at: key - 8)) << 8 | Int(element.byte(at: key - 7))
        return min(slot, HashSlot.count - 1)
    }
}

extension IndexVerdict.Account {
    fileprivate mutating func add(_ element: RawSpan) {
        entries += 1
        digest.add(SipHash.digest(element, key: Record.digestKey))
    }
}
