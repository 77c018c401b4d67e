// What a start goes on from: the newest snapshot that can be loaded and that the log follows.

import Consensus
import LogFormat
public import LogStore
public import Replica
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// What a start has found.
public enum StateFinding: Sendable {
    /// No snapshot is needed: the log begins with the first entry.
    case nothing
    /// `restarts`: the log has to begin anew behind it.
    case state(ReplicatedState, restarts: Bool)
    /// Neither log nor snapshots lead from the first entry to now.
    case missing(floor: LogIndex, why: String)
}

public enum StateSearch {
    /// Why a snapshot will not do that is whole.
    public static let contradiction = "the log has committed something else at its index"

    /// Looks through the snapshots, newest first. One that turns out to be damaged is told, and the one before it
    /// looked at, as long as the log reaches back to it.
    ///
    /// - Parameters:
    ///   - load: loads a snapshot.
    ///   - skipped: hears of each snapshot that will not do, and why; nil: the log has committed something else at its
    ///     index.
    /// - Throws: what neither another snapshot nor another node helps against: the log or the disk cannot be read, or a
    ///   newer release has written it.
    public static func run<Disk: Storage>(
        _ snapshots: [SnapshotManifest], _ recovered: RecoveredLog, reader: inout LogReader<Disk>,
        load: (SnapshotManifest) throws(StateError) -> ReplicatedState, skipped: (SnapshotManifest, StateError?) -> Void
    ) throws(StateSearchError) -> StateFinding {
        let log = LogSpan(
            first: recovered.firstIndex, last: FrameEnd(position: recovered.last, checksum: recovered.lastChecksum))
        for manifest in snapshots {
            let fit = try fit(manifest, log, &reader)
            if fit == .gap { break }
            guard fit == .follows || manifest.index > recovered.commitIndex else {
                skipped(manifest, nil)
                continue
            }
            do throws(StateError) {
                return .state(try load(manifest), restarts: fit == .restarts)
            } catch {
                guard error.isDamage else { throw .state(error) }
                skipped(manifest, error)
            }
        }
        guard log.first > LogIndex(1) else { return .nothing }
        let why = "the log begins at index \(log.first), and no snapshot before it can be used"
        return .missing(floor: LogIndex(log.first.rawValue - 2), why: why)
    }

    private static func fit<Disk: Storage>(
        _ manifest: SnapshotManifest, _ log: LogSpan, _ reader: inout LogReader<Disk>
    ) throws(StateSearchError) -> LogFit {
        do throws(LogError) { return try LogFit(of: manifest.end, with: log, reader: &reader) } catch {
            throw .log(error)
        }
    }
}

public enum StateSearchError: Error, Hashable, Sendable {
    case log(LogError)
    case state(StateError)
    /// A snapshot that will not do cannot be taken away.
    case snapshots(SnapshotError)
}
