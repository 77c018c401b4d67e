// Answers of a node whose snapshot others fetch: ranges of its files as they are.

import ByteCoding
public import LogStore
public import PeerProtocol
public import SnapshotFormat
import SnapshotStore
import Vocabulary

/// Gives out what manifests name, and nothing else. For one thread. The receiver checks what it gets, so that nothing
/// is computed here for a byte that is sent.
public struct SnapshotServer<Disk: Storage> {
    private let disk: Disk
    /// The snapshot that was asked for last, which is the one that will be asked for next.
    private var reader: SnapshotReader<Disk>?
    private var manifest: [UInt8] = []

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
        }
        switch read.file {
        case .manifest:
            let start = Int(min(read.offset, UInt64(manifest.count)))
            let end = min(manifest.count, start + Int(read.count))
            return SnapshotPiece(read: read, bytes: Array(manifest[start..<end]))
        case .pack(let number):
            var bytes: [UInt8] = []
            do throws(SnapshotError) {
                try reader?.readRaw(
                    PackNumber(number.rawValue), offset: Int(read.offset), count: Int(read.count), into: &bytes)
            } catch {
                reader = nil
                return SnapshotPiece(read: read, bytes: nil)
            }
            return SnapshotPiece(read: read, bytes: bytes)
        }
    }
}
