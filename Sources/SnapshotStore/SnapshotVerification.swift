// Reading a whole snapshot again, in steps, in search of damage.

public import LogStore
public import SnapshotFormat
public import Vocabulary

/// Reads every table and every chunk as whoever loads them would. For one thread; a scrub takes a step now and then.
///
/// What looks damaged is read a second time, from the device, before it is called so.
public struct SnapshotVerification<Disk: Storage> {
    public let manifest: SnapshotManifest
    /// What was found so far, in the order of the snapshot.
    public private(set) var damages: [SnapshotDamage] = []
    public private(set) var bytesRead = ByteCount.zero

    private var reader: SnapshotReader<Disk>
    private var table: GroupTable?
    /// The next group when `table` is nil; the next slot and part in it otherwise.
    private var group = 0
    private var slot = 0
    private var part = 0
    private var plain: [UInt8] = []
    private var plainBytes = 0

    public init(disk: Disk, manifest: SnapshotManifest) {
        self.manifest = manifest
        reader = SnapshotReader(disk: disk, manifest: manifest)
        reader.forget()
    }

    public var isOver: Bool { group == SlotGroup.count && table == nil }

    /// Reads on, up to about `budget` bytes. What the disk refuses to read is thrown, and met again at the next step.
    public mutating func step(_ budget: ByteCount) throws(SnapshotError) {
        let end = bytesRead + budget
        repeat {
            guard !isOver else { return }
            if let table { try check(table) } else { try enter(SlotGroup.all[group]) }
        } while bytesRead < end
        // What was read ahead may be long ago when the next step comes.
        reader.forget()
    }

    /// Reads all of it.
    public static func run(_ disk: Disk, _ manifest: SnapshotManifest) throws(SnapshotError) -> [SnapshotDamage] {
        var verification = SnapshotVerification(disk: disk, manifest: manifest)
        while !verification.isOver { try verification.step(.mebibytes(16)) }
        return verification.damages
    }

    private mutating func enter(_ group: SlotGroup) throws(SnapshotError) {
        guard manifest.table(of: group) != nil else {
            self.group += 1
            if isOver { checkTotals() }
            return
        }
        let found = try twice { reader throws(SnapshotError) in try reader.table(group) }
        self.group += 1
        bytesRead = bytesRead + ByteCount(manifest.table(of: group)?.length ?? 0)
        table = found
        slot = group.slots.lowerBound
        part = 0
        if isOver { checkTotals() }
    }

    /// The next chunk of a table, or its end.
    private mutating func check(_ table: GroupTable) throws(SnapshotError) {
        while slot < table.group.slots.upperBound, part >= table.range(of: slot).count {
            slot += 1
            part = 0
        }
        guard slot < table.group.slots.upperBound else {
            self.table = nil
            if isOver { checkTotals() }
            return
        }
        let place = ChunkPlace(slot: slot, part: part)
        var bytes = plain
        plain = []
        _ = try twice { reader throws(SnapshotError) in try reader.read(place, of: table, into: &bytes) }
        plain = bytes
        let chunk = table.chunks[table.range(of: slot).lowerBound + part]
        bytesRead = bytesRead + ByteCount(chunk.length)
        plainBytes += chunk.plainLength
        part += 1
    }

    private mutating func checkTotals() {
        guard damages.isEmpty, plainBytes != manifest.plainBytes else { return }
        damages.append(
            SnapshotDamage(
                kind: .impossibleField, file: SnapshotName.manifest(manifest.index), offset: 120, subject: nil))
    }

    /// Nil when it is damaged, which is noted then.
    private mutating func twice<Value>(
        _ body: (inout SnapshotReader<Disk>) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> Value? {
        do throws(SnapshotError) { return try body(&reader) } catch {
            guard case .damaged = error else { throw error }
        }
        reader.forget()
        do throws(SnapshotError) { return try body(&reader) } catch {
            guard case .damaged(let damage) = error else { throw error }
            damages.append(damage)
            return nil
        }
    }
}
