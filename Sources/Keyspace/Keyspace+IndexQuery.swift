// INDEX.QUERY: records found by the values of their fields.

import ByteCoding
import RESP

/// A query on an index that is there, and its answer as it grows.
private struct IndexSearch {
    let index: SecondaryIndex
    let query: IndexQuery
    /// What is asked of each field that is asked for, in the order of the fields.
    private(set) var bounds: [IndexBounds] = []
    /// The field by which the answer is to be ordered.
    private(set) var order: Int?

    init(_ index: SecondaryIndex, _ query: IndexQuery, _ arguments: borrowing Arguments) throws(CommandError) {
        self.index = index
        self.query = query
        for predicate in query.predicates {
            let field = try IndexSearch.position(arguments[predicate.position], in: index.definition)
            let known = bounds.firstIndex { $0.field == field }
            var bound = known.map { bounds[$0] } ?? IndexBounds(field, index.definition.fields[field].form)
            try bound.narrow(predicate, arguments)
            if let known { bounds[known] = bound } else { bounds.append(bound) }
        }
        if let position = query.order { order = try IndexSearch.position(arguments[position], in: index.definition) }
        guard let cursor = query.cursor else { return }
        guard cursor.version == index.definition.version, cursor.field < index.definition.fields.count,
            order == nil || order == cursor.field
        else { throw .invalidCursor }
    }

    private static func position(_ name: RawSpan, in definition: IndexDefinition) throws(CommandError) -> Int {
        guard let position = definition.position(of: name) else { throw .noSuchIndexField([UInt8](name)) }
        return position
    }

    func tree(_ field: Int) -> CountedTree { index.contents.fields[field].tree }

    func form(_ field: Int) -> IndexField.Form { index.definition.fields[field].form }

    /// What is asked of a field, everything when nothing is.
    func bounds(of field: Int) -> IndexBounds {
        bounds.first { $0.field == field } ?? IndexBounds(field, form(field))
    }

    /// The field of the predicates that the fewest records meet, and how many do.
    var narrowest: (field: Int, count: Int)? {
        bounds.map { (field: $0.field, count: $0.ranks(in: tree($0.field)).count) }.min { $0.count < $1.count }
    }

    /// The field whose tree gives the answer its order: a later page keeps to that of the first.
    var leading: Int { order ?? query.cursor?.field ?? narrowest?.field ?? 0 }

    /// Where a walk through the leading field's tree begins and ends.
    func ranks(_ leading: Int) -> Range<Int> {
        let ranks = bounds(of: leading).ranks(in: tree(leading))
        guard let cursor = query.cursor else { return ranks }
        if query.isDescending {
            let end = tree(leading).lowerBound(cursor.element.rawBytes)
            return ranks.lowerBound..<max(ranks.lowerBound, min(ranks.upperBound, end))
        }
        let start = tree(leading).upperBound(cursor.element.rawBytes)
        return min(ranks.upperBound, max(ranks.lowerBound, start))..<ranks.upperBound
    }
}

/// The records that were found, and where to go on.
private struct IndexFindings {
    var elements: [[UInt8]] = []
    /// Behind which element; nil at the end.
    var last: [UInt8]?
}

extension Keyspace {
    /// Answers a cursor and keys, or keys with fields. A record that fits throughout is given exactly once, unless the
    /// value of the field changes by which the answer is ordered.
    func query(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let query = try IndexQuery(arguments)
        guard let position = records.indexes.position(of: arguments[0]) else { throw .noSuchIndex }
        let index = records.indexes.list[position]
        guard index.contents.isReady else {
            throw .indexUnfinished(walked: min(index.contents.walked, count), of: count)
        }
        let search = try IndexSearch(index, query, arguments)
        let leading = search.leading
        let found = gathers(search, leading) ?? walk(search, leading)
        reply.arrayHeader(2)
        if let last = found.last {
            IndexCursor(version: index.definition.version, field: leading, element: last).write(to: &reply)
        } else {
            reply.bulk(text: "0")
        }
        reply.arrayHeader(found.elements.count)
        for element in found.elements { write(element.rawBytes, search.form(leading), query, arguments, &reply) }
    }

    /// Walks through the tree that gives the order, and leaves out what does not fit.
    private func walk(_ search: IndexSearch, _ leading: Int) -> IndexFindings {
        var found = IndexFindings()
        let ranks = search.ranks(leading)
        guard !ranks.isEmpty else { return found }
        let others = search.bounds.filter { $0.field != leading }
        var scratch: [UInt8] = []
        var examined = 0
        let start = search.query.isDescending ? ranks.upperBound - 1 : ranks.lowerBound
        search.tree(leading).walk(from: start, backwards: search.query.isDescending) { element in
            examined += 1
            withRecord(of: element, search.form(leading)) { record, _, _ in
                if fits(record, search, others, &scratch) { found.elements.append([UInt8](element)) }
            }
            guard examined < ranks.count else { return false }
            let isFull = found.elements.count == search.query.limit || examined == IndexQuery.examinedMax
            if isFull { found.last = [UInt8](element) }
            return !isFull
        }
        return found
    }

