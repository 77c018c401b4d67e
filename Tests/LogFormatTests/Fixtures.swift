// What the tests of this target share: ids, a seeded generator, and frames in a chain.

import ByteCoding
import LogFormat
import Vocabulary

/// Sebastiano Vigna's SplitMix64: the same numbers for the same seed, everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

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
