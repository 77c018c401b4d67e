// Walking the records whose hashes begin alike, and no others.

import ByteCoding

extension RecordTree {
    /// Calls `visit` with the records below a node that goes by the hash, in the order of hash and key.
    static func forEachRecord(
        below node: Block, in prefix: HashPrefix, hashKey: SipHash.Key, _ visit: (Record) -> Void
    ) {
        guard node.kind == .branch else { return Page(node).forEachRecord(in: prefix, hashKey: hashKey, visit) }
        let branch = Branch(node)
        let free = max(0, branch.base + branch.bits - prefix.bits)
        var cell = branch.cell(of: prefix.first)
        // Bits of this branch that the prefix does not give may be anything.
        let end = cell + 1 << min(free, branch.bits)
        while cell < end {
            guard let child = branch.child(cell) else { preconditionFailure("a hash that leads nowhere") }
            forEachRecord(below: child, in: prefix, hashKey: hashKey, visit)
            cell = branch.first(cell) + branch.span(of: child)
        }
    }
}

extension Page {
    fileprivate func forEachRecord(in prefix: HashPrefix, hashKey: SipHash.Key, _ visit: (Record) -> Void) {
        // Bits of the prefix that the tag has, and that lie behind it.
        let tagBits = min(max(0, prefix.bits - depth), 16)
        let isExact = prefix.bits <= depth + 16
        let lowest = prefix.bits <= depth ? 0 : tag(of: prefix.first)
        let highest = lowest | UInt32(1 << (16 - tagBits) - 1)
        var position = prefix.bits <= depth ? 0 : firstPosition(for: prefix.first)
        while position < capacity {
            let start = position
            let entry = entry(start)
            position += 1
            guard entry != Page.gap, Page.tag(ofEntry: entry) >= lowest else { continue }
            guard Page.tag(ofEntry: entry) <= highest else { return }
            position = endOfRun(at: start)
            guard position > start + 1 || !isExact else {
                visit(record(ofEntry: entry))
                continue
            }
            for record in ordered(start..<position, hashKey: hashKey)
            where isExact || prefix.covers(record.keyHash(hashKey)) { visit(record) }
        }
    }
}
