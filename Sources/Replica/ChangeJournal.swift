// Which log indexes changed a record, and what they changed where the log does not say it.

import Keyspace
public import Vocabulary

/// What a node remembers of what it applied, so that its log can be told as changes: a bit for each index, and a few
/// bytes where the entry does not say what came of it (`ChangeNotes`).
///
/// 1. Blocks are in the order of their indexes; each begins at a multiple of `blockSize` and knows of all that was
///    applied between that and its end, or from `first` on.
/// 2. Beyond the newest block at most `blocksMax` blocks and `bytesMax` bytes of notes are kept; `first` says from
///    where on.
///
/// A copy of some blocks is handed to another thread: they are values, and a block that is full never changes again.
public struct ChangeJournal: Sendable {
    /// Indexes to a block.
    static let blockSize: UInt64 = 4096

    struct Block: Sendable {
        /// The first index of the block.
        let base: UInt64
        var bits = [UInt64](repeating: 0, count: Int(ChangeJournal.blockSize / 64))
        /// For indexes with notes: the place within the block, and where its notes end in `notes`. Ascending.
        var noted: [(place: UInt16, end: Int)] = []
        var notes: [UInt8] = []

        func isSet(_ place: Int) -> Bool { bits[place >> 6] & 1 << UInt64(place & 63) != 0 }

        /// Where the notes of a place lie; nil when it has none.
        func notes(at place: Int) -> Range<Int>? {
            var (low, high) = (0, noted.count)
            while low < high {
                let middle = (low + high) / 2
                if Int(noted[middle].place) < place { low = middle + 1 } else { high = middle }
            }
            guard low < noted.count, Int(noted[low].place) == place else { return nil }
            return (low == 0 ? 0 : noted[low - 1].end)..<noted[low].end
        }
    }

    private let blocksMax: Int
    private let bytesMax: Int
    private(set) var blocks: [Block] = []
    private var head = 0
    private var noteBytes = 0
    /// The first index that can be told of; nil before anything was applied.
    public private(set) var first: LogIndex?

    public init(indexesMax: Int, bytesMax: ByteCount) {
        blocksMax = max(1, indexesMax / Int(ChangeJournal.blockSize))
        self.bytesMax = bytesMax.rawValue
    }

    /// Bytes that the journal takes, about.
    public var bytes: ByteCount {
        ByteCount((blocks.count - head) * Int(ChangeJournal.blockSize / 8 + 64) + noteBytes)
    }

    /// Everything from `index` on will be noted. Called before the first of each run of entries.
    mutating func begin(at index: LogIndex) {
        if first == nil { first = index }
    }

    /// Notes what the entry at `index` did, which is behind all that were noted before.
    @inline(__always)
    mutating func note(_ index: LogIndex, _ changes: borrowing ChangeNotes) {
        guard changes.hasChanged else { return }
        let base = index.rawValue & ~(ChangeJournal.blockSize - 1)
        if head == blocks.count || blocks[blocks.count - 1].base != base { addBlock(base) }
        let last = blocks.count - 1
        let place = Int(index.rawValue - base)
        blocks[last].bits[place >> 6] |= 1 << UInt64(place & 63)
        guard !changes.items.isEmpty else { return }
        blocks[last].notes += changes.items
        blocks[last].noted.append((UInt16(place), blocks[last].notes.count))
        noteBytes += changes.items.count
        if noteBytes > bytesMax { release() }
    }

    private mutating func addBlock(_ base: UInt64) {
        blocks.append(Block(base: base))
        release()
    }

    /// Gives up the oldest blocks over the limits, but never the newest.
    private mutating func release() {
        while blocks.count - head > 1, blocks.count - head > blocksMax || noteBytes > bytesMax {
            noteBytes -= blocks[head].notes.count
            first = max(first ?? .zero, LogIndex(blocks[head].base + ChangeJournal.blockSize))
            // Its memory goes now, its place with many others.
            blocks[head] = Block(base: blocks[head].base, bits: [])
            head += 1
        }
        if head > 1024, head * 2 > blocks.count {
            blocks.removeSubrange(0..<head)
            head = 0
        }
    }

    /// What is known of the indexes in `range`, which begins at `first` or behind it.
    func excerpt(_ range: ClosedRange<LogIndex>) -> ChangeExcerpt {
        let low = position(of: range.lowerBound)
        let high = position(of: range.upperBound.next)
        let end = high < blocks.count && blocks[high].base <= range.upperBound.rawValue ? high + 1 : high
        return ChangeExcerpt(blocks: Array(blocks[low..<max(low, end)]))
    }

    /// The first index of `range` that changed anything; nil when none did.
    func firstChange(in range: ClosedRange<LogIndex>) -> LogIndex? {
        var position = position(of: range.lowerBound)
        while position < blocks.count, blocks[position].base <= range.upperBound.rawValue {
            let block = blocks[position]
            var place = Int(max(range.lowerBound.rawValue, block.base) - block.base)
            while place < Int(ChangeJournal.blockSize) {
                let word = block.bits[place >> 6] >> UInt64(place & 63)
                guard word == 0 else {
                    let index = LogIndex(block.base + UInt64(place + word.trailingZeroBitCount))
                    return index <= range.upperBound ? index : nil
                }
                place = (place | 63) + 1
            }
            position += 1
        }
        return nil
    }

    /// The position of the first block that ends behind `index`.
    private func position(of index: LogIndex) -> Int {
        var (low, high) = (head, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            let end = blocks[middle].base + ChangeJournal.blockSize
            if end <= index.rawValue { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A part of a journal, for a reader on another thread.
public struct ChangeExcerpt: Sendable {
    let blocks: [ChangeJournal.Block]

    /// What the index changed beyond what its entry says, empty when that is all; nil when it changed nothing.
    func notes(of index: LogIndex) -> ArraySlice<UInt8>? {
        let base = index.rawValue & ~(ChangeJournal.blockSize - 1)
        // Blocks without a change are left out.
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].base < base { low = middle + 1 } else { high = middle }
        }
        guard low < blocks.count, blocks[low].base == base else { return nil }
        let block = blocks[low]
        let place = Int(index.rawValue - block.base)
        guard block.isSet(place) else { return nil }
        return block.notes(at: place).map { block.notes[$0] } ?? []
    }
}
