// Counted memory: the one place where the keyspace allocates, shares and frees.
//
// Invariants, on which the safety of the files around rests:
// 1. A block begins with its header: references (8 bytes, atomic), size (4), kind (1). The rest is its kind's.
// 2. Whoever holds a reference may read. Only who holds the only one, and reached the block through nothing but blocks
//    of which the same is true, may write. So blocks that two states share never change, on no thread.
// 3. Each reference that stands in a block (a branch's child, a record's rope) counts as one. The last release gives
//    back those that the block holds, then its memory. Depth is bounded: branches by the bits of a hash, ropes by 3.
// 4. A read of a count of 1 acquires what other holders did before their release, which is why a sole holder may write.

import ByteCoding
import Synchronization

/// What a block holds, and so how it is taken apart.
enum BlockKind: UInt8 {
    case branch = 1
    case page = 2
    case ropeNode = 3
    case segment = 4
    case countedLeaf = 5
    case countedBranch = 6
    case collection = 7
}

/// One reference to counted memory, as a bare word: copying it counts nothing, `retain` and `release` do.
///
/// `@safe` because the loads and stores below are bounded by the block's own size in debug builds, and because the
/// files that lay blocks out (`Branch`, `Page`, `Record`, `RopeParts`, `CountedLeaf`, `CountedBranch`) compute offsets
/// from counts that they wrote.
@safe struct Block: Equatable {
    let base: UnsafeMutableRawPointer

    static let headerSize = 16
    private static let sizeOffset = 8
    private static let kindOffset = 12

    init(_ base: UnsafeMutableRawPointer) {
        unsafe self.base = base
    }

    /// New memory with one reference. Zero up to `zeroed`, undefined behind.
    init(_ kind: BlockKind, size: Int, zeroed: Int) {
        precondition(size >= Block.headerSize && size <= Int(UInt32.max), "a block of \(size) bytes")
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: max(zeroed, Block.headerSize))
        unsafe references.initialize(to: Atomic(1))
        self[UInt32.self, Block.sizeOffset] = UInt32(size)
        self[UInt8.self, Block.kindOffset] = kind.rawValue
    }

    /// A copy with one reference of its own. The references that it holds are not counted yet.
    func copied() -> Block {
        let size = size
        let copy = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        unsafe copy.copyMemory(from: base, byteCount: size)
        let block = unsafe Block(copy)
        unsafe block.references.initialize(to: Atomic(1))
        return block
    }

    static func == (a: Block, b: Block) -> Bool { unsafe a.base == b.base }

    @inline(__always) var size: Int { Int(self[UInt32.self, Block.sizeOffset]) }

    @inline(__always) var kind: BlockKind {
        guard let kind = BlockKind(rawValue: self[UInt8.self, Block.kindOffset]) else {
            preconditionFailure("memory that is no block")
        }
        return kind
    }

    // MARK: Counting

    @inline(__always) private var references: UnsafeMutablePointer<Atomic<Int>> {
        unsafe base.assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Whether this is the only reference; then the caller may write (invariant 2).
    @inline(__always) var isUnique: Bool { unsafe references.pointee.load(ordering: .acquiring) == 1 }

    func retain() {
        unsafe references.pointee.add(1, ordering: .relaxed)
    }

    /// Gives the reference back; the block is not to be touched through it any more.
    func release() {
        let before = unsafe references.pointee.subtract(1, ordering: .acquiringAndReleasing).oldValue
        precondition(before > 0, "a block was released more often than retained")
        guard before == 1 else { return }
        releaseContents()
        free()
    }

    /// Frees a block whose references were given back or moved elsewhere.
    func free() {
        unsafe base.deallocate()
    }

    /// Calls `body` with every reference that the block holds.
    func forEachReference(_ body: (Block) -> Void) {
        switch kind {
        case .branch: Branch(self).forEachChild(body)
        case .page: Page(self).forEachReference(body)
        case .ropeNode: RopeNode(self).forEachChild(body)
        case .countedBranch: CountedBranch(self).forEachChild(body)
        case .collection: CollectionRoot(self).forEachReference(body)
        case .segment, .countedLeaf: break
        }
    }

    private func releaseContents() {
        forEachReference { $0.release() }
    }

    // MARK: Contents

    /// A number at a byte offset, which needs no alignment.
    subscript<Value: BitwiseCopyable>(_ type: Value.Type, _ offset: Int) -> Value {
        @inline(__always) get {
            assert(offset == Block.sizeOffset || offset + MemoryLayout<Value>.size <= size, "a load outside of a block")
            return unsafe base.loadUnaligned(fromByteOffset: offset, as: Value.self)
        }
        @inline(__always) nonmutating set {
            assert(
                offset == Block.sizeOffset || offset + MemoryLayout<Value>.size <= size, "a store outside of a block")
            unsafe base.storeBytes(of: newValue, toByteOffset: offset, as: Value.self)
        }
    }

    /// Asks the processor to fetch what lies at a byte offset, which may be anywhere.
    @inline(__always) func prefetch(_ offset: Int) { unsafe Prefetch.line(base + offset) }

    /// A reference at a byte offset; nil for the word 0.
    @inline(__always) func reference(at offset: Int) -> Block? {
        let word = self[UInt.self, offset]
        // The word was stored by `setReference` and counts as a reference (invariant 3), so it points to a block.
        return unsafe UnsafeMutableRawPointer(bitPattern: word).map { unsafe Block($0) }
    }

    @inline(__always) func setReference(_ block: Block?, at offset: Int) {
        self[UInt.self, offset] = block.map { unsafe UInt(bitPattern: $0.base) } ?? 0
    }

    /// Calls `body` with `count` bytes from `offset`, for the time of the call.
    @inline(__always) func withBytes<Result>(_ offset: Int, _ count: Int, _ body: (RawSpan) -> Result) -> Result {
        assert(offset >= 0 && count >= 0 && offset + count <= size, "bytes outside of a block")
        // The caller holds a reference for the time of the call.
        return unsafe body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base + offset, count: count)))
    }

    @inline(__always) func write(_ bytes: RawSpan, at offset: Int) {
        assert(offset >= 0 && offset + bytes.byteCount <= size, "a write outside of a block")
        let destination = unsafe base + offset
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe destination.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Copies `count` bytes from another block, or within this one.
    @inline(__always) func copy(_ count: Int, to offset: Int, from source: Block, at start: Int) {
        assert(offset + count <= size && start + count <= source.size, "a copy outside of a block")
        unsafe (base + offset).copyMemory(from: source.base + start, byteCount: count)
    }

    @inline(__always) func fillZero(_ count: Int, at offset: Int) {
        assert(offset + count <= size, "a fill outside of a block")
        unsafe (base + offset).initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
}
