// The snapshots that a node has, for the threads that need to know.

public import SnapshotFormat
import Synchronization
public import Vocabulary

/// What is on the disk now, and which of it is being fetched by others.
public final class SnapshotShelf: Sendable {
    private struct State {
        var snapshots: [SnapshotManifest] = []
        /// When somebody asked for a piece of it last.
        var asked: [LogIndex: Instant] = [:]
        /// Those that are being read here, which say so when they are done.
        var held: Set<LogIndex> = []
    }

    /// How long after somebody's last question a snapshot is kept for them.
    static let patience = Duration.seconds(30)

    private let state = Mutex(State())

    public init() {}

    /// Newest first.
    public var snapshots: [SnapshotManifest] { state.withLock { $0.snapshots } }

    public func set(_ snapshots: [SnapshotManifest]) { state.withLock { $0.snapshots = snapshots } }

    public func note(_ index: LogIndex, at now: Instant) { state.withLock { $0.asked[index] = now } }

    /// The snapshot of this index stays until it is released: by one holder at a time.
    public func hold(_ index: LogIndex) { state.withLock { _ = $0.held.insert(index) } }
    public func release(_ index: LogIndex) { state.withLock { _ = $0.held.remove(index) } }

    /// Those that somebody is fetching or reading.
    public func inUse(at now: Instant) -> Set<LogIndex> {
        state.withLock { state in
            state.asked = state.asked.filter { now - $0.value < SnapshotShelf.patience }
            return Set(state.asked.keys).union(state.held)
        }
    }
}
