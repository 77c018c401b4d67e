// Reading a snapshot: tables, chunks, and ranges of packs for others.

import ByteCoding
public import LogStore
public import SnapshotFormat
public import Vocabulary

/// For one thread; any number of readers read one snapshot at once. Nothing is given out that was not checked.
///
/// Memory: a read-ahead for each pack of the snapshot that is being read from, and its table is the caller's.
public struct SnapshotReader<Disk: Storage> {
    /// How many chunks of a table are looked at to find what else lies in one read.
    private static var lookahead: Int { 512 }
    /// Two chunks with no more than this between them are read at once.
    private static var gapMax: Int { 16 << 10 }

    public let manifest: SnapshotManifest
    private let seed: UInt32
    private let readAhead: Int
    private let isProven: Bool
    private var packs: PackReader<Disk>

    /// - Parameters:
    ///   - readAhead: how many bytes one read takes, where so many stand together.
    ///   - isProven: the caller proves the state of all chunks by the manifest's digest. They are checked by checksum,
    ///     place and length then, and their names are not computed anew.
    public init(
        disk: Disk, manifest: SnapshotManifest, readAhead: ByteCount = .mebibytes(1), isProven: Bool = false
    ) {
        self.manifest = manifest
        self.readAhead = readAhead.rawValue
        self.isProven = isProven
        seed = ChunkRecord.seed(of: manifest.facts.cluster)
        packs = PackReader(disk: disk, cluster: manifest.facts.cluster)
    }

    /// The bytes that were read from the disk so far.
    public var bytesRead: ByteCount { ByteCount(packs.bytesRead) }

    /// The chunks of a group; an empty table for a group that has none.
    public mutating func table(_ group: SlotGroup) throws(SnapshotError) -> GroupTable {
        guard let reference = manifest.table(of: group) else { return GroupTable(group: group) }
        let manifest = manifest
        return try packs.withBytes(
            of: reference.pack, at: reference.offset, count: reference.length, subject: .table(group),
            ahead: { reference.length }
        ) { bytes throws(SnapshotError) in
            do throws(SnapshotFault) { return try GroupTable.decode(bytes, group: group, of: manifest) } catch {
                throw SnapshotError(
                    error, file: SnapshotName.pack(reference.pack), offset: reference.offset, subject: .table(group))
            }
        }
    }

    /// Puts the plain bytes of a chunk in place of what `plain` holds, whose memory is used again. After an error
    /// there may be anything in it.
    ///
    /// Fastest in the order of the table. Traps on a place that the table does not have.
    public mutating func read(
        _ place: ChunkPlace, of table: GroupTable, into plain: inout [UInt8]
    ) throws(SnapshotError) {
        let range = table.range(of: place.slot)
        precondition(range.count > place.part && place.part >= 0, "the table has no \(place)")
        let position = range.lowerBound + place.part
        let chunk = table.chunks[position]
        let (seed, readAhead, isProven) = (seed, readAhead, isProven)
        try packs.withBytes(
            of: chunk.pack, at: chunk.offset, count: chunk.length, subject: .chunk(place),
            ahead: { SnapshotReader.run(from: position, of: table, max: readAhead) }
        ) { bytes throws(SnapshotError) in
            do throws(SnapshotFault) {
                try chunk.open(bytes, slot: place.slot, seed: seed, isProven: isProven, into: &plain)
            } catch {
                throw SnapshotError(
                    error, file: SnapshotName.pack(chunk.pack), offset: chunk.offset, subject: .chunk(place))
            }
        }
    }

    /// How many bytes from a chunk on are worth one read: those of the chunks behind it that stand close.
    private static func run(from position: Int, of table: GroupTable, max: Int) -> Int {
        let first = table.chunks[position]
        var end = first.end
        for chunk in table.chunks[position...].prefix(lookahead) where chunk.pack == first.pack {
            guard chunk.offset >= first.offset, chunk.offset - end <= gapMax, chunk.end - first.offset <= max else {
                break
            }
            end = Swift.max(end, chunk.end)
        }
        return end - first.offset
    }

    /// Bytes of a pack as they are, for a node that receives this snapshot, which checks them. Exactly `count` of them,
    /// appended to `bytes`; only of what the manifest names.
    public mutating func readRaw(
        _ pack: PackNumber, offset: Int, count: Int, into bytes: inout [UInt8]
    ) throws(SnapshotError) {
        guard let use = manifest.pack(pack), use.holds(offset: offset, length: count) else {
            throw .outside(pack, offset: offset, count: count)
        }
        let readAhead = Swift.min(readAhead, use.size - offset)
        try packs.withBytes(of: pack, at: offset, count: count, subject: nil, ahead: { readAhead }) {
            found throws(SnapshotError) in bytes.append(bytes: found)
        }
    }

    /// Reads from now on come from the device and not from memory.
    mutating func forget() { packs.forget() }
}

extension ChunkReference {
    /// Checks the record that was found where this points, and opens it.
    func open(
        _ bytes: RawSpan, slot: Int, seed: UInt32, isProven: Bool, into plain: inout [UInt8]
    ) throws(SnapshotFault) {
        let record = try ChunkRecord.decode(bytes, seed: seed)
        guard fits(record, slot: slot) else { throw .damaged(.misplaced, at: 8) }
        try record.open(bytes, into: &plain, isProven: isProven)
    }
}
