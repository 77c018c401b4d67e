// Long strings beside the pages: segments under a tree, so that a change copies and hashes a bounded part.
//
// Invariants:
// 1. Every segment but the last has exactly `segmentSize` bytes, every node but the last of its level has `fanout`
//    children.
// 2. A rope's root is as low as its length allows: a segment up to `segmentSize`, then a node of level 1, then of 2.
// 3. A node keeps the digest of each child, a segment's digest is kept where it is a child, or computed.
// So a rope's shape and digest are functions of its bytes.

import ByteCoding
import Vocabulary

/// A reference to a rope's root, with its length. Like a `Block` it is a bare word: `root` counts.
struct Rope {
    static let segmentSize = 8 << 10
    static let fanout = 256
    /// Two levels of 256 segments of 8 KiB: Redis's limit on a string.
    static let countMax = 512 << 20

    var root: Block
    var count: Int

    init(_ root: Block, count: Int) {
        self.root = root
        self.count = count
    }

    /// A rope of these bytes, with one reference.
    init(_ bytes: RawSpan) {
        self.init(Segment(capacity: min(bytes.byteCount, Rope.segmentSize)).block, count: 0)
        append(bytes)
    }

    /// What it takes in memory, near enough: a function of its length.
    var footprint: Int { count + (count / Rope.segmentSize + 1) * 64 }

    var digest: Digest { RopePart.digest(of: root) }

    // MARK: Reading

    func forEachPiece(of range: Range<Int>, _ body: (RawSpan) -> Void) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
        var offset = range.lowerBound
        while offset < range.upperBound {
            let segment = segment(at: offset)
            let start = offset % Rope.segmentSize
            let length = min(segment.count - start, range.upperBound - offset)
            segment.block.withBytes(Segment.headerSize + start, length, body)
            offset += length
        }
    }

    /// All bytes in one array.
    func gathered() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        forEachPiece(of: 0..<count) { bytes.append(bytes: $0) }
        return bytes
    }

    func holds(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount == count else { return false }
        var offset = 0
        var isEqual = true
        forEachPiece(of: 0..<count) { piece in
            isEqual = isEqual && piece.hasSameBytes(as: bytes.extracting(offset..<offset + piece.byteCount))
            offset += piece.byteCount
        }
        return isEqual
    }

    private func segment(at offset: Int) -> Segment {
        var block = root
        while block.kind == .ropeNode {
            let node = RopeNode(block)
            block = node.child(offset / node.childSpan % Rope.fanout)
        }
        return Segment(block)
    }

    // MARK: Writing. What other states hold too is copied first, a path at a time.

    /// Adds bytes at the end. Traps beyond `countMax`.
    mutating func append(_ bytes: RawSpan) {
        precondition(bytes.byteCount <= Rope.countMax - count, "a string of \(count) and \(bytes.byteCount) bytes")
        var offset = 0
        while offset < bytes.byteCount {
            let room = Rope.segmentSize - count % Rope.segmentSize
            let isFull = count > 0 && room == Rope.segmentSize
            let length = min(room, bytes.byteCount - offset)
            if isFull, count == RopePart.reach(of: root) { root = RopeNode(over: root).block }
            root = RopePart.written(root, at: count, bytes.extracting(offset..<offset + length))
            count += length
            offset += length
        }
    }

    /// Overwrites bytes, all of which must exist.
    mutating func overwrite(at start: Int, _ bytes: RawSpan) {
        precondition(start >= 0 && start + bytes.byteCount <= count, "\(bytes.byteCount) bytes at \(start) of \(count)")
        var offset = 0
        while offset < bytes.byteCount {
            let place = start + offset
            let length = min(Rope.segmentSize - place % Rope.segmentSize, bytes.byteCount - offset)
            root = RopePart.written(root, at: place, bytes.extracting(offset..<offset + length))
            offset += length
        }
    }
}

/// What segments and nodes have in common.
enum RopePart {
    static func digest(of block: Block) -> Digest {
        block.kind == .segment ? Segment(block).digest : RopeNode(block).digest
    }

    /// How many bytes a tree of this height can hold.
    static func reach(of block: Block) -> Int {
        block.kind == .segment ? Rope.segmentSize : RopeNode(block).childSpan * Rope.fanout
    }

    /// The part with `bytes`, which lie within one segment or at its end, at an offset within it. Takes the reference
    /// to `block` over and returns one to what replaces it.
    static func written(_ block: Block, at offset: Int, _ bytes: RawSpan) -> Block {
        if block.kind == .segment { return Segment(block).written(at: offset, bytes).block }
        let node = RopeNode(block).owned(forCell: offset / RopeNode(block).childSpan)
        let cell = offset / node.childSpan
        let child: Block
        if cell == node.count {
            child = RopePart.empty(level: node.level - 1)
            node.count = cell + 1
        } else {
            child = node.child(cell)
        }
        node.setChild(written(child, at: offset % node.childSpan, bytes), at: cell)
        return node.block
    }

    private static func empty(level: Int) -> Block {
        level == 0 ? Segment(capacity: 0).block : RopeNode(level: level, capacity: 4).block
    }
}
