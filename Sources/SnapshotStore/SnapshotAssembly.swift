// A snapshot that is being put together: its pack, its tables, and the order in which they become one.
//
// 1. What a manifest refers to is on stable storage before the manifest has its name.
// 2. Nothing is referred to but this snapshot's own pack and packs of the base that are worth to be kept.
// 3. A pack is written from its start to its end, once; nothing in it changes.

import ByteCoding
import LogStore
import SnapshotFormat
import Vocabulary

/// Where a pack goes.
public enum PackForm: Sendable {
    /// To this node's disk: each chunk is compressed by itself, and a group's table stands behind its chunks.
    case disk
    /// To an archive, which compresses many chunks together and is slow to read in small pieces: chunks are plain, and
    /// all tables stand at the pack's end.
    case archive
}

/// How the writer and the receiver write alike. After an error there is only `abort`.
struct SnapshotAssembly<Disk: Storage> {
    /// Bytes are given to the disk in pieces of this size, and synced now and then, so that no sync of many keeps those
    /// of the log waiting on the same disk: with 16 MiB the p99 of writes beside a snapshot was a fifth longer.
    static var writeSize: Int { 256 << 10 }
    static var syncSize: Int { 1 << 20 }

    let disk: Disk
    let facts: SnapshotFacts
    let base: SnapshotManifest?
    /// The own pack, whose file is made with the first byte for it.
    let pack: PackNumber
    private let stale: [PackNumber]
    private let seed: UInt32
    private let form: PackForm
    private var sealer: ChunkSealer
    private var reader: PackReader<Disk>

    private var file: Disk.Handle?
    private var buffer: [UInt8] = []
    /// Where in the pack `buffer` begins, and up to where it was synced.
    private var written = 0
    private var synced = 0

    private var tables: [TableReference?] = Array(repeating: nil, count: SlotGroup.count)
    /// Encoded tables that are to stand at the pack's end, with their checksums.
    private var heldTables: [(group: SlotGroup, bytes: [UInt8], checksum: UInt32)] = []
    private var isSealed = Array(repeating: false, count: SlotGroup.count)
    private var live: [PackNumber: Int] = [:]
    private var plainBytes = 0
    private var storedBytes = 0
    private var chunkCount = 0
    private(set) var figures = SnapshotFigures()
    private var phase = Phase.open

    private enum Phase { case open, failed, published, over }

    /// - Parameter isCompact: nothing of a pack of the base is referred to that has dead bytes.
    init(
        disk: Disk, facts: SnapshotFacts, base: SnapshotManifest?, isCompact: Bool = false, form: PackForm = .disk
    ) throws(SnapshotError) {
        let names = try storing { () throws(StorageError) in try disk.list() }
        guard !names.contains(SnapshotName.manifest(facts.position.index)) else { throw .exists(facts.position.index) }
        guard base.map({ $0.facts.cluster == facts.cluster }) ?? true else {
            preconditionFailure("a base of another cluster")
        }
        let highest = (names.compactMap(SnapshotName.pack(of:)) + (base?.packs.map(\.number) ?? [])).max()
        self.disk = disk
        self.facts = facts
        self.base = base
        pack = .next(for: facts.position.index, above: highest)
        let packs = base?.packs ?? []
        stale = isCompact ? PackUse.incomplete(of: packs) : PackUse.stale(of: packs)
        seed = ChunkRecord.seed(of: facts.cluster)
        self.form = form
        sealer = ChunkSealer(cluster: facts.cluster, compresses: form == .disk)
        reader = PackReader(disk: disk, cluster: facts.cluster)
    }

    func isSealed(_ group: SlotGroup) -> Bool { isSealed[group.rawValue] }
    var isComplete: Bool { !isSealed.contains(false) }
    /// Whether a chunk or table there may be referred to.
    func keeps(_ pack: PackNumber) -> Bool { pack == self.pack || base?.pack(pack) != nil && !stale.contains(pack) }

    // MARK: Chunks

    /// Writes a chunk.
    mutating func append(
        _ plain: RawSpan, name: ChunkName, place: ChunkPlace, records: UInt32
    ) throws(SnapshotError) -> ChunkReference {
        try beginPack()
        let offset = written + buffer.count
        let record = sealer.seal(plain, name: name, place: place, records: records, into: &buffer)
        figures.chunksWritten += 1
        try flush(ifOver: SnapshotAssembly.writeSize)
        return ChunkReference(record, in: pack, at: offset)
    }

