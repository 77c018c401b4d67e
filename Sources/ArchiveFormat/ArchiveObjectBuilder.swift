// Putting an object of an archive together.

import ByteCoding
import Hashing

/// Takes contents in pieces of any size and compresses them a block at a time.
public struct ArchiveObjectBuilder: ~Copyable {
    /// What the level of compression is unless somebody chose another: the fastest of zstd's usual ones.
    public static let levelDefault = 1
    public static let levels = 1...19

    private var zstd: ZstandardCompressor
    private var bytes: [UInt8] = []
    private var entries: [SeekEntry] = []
    /// Of the block that is not full yet.
    private var pending: [UInt8] = []
    public private(set) var plainLength = 0

    public init(level: Int = levelDefault) {
        zstd = ZstandardCompressor(level: level)
        begin()
    }

    /// The bytes so far, as stored, without what is not compressed yet.
    public var storedLength: Int { bytes.count }

    private mutating func begin() {
        let length = ArchiveObject.frontLength
        bytes = [UInt8](repeating: 0, count: length)
        entries = [SeekEntry(stored: length, plain: 0)]
        pending = []
        plainLength = 0
    }

    public mutating func append(_ plain: RawSpan) {
        precondition(plainLength + plain.byteCount <= ArchiveObject.plainMax, "too much for one object")
        plainLength += plain.byteCount
        var rest = plain
        while pending.count + rest.byteCount >= ArchiveObject.blockSize {
            let count = ArchiveObject.blockSize - pending.count
            if pending.isEmpty {
                compress(rest.extracting(0..<count))
            } else {
                pending.append(bytes: rest.extracting(0..<count))
                flush()
            }
            rest = rest.extracting(count..<rest.byteCount)
        }
        pending.append(bytes: rest)
    }

    private mutating func flush() {
        let block = pending
        pending.removeAll(keepingCapacity: true)
        compress(block.rawBytes)
    }

    private mutating func compress(_ block: RawSpan) {
        let stored = zstd.append(block, to: &bytes)
        entries.append(SeekEntry(stored: stored, plain: block.byteCount))
    }

    /// The object; the builder is empty again.
    public mutating func finish(_ header: ArchiveHeader, _ trailer: ArchiveTrailer = ArchiveTrailer()) -> [UInt8] {
        if !pending.isEmpty { flush() }
        var trailer = trailer
        trailer.plainLength = plainLength
        var front: [UInt8] = []
        SkippableFrame.appendHead(of: ArchiveHeader.byteCount, to: &front)
        header.encode(into: &front)
        bytes.replaceSubrange(0..<front.count, with: front)
        let start = bytes.count
        SkippableFrame.appendHead(of: trailer.length, to: &bytes)
        trailer.encode(into: &bytes)
        bytes += SHA256.hash(bytes)
        entries.append(SeekEntry(stored: bytes.count - start, plain: 0))
        SeekTable.append(entries, to: &bytes)
        let object = bytes
        begin()
        return object
    }
}
