// Making chunk records: the choice whether to compress, and where the record will be found.

import ByteCoding
import LogFormat
public import Vocabulary

/// Seals plain bytes as chunk records of one cluster. Its buffer grows to the largest chunk and stays.
public struct ChunkSealer: Sendable {
    /// Chunks below this stay plain, and so do those that do not shrink by an eighth. When many in a row do not, some
    /// of the next are not tried (`PayloadCompression`).
    static let compressionThreshold = 128

    private let seed: UInt32
    private var compression = PayloadCompression(threshold: ChunkSealer.compressionThreshold)

    /// - Parameter compresses: false leaves all chunks plain, for packs that are compressed as a whole.
    public init(cluster: ClusterID, compresses: Bool = true) {
        seed = ChunkRecord.seed(of: cluster)
        if !compresses { compression = PayloadCompression(threshold: .max) }
    }

    /// Appends the chunk's record to `bytes`. Traps on what is no place and on more than `ChunkRecord.plainLengthMax`.
    public mutating func seal(
        _ plain: RawSpan, name: ChunkName, place: ChunkPlace, records: UInt32, into bytes: inout [UInt8]
    ) -> ChunkRecord {
        precondition((0..<SlotGroup.slotCount).contains(place.slot), "there is no \(place)")
        precondition((0...ChunkRecord.partMax).contains(place.part), "there is no \(place)")
        precondition(plain.byteCount <= ChunkRecord.plainLengthMax, "a chunk of \(plain.byteCount) bytes")
        let compressed = compression.compress(plain)
        let record = ChunkRecord(
            place: place, codec: compressed == nil ? .plain : .lz4, storedLength: compressed ?? plain.byteCount,
            plainLength: plain.byteCount, records: records, name: name)
        if let compressed {
            let stored = compression.output.rawBytes.extracting(0..<compressed)
            record.encode(stored: stored, seed: seed, into: &bytes)
        } else {
            record.encode(stored: plain, seed: seed, into: &bytes)
        }
        return record
    }
}
