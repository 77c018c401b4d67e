// A backup's state in memory, through files that are gone at once.

import ArchiveFormat
import ArchiveStore
import LogStore
import ObjectStores
import Platform
import Replica
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Vocabulary

struct PastBase: Sendable {
    let backup: BackupManifest
    let state: SnapshotManifest

    /// How many objects are fetched side by side.
    private static let workers = ThisProcess.processors

    /// What a plan begins with; nil for nothing.
    init?(_ plan: RestorePlan) {
        guard let backup = plan.backup, let state = plan.state else { return nil }
        self.backup = backup
        self.state = state
    }

    init(_ id: BackupID, in view: ArchiveView) throws(ArchiveError) {
        backup = try view.backups.manifest(of: id, in: view.store)
        state = try view.backups.state(of: backup, in: view.store)
    }

    /// Compares the state's digest and its count with the manifests'.
    func load(
        from store: any ObjectStore, _ report: (RestoreProgress) -> Void
    ) throws(RestoreError) -> ReplicatedState {
        let directory = try onSystem { () throws(SystemError) in
            try FileSystem.makeTemporaryDirectory(prefix: "trireme-past")
        }
        defer { try? FileSystem.removeTree(directory) }
        let free = try onSystem { () throws(SystemError) in try FileSystem.freeSpace(directory).free }
        guard free >= backup.expandedBytes else {
            throw .noSpace(path: directory, needed: ByteCount(backup.expandedBytes), free: ByteCount(free))
        }
        try fetch(from: store, to: directory, report)
        let loaded: ReplicatedState
        do throws(StateError) {
            loaded = try StateLoading.run(state, on: DirectoryStorage(path: directory), workers: PastBase.workers) {
                report(RestoreProgress(phase: .load, done: $0.records, total: $0.total))
            }
        } catch { throw .state(error) }
        guard loaded.keyspace.count == backup.records else {
            throw .otherCount(expected: backup.records, found: loaded.keyspace.count)
        }
        return loaded
    }

    private func fetch(
        from store: any ObjectStore, to directory: String, _ report: (RestoreProgress) -> Void
    ) throws(RestoreError) {
        var orders: [PartOrder] = []
        for pack in backup.packs {
            let path = directory + "/" + SnapshotName.pack(PackNumber(pack.number))
            orders += pack.parts.map { PartOrder(name: pack.name(of: $0), part: $0, path: path) }
        }
        var fetched = 0
        try PartFetch.run(orders, from: store, workers: PastBase.workers) { size in
            fetched += size
            report(RestoreProgress(phase: .download, done: fetched, total: backup.storedBytes))
        }
    }
}
