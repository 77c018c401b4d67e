// Small collections as bytes: items behind one another, each a varint length and its bytes.
//
// A hash is `field, value, field, value …` by ascending field, a set its members ascending, a sorted set its elements
// (`ScoredMember`) ascending, a list its elements in their order. Ascending is by bytes, then by length. So equal
// collections are equal bytes, whatever made them.

import ByteCoding

enum Packed {
    /// A collection whose packed form is longer has a tree; one whose form is not, has none.
    static let sizeMax = 1 << 10

    /// What an item of so many bytes takes.
    @inline(__always)
    static func size(_ count: Int) -> Int {
        count + (count < 0x80 ? 1 : (70 - UInt64(count).leadingZeroBitCount) / 7)
    }

    /// Where the item at `offset` lies; moves behind it. Nil at the end.
    @inline(__always)
    static func next(in bytes: RawSpan, _ offset: inout Int) -> Range<Int>? {
        guard offset < bytes.byteCount else { return nil }
        var length = 0
        var shift = 0
        while true {
            let byte = bytes.byte(at: offset)
            offset += 1
            length |= Int(byte & 0x7F) &<< shift
            if byte < 0x80 { break }
            shift += 7
        }
        defer { offset += length }
        return offset..<offset + length
    }

    /// Items, of which `width` make one entry.
    static func count(_ bytes: RawSpan, width: Int) -> Int {
        var (offset, count) = (0, 0)
        while next(in: bytes, &offset) != nil { count += 1 }
        return count / width
    }

    /// Where in the bytes the entry of `rank` begins; the end for the rank behind the last.
    static func offset(ofRank rank: Int, in bytes: RawSpan, width: Int) -> Int {
        var offset = 0
        for _ in 0..<rank * width { _ = next(in: bytes, &offset) }
        return offset
    }

    /// Where the items of some ranks lie, one item to an entry.
    static func range(ofRanks ranks: Range<Int>, in bytes: RawSpan) -> Range<Int> {
        var end = offset(ofRank: ranks.lowerBound, in: bytes, width: 1)
        let start = end
        for _ in ranks { _ = next(in: bytes, &end) }
        return start..<end
    }

    /// The entry whose first item is `item`, in ascending entries, or where it would have to stand.
    static func search(_ item: RawSpan, in bytes: RawSpan, width: Int) -> Place {
        var (offset, rank) = (0, 0)
        while true {
            let start = offset
            guard let found = next(in: bytes, &offset) else { return Place(entry: start..<start, rank: rank) }
            var value = found.upperBound..<found.upperBound
            for _ in 1..<width { value = next(in: bytes, &offset) ?? value }
            let candidate = bytes.extracting(found)
            if candidate.hasSameBytes(as: item) {
                return Place(entry: start..<offset, rank: rank, value: value)
            }
            if item.isBefore(candidate, orEqual: false) { return Place(entry: start..<start, rank: rank) }
            rank += 1
        }
    }

    /// Where an entry stands, or would.
    struct Place {
        /// All its bytes; empty when it is not there.
        var entry: Range<Int>
        var rank: Int
        /// Its last item, when it is there.
        var value: Range<Int>?
        var isThere: Bool { value != nil }
    }
}

extension [UInt8] {
    /// Appends an item.
    mutating func append(packed item: RawSpan) { append(counted: item) }

    /// Inserts an item before the byte at `offset`. Allocates nothing while there is room.
    mutating func insert(packed item: RawSpan, at offset: Int) {
        let (before, size) = (count, Packed.size(item.byteCount))
        append(packed: item)
        guard offset < before else { return }
        // The item stands behind the rest, which makes way for it.
        append(contentsOf: repeatElement(0, count: size))
        // All three runs lie within the array's `before + 2 * size` bytes.
        unsafe withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe (base + before + size).copyMemory(from: base + before, byteCount: size)
            unsafe (base + offset + size).copyMemory(from: base + offset, byteCount: before - offset)
            unsafe (base + offset).copyMemory(from: base + before + size, byteCount: size)
        }
        removeLast(size)
    }

    /// Makes `count` bytes, which are to be stored then, of those at `range`. Allocates only to become longer.
    mutating func makeRoom(_ count: Int, at range: Range<Int>) {
        guard range.count != count else { return }
        replaceSubrange(range, with: repeatElement(0, count: count))
    }

    /// Writes an item over the bytes at `offset`. Returns where it ends.
    mutating func store(packed item: RawSpan, at offset: Int) -> Int {
        var offset = offset
        var length = item.byteCount
        while length >= 0x80 {
            self[offset] = UInt8(truncatingIfNeeded: length) | 0x80
            offset += 1
            length >>= 7
        }
        self[offset] = UInt8(length)
        offset += 1
        for position in 0..<item.byteCount { self[offset + position] = item.byte(at: position) }
        return offset + item.byteCount
    }
}
