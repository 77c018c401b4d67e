// A tree of pages made at once, of records that come in the order of their hashes.
//
// Invariants:
// 1. Records that wait share the bits of the node that is being filled, and fit one page together.
// 2. All nodes above that one are split: more lies below each than a page may hold. So the tree has the shape that it
//    would have got had the records been put in one by one.
// 3. Open branches stand above one another, each within the one before it, from the uppermost down.

import ByteCoding

/// Makes the node of a slot, or of a collection's fields. Digests are for the caller to sum up.
final class PageTreeBuilder {
    private struct Waiting {
        var hash: UInt64
        var deadline: UInt64
        /// Where the record begins among those that wait.
        var offset: Int
        var references: Int
        var sideBytes: Int
    }

    private struct OpenBranch {
        let branch: Branch
        /// The bits of the hash that lead to it, then zeros.
        let prefix: UInt64
    }

    private static let room = Page.arenaMax + 1

    /// Holds the bytes of the records that wait, behind one another.
    private let scratch = Block(.segment, size: Segment.headerSize + room, zeroed: Segment.headerSize)
    private var used = 0
    private var waiting: [Waiting] = []
    private var references = 0
    /// The node that is being filled: its bits of the hash, then zeros, and how many.
    private var prefix: UInt64 = 0
    private var depth = 0
    private var branches: [OpenBranch] = []
    private var root: Block?

    deinit {
        reset()
        scratch.release()
    }

    /// Drops all that was added.
    func reset() {
        if !waiting.isEmpty || !branches.isEmpty { finish().release() }
        clear()
    }

    private func clear() {
        waiting.removeAll(keepingCapacity: true)
        (used, references, prefix, depth, root) = (0, 0, 0, 0, nil)
    }

    /// Whether nothing was added.
    var isEmpty: Bool { waiting.isEmpty && branches.isEmpty }

    /// Stands for a value that comes later, in the draft of a stub.
    var placeholder: Block { scratch }

    /// The record that was added last, while it waits.
    var last: Record? { waiting.last.map { Record(scratch, at: Segment.headerSize + $0.offset) } }

    // MARK: Adding

    /// Adds a record that holds no reference, of which these are all bytes as they lie in a page.
    @inline(__always)
    func add(_ bytes: RawSpan, hash: UInt64, deadline: UInt64) throws(ImageFault) {
        try makeWay(for: bytes.byteCount, references: 0, hash)
        scratch.write(bytes, at: Segment.headerSize + used)
        waiting.append(Waiting(hash: hash, deadline: deadline, offset: used, references: 0, sideBytes: 0))
        used += bytes.byteCount
    }

    /// Adds a record of a large key or value. References go over to it, also when this throws. With `isStub` it gets
    /// none for its value: `PageTreeBuilder.attach` brings it later.
    func add(_ draft: borrowing RecordDraft, isStub: Bool) throws(ImageFault) {
        let size = draft.size
        let count = (draft.hasLargeKey ? 1 : 0) + (draft.reference == nil ? 0 : 1)
        do throws(ImageFault) {
            try makeWay(for: size, references: count, draft.keyHash)
        } catch {
            if !isStub { draft.reference?.release() }
            throw error
        }
        draft.write(to: scratch, at: Segment.headerSize + used, keyRope: draft.hasLargeKey ? Rope(draft.key) : nil)
        let record = Record(scratch, at: Segment.headerSize + used)
        if isStub { scratch.setReference(nil, at: record.valueOffset) }
        waiting.append(
            Waiting(
                hash: draft.keyHash, deadline: draft.deadline, offset: used, references: count,
                sideBytes: record.sideBytes))
        references += count
        used += size
    }

    /// Goes on to the node where a hash belongs, and splits it until it can take a record.
    @inline(__always)
    private func makeWay(for size: Int, references count: Int, _ hash: UInt64) throws(ImageFault) {
        if depth > 0, (hash ^ prefix) >> UInt64(64 - depth) != 0 { goOn(to: hash) }
        guard !waiting.isEmpty else { return }
        if Page.isTooHeavy(bytes: used + size, references: references + count) { try split(size, count, hash) }
    }

    private func goOn(to hash: UInt64) {
        repeat {
            emit(waiting.count)
            moveOn()
        } while depth > 0 && (hash ^ prefix) >> UInt64(64 - depth) != 0
    }

    private func split(_ size: Int, _ count: Int, _ hash: UInt64) throws(ImageFault) {
        while !waiting.isEmpty, Page.isTooHeavy(bytes: used + size, references: references + count) {
            guard depth < Page.depthMax else {
                guard used + size < Page.arenaMax - 256 else { throw .tooManyAlike }
                return
            }
            depth += 1
            let bit: UInt64 = 1 << UInt64(64 - depth)
            guard hash & bit != 0 else { continue }
            // All that will come in the lower half is there.
            emit(waiting.firstIndex { $0.hash & bit != 0 } ?? waiting.count)
            prefix |= bit
        }
    }

