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
            let catalogue = try SnapshotCatalogue.open(snapshotStorage, cluster: settings.cluster)
            for finding in catalogue.findings {
                logger.error(
                    "snapshot cannot be used",
                    metadata: [
                        "snapshot": "\(finding.manifest)", "reason": "\(finding)", "remedy": "\(finding.remedy.text)",
                    ])
            }
            return catalogue
        } catch { throw .snapshots(error) }
    }

    /// Loads the newest snapshot that will do, and makes the log begin behind it if it has to. `engine` and `recovered`
    /// are those of the log that was opened just now.
    func findState(
        _ catalogue: inout SnapshotCatalogue<DirectoryStorage>, _ engine: inout LogEngine<DirectoryStorage>,
        _ recovered: inout RecoveredLog
    ) throws(NodeError) -> ReplicaStart.Origin {
        let began = MonotonicClock.now()
        let finding: StateFinding
        var unusable: [LogIndex] = []
        var reader = engine.reader()
        do throws(StateSearchError) {
            finding = try StateSearch.run(catalogue.snapshots, recovered, reader: &reader) {
                manifest throws(StateError) in
                try load(manifest)
            } skipped: { manifest, why in
                unusable.append(manifest.index)
                logger.error(
                    "snapshot skipped",
                    metadata: [
                        "snapshot.index": "\(manifest.index)", "reason": "\(why)",
                        "remedy": "an older snapshot and the log take its place, or one from another node",
                    ])
            }
        } catch {
            switch error {
            case .log(let error): throw .log(error)
            case .state(.snapshot(let error)): throw .snapshots(error)
            case .state(let error): throw .state(error)
            }
        }
        // The next one must not be made of what cannot be read; chunks that can are found again by their names.
        for index in unusable {
            do throws(SnapshotError) { try catalogue.remove(index) } catch { throw .snapshots(error) }
        }
        switch finding {
        case .nothing: return .nothing
        case .missing(let floor, let why):
            logger.error(
                "this node has no state of its own: it neither votes nor serves before it has a snapshot of the leader",
                metadata: ["reason": "\(why)"])
            return .missing(floor: floor, why: why)
        case .state(let state, let restarts):
            if restarts {
                do throws(LogError) {
                    recovered = try engine.restart(recovered, at: state.end.position, checksum: state.end.checksum)
                } catch { throw .log(error) }
            }
            let took = (MonotonicClock.now() - began).inSeconds
            logger.info(
                "state loaded",
                metadata: [
                    "snapshot.index": "\(state.index)", "records": "\(state.keyspace.count)", "seconds": "\(took)",
                    "digest": "\(state.keyspace.digest)", "log.restarted": "\(restarts)",
                ])
            let oldest = catalogue.snapshots.prefix(settings.snapshots.keep).last?.index ?? state.index
            return .state(state, StoredSnapshots(newest: state.end, oldest: min(oldest, state.index)))
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
