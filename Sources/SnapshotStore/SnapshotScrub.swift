// Passes over the snapshots of a directory, a step at a time, so that damage is found while something better is there.

public import LogStore
public import SnapshotFormat
public import Vocabulary

/// Reads one snapshot after the other again, the newest first. Synchronous, without a clock: each step reads little, so
/// that its caller decides how fast it goes. For one thread; snapshots may come and go meanwhile.
public struct SnapshotScrub<Disk: Storage> {
    public enum Progress: Hashable, Sendable {
        /// So many bytes were read and are good.
        case read(ByteCount)
        /// This snapshot cannot be loaded as a whole; the pass goes on with the next one.
        case damage(LogIndex, [SnapshotDamage])
        /// Every snapshot that was there when the pass came to it was read. The next step begins another pass.
        case ended
    }

    private let disk: Disk
    /// Those below are still to be read in this pass; nil in its beginning.
    private var done: LogIndex?
    private var verification: SnapshotVerification<Disk>?

    public init(disk: Disk) { self.disk = disk }

    /// Begins a new pass with the next step.
    public mutating func restart() {
        done = nil
        verification = nil
    }

    /// Goes on by about `budget` bytes.
    ///
    /// - Parameter snapshots: those that are there now, newest first. What is damaged in one that has gone is nobody's.
    /// - Throws: what the disk refuses to read; the next step goes on behind that snapshot.
    public mutating func step(
        _ budget: ByteCount, of snapshots: [SnapshotManifest]
    ) throws(SnapshotError) -> Progress {
        if let current = verification, !snapshots.contains(where: { $0.index == current.manifest.index }) {
            leave(current.manifest.index)
        }
        guard var current = verification ?? next(of: snapshots) else {
            restart()
            return .ended
        }
        let before = current.bytesRead
        do throws(SnapshotError) { try current.step(budget) } catch {
            leave(current.manifest.index)
            guard case .damaged(let damage) = error else { throw error }
            return .damage(current.manifest.index, [damage])
        }
        if !current.damages.isEmpty {
            leave(current.manifest.index)
            return .damage(current.manifest.index, current.damages)
        }
        verification = current
        if current.isOver { leave(current.manifest.index) }
        return .read(ByteCount(current.bytesRead.rawValue - before.rawValue))
    }

    private func next(of snapshots: [SnapshotManifest]) -> SnapshotVerification<Disk>? {
        let next = snapshots.first { manifest in done.map { manifest.index < $0 } ?? true }
        return next.map { SnapshotVerification(disk: disk, manifest: $0) }
    }

    private mutating func leave(_ index: LogIndex) {
        done = index
        verification = nil
    }
}
