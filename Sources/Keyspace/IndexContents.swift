// What a node has made of an index so far: a tree for each field, and how far the records were walked.
//
// Invariants:
// 1. A record that the index covers and that lies before `cursor` is in it, as it is now; one behind is not. So who
//    changes a record before the cursor changes the index, and the walk will find the others.
// 2. Each tree has, once what is pending is settled, an element for each such record whose field's value it can hold;
//    `skipped` counts those whose it cannot. A record without the field is in neither.

import ByteCoding
import Vocabulary

/// Owns a reference to the tree of one field.
///
/// Sendable because the tree is changed only through an `IndexContents` that is the one holder of this object, and
/// blocks below its root only when they have one holder (`Block`, invariant 2).
final class IndexTree: @unchecked Sendable {
    fileprivate(set) var tree: CountedTree

    init() { tree = CountedTree() }

    init(sharing other: IndexTree) {
        other.tree.root.retain()
        tree = other.tree
    }

    deinit { tree.root.release() }
}

struct IndexContents: Sendable {
    struct Field: Sendable {
        private(set) var holder = IndexTree()
        /// Records that have the field, with a value that is not in the index.
        var skipped = 0

        var tree: CountedTree { holder.tree }

        @inline(__always)
        private mutating func own() -> IndexTree {
            if !isKnownUniquelyReferenced(&holder) { holder = IndexTree(sharing: holder) }
            return holder
        }

        @inline(__always)
        mutating func insert(_ element: RawSpan, _ hint: TreeHint) { own().tree.insert(inOrder: element, hint) }

        /// False when there is no such element.
        @inline(__always)
        mutating func remove(_ element: RawSpan, _ hint: TreeHint) -> Bool {
            own().tree.remove(inOrder: element, hint)
        }
    }

    var fields: [Field]
    /// Where the walk that builds it goes on; nil when it is done.
    private(set) var cursor: WalkCursor? = WalkCursor(rawValue: 0)
    /// Records that the walk has met, whether they were of interest or not.
    private(set) var walked = 0
    /// Elements that a record had and the tree had not. There are none; were there some, nothing would be lost that a
    /// walk does not find again, and a node that stops would serve nobody.
    private(set) var faults = 0
    /// What the trees have not been told yet.
    private var pending = PendingElements()

    init(of definition: IndexDefinition) {
        fields = definition.fields.map { _ in Field() }
    }

    /// Of a keyspace without records: there is nothing to walk.
    init(empty definition: IndexDefinition) {
        self.init(of: definition)
        cursor = nil
    }

    var isReady: Bool { cursor == nil }
    var bytes: Int { fields.reduce(0) { $0 + $1.tree.bytes } }
    /// Values that are found by it, in all fields.
    var entries: Int { fields.reduce(0) { $0 + $1.tree.count } }

    /// Whether the record at a place is, or would be, in it.
    @inline(__always)
    func has(_ place: KeyPlace) -> Bool {
        guard let cursor else { return true }
        return place.slot != cursor.slot ? place.slot < cursor.slot : place.hash >> 16 < cursor.hash
    }

    // MARK: Changing

    /// Notes that a field of a record has another value than before. The trees are told by `settle`.
    mutating func replace(
        _ field: Int, _ form: IndexField.Form, _ key: RawSpan, _ place: KeyPlace, _ old: IndexedValue,
        _ new: IndexedValue
    ) {
        change(field, form, key, place, old, isRemoval: true)
        change(field, form, key, place, new, isRemoval: false)
    }

    /// Notes the value of a field of a record that is new to the index. The trees are told by `settle`.
    @inline(__always)
    mutating func add(
        _ field: Int, _ form: IndexField.Form, _ key: RawSpan, _ place: KeyPlace, _ value: IndexedValue
    ) {
        change(field, form, key, place, value, isRemoval: false)
    }

    @inline(__always)
    private mutating func change(
        _ field: Int, _ form: IndexField.Form, _ key: RawSpan, _ place: KeyPlace, _ value: IndexedValue,
        isRemoval: Bool
    ) {
        switch value {
        case .none: return
        case .long: break
        case .bytes(let bytes):
            let isHeld = pending.append(field, isRemoval: isRemoval) {
                IndexElement.append(bytes, form, place, key, to: &$0)
            }
            if isHeld {
                if pending.count == PendingElements.countMax { settle() }
                return
            }
        }
        fields[field].skipped += isRemoval ? -1 : 1
    }

    /// Tells the trees all that was noted, in that order.
    mutating func settle() {
        guard pending.count > 0 else { return }
        var elements = PendingElements()
        swap(&elements, &pending)
        elements.forEach(in: { fields[$0].tree }) { field, element, isRemoval, hint in
            if !isRemoval {
                fields[field].insert(element, hint)
            } else if !fields[field].remove(element, hint) {
                faults += 1
            }
        }
        elements.removeAll()
        swap(&elements, &pending)
    }

    // MARK: Building

    /// Notes how far the walk has come, nil for the end, and how many records it has met.
    mutating func advance(to next: WalkCursor?, walked count: Int) {
        cursor = next
        walked += count
    }
}

/// The value of a record's field, as an index looks at it.
enum IndexedValue: ~Escapable {
    /// There is no such field, or no hash.
    case none
    /// There is one that no index holds.
    case long
    case bytes(RawSpan)
}

/// Elements on their way into trees and out of them: their places are looked for side by side, and then gone by.
private struct PendingElements: Sendable {
    /// As many as have what is looked at in the cache together, and as `forEach` has room for.
    static let countMax = 64

    private struct Item {
        let field: Int
        let isRemoval: Bool
        let range: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var items: [Item] = []

    var count: Int { items.count }

    /// Takes the element that `encode` appends, if it says that there is one. Returns what it says.
    @inline(__always)
    mutating func append(_ field: Int, isRemoval: Bool, _ encode: (inout [UInt8]) -> Bool) -> Bool {
        let start = bytes.count
        guard encode(&bytes) else {
            bytes.removeLast(bytes.count - start)
            return false
        }
        items.append(Item(field: field, isRemoval: isRemoval, range: start..<bytes.count))
        return true
    }

    /// Calls `body` with each element and its place, which was looked for before the first call.
    @inline(__always)
    func forEach(
        in tree: (_ field: Int) -> CountedTree,
        _ body: (_ field: Int, _ element: RawSpan, _ isRemoval: Bool, _ hint: TreeHint) -> Void
    ) {
        guard let first = items.first else { return }
        let span = bytes.rawBytes
        var searches = InlineArray<64, CountedSearch>(
            repeating: CountedSearch(tree(first.field), for: ElementPrefix(span.extracting(first.range))))
        for position in items.indices.dropFirst() {
            let item = items[position]
            searches[position] = CountedSearch(tree(item.field), for: ElementPrefix(span.extracting(item.range)))
        }
        CountedSearch.finish(&searches, count: items.count)
        for position in items.indices {
            let item = items[position]
            body(item.field, span.extracting(item.range), item.isRemoval, searches[position].hint)
        }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
    }
}
