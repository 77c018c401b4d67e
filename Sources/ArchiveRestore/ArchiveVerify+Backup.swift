// Verifying one backup down to its chunks, without restoring it.

public import ArchiveFormat
import ArchiveStore
import SnapshotFormat
import SnapshotStore
import Vocabulary

extension ArchiveVerify {
    /// Manifests, every part, and then every table and every chunk by its name, as a restore would read them.
    public mutating func run(_ id: BackupID) throws(RestoreError) -> ArchiveVerdict {
        guard view.backups.ids.contains(id) else { throw .noBackup(id) }
        verdict.backups = 1
        guard let backup = try readManifest(id), let state = try readState(backup) else { return verdict }
        guard try verifyParts(of: [backup]).isEmpty, try verifyChunks(backup, state) else { return verdict }
        verdict.goodBackups = 1
        return verdict
    }

    private mutating func verifyChunks(
        _ backup: BackupManifest, _ state: SnapshotManifest
    ) throws(RestoreError) -> Bool {
        if isQuick { return true }
        let owner = ArchiveOwner(cluster: view.cluster, timeline: backup.timeline)
        let disk = PackDisk(
            view.store, author: PackDisk.Author(owner: owner, term: backup.position.term), packs: backup.packs)
        do throws(SnapshotError) {
            let damages = try SnapshotVerification.run(disk, state)
            for damage in damages {
                note(.damaged, object(of: damage, in: backup), "\(damage): needed by backup \(backup.id)")
            }
            return damages.isEmpty
        } catch {
            guard let failure = disk.failure else { throw .archive(.snapshot(error)) }
            guard case .object(let name, _) = failure else { throw .archive(failure) }
            try note(failure, of: name, "needed by backup \(backup.id)")
            return false
        }
    }

    /// The object that holds what a reader of snapshots has found in a file.
    private func object(of damage: SnapshotDamage, in backup: BackupManifest) -> String {
        let pack = backup.packs.first { SnapshotName.pack(PackNumber($0.number)) == damage.file }
        guard let pack, let part = pack.parts.last(where: { $0.offset <= damage.offset }) else {
            return backup.id.state(of: view.cluster)
        }
        return pack.name(of: part).description
    }
}
