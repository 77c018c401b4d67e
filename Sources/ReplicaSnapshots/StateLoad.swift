// A whole load: what its workers share, and the state at the end.

import ByteCoding
import Consensus
public import Keyspace
public import LogStore
public import Replica
public import SnapshotFormat
import SnapshotStore
import Vocabulary

/// Joins what loaders give, in any order, into the state that a manifest tells of. For one thread.
public struct StateLoad<Disk: Storage>: ~Copyable {
    public let manifest: SnapshotManifest
    public let head: ImageHead
    private let disk: Disk
    private let wanted: TouchedKeys?
    private var builder: KeyspaceBuilder
    /// Records joined so far.
    public private(set) var records = 0

    /// Reads the head, which every loader needs.
    ///
    /// - Parameter wanted: keys whose records are held, for a state that only commands about those come to; nil for
    ///   all.
    public init(_ manifest: SnapshotManifest, on disk: Disk, wanted: TouchedKeys? = nil) throws(StateError) {
        self.manifest = manifest
        self.disk = disk
        var plain: [UInt8] = []
        do throws(SnapshotError) {
            var reader = SnapshotReader(disk: disk, manifest: manifest)
            let table = try reader.table(.head)
            if !table.isEmpty {
                try reader.read(ChunkPlace(slot: SlotGroup.head.slots.lowerBound, part: 0), of: table, into: &plain)
            }
        } catch { throw .snapshot(error) }
        // Without a head there is nothing to read, which is no head.
        do throws(ImageError) { head = try ImageHead(plain.rawBytes) } catch {
            throw .image(manifest.index, error)
        }
        builder = KeyspaceBuilder(of: manifest.facts.cluster, head)
        // Who waits for one key may change another, and an index has them all.
        self.wanted = head.isSeparable ? wanted : nil
    }

    /// What was proven and is not held.
    public var omitted: OmittedRecords { builder.omitted }

    /// What a thread needs to load a share of it.
    public var plan: LoadPlan<Disk> { LoadPlan(manifest: manifest, head: head, disk: disk, wanted: wanted) }

    public mutating func take(_ slots: [LoadedSlot]) throws(StateError) {
        for slot in slots {
            do throws(ImageError) { try builder.take(slot) } catch { throw .image(manifest.index, error) }
            records += slot.kinds.total + slot.omitted.count
        }
    }

    /// The state, proven to be the one that was stored: every record's hash was computed from its bytes.
    public consuming func finish() throws(StateError) -> ReplicatedState {
        let (configuration, registry, addresses) = try manifest.members()
        let omitted = builder.omitted
        let keyspace: Keyspace
        do throws(ImageError) { keyspace = try builder.finish() } catch { throw .image(manifest.index, error) }
        let expected = manifest.contents.digest
        var found = keyspace.digest
        found.add(omitted.digest)
        guard expected == found else { throw .otherDigest(manifest.index, expected: expected, found: found) }
        return ReplicatedState(
            cluster: manifest.facts.cluster, keyspace: keyspace, registry: registry, addresses: addresses,
            configuration: configuration, end: manifest.end, timestamp: manifest.facts.timestamp)
    }

    /// What was taken, which is not what the manifest tells of.
    consuming func finishPartial() throws(StateError) -> ReplicatedState {
        let (configuration, registry, addresses) = try manifest.members()
        return ReplicatedState(
            cluster: manifest.facts.cluster, keyspace: builder.finishPartial(), registry: registry,
            addresses: addresses, configuration: configuration, end: manifest.end, timestamp: manifest.facts.timestamp)
    }

    /// The whole load on the calling thread.
    public static func run(_ manifest: SnapshotManifest, on disk: Disk) throws(StateError) -> ReplicatedState {
        var load = try StateLoad(manifest, on: disk)
        var loader = GroupLoader(load.plan)
        for group in SlotGroup.all where group != .head { try load.take(try loader.load(group)) }
        return try load.finish()
    }
}
