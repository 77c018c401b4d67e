// Records with true checksums and false contents: what no damage makes and a decoder must bear all the same.

import ByteCoding
import LogFormat
import Vocabulary

enum ForgedRecord {
    static let identity: LogIdentity = {
        guard let node = NodeID("n1") else { preconditionFailure("n1 is a node's name") }
        return LogIdentity(cluster: ClusterID(high: 1, low: 2), node: node, storage: StorageID(high: 3, low: 4))
    }()

    /// A record made of the source's bytes. Its length and checksum are right, and so is each field of the chain that
    /// its first byte does not ask to be left as it came.
    static func next(from source: inout ByteSource, behind chain: LogChain) -> [UInt8] {
        let faults = source.byte()
        var record = source.run(RecordHeader.byteCount)
        record += [UInt8](repeating: 0, count: RecordHeader.byteCount - record.count)
        var body = source.run()
        record[52] = record[52] % 4
        record[53] = RecordHeader.version
        if record[52] == RecordKind.frame.rawValue, faults & 1 == 0 { chainFrame(&body, to: chain) }
        let length = body.count
        record += body
        record += [UInt8](repeating: 0, count: RecordHeader.recordLength(body: length) - record.count)
        record.store(littleEndian: UInt32(length), at: 4)
        record.store(littleEndian: RecordHeader.magic, at: 48)
        if faults & 2 == 0 { record.store(littleEndian: chain.next.rawValue, at: 8) }
        if faults & 4 == 0 { record.store(littleEndian: chain.batch.rawValue, at: 16) }
        if faults & 8 == 0 { record.store(littleEndian: chain.link.recordChecksum, at: 40) }
        if faults & 16 == 0 {
            let isState = record[52] == RecordKind.state.rawValue
            let number = isState ? chain.link.stateNumber.next : chain.link.stateNumber
            record.store(littleEndian: number.rawValue, at: 44)
        }
        if faults & 32 == 0 { record.store(littleEndian: chain.link.highestIndex.rawValue, at: 32) }
        let checksum = CRC32C.checksum(record.rawBytes.extracting(4..<record.count), seed: chain.seed)
        record.store(littleEndian: checksum, at: 0)
        return record
    }

    /// Makes a frame of the body that follows the log's end, of any count and term.
    private static func chainFrame(_ body: inout [UInt8], to chain: LogChain) {
        body += [UInt8](repeating: 0, count: max(0, FrameHeader.byteCount - body.count))
        body.store(littleEndian: FrameHeader.magic, at: 0)
        body.store(littleEndian: FrameHeader.version, at: 8)
        body[10] = FrameKind.entries.rawValue
        body[11] = FrameCodec.plain.rawValue
        body.store(littleEndian: UInt32(0), at: 12)
        body.store(littleEndian: chain.identity.cluster.low, at: 16)
        body.store(littleEndian: chain.last.index.rawValue &+ 1, at: 32)
        body.store(littleEndian: chain.last.term.rawValue, at: 40)
        body.store(littleEndian: chain.link.lastChecksum, at: 56)
        let payload = UInt32(body.count - FrameHeader.byteCount)
        body.store(littleEndian: payload, at: 64)
        body.store(littleEndian: payload, at: 68)
        body.store(littleEndian: UInt64(0), at: 72)
        body.store(littleEndian: CRC32C.checksum(body.rawBytes.extracting(8..<body.count)), at: 4)
    }
}
