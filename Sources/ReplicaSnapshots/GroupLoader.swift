// Loading a snapshot back into a state: groups of slots apart from each other, so that several threads may share them.

import ByteCoding
public import Keyspace
public import LogStore
public import SnapshotFormat
import SnapshotStore

/// What workers know of a load.
public struct LoadPlan<Disk: Storage>: Sendable {
    let manifest: SnapshotManifest
    let head: ImageHead
    let disk: Disk
    /// Which records are held; nil for all.
    let wanted: TouchedKeys?
}

/// One worker's share of a load: it takes groups, in any order, and loads all their slots.
public struct GroupLoader<Disk: Storage> {
    private let manifest: SnapshotManifest
    private var reader: SnapshotReader<Disk>
    private let loader: SlotLoader
    private var plain: [UInt8] = []

    /// - Parameter isProven: `StateLoad.finish` compares the digest of all records with the manifest's. Otherwise each
    ///   chunk is proven by itself.
    public init(_ plan: LoadPlan<Disk>, isProven: Bool = true) {
        manifest = plan.manifest
        reader = SnapshotReader(disk: plan.disk, manifest: plan.manifest, isProven: isProven)
        loader = SlotLoader(of: plan.manifest.facts.cluster, at: plan.head.index, wanted: plan.wanted)
    }

    public mutating func load(_ group: SlotGroup) throws(StateError) -> [LoadedSlot] {
        let table = try table(of: group)
        var slots: [LoadedSlot] = []
        for slot in group.slots where !table.chunks(of: slot).isEmpty { slots.append(try load(slot, of: table)) }
        return slots
    }

    /// Those of its slots that are whole; the others are added to `lost`.
    mutating func loadWhole(_ group: SlotGroup, lost: inout [Int]) throws(StateError) -> [LoadedSlot] {
        let table: GroupTable
        do throws(StateError) { table = try self.table(of: group) } catch {
            guard error.isDamage else { throw error }
            lost += group.slots
            return []
        }
        var slots: [LoadedSlot] = []
        for slot in group.slots where !table.chunks(of: slot).isEmpty {
            do throws(StateError) { slots.append(try load(slot, of: table)) } catch {
                guard error.isDamage else { throw error }
                lost.append(slot)
            }
        }
        return slots
    }

    private mutating func load(_ slot: Int, of table: GroupTable) throws(StateError) -> LoadedSlot {
        loader.begin(slot: slot)
        for part in 0..<table.chunks(of: slot).count {
            try read(ChunkPlace(slot: slot, part: part), of: table)
            do throws(ImageError) { try loader.take(plain.rawBytes) } catch { throw .image(manifest.index, error) }
        }
        do throws(ImageError) { return try loader.finish() } catch { throw .image(manifest.index, error) }
    }

    private mutating func table(of group: SlotGroup) throws(StateError) -> GroupTable {
        do throws(SnapshotError) { return try reader.table(group) } catch { throw .snapshot(error) }
    }

    private mutating func read(_ place: ChunkPlace, of table: GroupTable) throws(StateError) {
        do throws(SnapshotError) { try reader.read(place, of: table, into: &plain) } catch { throw .snapshot(error) }
    }
}
