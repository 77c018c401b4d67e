// Answers of a node whose snapshot others fetch: ranges of its files as they are.

import ByteCoding
public import LogStore
public import PeerProtocol
public import SnapshotFormat
public import SnapshotStore
public import Vocabulary

/// Gives out what manifests name, and nothing else. For one thread. The receiver checks what it gets, so that nothing
/// is computed here for a byte that is sent. But a snapshot that cannot be read, or that is begun again and again, as
/// by a receiver that refuses what it gets, is doubted: it would be offered for ever, and nobody could use it.
public struct SnapshotServer<Disk: Storage> {
    private let disk: Disk
    /// The snapshot that was asked for last, which is the one that will be asked for next.
    private var reader: SnapshotReader<Disk>?
    private var manifest: [UInt8] = []
    /// How often it was begun since it was last found to be whole, and how often that is no reason for doubt.
    private var begun = 0
    private var trust = SnapshotServer.trustFirst
    private var isDoubted = false

    /// A receiver begins anew when its connection was lost, too.
    private static var trustFirst: Int { 4 }

    public init(on disk: Disk) { self.disk = disk }

    /// - Parameter snapshots: those that there are. They stay as long as somebody may fetch them.
    public mutating func answer(_ read: SnapshotRead, _ snapshots: [SnapshotManifest]) -> SnapshotPiece {
        guard let wanted = snapshots.first(where: { $0.index == read.snapshot }) else {
            reader = nil
            return SnapshotPiece(read: read, bytes: nil)
        }
        if reader?.manifest != wanted {
            reader = SnapshotReader(disk: disk, manifest: wanted)
            manifest = wanted.encoded
            begun = 0
            trust = SnapshotServer.trustFirst
            isDoubted = false
        }
        switch read.file {
        case .manifest:
            if read.offset == 0 { begun += 1 }
            if begun > trust { isDoubted = true }
            let start = Int(min(read.offset, UInt64(manifest.count)))
            let end = min(manifest.count, start + Int(read.count))
            return SnapshotPiece(read: read, bytes: Array(manifest[start..<end]))
        case .pack(let number):
            var bytes: [UInt8] = []
            do throws(SnapshotError) {
                try reader?.readRaw(
                    PackNumber(number.rawValue), offset: Int(read.offset), count: Int(read.count), into: &bytes)
            } catch {
                isDoubted = true
                return SnapshotPiece(read: read, bytes: nil)
            }
            return SnapshotPiece(read: read, bytes: bytes)
        }
    }

    /// Reads all of a snapshot that is doubted. What is wrong with it; nil when nothing is in doubt, or it is whole, or
    /// the disk refuses to say, which it may not the next time.
    public mutating func findDamage() -> (index: LogIndex, damages: [SnapshotDamage])? {
        guard isDoubted, let doubted = reader?.manifest else { return nil }
        isDoubted = false
        begun = 0
        do throws(SnapshotError) {
            let damages = try SnapshotVerification.run(disk, doubted)
            guard !damages.isEmpty else {
                trust *= 2
                return nil
            }
            reader = nil
            return (doubted.index, damages)
        } catch {
            guard case .damaged(let damage) = error else { return nil }
            reader = nil
            return (doubted.index, [damage])
        }
    }
}
