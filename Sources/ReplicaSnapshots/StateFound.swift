// A start's way to its state: the newest snapshot that will do, with the log made to begin behind it if it has to.

import Consensus
public import LogStore
public import Replica
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// What a replica goes on from, and whether the log had to be begun anew for it.
public struct StateFound: Sendable {
    public let origin: ReplicaStart.Origin
    public let restarted: Bool

    /// Looks for the state with `StateSearch`. Snapshots that will not do are put aside, and damaged manifests are: the
    /// next one must not be made of what cannot be read, nor find its name taken by it. Chunks that can be read are
    /// found again by their names.
    ///
    /// - Parameters:
    ///   - engine: that of the log which was opened just now, with what opening it found; both as they are afterwards.
    ///   - keeping: how many snapshots are kept, for which the log has to reach back.
    ///   - now: names what is put aside.
    ///   - load: loads a snapshot.
    ///   - skipped: hears of each snapshot that will not do, once it is put aside.
    public init<Disk: Storage, LogDisk: Storage>(
        _ catalogue: inout SnapshotCatalogue<Disk>, _ engine: inout LogEngine<LogDisk>,
        _ recovered: inout RecoveredLog, keeping: Int, now: Timestamp,
        load: (SnapshotManifest) throws(StateError) -> ReplicatedState, skipped: (SkippedSnapshot) -> Void
    ) throws(StateSearchError) {
        var unusable = catalogue.findings.map {
            SkippedSnapshot(manifest: $0.manifest, damage: $0.damage, why: "\($0.damage)")
        }
        var reader = engine.reader()
        let finding = try StateSearch.run(catalogue.snapshots, recovered, reader: &reader, load: load) {
            unusable.append(SkippedSnapshot($0, $1))
        }
        for var one in unusable {
            do throws(SnapshotError) {
                one.report = try catalogue.quarantine(one.manifest, [one.damage], now: now).report
            } catch { throw .snapshots(error) }
            skipped(one)
        }
        switch finding {
        case .nothing: (origin, restarted) = (.nothing, false)
        case .missing(let floor, let why): (origin, restarted) = (.missing(floor: floor, why: why), false)
        case .state(let state, let restarts):
            if restarts {
                do throws(LogError) {
                    recovered = try engine.restart(recovered, at: state.end.position, checksum: state.end.checksum)
                } catch { throw .log(error) }
            }
            let stored = StoredSnapshots(newest: state.end, among: catalogue.snapshots, keeping: keeping)
            (origin, restarted) = (.state(state, stored), restarts)
        }
    }
}

/// A snapshot that a start could not use.
public struct SkippedSnapshot: Sendable {
    /// Its file's name.
    public let manifest: String
    public let damage: SnapshotDamage
    public let why: String
    /// The note that tells of it, below the snapshots' directory.
    public fileprivate(set) var report = ""

    fileprivate init(manifest: String, damage: SnapshotDamage, why: String) {
        self.manifest = manifest
        self.damage = damage
        self.why = why
    }

    /// - Parameter error: nil: the log has committed something else at its index.
    fileprivate init(_ snapshot: SnapshotManifest, _ error: StateError?) {
        let name = SnapshotName.manifest(snapshot.index)
        let kind: SnapshotDamageKind = error == nil ? .misplaced : .impossibleField
        let damage = error?.damage ?? SnapshotDamage(kind: kind, file: name, offset: 0, subject: nil)
        self.init(manifest: name, damage: damage, why: error?.description ?? StateSearch.contradiction)
    }
}
