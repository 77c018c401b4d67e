// Making a backup of a snapshot that is on this node's disk.

public import ArchiveFormat
import ByteCoding
import Hashing
public import LogStore
public import ObjectStores
public import SnapshotFormat
import SnapshotStore
public import Vocabulary

/// What a backup is made of besides the snapshot.
public struct BackupOrder: Sendable {
    public var author: PackDisk.Author
    /// Of the program.
    public var program: String
    public var node: NodeID
    public var started: Timestamp

    public init(author: PackDisk.Author, program: String, node: NodeID, started: Timestamp) {
        self.author = author
        self.program = program
        self.node = node
        self.started = started
    }
}

/// Goes over a snapshot and writes what the archive's newest backup does not have: a step at a time, for one thread.
///
/// Chunks are known by their names, so that what did not change is not even read.
public struct BackupMaker<Disk: Storage> {
    private let order: BackupOrder
    private let store: any ObjectStore
    private let manifest: SnapshotManifest
    private let catalogue: BackupCatalogue
    private let base: (backup: BackupManifest, state: SnapshotManifest)?
    private let disk: PackDisk
    private var reader: SnapshotReader<Disk>
    private var writer: SnapshotWriter<PackDisk>
    private var group = 0
    private var plain: [UInt8] = []

    /// - Parameters:
    ///   - manifest: of a snapshot on `source`, which stays there until this is over.
    ///   - usesBase: false makes a backup that needs nothing of earlier ones.
    public init(
        _ order: BackupOrder, of manifest: SnapshotManifest, on source: Disk, to store: any ObjectStore,
        usesBase: Bool = true
    ) throws(ArchiveError) {
        self.order = order
        self.store = store
        self.manifest = manifest
        catalogue = try BackupCatalogue.read(store, manifest.facts.cluster)
        base = usesBase ? try catalogue.newestState(in: store) : nil
        let taken = try PackDisk.numbers(in: store, of: manifest.facts.cluster)
        disk = PackDisk(store, author: order.author, packs: base?.backup.packs ?? [], taken: taken)
        reader = SnapshotReader(disk: source, manifest: manifest)
        do throws(SnapshotError) {
            writer = try SnapshotWriter(disk: disk, facts: manifest.facts, base: base?.state, form: .archive)
        } catch { throw ArchiveError(error, on: disk) }
    }

    /// The backup's name.
    public var id: BackupID {
        BackupID(
            time: manifest.facts.timestamp, timeline: TimelineName(order.author.owner.timeline), index: manifest.index)
    }
    /// How much of the groups is done, from 0 to 1.
    public var share: Double { Double(group) / Double(SlotGroup.count) }
    public var uploadedBytes: Int { disk.uploadedBytes }

    /// Goes on by one group of slots. The backup once it is whole; nil before.
    ///
    /// - Parameter now: the wall clock's time, for the manifest.
    public mutating func step(at now: Timestamp) throws(ArchiveError) -> BackupManifest? {
        guard group == SlotGroup.count else {
            do throws(SnapshotError) { try copy(SlotGroup.all[group]) } catch { throw ArchiveError(error, on: disk) }
            group += 1
            return nil
        }
        let state: SnapshotManifest
        do throws(SnapshotError) { state = try writer.finish(manifest.contents) } catch {
            throw ArchiveError(error, on: disk)
        }
        return try publish(state, at: now)
    }

    private mutating func copy(_ group: SlotGroup) throws(SnapshotError) {
        try writer.begin(group)
        let table = try reader.table(group)
        var bytes: [UInt8] = []
        swap(&bytes, &plain)
        defer { swap(&bytes, &plain) }
        for slot in group.slots {
            let range = table.range(of: slot)
            for part in 0..<range.count {
                let chunk = table.chunks[range.lowerBound + part]
                let isKnown = try writer.addKnown(
                    slot: slot, records: chunk.records, name: chunk.name, plainLength: chunk.plainLength)
                if isKnown { continue }
                try reader.read(ChunkPlace(slot: slot, part: part), of: table, into: &bytes)
                try writer.add(slot: slot, records: chunk.records, bytes.rawBytes)
            }
        }
    }

    /// The state's manifest first, then the backup's: with that it exists.
    private func publish(_ state: SnapshotManifest, at now: Timestamp) throws(ArchiveError) -> BackupManifest {
        let cluster = manifest.facts.cluster
        let bytes = disk.manifest
        try store.make(id.state(of: cluster), bytes)
        let known = (base?.backup.packs ?? []) + (disk.made.map { [$0] } ?? [])
        let packs = state.packs.map { use in
            guard let pack = known.first(where: { $0.number == use.number.rawValue }) else {
                preconditionFailure("a backup refers to pack \(use.number), which nobody has written")
            }
            return pack
        }
        try checkBase(of: cluster)
        let owner = order.author.owner
        let contents = state.contents
        let records = contents.strings + contents.hashes + contents.lists + contents.sets + contents.sortedSets
        let before = catalogue.newest(before: manifest.index, on: TimelineName(owner.timeline))
        let backup = BackupManifest(
            program: order.program, id: id, cluster: cluster, timeline: owner.timeline,
            position: state.facts.position, timestamp: state.facts.timestamp,
            type: packs.allSatisfy { $0.number == disk.made?.number } ? .full : .incremental, records: Int(records),
            segments: try segments(behind: before?.index ?? .zero), digest: contents.digest,
            featureLevel: state.facts.featureLevel, node: order.node, base: base?.backup.id, started: order.started,
            duration: .microseconds(Int64(now.rawValue) - Int64(order.started.rawValue)),
            plainBytes: state.plainBytes, uploadedBytes: disk.uploadedBytes + bytes.count,
            state: BackupPart(offset: 0, length: bytes.count, size: bytes.count, hash: SHA256.hash(bytes)),
            packs: packs)
        try store.make(id.manifest(of: cluster), backup.encoded)
        return backup
    }

    /// Packs of the base are not removed for a while after its manifest was: while that is there, this backup can still
    /// be published.
    private func checkBase(of cluster: ClusterID) throws(ArchiveError) {
        guard let base else { return }
        _ = try catalogue.manifest(of: base.backup.id, in: store)
    }

    private func segments(behind index: LogIndex) throws(ArchiveError) -> Int {
        let timeline = TimelineName(order.author.owner.timeline)
        let runs = try RunCatalogue.read(store, manifest.facts.cluster, timeline)
        return runs.path(behind: index, through: manifest.index).count
    }
}

extension PackDisk {
    /// The numbers of all packs of a cluster, of backups that are whole and of those that were not finished.
    static func numbers(in store: any ObjectStore, of cluster: ClusterID) throws(ArchiveError) -> [PackNumber] {
        let listed = try store.names(below: PackFolder.all(of: cluster))
        return Set(listed.compactMap { PieceName($0.key.text)?.pack.number }).sorted().map { PackNumber($0) }
    }
}

extension ArchiveError {
    /// What a snapshot's reader or writer threw, whose disk may be the archive.
    init(_ error: SnapshotError, on disk: PackDisk) {
        if case .storage = error, let failure = disk.failure {
            self = failure
        } else {
            self = .snapshot(error)
        }
    }
}