    /// Goes to the node behind the one that is full: its sibling, or that of the first node above that has one.
    private func moveOn() {
        let ends = (~prefix >> UInt64(64 - depth)).trailingZeroBitCount
        precondition(ends < depth, "a hash beyond the last")
        depth -= ends
        let bit: UInt64 = 1 << UInt64(64 - depth)
        prefix = prefix & ~(bit &- 1) | bit
    }

    // MARK: Pages

    /// Makes a page of the first records that wait.
    private func emit(_ count: Int) {
        let size = count < waiting.count ? waiting[count].offset : used
        var slack = 0
        var page = Page.sized(depth: depth, count: count, bytes: size, slack: slack)
        while !enter(count, in: page) {
            page.block.free()
            slack += 8
            page = Page.sized(depth: depth, count: count, bytes: size, slack: slack)
        }
        page.block.copy(size, to: page.arenaStart, from: scratch, at: Segment.headerSize)
        page.used = size
        describe(page, count)
        place(page)
        drop(count, size, references: page.references)
    }

    private func enter(_ count: Int, in page: Page) -> Bool {
        var next = 0
        for position in 0..<count {
            let (hash, offset) = (waiting[position].hash, waiting[position].offset)
            guard page.appendEntry(tag: page.tag(of: hash), arenaOffset: offset, next: &next) else { return false }
        }
        return true
    }

    private func describe(_ page: Page, _ count: Int) {
        var (timed, references, sideBytes) = (0, 0, 0)
        var earliest = TreeNode.never
        for position in 0..<count {
            let record = waiting[position]
            timed += record.deadline == TreeNode.never ? 0 : 1
            earliest = min(earliest, record.deadline)
            references += record.references
            sideBytes += record.sideBytes
        }
        (page.timed, page.references) = (timed, references)
        page.node.count = count
        page.node.deadline = earliest
        page.node.bytes += sideBytes
    }

    /// Forgets the first records that waited. The others move to the front.
    private func drop(_ count: Int, _ size: Int, references gone: Int) {
        references -= gone
        used -= size
        guard count < waiting.count else { return waiting.removeAll(keepingCapacity: true) }
        scratch.copy(used, to: Segment.headerSize, from: scratch, at: Segment.headerSize + size)
        waiting.removeFirst(count)
        for position in waiting.indices { waiting[position].offset -= size }
    }

    // MARK: Branches

    /// Puts a page in its place.
    private func place(_ page: Page) {
        guard depth > 0 else {
            root = page.block
            return
        }
        while let open = branches.last, open.branch.base > 0,
            (open.prefix ^ prefix) >> UInt64(64 - open.branch.base) != 0
        {
            closeBranch()
        }
        while (branches.last?.branch.base ?? -Branch.hashBits) + Branch.hashBits < depth {
            let base = (branches.last?.branch.base ?? -Branch.hashBits) + Branch.hashBits
            let prefix = prefix & ~(UInt64.max >> UInt64(base))
            branches.append(OpenBranch(branch: Branch(bits: Branch.hashBits, base: base), prefix: prefix))
        }
        if let open = branches.last { open.branch.take(page.block, for: prefix) }
    }

    private func closeBranch() {
        guard let closed = branches.popLast() else { return }
        if let above = branches.last {
            above.branch.take(closed.branch.block, for: closed.prefix)
        } else {
            root = closed.branch.block
        }
    }

    /// Ends the tree. Its reference goes over; the builder begins anew.
    func finish() -> Block {
        emit(waiting.count)
        while depth > 0, ~prefix >> UInt64(64 - depth) != 0 {
            moveOn()
            emit(0)
        }
        while !branches.isEmpty { closeBranch() }
        guard let made = root else { preconditionFailure("a tree without a node") }
        clear()
        return made
    }
}

extension Page {
    /// Whether records of so many bytes, with so many references, are too much for one page.
    @inline(__always)
    static func isTooHeavy(bytes: Int, references: Int) -> Bool {
        bytes + references * referenceWeight > splitThreshold
    }
}

extension Branch {
    /// Puts a finished child, whose reference it takes over, where a hash leads, and counts it in. A page must have
    /// cells to fill of its own.
    func take(_ child: Block, for hash: UInt64) {
        let (cell, sums) = (cell(of: hash), TreeNode(child))
        setChild(child, around: cell)
        update(deadline: sums.deadline, at: cell)
        node.count += sums.count
        node.bytes += sums.bytes
    }
}
