// Writing a snapshot of this node's own state.

import ByteCoding
public import LogStore
public import SnapshotFormat

/// Takes a state chunk by chunk, group by group, and writes what the base does not have. For one thread.
///
/// All 129 groups are begun, each once; in a group, slots come in ascending order. After an error only `abort` is left
/// to call; whether it is called or not, the snapshots that are there stay as they are. There is one writer or receiver
/// at a time in a directory.
public struct SnapshotWriter<Disk: Storage> {
    private var assembly: SnapshotAssembly<Disk>
    private var reader: SnapshotReader<Disk>?
    private var table: GroupTable?
    private var old: ChunkFinder?
    /// The slot that is being written.
    private var slot = -1

    /// - Parameters:
    ///   - base: the snapshot whose chunks are used again, this directory's newest. With nil all are written, which is
    ///     how a damaged base is left behind.
    ///   - isCompact: what stands in a pack with dead bytes is copied out of it, so that the pack can go.
    public init(
        disk: Disk, facts: SnapshotFacts, base: SnapshotManifest?, isCompact: Bool = false, form: PackForm = .disk
    ) throws(SnapshotError) {
        assembly = try SnapshotAssembly(disk: disk, facts: facts, base: base, isCompact: isCompact, form: form)
        reader = base.map { SnapshotReader(disk: disk, manifest: $0) }
    }

    /// The pack that is being written: garbage to everybody else before the end.
    public var pack: PackNumber { assembly.pack }
    public var figures: SnapshotFigures { assembly.figures }

    /// The next group; the one before it is whole.
    public mutating func begin(_ group: SlotGroup) throws(SnapshotError) {
        try sealGroup()
        table = GroupTable(group: group)
        if let table = try reader?.table(group) { old = ChunkFinder(table) }
        slot = -1
    }

    /// The next chunk of a slot. Returns where it is in the snapshot.
    ///
    /// - Parameter records: how many records of the keyspace are in it.
    @discardableResult
    public mutating func add(slot: Int, records: UInt32, _ plain: RawSpan) throws(SnapshotError) -> ChunkPlace {
        let place = enter(slot)
        let name = ChunkName(of: plain)
        let chunk: ChunkReference
        if let old = old?.find(name, at: place), old.plainLength == plain.byteCount, old.records == records,
            assembly.keeps(old.pack)
        {
            chunk = try assembly.keep(old, at: place)
        } else {
            chunk = try assembly.append(plain, name: name, place: place, records: records)
        }
        table?.append(chunk, slot: slot)
        return place
    }

    /// The next chunk of a slot, when the base has one of this name: for a caller that has names at hand and would have
    /// to read the bytes. False when it has none; then the bytes are to be added.
    public mutating func addKnown(
        slot: Int, records: UInt32, name: ChunkName, plainLength: Int
    ) throws(SnapshotError) -> Bool {
        let place = enter(slot)
        guard let old = old?.find(name, at: place), old.plainLength == plainLength, old.records == records,
            assembly.keeps(old.pack)
        else { return false }
        table?.append(try assembly.keep(old, at: place), slot: slot)
        return true
    }

    /// All chunks of a slot as they are in the base. Traps without one.
    public mutating func reuse(slot: Int) throws(SnapshotError) {
        guard let old else { preconditionFailure("no base to take slot \(slot) from") }
        for chunk in old.table.chunks(of: slot) {
            let place = enter(slot)
            table?.append(try assembly.keep(chunk, at: place), slot: slot)
        }
    }

    /// A whole group as it is in the base, in place of `begin`. Traps without a base.
    public mutating func reuse(_ group: SlotGroup) throws(SnapshotError) {
        try begin(group)
        for slot in group.slots { try reuse(slot: slot) }
    }

    /// Makes it a snapshot, which is on stable storage on return. Traps while a group is missing.
    public mutating func finish(_ contents: SnapshotContents) throws(SnapshotError) -> SnapshotManifest {
        try sealGroup()
        return try assembly.finish(contents)
    }

    /// Removes what was written.
    public mutating func abort() throws(SnapshotError) { try assembly.abort() }

    private mutating func sealGroup() throws(SnapshotError) {
        guard let table else { return }
        try assembly.seal(table, base: old?.table)
        self.table = nil
    }

    /// The place of the next chunk of a slot.
    private mutating func enter(_ slot: Int) -> ChunkPlace {
        guard let table else { preconditionFailure("a chunk in no group") }
        precondition(slot >= self.slot, "slot \(slot) behind slot \(self.slot)")
        self.slot = slot
        return ChunkPlace(slot: slot, part: table.range(of: slot).count)
    }
}
