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

    public init(_ plan: LoadPlan<Disk>) {
        manifest = plan.manifest
        // `StateLoad.finish` compares the digest of all records with the manifest's.
        reader = SnapshotReader(disk: plan.disk, manifest: plan.manifest, isProven: true)
        loader = SlotLoader(of: plan.manifest.facts.cluster, at: plan.head.index, wanted: plan.wanted)
    }

    public mutating func load(_ group: SlotGroup) throws(StateError) -> [LoadedSlot] {
        let table = try table(of: group)
        var slots: [LoadedSlot] = []
        for slot in group.slots where !table.chunks(of: slot).isEmpty {
            loader.begin(slot: slot)
            for part in 0..<table.chunks(of: slot).count {
                try read(ChunkPlace(slot: slot, part: part), of: table)
                do throws(ImageError) { try loader.take(plain.rawBytes) } catch {
                    throw .image(manifest.index, error)
                }
            }
            do throws(ImageError) { slots.append(try loader.finish()) } catch { throw .image(manifest.index, error) }
        }
        return slots
    }

    private mutating func table(of group: SlotGroup) throws(StateError) -> GroupTable {
        do throws(SnapshotError) { return try reader.table(group) } catch { throw .snapshot(error) }
    }

    private mutating func read(_ place: ChunkPlace, of table: GroupTable) throws(StateError) {
        do throws(SnapshotError) { try reader.read(place, of: table, into: &plain) } catch { throw .snapshot(error) }
    }
}
