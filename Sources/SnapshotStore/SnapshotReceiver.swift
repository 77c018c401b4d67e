// Receiving a snapshot: what to ask for, what is there already, and when it is whole.

import ByteCoding
public import LogStore
public import SnapshotFormat
public import Vocabulary

/// A range of a sender's pack.
public struct SnapshotAsk: Hashable, Sendable {
    public let pack: PackNumber
    public let offset: Int
    public let count: Int
}

/// Takes a snapshot over from another node, whose word for anything is its manifest. All else, tables and chunks, are
/// ranges of its packs (`SnapshotReader.readRaw`), which are asked for in an order, and answered in that order. For one
/// thread; there is one writer or receiver at a time in a directory.
///
/// A chunk that this node has in a snapshot of its own, at any part of the same slot, is not asked for; nor is one that
/// an earlier reception has left. After an error of the disk only `abort` and `suspend` are left to call; after one of
/// the sender, `change`.
public struct SnapshotReceiver<Disk: Storage> {
    /// Tables are asked for so many groups before their chunks, so that the sender never waits for what to send next.
    static var tablesAhead: Int { 4 }

    private var assembly: SnapshotAssembly<Disk>
    private var manifest: SnapshotManifest
    private var reader: SnapshotReader<Disk>?
    private let rangeMax: Int

    private var queue = ReceptionQueue()
    /// The next group whose table is to be asked for, and those whose table has come and which miss something.
    private var nextGroup = 0
    private var tablesUnderWay = 0
    private var groups: [Int: GroupReception] = [:]
    /// What earlier receptions left, and what came for groups that are not whole from a sender that is gone.
    private var leftovers: [ChunkKey: ChunkReference] = [:]
    private var received: [ChunkKey: ChunkReference] = [:]
    /// Bytes of the sender's packs that came so far.
    public private(set) var bytesReceived = ByteCount.zero

    /// - Parameters:
    ///   - bytes: the sender's manifest.
    ///   - base: this directory's newest snapshot.
    ///   - leftovers: packs of receptions that were not finished, by this process or an earlier one. What is used of
    ///     them is copied; they are garbage once this one is finished.
    ///   - rangeMax: the most bytes to ask for at once.
    public init(
        disk: Disk, cluster: ClusterID, manifest bytes: RawSpan, base: SnapshotManifest?,
        leftovers packs: [PackNumber] = [], rangeMax: ByteCount
    ) throws(SnapshotError) {
        precondition(rangeMax > .zero, "ranges of \(rangeMax)")
        manifest = try SnapshotReceiver.decode(bytes, cluster: cluster)
        assembly = try SnapshotAssembly(disk: disk, facts: manifest.facts, base: base)
        reader = base.map { SnapshotReader(disk: disk, manifest: $0) }
        self.rangeMax = rangeMax.rawValue
        for pack in packs {
            let found = try PackScan.chunks(of: pack, cluster: cluster, on: disk)
            leftovers.merge(found) { old, _ in old }
        }
        try askForTables()
    }

    /// Of the snapshot that is being received.
    public var position: LogPosition { manifest.facts.position }
    /// The pack that is being written: garbage to everybody else before the end.
    public var pack: PackNumber { assembly.pack }
    public var figures: SnapshotFigures { assembly.figures }
    /// Whether everything is there.
    public var isComplete: Bool { assembly.isComplete }

    /// The next range to ask for; nil when all that is known to be missing was asked for.
    public mutating func nextAsk() -> SnapshotAsk? { queue.nextAsk(max: rangeMax) }

    /// The answer to the oldest range that was asked for and is not answered. Throws `refused` when it is not what it
    /// should be; what came before it stays.
    public mutating func take(_ bytes: RawSpan) throws(SnapshotError) {
        do throws(SnapshotFault) { try queue.take(bytes) } catch {
            throw .refused(error, nil, offset: 0)
        }
        bytesReceived = bytesReceived + ByteCount(bytes.byteCount)
        while let (item, whole) = queue.nextItem() {
            switch item.subject {
            case .table(let group): try takeTable(group, item, whole)
            case .chunk(let place): try takeChunk(place, item, whole)
            }
        }
    }

    /// Goes on with another sender, or the same one over another connection: all ranges under way are asked for again.
    ///
    /// - Returns: false when its snapshot is another one. Nothing has changed then; `suspend` this one, and give its
    ///   pack to a new receiver.
    public mutating func change(sender bytes: RawSpan) throws(SnapshotError) -> Bool {
        let other = try SnapshotReceiver.decode(bytes, cluster: manifest.facts.cluster)
        guard other.isSameState(as: manifest) else { return false }
        manifest = other
        for group in groups.values { received.merge(group.present) { old, _ in old } }
        groups = [:]
        queue = ReceptionQueue()
        nextGroup = 0
        tablesUnderWay = 0
        try askForTables()
        return true
    }