    /// Writes a chunk's record as it is.
    mutating func append(_ record: ChunkRecord, _ bytes: RawSpan) throws(SnapshotError) -> ChunkReference {
        try beginPack()
        let offset = written + buffer.count
        buffer.append(bytes: bytes)
        figures.chunksWritten += 1
        try flush(ifOver: SnapshotAssembly.writeSize)
        return ChunkReference(record, in: pack, at: offset)
    }

    /// Refers to a chunk of the base, or copies it, checked, when its pack is to go.
    mutating func keep(_ chunk: ChunkReference, at place: ChunkPlace) throws(SnapshotError) -> ChunkReference {
        if keeps(chunk.pack) {
            figures.chunksReused += 1
            return chunk
        }
        return try copy(chunk, at: place)
    }

    /// Copies a chunk out of any pack, checked as if it were read.
    mutating func copy(_ chunk: ChunkReference, at place: ChunkPlace) throws(SnapshotError) -> ChunkReference {
        let seed = seed
        var bytes: [UInt8] = []
        let record = try reader.withBytes(
            of: chunk.pack, at: chunk.offset, count: chunk.length, subject: .chunk(place),
            ahead: { SnapshotAssembly.writeSize }
        ) { found throws(SnapshotError) in
            bytes = [UInt8](found)
            do throws(SnapshotFault) {
                let record = try ChunkRecord.decode(found, seed: seed)
                guard chunk.fits(record, slot: place.slot) else { throw .damaged(.misplaced, at: 8) }
                var plain: [UInt8] = []
                try record.open(found, into: &plain)
                return record
            } catch {
                throw SnapshotError(
                    error, file: SnapshotName.pack(chunk.pack), offset: chunk.offset, subject: .chunk(place))
            }
        }
        return try append(record, bytes.rawBytes)
    }

    // MARK: Tables

    /// A group is whole: its table is written, or that of the base stands for it. Traps when it was before, and on
    /// chunks in a pack that may not be referred to.
    mutating func seal(_ table: GroupTable, base: GroupTable?) throws(SnapshotError) {
        precondition(!isSealed(table.group), "\(table.group) is whole already")
        note(try place(table, base: base), of: table.group)
        isSealed[table.group.rawValue] = true
        // Equal chunks of a slot may be one in a pack, which is live once.
        var counted: Set<ChunkSpot> = []
        for chunk in table.chunks {
            precondition(keeps(chunk.pack), "a chunk in pack \(chunk.pack), which is to go")
            plainBytes += chunk.plainLength
            guard counted.insert(ChunkSpot(pack: chunk.pack, offset: chunk.offset)).inserted else { continue }
            live[chunk.pack, default: 0] += chunk.length
            storedBytes += chunk.length
        }
        chunkCount += table.chunks.count
    }

    private mutating func note(_ reference: TableReference?, of group: SlotGroup) {
        guard let reference else { return }
        tables[group.rawValue] = reference
        live[reference.pack, default: 0] += reference.length
    }

    /// Nil for a table that is empty, or is written later.
    private mutating func place(_ table: GroupTable, base: GroupTable?) throws(SnapshotError) -> TableReference? {
        guard !table.isEmpty else { return nil }
        if let old = self.base?.table(of: table.group), keeps(old.pack), base == table { return old }
        try beginPack()
        var bytes: [UInt8] = []
        let checksum = table.encode(seed: seed, into: &bytes)
        guard form == .disk else {
            heldTables.append((table.group, bytes, checksum))
            return nil
        }
        return try write(bytes, checksum: checksum)
    }

    private mutating func write(_ table: [UInt8], checksum: UInt32) throws(SnapshotError) -> TableReference {
        let offset = written + buffer.count
        buffer += table
        try flush(ifOver: SnapshotAssembly.writeSize)
        return TableReference(pack: pack, offset: offset, length: table.count, checksum: checksum)
    }

    private mutating func writeHeldTables() throws(SnapshotError) {
        for (group, bytes, checksum) in heldTables { note(try write(bytes, checksum: checksum), of: group) }
        heldTables = []
    }

    // MARK: The pack

    private mutating func beginPack() throws(SnapshotError) {
        precondition(phase == .open, "a snapshot that has failed, or is over, goes on")
        guard file == nil else { return }
        let name = SnapshotName.pack(pack)
        file = try attempt { disk throws(StorageError) in try disk.create(name) }
        PackHeader(cluster: facts.cluster, number: pack, position: facts.position).encode(into: &buffer)
    }

