// What a node that does not run has on its disk, loaded as its next start would load it; nothing is changed.

import Consensus
import Keyspace
import LogFormat
public import LogStore
import Platform
import Replica
import ReplicaSnapshots
public import Settings
import SnapshotFormat
import SnapshotStore
public import Vocabulary

/// A state with the place in the log that it is of.
public struct StatePoint: Hashable, Sendable {
    public let position: LogPosition
    public let digest: Digest
}

/// Loads snapshot and log. No port is opened, no member is asked, and no file is written, cut or removed.
public struct StoppedState {
    /// The log up to what it knows to be committed, and all of it: the rest a start would keep for its leader to judge.
    public private(set) var committed = StatePoint(position: .zero, digest: .empty)
    public private(set) var end = StatePoint(position: .zero, digest: .empty)
    /// The snapshot that was loaded, if one was.
    public private(set) var snapshot: LogIndex?
    /// Entries that were applied behind it.
    public private(set) var entries = 0
    /// What of the log cannot be used.
    public let verdict: RecoveredLog.Verdict
    var keyspace: Keyspace
    public var records: Int { keyspace.count }
    private let directory: DataDirectoryView

    /// - Parameter skipped: hears of snapshots that cannot be used, and why.
    public init(_ settings: NodeSettings, skipped: (LogIndex, String) -> Void = { _, _ in }) throws(NodeError) {
        do throws(DataDirectoryError) {
            directory = try DataDirectoryView(settings.dataDirectory, cluster: settings.cluster, node: settings.node)
        } catch { throw .dataDirectory(error) }
        let log: LogView<DirectoryStorage>
        do throws(LogError) {
            log = try LogView(of: DirectoryStorage(path: settings.logDirectory), identity: directory.identity)
        } catch { throw .log(error) }
        verdict = log.found.verdict
        var reader = log.reader()
        let base = try StoppedState.base(settings, log.found, &reader, skipped)
        snapshot = base.map(\.index)
        keyspace = base?.keyspace ?? Keyspace(of: settings.cluster)
        // What is replayed is followed by indexes that stand already, as while a node serves.
        keyspace.buildAllIndexes()
        let covered = base?.end.position ?? .zero
        try replay(log.found, behind: covered, &reader)
    }

    private mutating func replay(
        _ log: RecoveredLog, behind covered: LogPosition, _ reader: inout LogReader<DirectoryStorage>
    ) throws(NodeError) {
        var replay = LogReplay(of: keyspace)
        keyspace = Keyspace(of: directory.identity.cluster)
        do throws(LogError) {
            let known = max(log.commitIndex, covered.index)
            try replay.run(from: covered.index.next, through: known, reader: &reader)
            committed = StatePoint(
                position: try StoppedState.position(of: known, covered, &reader), digest: replay.keyspace.digest)
            try replay.run(from: known.next, through: log.last.index, reader: &reader)
            end = StatePoint(position: max(log.last, covered), digest: replay.keyspace.digest)
        } catch { throw .log(error) }
        entries = replay.entries
        keyspace = replay.finish()
    }

    private static func position(
        of index: LogIndex, _ covered: LogPosition, _ reader: inout LogReader<DirectoryStorage>
    ) throws(LogError) -> LogPosition {
        guard index > covered.index else { return covered }
        let frames = try reader.readFrames(from: index, byteLimit: .zero)
        return LogPosition(term: frames.first?.header.term ?? .zero, index: index)
    }

    /// The state that the log goes on from; nil when it begins with the first entry.
    private static func base(
        _ settings: NodeSettings, _ log: RecoveredLog, _ reader: inout LogReader<DirectoryStorage>,
        _ skipped: (LogIndex, String) -> Void
    ) throws(NodeError) -> ReplicatedState? {
        let disk = DirectoryStorage(path: settings.snapshots.directory)
        var snapshots: [SnapshotManifest] = []
        if FileSystem.isDirectory(disk.path) {
            do throws(SnapshotError) {
                snapshots = try SnapshotCatalogue.open(disk, cluster: settings.cluster).snapshots
            } catch { throw .snapshots(error) }
        }
        let finding: StateFinding
        do throws(StateSearchError) {
            finding = try StateSearch.run(snapshots, log, reader: &reader) { manifest throws(StateError) in
                try StateLoading.run(manifest, on: disk) { _ in }
            } skipped: {
                skipped($0.index, $1?.description ?? StateSearch.contradiction)
            }
        } catch { throw NodeError(error) }
        switch finding {
        case .nothing: return nil
        case .state(let state, _): return state
        case .missing(_, let why): throw .noState(why: why)
        }
    }
}

extension NodeError {
    init(_ error: StateSearchError) {
        self =
            switch error {
            case .log(let error): .log(error)
            case .snapshots(let error): .snapshots(error)
            case .state(.snapshot(let error)): .snapshots(error)
            case .state(let error): .state(error)
            }
    }
}