    /// Takes all that fit the narrowest predicate and sorts them, if they are so few that this is less work than to
    /// walk in order; else nil.
    private func gathers(_ search: IndexSearch, _ leading: Int) -> IndexFindings? {
        guard let narrowest = search.narrowest, narrowest.field != leading else { return nil }
        let walked = search.ranks(leading).count
        // As many have to be walked for one that fits as there are for each in the narrowest range, if chance rules.
        let expected = min(walked, search.query.limit * (walked / max(1, narrowest.count) + 1))
        guard narrowest.count <= IndexQuery.examinedMax, narrowest.count < expected else { return nil }
        let others = search.bounds.filter { $0.field != narrowest.field }
        let bounds = search.bounds(of: narrowest.field)
        let tree = search.tree(narrowest.field)
        let ranks = bounds.ranks(in: tree)
        var (elements, scratch): ([[UInt8]], [UInt8]) = ([], [])
        let name = search.index.definition.fields[leading].name
        var left = ranks.count
        tree.walk(from: ranks.lowerBound) { element in
            guard left > 0 else { return false }
            left -= 1
            withRecord(of: element, bounds.form) { record, key, place in
                guard fits(record, search, others, &scratch) else { return }
                IndexedValue.with(record, name.rawBytes, records.hashKey) { value in
                    guard case .bytes(let value) = value else { return }
                    var element: [UInt8] = []
                    let isThere = IndexElement.append(value, search.form(leading), place, key, to: &element)
                    if isThere, search.isAhead(element) { elements.append(element) }
                }
            }
            return left > 0
        }
        return search.page(of: elements)
    }

    /// Calls `body` with the record of an element, unless its time is over.
    private func withRecord(
        of element: RawSpan, _ form: IndexField.Form, _ body: (Record, RawSpan, KeyPlace) -> Void
    ) {
        guard let offset = IndexElement.keyOffset(element, form) else { return }
        let key = element.extracting(offset..<element.byteCount)
        let place = records.place(of: key)
        if let record = live(key, at: place) { body(record, key, place) }
    }

    /// Whether a record meets predicates.
    private func fits(
        _ record: Record, _ search: IndexSearch, _ bounds: [IndexBounds], _ scratch: inout [UInt8]
    ) -> Bool {
        for bound in bounds {
            let name = search.index.definition.fields[bound.field].name
            var isInside = false
            IndexedValue.with(record, name.rawBytes, records.hashKey) { value in
                guard case .bytes(let value) = value else { return }
                scratch.removeAll(keepingCapacity: true)
                isInside = IndexElement.append(value, bound.form, to: &scratch) && bound.contain(scratch.rawBytes)
            }
            guard isInside else { return false }
        }
        return true
    }

    private func write(
        _ element: RawSpan, _ form: IndexField.Form, _ query: IndexQuery, _ arguments: borrowing Arguments,
        _ reply: inout ReplyWriter
    ) {
        let offset = IndexElement.keyOffset(element, form) ?? element.byteCount
        let key = element.extracting(offset..<element.byteCount)
        guard let fields = query.fields else { return reply.bulk(key) }
        reply.arrayHeader(2)
        reply.bulk(key)
        reply.arrayHeader(fields.count)
        let view = live(key, at: records.place(of: key)).map { CollectionView($0, hashKey: records.hashKey) }
        for position in fields {
            guard view?.find(arguments[position], { reply.bulk($0) }) == nil else { continue }
            reply.null()
        }
    }
}

extension IndexSearch {
    /// Whether an element of the leading field stands beyond the cursor.
    fileprivate func isAhead(_ element: [UInt8]) -> Bool {
        guard let cursor = query.cursor else { return true }
        let isBefore = element.rawBytes.isBefore(cursor.element.rawBytes, orEqual: true)
        guard query.isDescending else { return !isBefore }
        return isBefore && element != cursor.element
    }

    /// The first of these elements in the query's order, as many as it wants.
    fileprivate func page(of elements: [[UInt8]]) -> IndexFindings {
        let sorted = elements.sorted {
            let (first, second) = query.isDescending ? ($1, $0) : ($0, $1)
            return first.rawBytes.isBefore(second.rawBytes, orEqual: false)
        }
        let page = Array(sorted.prefix(query.limit))
        return IndexFindings(elements: page, last: page.count < sorted.count ? page.last : nil)
    }
}
