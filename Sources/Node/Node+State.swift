// What a node goes on from: its newest snapshot, loaded, and the log behind it.

import LogFormat
import LogStore
import Platform
import Replica
import ReplicaLog
import ReplicaSnapshots
import SnapshotFormat
import SnapshotStore
import Telemetry
import Vocabulary

extension Node {
    var snapshotStorage: DirectoryStorage { DirectoryStorage(path: settings.snapshots.directory) }

    /// Looks what snapshots there are. Leftovers of those that were not finished go, but for what a fetch may use.
    func openSnapshots() throws(NodeError) -> SnapshotCatalogue<DirectoryStorage> {
        do throws(SystemError) {
            try FileSystem.makeDirectory(settings.snapshots.directory, intermediate: true)
            try FileSystem.syncDirectory(FileSystem.parent(of: settings.snapshots.directory))
        } catch { throw .system(error) }
        do throws(SnapshotError) {
            return try SnapshotCatalogue.open(snapshotStorage, cluster: settings.cluster)
        } catch { throw .snapshots(error) }
    }

    /// Loads the newest snapshot that will do, and makes the log begin behind it if it has to. `engine` and `recovered`
    /// are those of the log that was opened just now.
    func findState(
        _ catalogue: inout SnapshotCatalogue<DirectoryStorage>, _ engine: inout LogEngine<DirectoryStorage>,
        _ recovered: inout RecoveredLog
    ) throws(NodeError) -> ReplicaStart.Origin {
        let began = MonotonicClock.now()
        let found: StateFound
        do throws(StateSearchError) {
            found = try StateFound(
                &catalogue, &engine, &recovered, keeping: settings.snapshots.keep, now: WallClock.now()
            ) { manifest throws(StateError) in
                try load(manifest)
            } skipped: {
                tell($0)
            }
        } catch { throw NodeError(error) }
        tell(found, took: MonotonicClock.now() - began)
        return found.origin
    }

    private func tell(_ skipped: SkippedSnapshot) {
        logger.error(
            "snapshot put aside",
            metadata: [
                "snapshot": "\(skipped.manifest)", "reason": "\(skipped.why)",
                "report": "\(snapshotStorage.path)/\(skipped.report)",
                "remedy": """
                an older snapshot and the log take its place, or one from another node; look for what damaged it, then \
                remove what is in quarantine
                """,
            ])
    }

    private func tell(_ found: StateFound, took: Duration) {
        switch found.origin {
        case .nothing: break
        case .missing(_, let why):
            logger.error(
                "this node has no state of its own: it neither votes nor serves before it has a snapshot of the leader",
                metadata: ["reason": "\(why)"])
        case .state(let state, _):
            logger.info(
                "state loaded",
                metadata: [
                    "snapshot.index": "\(state.index)", "records": "\(state.keyspace.count)",
                    "seconds": "\(took.inSeconds)", "digest": "\(state.keyspace.digest)",
                    "log.restarted": "\(found.restarted)",
                ])
        }
    }

    /// What came before the loop's first turn.
    func finishedPhases(
        scanned: Instant, _ origin: ReplicaStart.Origin, at now: Instant
    ) -> [StartProgress.FinishedPhase] {
        let recovering = StartProgress.FinishedPhase(phase: .recovering, duration: scanned - startedAt)
        guard case .state = origin else { return [recovering] }
        return [recovering, StartProgress.FinishedPhase(phase: .loading, duration: now - scanned)]
    }

    private func load(_ manifest: SnapshotManifest) throws(StateError) -> ReplicatedState {
        let began = MonotonicClock.now()
        board.update { $0.progress.phase = .loading }
        return try StateLoading.run(manifest, on: snapshotStorage) { [board] progress in
            board.update {
                $0.progress.elapsed = MonotonicClock.now() - began
                $0.progress.recordsLoaded = UInt64(progress.records)
                $0.progress.recordsTotal = UInt64(progress.total)
            }
        }
    }
}
