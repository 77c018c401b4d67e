// What the tests of this target share: ids, and frames in a chain.

import ByteCoding
import LogFormat
import Vocabulary

enum Fixture {
    static let cluster = ClusterID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
    static let identity = LogIdentity(
        cluster: cluster, node: NodeID("n1")!, storage: StorageID(high: 0x1111, low: 0x2222))
    static let limit = ByteCount.mebibytes(16)

    static func frame(
        _ entries: [[UInt8]], term: UInt64 = 1, first: UInt64 = 1, previousTerm: UInt64 = 0,
        previousChecksum: UInt32 = 0, threshold: Int = 512
    ) -> Frame {
        var builder = FrameBuilder(cluster: cluster, compressionThreshold: ByteCount(threshold))
        builder.begin()
        for entry in entries { builder.appendEntry(entry.rawBytes) }
        return builder.seal(
            kind: .entries, term: Term(term), firstIndex: LogIndex(first),
            timestamp: Timestamp(microseconds: 1_000_000 + first), previousTerm: Term(previousTerm),
            previousChecksum: previousChecksum)
    }

    static func entries(of frame: Frame) throws -> [[UInt8]] {
        try frame.withPayload { payload throws(FrameError) in
            var cursor = EntryCursor(frame.header)
            var entries: [[UInt8]] = []
            while let range = try cursor.next(in: payload) { entries.append([UInt8](payload.extracting(range))) }
            return entries
        }
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
