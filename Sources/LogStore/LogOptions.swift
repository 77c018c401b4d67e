// The log's tunables.

import LogFormat
public import Vocabulary

public struct LogOptions: Hashable, Sendable {
    public static let sizeMin = ByteCount.kibibytes(1)

    /// The size of a segment; a frame that needs more gets a larger one. At least `sizeMin`.
    public var segmentSize: ByteCount
    /// The size of the first one, so that a new node starts at once.
    public var firstSegmentSize: ByteCount
    /// The room that is kept ready in spare segments, of which there is one at least.
    public var spareRoom: ByteCount
    /// Space on the file system that no segment is made from: left for repair, and for whoever frees space.
    public var reserve: ByteCount
    /// One place in memory for every so many bytes of log, from which a frame is searched.
    public var indexInterval: ByteCount
    /// True: the engine prepares a segment itself when it needs one. False: someone else does (`LogThread`).
    public var preparesInline: Bool

    public init(
        segmentSize: ByteCount = .mebibytes(64), firstSegmentSize: ByteCount = .mebibytes(8),
        spareRoom: ByteCount = .zero, reserve: ByteCount = .zero, indexInterval: ByteCount = .kibibytes(64),
        preparesInline: Bool = false
    ) {
        precondition(segmentSize >= LogOptions.sizeMin, "a segment of \(segmentSize)")
        precondition(firstSegmentSize >= LogOptions.sizeMin, "a first segment of \(firstSegmentSize)")
        precondition(indexInterval > .zero, "an index interval of \(indexInterval)")
        self.segmentSize = segmentSize
        self.firstSegmentSize = firstSegmentSize
        self.spareRoom = spareRoom
        self.reserve = reserve
        self.indexInterval = indexInterval
        self.preparesInline = preparesInline
    }

    /// What a frame leaves in the last segment: for votes, and for the release that makes room again.
    var lastRoom: Int { max(2 * LogChain.restartLength, min(64 << 10, segmentSize.rawValue / 1024)) }

    /// How many segments are kept ready.
    public var spareSegments: Int {
        max(1, (spareRoom.rawValue + segmentSize.rawValue - 1) / segmentSize.rawValue)
    }
}