    /// Makes it a snapshot of this node, which is on stable storage on return. Traps before it is complete.
    public mutating func finish() throws(SnapshotError) -> SnapshotManifest {
        try assembly.finish(manifest.contents)
    }

    /// Ends, and leaves what came on stable storage.
    public mutating func suspend() throws(SnapshotError) { try assembly.suspend() }

    /// Ends, and removes what came.
    public mutating func abort() throws(SnapshotError) { try assembly.abort() }

    private static func decode(_ bytes: RawSpan, cluster: ClusterID) throws(SnapshotError) -> SnapshotManifest {
        let manifest: SnapshotManifest
        do throws(SnapshotFault) { manifest = try SnapshotManifest.decode(bytes) } catch {
            throw .refused(error, nil, offset: 0)
        }
        guard manifest.facts.cluster == cluster else {
            throw .otherCluster(found: manifest.facts.cluster, expected: cluster)
        }
        return manifest
    }
}

extension SnapshotReceiver {
    // MARK: What comes

    private mutating func askForTables() throws(SnapshotError) {
        while nextGroup < SlotGroup.count, tablesUnderWay < SnapshotReceiver.tablesAhead {
            let group = SlotGroup.all[nextGroup]
            nextGroup += 1
            guard !assembly.isSealed(group) else { continue }
            guard let table = manifest.table(of: group) else {
                try assembly.seal(GroupTable(group: group), base: nil)
                continue
            }
            queue.append(
                ReceptionQueue.Item(
                    subject: .table(group), pack: table.pack, offset: table.offset, length: table.length))
            tablesUnderWay += 1
        }
    }

    private mutating func takeTable(
        _ group: SlotGroup, _ item: ReceptionQueue.Item, _ bytes: [UInt8]
    ) throws(SnapshotError) {
        let table: GroupTable
        do throws(SnapshotFault) {
            table = try GroupTable.decode(bytes.rawBytes, group: group, of: manifest)
        } catch { throw .refused(error, item.pack, offset: item.offset) }
        let base = try baseTable(group)
        var finder = ChunkFinder(base ?? GroupTable(group: group))
        var reception = GroupReception(table, base: base)
        for slot in group.slots {
            for position in table.range(of: slot) {
                let place = ChunkPlace(slot: slot, part: position - table.range(of: slot).lowerBound)
                if let own = try find(table.chunks[position], place, &finder) {
                    reception.put(own, at: position)
                } else {
                    queue.append(ReceptionQueue.Item(place, table.chunks[position]))
                }
            }
        }
        groups[group.rawValue] = reception
        tablesUnderWay -= 1
        try askForTables()
        try sealIfWhole(group)
    }

    private mutating func takeChunk(
        _ place: ChunkPlace, _ item: ReceptionQueue.Item, _ bytes: [UInt8]
    ) throws(SnapshotError) {
        let group = SlotGroup(slot: place.slot)
        guard let position = groups[group.rawValue]?.position(of: place),
            let chunk = groups[group.rawValue]?.table.chunks[position]
        else { preconditionFailure("a chunk of \(group), which is not being received") }
        let record: ChunkRecord
        do throws(SnapshotFault) {
            record = try ChunkRecord.decode(bytes.rawBytes, seed: ChunkRecord.seed(of: manifest.facts.cluster))
            guard chunk.fits(record, slot: place.slot) else { throw .damaged(.misplaced, at: 8) }
            var plain: [UInt8] = []
            try record.open(bytes.rawBytes, into: &plain)
        } catch { throw .refused(error, item.pack, offset: item.offset) }
        let own = try assembly.append(record, bytes.rawBytes)
        groups[group.rawValue]?.put(own, at: position)
        try sealIfWhole(group)
    }

    private mutating func sealIfWhole(_ group: SlotGroup) throws(SnapshotError) {
        guard let reception = groups[group.rawValue], reception.missing == 0 else { return }
        groups[group.rawValue] = nil
        try assembly.seal(reception.ownTable, base: reception.base)
    }

    // MARK: What is there

    /// A base that cannot be read is none.
    private mutating func baseTable(_ group: SlotGroup) throws(SnapshotError) -> GroupTable? {
        do throws(SnapshotError) { return try reader?.table(group) } catch {
            guard case .damaged = error else { throw error }
            return nil
        }
    }

    /// A chunk of a sender's table, as this node has it. Nil when it has not, or has it damaged.
    private mutating func find(
        _ chunk: ChunkReference, _ place: ChunkPlace, _ finder: inout ChunkFinder
    ) throws(SnapshotError) -> ChunkReference? {
        let key = ChunkKey(slot: place.slot, name: chunk.name)
        if let own = received[key], own.isSame(as: chunk) { return own }
        do throws(SnapshotError) {
            if let own = finder.find(chunk.name, at: place), own.isSame(as: chunk) {
                return try assembly.keep(own, at: place)
            }
            if let own = leftovers[key], own.isSame(as: chunk) { return try assembly.copy(own, at: place) }
        } catch {
            guard case .damaged = error else { throw error }
        }
        return nil
    }
}