    private mutating func flush(ifOver size: Int = 0) throws(SnapshotError) {
        guard buffer.count > size, let file else { return }
        do throws(StorageError) { try disk.write(buffer.rawBytes, at: written, of: file) } catch {
            phase = .failed
            throw .storage(error)
        }
        written += buffer.count
        figures.bytesWritten += buffer.count
        buffer.removeAll(keepingCapacity: buffer.capacity <= 4 * SnapshotAssembly.writeSize)
        if written - synced >= SnapshotAssembly.syncSize { try sync() }
    }

    /// What was appended so far is on stable storage, to be found again after a restart.
    mutating func persist() throws(SnapshotError) {
        try flush()
        try sync()
        try syncNames()
    }

    private mutating func sync() throws(SnapshotError) {
        guard let file, written > synced else { return }
        do throws(StorageError) { try disk.sync(file) } catch {
            phase = .failed
            throw .syncFailed(error)
        }
        synced = written
    }

    private mutating func syncNames() throws(SnapshotError) {
        do throws(StorageError) { try disk.syncDirectory(nil) } catch {
            if phase == .open { phase = .failed }
            throw .syncFailed(error)
        }
    }

    private mutating func attempt<Value>(
        _ body: (Disk) throws(StorageError) -> Value
    ) throws(SnapshotError) -> Value {
        do throws(StorageError) { return try body(disk) } catch {
            phase = .failed
            throw .storage(error)
        }
    }
}

extension SnapshotAssembly {
    // MARK: The end

    /// Makes it a snapshot. Traps while a group is missing.
    mutating func finish(_ contents: SnapshotContents) throws(SnapshotError) -> SnapshotManifest {
        precondition(phase == .open, "a snapshot that has failed, or is over, is finished")
        precondition(isComplete, "a snapshot without all its groups")
        try writeHeldTables()
        if file != nil { try persist() }
        let manifest = SnapshotManifest(
            facts: facts, contents: contents, plainBytes: plainBytes, storedBytes: storedBytes, chunkCount: chunkCount,
            packs: packUses(), tables: tables)
        try publish(manifest)
        return manifest
    }

    private func packUses() -> [PackUse] {
        live.sorted { $0.key < $1.key }.map { number, bytes in
            PackUse(number: number, size: base?.pack(number)?.size ?? written, live: bytes + PackHeader.byteCount)
        }
    }

    private mutating func publish(_ manifest: SnapshotManifest) throws(SnapshotError) {
        let name = SnapshotName.manifest(manifest.index)
        let unfinished = name + SnapshotName.unfinished
        let bytes = manifest.encoded
        // One of an attempt that was cut short.
        let isThere = try attempt { disk throws(StorageError) in try disk.list() }.contains(unfinished)
        if isThere { try attempt { disk throws(StorageError) in try disk.remove(unfinished) } }
        let file = try attempt { disk throws(StorageError) in try disk.create(unfinished) }
        try attempt { disk throws(StorageError) in try disk.write(bytes.rawBytes, at: 0, of: file) }
        do throws(StorageError) { try disk.sync(file) } catch {
            phase = .failed
            throw .syncFailed(error)
        }
        try attempt { disk throws(StorageError) in try disk.rename(unfinished, to: name) }
        // From here on it may be there after a power loss, so nothing of it may go.
        phase = .published
        try syncNames()
        phase = .over
        figures.bytesWritten += bytes.count
    }

    /// Removes what was written, unless it may be a snapshot already.
    mutating func abort() throws(SnapshotError) {
        guard phase == .open || phase == .failed else { return }
        phase = .over
        file = nil
        let names = [SnapshotName.pack(pack), SnapshotName.manifest(facts.position.index) + SnapshotName.unfinished]
        let present = try storing { () throws(StorageError) in try disk.list() }
        for name in names where present.contains(name) {
            try storing { () throws(StorageError) in try disk.remove(name) }
        }
        try syncing { () throws(StorageError) in try disk.syncDirectory(nil) }
    }

    /// Ends without removing anything, so that a later reception can use what was received. After an error nothing more
    /// is written: what stands there already may do.
    mutating func suspend() throws(SnapshotError) {
        guard phase == .open else { return }
        try persist()
        phase = .over
    }
}

/// Where a record stands.
private struct ChunkSpot: Hashable {
    let pack: PackNumber
    let offset: Int
}

/// What a snapshot has cost.
public struct SnapshotFigures: Hashable, Sendable {
    /// Chunks that stand in the snapshot's own pack, and those that stand in older ones.
    public internal(set) var chunksWritten = 0
    public internal(set) var chunksReused = 0
    /// Of packs and manifest.
    public internal(set) var bytesWritten = 0

    public init() {}
}
