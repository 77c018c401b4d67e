// The blocks that ropes are made of: segments of bytes, and nodes of references with the digests of what they lead to.

import ByteCoding
import Vocabulary

/// A view of a block as a segment: up to 8 KiB of a string.
struct Segment {
    static let headerSize = 24
    private static let countOffset = 16

    let block: Block

    init(_ block: Block) { self.block = block }

    /// Without bytes, with room for `capacity`.
    init(capacity: Int) {
        block = Block(.segment, size: Segment.headerSize + capacity, zeroed: Segment.headerSize)
    }

    var count: Int {
        get { Int(block[UInt32.self, Segment.countOffset]) }
        nonmutating set { block[UInt32.self, Segment.countOffset] = UInt32(newValue) }
    }
    private var capacity: Int { block.size - Segment.headerSize }

    var digest: Digest {
        block.withBytes(Segment.headerSize, count) { SipHash.digest($0, key: Record.digestKey) }
    }

    /// With `bytes` at `offset`, which is not behind its end. Takes the reference over; copies when the block is too
    /// small or not its only holder's.
    func written(at offset: Int, _ bytes: RawSpan) -> Segment {
        let end = offset + bytes.byteCount
        precondition(offset <= count && end <= Rope.segmentSize, "bytes up to \(end) of a segment of \(count)")
        var segment = self
        if !block.isUnique || end > capacity {
            // Room for a quarter more when it grows, so that small appends are cheap and the slack is bounded.
            let room = end > capacity && count > 0 ? min(Rope.segmentSize, end + end / 4) : max(capacity, end)
            segment = Segment(capacity: room)
            segment.block.copy(count, to: Segment.headerSize, from: block, at: Segment.headerSize)
            segment.count = count
            block.release()
        }
        segment.block.write(bytes, at: Segment.headerSize + offset)
        segment.count = max(segment.count, end)
        return segment
    }
}

/// A view of a block as a node: up to 256 references, and a digest for each.
struct RopeNode {
    static let headerSize = 24
    private static let cellSize = 24
    private static let levelOffset = 13
    private static let countOffset = 16

    let block: Block

    init(_ block: Block) { self.block = block }

    /// Without children. Level 1 stands above segments.
    init(level: Int, capacity: Int) {
        let size = RopeNode.headerSize + capacity * RopeNode.cellSize
        block = Block(.ropeNode, size: size, zeroed: size)
        block[UInt8.self, RopeNode.levelOffset] = UInt8(level)
    }

    /// With one child, one level lower, whose reference it takes over.
    init(over child: Block) {
        self.init(level: child.kind == .segment ? 1 : RopeNode(child).level + 1, capacity: 4)
        count = 1
        setChild(child, at: 0)
    }

    var level: Int { Int(block[UInt8.self, RopeNode.levelOffset]) }
    var count: Int {
        get { Int(block[UInt32.self, RopeNode.countOffset]) }
        nonmutating set { block[UInt32.self, RopeNode.countOffset] = UInt32(newValue) }
    }
    private var capacity: Int { (block.size - RopeNode.headerSize) / RopeNode.cellSize }

    /// Bytes below a child that is full.
    var childSpan: Int { level == 1 ? Rope.segmentSize : Rope.segmentSize * Rope.fanout }

    private func offset(_ cell: Int) -> Int { RopeNode.headerSize + cell * RopeNode.cellSize }

    func child(_ cell: Int) -> Block {
        guard cell < count, let child = block.reference(at: offset(cell)) else {
            preconditionFailure("child \(cell) of \(count)")
        }
        return child
    }

    /// Puts a child in place, whose reference it takes over, and keeps its digest.
    func setChild(_ child: Block, at cell: Int) {
        precondition(cell < count, "child \(cell) of \(count)")
        block.setReference(child, at: offset(cell))
        let digest = RopePart.digest(of: child)
        block[UInt64.self, offset(cell) + 8] = digest.low
        block[UInt64.self, offset(cell) + 16] = digest.high
    }

    /// The digest of a child as it was when it was put in place.
    func keptDigest(_ cell: Int) -> Digest {
        Digest(high: block[UInt64.self, offset(cell) + 16], low: block[UInt64.self, offset(cell) + 8])
    }

    func forEachChild(_ body: (Block) -> Void) {
        for cell in 0..<count {
            if let child = block.reference(at: offset(cell)) { body(child) }
        }
    }

    /// Taken over the digests of its children, in order.
    var digest: Digest {
        var message: [UInt8] = []
        message.reserveCapacity(16 * count)
        for cell in 0..<count { block.withBytes(offset(cell) + 8, 16) { message.append(bytes: $0) } }
        return SipHash.digest(message.rawBytes, key: Record.digestKey)
    }

    /// The node, made its holder's own and with room for a child at `cell`. Takes the reference over.
    func owned(forCell cell: Int) -> RopeNode {
        guard !block.isUnique || cell >= capacity else { return self }
        let room = cell >= capacity ? min(Rope.fanout, capacity * 2) : capacity
        let node = RopeNode(level: level, capacity: room)
        node.block.copy(
            count * RopeNode.cellSize, to: RopeNode.headerSize, from: block, at: RopeNode.headerSize)
        node.count = count
        // The copies are references of their own; releasing the block gives the old ones back if it was the last.
        forEachChild { $0.retain() }
        block.release()
        return node
    }
}
