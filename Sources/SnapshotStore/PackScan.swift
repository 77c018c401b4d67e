// What an interrupted reception left: the chunks of a pack without a table.

import ByteCoding
import LogStore
import SnapshotFormat
import Vocabulary

/// What chunks are looked for by: a chunk of one slot is no use in another.
struct ChunkKey: Hashable {
    let slot: Int
    let name: ChunkName
}

/// Reads a pack from its start, record by record, up to the first that is not whole.
enum PackScan<Disk: Storage> {
    private static var step: Int { 1 << 20 }

    /// The whole chunks of a pack; none when its header is not whole or not of this cluster.
    ///
    /// What stands there may be in memory only, although an earlier process wrote it: whoever uses it writes it again.
    static func chunks(
        of pack: PackNumber, cluster: ClusterID, on disk: Disk
    ) throws(SnapshotError) -> [ChunkKey: ChunkReference] {
        var chunks: [ChunkKey: ChunkReference] = [:]
        var reader = PackReader(disk: disk, cluster: cluster)
        let seed = ChunkRecord.seed(of: cluster)
        do throws(SnapshotError) {
            let size = try reader.size(of: pack)
            var offset = PackHeader.byteCount
            while let (length, chunk) = try next(of: pack, at: offset, size: size, seed: seed, &reader) {
                if let chunk {
                    let key = ChunkKey(slot: chunk.place.slot, name: chunk.name)
                    chunks[key] = ChunkReference(chunk, in: pack, at: offset)
                }
                offset += length
            }
        } catch {
            guard case .damaged = error else { throw error }
        }
        return chunks
    }

    /// What begins at `offset`: a chunk, or a table, which is passed over. Nil when it is nothing whole.
    private static func next(
        of pack: PackNumber, at offset: Int, size: Int, seed: UInt32, _ reader: inout PackReader<Disk>
    ) throws(SnapshotError) -> (length: Int, chunk: ChunkRecord?)? {
        guard size - offset >= ChunkRecord.headerLength else { return nil }
        let length: Int? = try reader.withBytes(
            of: pack, at: offset, count: ChunkRecord.headerLength, subject: nil, ahead: { step }
        ) { bytes throws(SnapshotError) in
            (try? ChunkRecord.announcedLength(of: bytes)) ?? (try? GroupTable.announcedLength(of: bytes))
        }
        guard let length, length <= size - offset else { return nil }
        return try reader.withBytes(of: pack, at: offset, count: length, subject: nil, ahead: { step }) {
            bytes throws(SnapshotError) in
            if let chunk = try? ChunkRecord.decode(bytes, seed: seed) { return (length, chunk) }
            return GroupTable.isWhole(bytes, seed: seed) ? (length, nil) : nil
        }
    }
}
