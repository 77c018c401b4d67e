// The inner nodes of a counted tree: children, and for each how many elements it holds and how the first one begins.

import ByteCoding

/// A view of a block as a branch: header, then room for 64 references, 64 counts and 64 prefixes.
struct CountedBranch {
    static let fanout = 64
    /// A node less full than this, of 64, looks for a neighbour to be merged with.
    private static let sparse = 16
    private static let levelOffset = 13
    private static let childCountOffset = 16
    private static let countOffset = 24
    private static let bytesOffset = 32
    private static let referencesOffset = 40
    private static let countsOffset = referencesOffset + 8 * fanout
    private static let prefixesOffset = countsOffset + 8 * fanout
    private static let size = prefixesOffset + 16 * fanout

    let block: Block

    init(_ block: Block) { self.block = block }

    /// Without children. Level 1 stands above leaves.
    init(level: Int) {
        block = Block(.countedBranch, size: CountedBranch.size, zeroed: CountedBranch.size)
        block[UInt8.self, CountedBranch.levelOffset] = UInt8(level)
        bytes = CountedBranch.size
    }

    var level: Int { Int(block[UInt8.self, CountedBranch.levelOffset]) }
    var childCount: Int {
        get { Int(block[UInt32.self, CountedBranch.childCountOffset]) }
        nonmutating set { block[UInt32.self, CountedBranch.childCountOffset] = UInt32(newValue) }
    }
    /// Elements below.
    var count: Int {
        get { Int(block[UInt64.self, CountedBranch.countOffset]) }
        nonmutating set { block[UInt64.self, CountedBranch.countOffset] = UInt64(newValue) }
    }
    /// Memory that the branch and everything below it takes.
    var bytes: Int {
        get { Int(block[UInt64.self, CountedBranch.bytesOffset]) }
        nonmutating set { block[UInt64.self, CountedBranch.bytesOffset] = UInt64(newValue) }
    }

    @inline(__always)
    func child(_ cell: Int) -> Block {
        guard cell < childCount, let child = block.reference(at: CountedBranch.referencesOffset + 8 * cell) else {
            preconditionFailure("child \(cell) of \(childCount)")
        }
        return child
    }

    @inline(__always)
    private func count(_ cell: Int) -> Int { Int(block[UInt64.self, CountedBranch.countsOffset + 8 * cell]) }

    @inline(__always)
    func prefix(_ cell: Int) -> ElementPrefix {
        let offset = CountedBranch.prefixesOffset + 16 * cell
        return ElementPrefix(high: block[UInt64.self, offset], low: block[UInt64.self, offset + 8])
    }

    func forEachChild(_ body: (Block) -> Void) {
        for cell in 0..<childCount { body(child(cell)) }
    }

    // MARK: Reading

    /// The child with the element of a rank, which becomes the rank within the child.
    @inline(__always)
    func cell(ofRank rank: inout Int) -> Int {
        var cell = 0
        while cell + 1 < childCount {
            let count = count(cell)
            if rank < count { return cell }
            rank -= count
            cell += 1
        }
        return cell
    }

    func countBefore(_ cell: Int) -> Int {
        var sum = 0
        for cell in 0..<cell { sum += count(cell) }
        return sum
    }

    /// The last child whose first element begins with less than `wanted` or with it; the first child when there is
    /// none. Elements that begin alike are not told apart.
    @inline(__always)
    func lastCell(upTo wanted: ElementPrefix) -> Int {
        var cell = 0
        var count = childCount
        while count > 1 {
            let half = count / 2
            let isBefore = prefix(cell &+ half) <= wanted
            cell += isBefore ? half : 0
            count -= half
        }
        return cell
    }

