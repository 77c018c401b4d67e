// The leaves of a counted tree: elements of a few KiB together, or one that is longer.
//
// Invariants:
// 1. The table's offsets, in the order of the elements, grow from the header up; elements lie behind one another,
//    newest first, from the block's end down to `floor`. What lies there and no offset leads to is counted in `dead`.
// 2. A leaf of one long element has exactly the room that this one takes.

import ByteCoding

/// A view of a block as a leaf: header, table of 16-bit offsets, free room, elements (varint length, bytes).
struct CountedLeaf {
    static let size = 2048
    /// Longer elements have a leaf of their own.
    static let sharedMax = 480
    private static let headerSize = 32
    private static let countOffset = 16
    private static let floorOffset = 20
    private static let deadOffset = 24
    /// What an element takes beside its bytes: a length of two bytes and its place in the table.
    private static let overheadMax = 4

    let block: Block

    init(_ block: Block) { self.block = block }

    /// Without elements.
    init() {
        block = Block(.countedLeaf, size: CountedLeaf.size, zeroed: CountedLeaf.headerSize)
        floor = CountedLeaf.size
    }

    /// With one element that has the leaf for itself.
    private init(long element: RawSpan) {
        let length = CountedLeaf.length(of: element)
        block = Block(
            .countedLeaf, size: CountedLeaf.headerSize + 2 + length, zeroed: CountedLeaf.headerSize)
        floor = block.size
        put(element, at: 0)
    }

    var count: Int {
        get { Int(block[UInt32.self, CountedLeaf.countOffset]) }
        nonmutating set { block[UInt32.self, CountedLeaf.countOffset] = UInt32(newValue) }
    }
    /// Where the newest element lies.
    private var floor: Int {
        get { Int(block[UInt32.self, CountedLeaf.floorOffset]) }
        nonmutating set { block[UInt32.self, CountedLeaf.floorOffset] = UInt32(newValue) }
    }
    private var dead: Int {
        get { Int(block[UInt32.self, CountedLeaf.deadOffset]) }
        nonmutating set { block[UInt32.self, CountedLeaf.deadOffset] = UInt32(newValue) }
    }
    private var tableEnd: Int { CountedLeaf.headerSize + 2 * count }
    private var isLong: Bool { block.size != CountedLeaf.size }
    /// Bytes of elements and their places.
    private var live: Int { block.size - floor - dead + 2 * count }

    /// How full it is, of 64.
    var fill: Int { isLong ? 64 : live * 64 / (CountedLeaf.size - CountedLeaf.headerSize) }

    // MARK: Reading

    /// Offsets in a leaf of one long element would not fit the table: its element begins behind it.
    @inline(__always)
    private func offset(_ rank: Int) -> Int {
        isLong ? CountedLeaf.headerSize + 2 : Int(block[UInt16.self, CountedLeaf.headerSize + 2 * rank])
    }

    @inline(__always)
    func withElement<Result>(_ rank: Int, _ body: (RawSpan) -> Result) -> Result {
        var offset = offset(rank)
        var length = 0
        var shift = 0
        while true {
            let byte = block[UInt8.self, offset]
            offset += 1
            length |= Int(byte & 0x7F) &<< shift
            if byte < 0x80 { break }
            shift += 7
        }
        return block.withBytes(offset, length, body)
    }

    /// Has the processor fetch the header and the first 80 offsets. Nothing is looked at.
    @inline(__always)
    func prefetchTable() {
        for offset in stride(from: 0, to: CountedLeaf.headerSize + 2 * 80, by: 64) { block.prefetch(offset) }
    }

    /// Has it fetch the beginning of an element.
    @inline(__always)
    func prefetchElement(_ rank: Int) { block.prefetch(offset(rank)) }

    /// Has it fetch where the next element is put.
    @inline(__always)
    func prefetchRoom() { block.prefetch(floor - 1) }

