// Secondary indexes beside the records: made, dropped, and built by a walk in small steps.

import ByteCoding

extension RecordTree {
    /// Adds an index. It is built by and by, unless there is nothing to be built.
    mutating func addIndex(_ definition: IndexDefinition) {
        indexes.add(definition, hasRecords: count > 0)
    }

    mutating func dropIndex(at position: Int) {
        let index = indexes.remove(at: position)
        free(index.contents)
        if let replacement = index.replacement { free(replacement) }
    }

    /// Has an index built anew beside the one in service. False when it is being built anyway.
    mutating func rebuildIndex(at position: Int, awaitsProof: Bool) -> Bool {
        indexes.rebuild(position, awaitsProof: awaitsProof)
    }

    /// A replacement that is whole was proved, or found wrong.
    mutating func judgeIndex(at position: Int, isProved: Bool) {
        indexes.settle()
        if let left = indexes.judge(position, isProved: isProved) { free(left) }
    }

    /// Walks over at most `limit` records, or a few more, for an index that is not built yet. False when there is none.
    mutating func buildIndexes(records limit: Int) -> Bool {
        guard let position = indexes.unfinished else { return false }
        indexes.settle()
        let definition = indexes.list[position].definition
        var contents = indexes.takeUnfinished(position)
        var walked = 0
        let next = walk(from: contents.cursor ?? WalkCursor(rawValue: 0), count: limit) { record in
            walked += 1
            guard record.kind == .hash else { return }
            record.withKey { key in
                guard definition.covers(key) else { return }
                let place = place(of: key)
                for field in definition.fields.indices {
                    let (name, form) = (definition.fields[field].name, definition.fields[field].form)
                    IndexedValue.with(record, name.rawBytes, hashKey) { contents.add(field, form, key, place, $0) }
                }
            }
        }
        contents.settle()
        contents.advance(to: next, walked: walked)
        if let replaced = indexes.giveBack(contents, position) { free(replaced) }
        return true
    }

    /// Frees trees little by little.
    mutating func free(_ contents: IndexContents) {
        for field in contents.fields { bury(field.tree.root) }
    }
}