    /// The last child whose first element is less than `key`, or not greater; the first child when there is none.
    func lastCell(before key: RawSpan, _ wanted: ElementPrefix, includesEqual: Bool) -> Int {
        let cell = lastCell(upTo: wanted)
        guard prefix(cell) == wanted else { return cell }
        var (low, high) = (1, cell + 1)
        while low < high {
            let middle = (low + high) / 2
            let prefix = prefix(middle)
            let isBefore =
                prefix != wanted
                ? prefix < wanted
                : CountedNode.withFirst(of: child(middle)) { $0.isBefore(key, orEqual: includesEqual) }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    /// The same, where `guess` is most likely right.
    @inline(__always)
    private func lastCell(
        before key: RawSpan, _ wanted: ElementPrefix, includesEqual: Bool, guess: Int
    ) -> Int {
        if guess < childCount, guess == 0 || prefix(guess) < wanted,
            guess + 1 == childCount || wanted < prefix(guess + 1)
        {
            return guess
        }
        return lastCell(before: key, wanted, includesEqual: includesEqual)
    }

    /// Has the processor fetch how a child begins.
    @inline(__always)
    func prefetchPrefix(_ cell: Int) { block.prefetch(CountedBranch.prefixesOffset + 16 * cell) }

    /// Has it fetch what else is kept of a child.
    @inline(__always)
    func prefetchChild(_ cell: Int) {
        block.prefetch(CountedBranch.referencesOffset + 8 * cell)
        block.prefetch(CountedBranch.countsOffset + 8 * cell)
    }

    func walk(from rank: Int, backwards: Bool, _ body: (RawSpan) -> Bool) -> Bool {
        var rank = rank
        var cell = cell(ofRank: &rank)
        while cell >= 0, cell < childCount {
            guard CountedNode.walk(child(cell), from: rank, backwards: backwards, body) else { return false }
            cell += backwards ? -1 : 1
            rank = backwards && cell >= 0 ? count(cell) - 1 : 0
        }
        return true
    }

    // MARK: Writing

    /// Puts a child, whose reference it takes over, behind the others.
    func append(_ child: Block) { insert(child, at: childCount) }

    /// Gives up the reference to its only child, and frees itself.
    func takeOnlyChild() -> Block {
        precondition(childCount == 1, "\(childCount) children, not one")
        let child = child(0)
        guard block.isUnique else {
            child.retain()
            block.release()
            return child
        }
        block.free()
        return child
    }

    /// Inserts an element below. What comes to its own right is returned.
    func insert(_ element: RawSpan, at rank: Int) -> GrownNode {
        var rank = rank
        // An element between two children goes to the end of the first of them.
        var cell = 0
        while cell + 1 < childCount, rank > count(cell) {
            rank -= count(cell)
            cell += 1
        }
        var child = ownedChild(cell)
        let before = CountedNode.bytes(of: child)
        let grown = CountedNode.insert(element, at: rank, into: &child)
        return take(child, cell, bytesBefore: before, hasNewFirst: rank == 0, grown)
    }

    /// Inserts an element below, where it belongs among elements in ascending order.
    func insert(inOrder element: RawSpan, _ prefix: ElementPrefix, _ hint: TreeHint) -> GrownNode {
        let cell = lastCell(before: element, prefix, includesEqual: false, guess: hint[level])
        var child = ownedChild(cell)
        let before = CountedNode.bytes(of: child)
        let grown = CountedNode.insert(inOrder: element, prefix, hint, into: &child)
        // Of any other child the first element is less.
        return take(child, cell, bytesBefore: before, hasNewFirst: cell == 0, grown)
    }

    /// Takes back a child into which an element was inserted, and what came to its right.
    private func take(
        _ child: Block, _ cell: Int, bytesBefore: Int, hasNewFirst: Bool, _ grown: GrownNode
    ) -> GrownNode {
        block.setReference(child, at: CountedBranch.referencesOffset + 8 * cell)
        note(cell, bytesBefore: bytesBefore, hasNewFirst: hasNewFirst)
        guard let first = grown.first else { return GrownNode() }
        let right = childCount + 2 > CountedBranch.fanout ? splitOff(near: cell) : nil
        add(first, after: cell, right)
        if let second = grown.second { add(second, after: cell + 1, right) }
        return GrownNode(first: right?.block)
    }

    /// Puts a child behind the one at `cell`, which stands in `right` when it is beyond this branch's own.
    private func add(_ child: Block, after cell: Int, _ right: CountedBranch?) {
        if let right, cell >= childCount {
            right.insert(child, at: cell - childCount + 1)
        } else {
            insert(child, at: cell + 1)
        }
    }

    /// Removes some but not all elements below.
    func remove(_ ranks: Range<Int>, _ bury: (Block) -> Void) {
        var end = count
        var cell = childCount - 1
        var (lowest, highest) = (childCount, -1)
        var isSparse = false
        while cell >= 0, end > ranks.lowerBound {
            let start = end - count(cell)
            let overlap = ranks.clamped(to: start..<end)
            if overlap.count == end - start {
                let child = child(cell)
                forget(cell)
                bury(child)
                highest -= 1
            } else if !overlap.isEmpty {
                let child = ownedChild(cell)
                let before = CountedNode.bytes(of: child)
                CountedNode.remove(overlap.lowerBound - start..<overlap.upperBound - start, from: child, bury)
                note(cell, bytesBefore: before, hasNewFirst: overlap.lowerBound == start)
                isSparse = isSparse || CountedNode.fill(of: child) < CountedBranch.sparse
                highest = max(highest, cell)
            }
            lowest = cell
            end = start
            cell -= 1
        }
        // A neighbour that is sparse found no partner when it became so, and is not looked at again here.
        guard isSparse else { return }
        mergeAround(max(0, lowest - 1)..<min(childCount, max(highest, lowest) + 2))
    }

    /// Takes an element out that is among others in ascending order, of which there are more than it. False when it is
    /// not there.
    func remove(inOrder element: RawSpan, _ prefix: ElementPrefix, _ hint: TreeHint) -> Bool {
        let cell = lastCell(before: element, prefix, includesEqual: true, guess: hint[level])
        guard count(cell) > 1 else {
            guard CountedNode.withFirst(of: child(cell), { $0.hasSameBytes(as: element) }) else { return false }
            let child = child(cell)
            forget(cell)
            child.release()
            return true
        }
        let mayBeFirst = self.prefix(cell) == prefix
        let child = ownedChild(cell)
        let before = CountedNode.bytes(of: child)
        guard CountedNode.remove(inOrder: element, prefix, hint, from: child) else { return false }
        note(cell, bytesBefore: before, hasNewFirst: mayBeFirst)
        if CountedNode.fill(of: child) < CountedBranch.sparse {
            mergeAround(max(0, cell - 1)..<min(childCount, cell + 2))
        }
        return true
    }

    /// Merges neighbours that have become small.
    private func mergeAround(_ cells: Range<Int>) {
        for cell in cells.reversed() where cell + 1 < childCount {
            let (left, right) = (child(cell), child(cell + 1))
            guard min(CountedNode.fill(of: left), CountedNode.fill(of: right)) < CountedBranch.sparse,
                CountedNode.fill(of: left) + CountedNode.fill(of: right) <= 48
            else { continue }
            let (ownLeft, ownRight) = (ownedChild(cell), ownedChild(cell + 1))
            let before = CountedNode.bytes(of: ownLeft)
            let (rightBytes, rightCount) = (CountedNode.bytes(of: ownRight), count(cell + 1))
            guard CountedNode.merge(ownLeft, ownRight) else { continue }
            bytes -= rightBytes
            count -= rightCount
            close(cell + 1)
            note(cell, bytesBefore: before, hasNewFirst: false)
        }
    }

    /// Takes all children of a branch that stood on its right, and frees it. False when they do not fit.
    func take(_ right: CountedBranch) -> Bool {
        guard childCount + right.childCount <= CountedBranch.fanout else { return false }
        move(right, from: 0)
        right.block.free()
        return true
    }

    /// The children from about the middle on in a branch of their own. When the last child grows, few go: elements that
    /// come in ascending order leave full branches behind.
    private func splitOff(near cell: Int) -> CountedBranch {
        let right = CountedBranch(level: level)
        let start = cell == childCount - 1 ? childCount - 1 : childCount / 2
        let moved = (start..<childCount).reduce((0, 0)) {
            ($0.0 + count($1), $0.1 + CountedNode.bytes(of: child($1)))
        }
        right.move(self, from: start)
        count -= moved.0
        bytes -= moved.1
        childCount = start
        return right
    }

    /// Appends another branch's children from `start` on. Their references go over.
    private func move(_ other: CountedBranch, from start: Int) {
        for cell in start..<other.childCount { insert(other.child(cell), at: childCount) }
    }

    /// Puts a child, whose reference it takes over, at `cell`.
    private func insert(_ child: Block, at cell: Int) {
        precondition(childCount < CountedBranch.fanout, "a branch without room")
        let behind = childCount - cell
        shift(CountedBranch.referencesOffset, 8, from: cell, to: cell + 1, behind)
        shift(CountedBranch.countsOffset, 8, from: cell, to: cell + 1, behind)
        shift(CountedBranch.prefixesOffset, 16, from: cell, to: cell + 1, behind)
        childCount += 1
        block.setReference(child, at: CountedBranch.referencesOffset + 8 * cell)
        block[UInt64.self, CountedBranch.countsOffset + 8 * cell] = 0
        note(cell, bytesBefore: 0, hasNewFirst: true)
    }

    /// Lets a child go; its reference becomes the caller's.
    private func forget(_ cell: Int) {
        bytes -= CountedNode.bytes(of: child(cell))
        count -= count(cell)
        close(cell)
    }

    private func close(_ cell: Int) {
        let behind = childCount - cell - 1
        shift(CountedBranch.referencesOffset, 8, from: cell + 1, to: cell, behind)
        shift(CountedBranch.countsOffset, 8, from: cell + 1, to: cell, behind)
        shift(CountedBranch.prefixesOffset, 16, from: cell + 1, to: cell, behind)
        childCount -= 1
    }

    private func shift(_ base: Int, _ width: Int, from: Int, to: Int, _ cells: Int) {
        block.copy(width * cells, to: base + width * to, from: block, at: base + width * from)
    }

    /// Brings what is kept of a child up to date. Its first element is looked at only when it may be another one.
    private func note(_ cell: Int, bytesBefore: Int, hasNewFirst: Bool) {
        let child = child(cell)
        let now = CountedNode.count(of: child)
        count += now - count(cell)
        bytes += CountedNode.bytes(of: child) - bytesBefore
        block[UInt64.self, CountedBranch.countsOffset + 8 * cell] = UInt64(now)
        guard now > 0, hasNewFirst else { return }
        let prefix = CountedNode.prefix(of: child)
        block[UInt64.self, CountedBranch.prefixesOffset + 16 * cell] = prefix.high
        block[UInt64.self, CountedBranch.prefixesOffset + 16 * cell + 8] = prefix.low
    }

    /// The child at `cell`, made the branch's own: a copy replaces one that other states hold too.
    private func ownedChild(_ cell: Int) -> Block {
        let child = CountedNode.owned(child(cell))
        block.setReference(child, at: CountedBranch.referencesOffset + 8 * cell)
        return child
    }

    // MARK: Examination

    /// Traps where something kept is not what the children make it.
    func checkInvariants() {
        var (elements, memory) = (0, CountedBranch.size)
        precondition(childCount > 0, "a branch without children")
        for cell in 0..<childCount {
            let child = child(cell)
            precondition(CountedNode.level(of: child) == level - 1, "a child of level \(CountedNode.level(of: child))")
            precondition(CountedNode.count(of: child) == count(cell), "a count of \(count(cell))")
            precondition(count(cell) > 0, "an empty child")
            precondition(CountedNode.prefix(of: child) == prefix(cell), "a prefix of another element")
            elements += count(cell)
            memory += CountedNode.bytes(of: child)
            CountedNode.checkInvariants(child)
        }
        precondition(elements == count, "\(count) elements, found \(elements)")
        precondition(memory == bytes, "\(bytes) bytes, found \(memory)")
    }
}