    /// How many elements are less than `key`, or not greater.
    func bound(_ key: RawSpan, includesEqual: Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore = withElement(middle) { $0.isBefore(key, orEqual: includesEqual) }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How many elements are less than `key`, most likely `guess`.
    @inline(__always)
    func lowerBound(_ key: RawSpan, guess: Int) -> Int {
        let isRight =
            guess <= count && (guess == 0 || withElement(guess - 1) { $0.isBefore(key, orEqual: false) })
            && (guess == count || withElement(guess) { key.isBefore($0, orEqual: true) })
        return isRight ? guess : bound(key, includesEqual: false)
    }

    /// The rank of an element, most likely `guess`; nil when it is not there.
    @inline(__always)
    func rank(of element: RawSpan, guess: Int) -> Int? {
        if guess < count, withElement(guess, { $0.hasSameBytes(as: element) }) { return guess }
        let rank = bound(element, includesEqual: false)
        return rank < count && withElement(rank) { $0.hasSameBytes(as: element) } ? rank : nil
    }

    func walk(from rank: Int, backwards: Bool, _ body: (RawSpan) -> Bool) -> Bool {
        for rank in stride(from: rank, through: backwards ? 0 : count - 1, by: backwards ? -1 : 1) {
            guard withElement(rank, body) else { return false }
        }
        return true
    }

    // MARK: Writing

    /// The block must be its holder's own. What comes to its right is returned.
    static func insert(_ element: RawSpan, at rank: Int, into block: inout Block) -> GrownNode {
        let leaf = CountedLeaf(block)
        if element.byteCount > sharedMax || leaf.isLong { return insertApart(element, at: rank, into: &block) }
        if leaf.makeRoom(for: element) {
            leaf.put(element, at: rank)
            return GrownNode()
        }
        let right: CountedLeaf
        if rank == leaf.count {
            // Elements that come in ascending order leave full leaves behind.
            right = CountedLeaf()
            right.put(element, at: 0)
        } else {
            right = leaf.splitOff(from: rank == 0 ? 0 : leaf.middle)
            let target = rank <= leaf.count ? leaf : right
            precondition(target.makeRoom(for: element), "half a leaf without room for \(element.byteCount) bytes")
            target.put(element, at: rank <= leaf.count ? rank : rank - leaf.count)
        }
        return GrownNode(first: right.block)
    }

    /// Inserts where the element, or the one that is there, must be alone.
    private static func insertApart(_ element: RawSpan, at rank: Int, into block: inout Block) -> GrownNode {
        let leaf = CountedLeaf(block)
        let own: CountedLeaf
        if element.byteCount > sharedMax {
            own = CountedLeaf(long: element)
        } else {
            own = CountedLeaf()
            own.put(element, at: 0)
        }
        if leaf.count == 0 {
            block.release()
            block = own.block
            return GrownNode()
        }
        if rank == leaf.count { return GrownNode(first: own.block) }
        if rank == 0 {
            defer { block = own.block }
            return GrownNode(first: block)
        }
        return GrownNode(first: own.block, second: leaf.splitOff(from: rank).block)
    }

    /// Removes elements, not all.
    func remove(_ ranks: Range<Int>) {
        for rank in ranks { dead += length(at: rank) }
        let start = CountedLeaf.headerSize + 2 * ranks.lowerBound
        block.copy(2 * (count - ranks.upperBound), to: start, from: block, at: start + 2 * ranks.count)
        count -= ranks.count
    }

    /// Takes all elements of a leaf that stood on its right, and frees it. False when they do not fit.
    func take(_ right: CountedLeaf) -> Bool {
        guard !isLong, !right.isLong else { return false }
        compact()
        guard floor - tableEnd >= right.live else { return false }
        copy(right, 0..<right.count)
        right.block.free()
        return true
    }

    /// Makes sure that there is room for an element. False when there is none.
    private func makeRoom(for element: RawSpan) -> Bool {
        let needed = CountedLeaf.length(of: element) + 2
        if floor - tableEnd >= needed { return true }
        guard floor + dead - tableEnd >= needed else { return false }
        compact()
        return true
    }

    /// The elements from `start` on, in a leaf of their own.
    private func splitOff(from start: Int) -> CountedLeaf {
        let right = CountedLeaf()
        right.copy(self, start..<count)
        for rank in start..<count { dead += length(at: rank) }
        count = start
        if count == 0 { (floor, dead) = (block.size, 0) }
        return right
    }

    /// The rank that parts the bytes into halves.
    private var middle: Int {
        let half = live / 2
        var sum = 0
        for rank in 0..<count {
            sum += length(at: rank) + 2
            if sum >= half { return max(1, rank) }
        }
        return max(1, count - 1)
    }

    /// Writes an element, for which there is room.
    private func put(_ element: RawSpan, at rank: Int) {
        let length = CountedLeaf.length(of: element)
        let start = floor - length
        precondition(start >= tableEnd + 2, "a leaf without room for \(length) bytes")
        let place = CountedLeaf.headerSize + 2 * rank
        block.copy(2 * (count - rank), to: place + 2, from: block, at: place)
        if !isLong { block[UInt16.self, place] = UInt16(start) }
        var offset = start
        var rest = element.byteCount
        while rest >= 0x80 {
            block[UInt8.self, offset] = UInt8(truncatingIfNeeded: rest) | 0x80
            offset += 1
            rest >>= 7
        }
        block[UInt8.self, offset] = UInt8(rest)
        block.write(element, at: offset + 1)
        floor = start
        count += 1
    }

    /// Appends elements of another leaf, for which there is room.
    private func copy(_ other: CountedLeaf, _ ranks: Range<Int>) {
        for rank in ranks {
            let length = other.length(at: rank)
            let start = floor - length
            precondition(start >= tableEnd + 2, "a leaf without room for \(length) bytes")
            block.copy(length, to: start, from: other.block, at: other.offset(rank))
            block[UInt16.self, tableEnd] = UInt16(start)
            floor = start
            count += 1
        }
    }

    /// Moves the elements together, so that nothing is dead.
    private func compact() {
        guard dead > 0 else { return }
        let copy = CountedLeaf()
        copy.copy(self, 0..<count)
        block.copy(block.size - copy.floor, to: copy.floor, from: copy.block, at: copy.floor)
        block.copy(2 * count, to: CountedLeaf.headerSize, from: copy.block, at: CountedLeaf.headerSize)
        (floor, dead) = (copy.floor, 0)
        copy.block.free()
    }

    /// The bytes of the element and its length.
    private func length(at rank: Int) -> Int { withElement(rank) { CountedLeaf.length(of: $0) } }

    private static func length(of element: RawSpan) -> Int {
        let count = element.byteCount
        return count + (count < 0x80 ? 1 : (70 - UInt64(count).leadingZeroBitCount) / 7)
    }

    // MARK: Examination

    func checkInvariants() {
        var bytes = 0
        for rank in 0..<count { bytes += length(at: rank) }
        precondition(bytes + dead == block.size - floor, "\(bytes) bytes of elements and \(dead) dead ones")
        precondition(floor >= tableEnd, "elements from \(floor) on, a table up to \(tableEnd)")
        precondition(count > 0 || dead == 0, "dead bytes in an empty leaf")
        for rank in 0..<count {
            let isLongOne = withElement(rank) { $0.byteCount > CountedLeaf.sharedMax }
            precondition(isLongOne == isLong && (!isLong || count == 1), "a long element that is not alone")
        }
    }
}

extension RawSpan {
    /// Whether these bytes stand before `other`: by bytes, then by length.
    func isBefore(_ other: RawSpan, orEqual: Bool) -> Bool {
        let shared = Swift.min(byteCount, other.byteCount)
        var offset = 0
        while offset + 8 <= shared {
            let (a, b) = (word(at: offset), other.word(at: offset))
            if a != b { return a < b }
            offset += 8
        }
        while offset < shared {
            let (a, b) = (byte(at: offset), other.byte(at: offset))
            if a != b { return a < b }
            offset += 1
        }
        return byteCount != other.byteCount ? byteCount < other.byteCount : orEqual
    }

    /// Eight bytes as a number that compares as they do. Traps outside of the span.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset + 8 <= byteCount, "eight bytes outside of their span")
        // Checked above; every bit pattern is a number.
        return unsafe UInt64(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }
}
