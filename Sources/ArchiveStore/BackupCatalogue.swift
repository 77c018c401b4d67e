// The backups of an archive.

public import ArchiveFormat
import ByteCoding
import Hashing
public import ObjectStores
public import SnapshotFormat
public import Vocabulary

/// What is in the folder of backups: those that have a manifest are some.
public struct BackupCatalogue: Sendable {
    public let cluster: ClusterID
    /// Newest first.
    public let ids: [BackupID]
    public let pinned: Set<BackupID>
    /// Names in the folder that nobody writes, and those of backups that were not finished.
    public let strangers: [String]

    public static func read(
        _ store: any ObjectStore, _ cluster: ClusterID
    ) throws(ArchiveError) -> BackupCatalogue {
        BackupCatalogue(try store.names(below: BackupID.folder(cluster)), cluster)
    }

    public init(_ listings: [ObjectListing], _ cluster: ClusterID) {
        self.cluster = cluster
        var ids: [BackupID] = []
        var others: [(name: String, id: BackupID?)] = []
        for listing in listings {
            let parts = listing.key.text.split(separator: "/")
            let id = parts.count == 4 ? BackupID(parts[2]) : nil
            if let id, id.manifest(of: cluster) == listing.key.text {
                ids.append(id)
            } else {
                others.append((listing.key.text, id))
            }
        }
        self.ids = ids.sorted(by: >)
        let known = Set(ids)
        pinned = known.filter { id in others.contains { $0.name == id.pin(of: cluster) } }
        strangers = others.filter { other in
            guard let id = other.id, known.contains(id) else { return true }
            return other.name != id.state(of: cluster) && other.name != id.pin(of: cluster)
        }.map(\.name)
    }

    public func newest(before index: LogIndex, on timeline: TimelineName) -> BackupID? {
        ids.filter { $0.timeline == timeline && $0.index < index }.max { $0.index < $1.index }
    }

    public func manifest(of id: BackupID, in store: any ObjectStore) throws(ArchiveError) -> BackupManifest {
        let name = id.manifest(of: cluster)
        let bytes = try store.fetch(name)
        do throws(ArchiveFault) {
            let manifest = try BackupManifest.decode(bytes)
            guard manifest.id == id, manifest.cluster == cluster else { throw .damaged(.misplaced, at: 0) }
            return manifest
        } catch { throw .object(name, error) }
    }

    /// The manifest of a backup's snapshot.
    public func state(of backup: BackupManifest, in store: any ObjectStore) throws(ArchiveError) -> SnapshotManifest {
        let name = backup.id.state(of: cluster)
        let bytes = try store.fetch(name)
        guard backup.state.fits(bytes) else { throw .object(name, .damaged(.checksumMismatch, at: 0)) }
        let state = try decode(bytes, name)
        guard state.facts.cluster == cluster, state.facts.position == backup.position,
            state.contents.digest == backup.digest
        else { throw .object(name, .damaged(.misplaced, at: 0)) }
        return state
    }

    /// What a state's manifest says of itself, where the backup's own can not be read.
    public func facts(of id: BackupID, in store: any ObjectStore) throws(ArchiveError) -> SnapshotFacts {
        let name = id.state(of: cluster)
        return try decode(try store.fetch(name), name).facts
    }

    private func decode(_ bytes: [UInt8], _ name: String) throws(ArchiveError) -> SnapshotManifest {
        do throws(SnapshotFault) { return try SnapshotManifest.decode(bytes.rawBytes) } catch {
            switch error {
            case .damaged(_, let offset): throw .object(name, .damaged(.misplaced, at: offset))
            case .newerVersion(let found, let supported):
                throw .object(name, .newerVersion(found: found, supported: supported))
            case .keyUnavailable(let key): throw .object(name, .keyUnavailable(key))
            }
        }
    }

    /// What the next backup is made of: the newest that can be read. Nil when there is none.
    func newestState(
        in store: any ObjectStore
    ) throws(ArchiveError) -> (backup: BackupManifest, state: SnapshotManifest)? {
        for id in ids {
            do throws(ArchiveError) {
                let backup = try manifest(of: id, in: store)
                return (backup, try state(of: backup, in: store))
            } catch {
                guard error.isDamage else { throw error }
            }
        }
        return nil
    }
}

extension BackupPart {
    /// Whether these are the object's bytes.
    func fits(_ bytes: [UInt8]) -> Bool { bytes.count == size && SHA256.hash(bytes) == hash }
}
