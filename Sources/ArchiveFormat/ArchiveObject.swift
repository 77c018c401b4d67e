// An object of an archive: a header, compressed blocks, a trailer, a seek table.
//
// To `zstd -d` it is a file like others: header, trailer and seek table are frames that it skips.

import ByteCoding
import Hashing

/// A whole object in memory, checked but for what its blocks hold.
public struct ArchiveObject: Sendable {
    /// Plain bytes of every block but the last, so that a place in the contents says which block it is in.
    public static let blockSize = 1 << 20
    /// Inclusive, of the contents of an object: a run may hold a frame as large as a request, and more.
    public static let plainMax = 1 << 30
    static let framesMax = plainMax / blockSize + 3
    /// Inclusive, of an object as stored: what does not compress grows by little.
    public static let lengthMax = plainMax + plainMax / 64 + (1 << 20)

    public let header: ArchiveHeader
    public let trailer: ArchiveTrailer
    public let bytes: [UInt8]
    /// SHA-256 of the object, by which a manifest knows it.
    public let hash: [UInt8]
    /// Of each block, in `bytes`.
    let blocks: [Range<Int>]
    public var plainLength: Int { trailer.plainLength }
    public var blockCount: Int { blocks.count }

    /// Checks everything but the blocks' contents.
    public init(_ bytes: consuming [UInt8]) throws(ArchiveFault) {
        let whole = bytes
        guard whole.count <= ArchiveObject.lengthMax else { throw .damaged(.badLength, at: whole.count) }
        // What is at the front says best what is wrong, if it is not an object at all.
        header = try ArchiveObject.header(of: whole.rawBytes)
        guard let entries = try SeekTable.decode(whole.rawBytes, size: whole.count) else {
            throw .damaged(.truncated, at: whole.count)
        }
        let map = try ArchiveMap(entries)
        blocks = map.blocks
        let range = map.trailer
        let span = whole.rawBytes.extracting(range)
        trailer = try ArchiveTrailer.decode(
            try SkippableFrame.contents(of: span, at: range.lowerBound), at: range.lowerBound)
        guard trailer.plainLength == map.plainLength else { throw .damaged(.badLength, at: range.lowerBound) }
        let hashed = range.upperBound - SHA256.size
        let expected = [UInt8](whole.rawBytes.extracting(hashed..<range.upperBound))
        // Both hashes in one pass.
        var running = RunningSHA256()
        running.update(whole.rawBytes.extracting(0..<hashed))
        guard running.hash() == expected else { throw .damaged(.checksumMismatch, at: hashed) }
        running.update(whole.rawBytes.extracting(hashed..<whole.count))
        hash = running.finish()
        self.bytes = whole
    }

    /// Bytes up to the end of the header.
    public static let frontLength = SkippableFrame.headLength + ArchiveHeader.byteCount

    /// The header that an object begins with, of which `bytes` is the first part at least.
    public static func header(of bytes: RawSpan) throws(ArchiveFault) -> ArchiveHeader {
        guard bytes.byteCount >= frontLength else { throw .damaged(.truncated, at: bytes.byteCount) }
        return try ArchiveHeader.decode(try SkippableFrame.contents(of: bytes.extracting(0..<frontLength), at: 0))
    }

    /// All that the blocks hold.
    public func plain() throws(ArchiveFault) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(plainLength)
        var decompressor = ArchiveDecompressor()
        for block in blocks.indices { try decompressor.append(block: block, of: self, to: &plain) }
        return plain
    }

    /// The plain bytes of a block.
    func plainLength(ofBlock block: Int) -> Int {
        block < blocks.count - 1 ? ArchiveObject.blockSize : plainLength - block * ArchiveObject.blockSize
    }
}

/// Takes blocks out of objects. Keeps its memory; for one thread.
public struct ArchiveDecompressor: ~Copyable {
    private var zstd = ZstandardDecompressor()

    public init() {}

    /// Appends a block's plain bytes.
    public mutating func append(
        block: Int, of object: borrowing ArchiveObject, to plain: inout [UInt8]
    ) throws(ArchiveFault) {
        let range = object.blocks[block]
        let frame = object.bytes.rawBytes.extracting(range)
        guard zstd.append(frame, plainLength: object.plainLength(ofBlock: block), to: &plain) else {
            throw .damaged(.badCompression, at: range.lowerBound)
        }
    }

    /// Appends what a block holds whose bytes were read by themselves.
    public mutating func append(
        _ frame: RawSpan, plainLength: Int, at offset: Int, to plain: inout [UInt8]
    ) throws(ArchiveFault) {
        guard zstd.append(frame, plainLength: plainLength, to: &plain) else {
            throw .damaged(.badCompression, at: offset)
        }
    }
}

/// Where header, blocks and trailer of an object are, by its seek table.
public struct ArchiveMap: Hashable, Sendable {
    public let blocks: [Range<Int>]
    public let trailer: Range<Int>
    public let plainLength: Int

    /// By the last part of an object; nil when that part is too short for the table.
    public init?(end bytes: RawSpan, size: Int) throws(ArchiveFault) {
        guard let entries = try SeekTable.decode(bytes, size: size) else { return nil }
        self = try ArchiveMap(entries)
    }

    init(_ entries: [SeekEntry]) throws(ArchiveFault) {
        let headerLength = ArchiveObject.frontLength
        guard entries.count >= 2, entries[0] == SeekEntry(stored: headerLength, plain: 0),
            entries[entries.count - 1].plain == 0
        else { throw .damaged(.impossibleField, at: 0) }
        var blocks: [Range<Int>] = []
        var offset = headerLength
        var plain = 0
        for (position, entry) in entries[1..<entries.count - 1].enumerated() {
            let isLast = position == entries.count - 3
            guard isLast ? (1...ArchiveObject.blockSize).contains(entry.plain) : entry.plain == ArchiveObject.blockSize
            else {
                throw .damaged(.impossibleField, at: offset)
            }
            blocks.append(offset..<offset + entry.stored)
            offset += entry.stored
            plain += entry.plain
        }
        guard plain <= ArchiveObject.plainMax else { throw .damaged(.badLength, at: offset) }
        self.blocks = blocks
        trailer = offset..<offset + entries[entries.count - 1].stored
        plainLength = plain
    }
}
