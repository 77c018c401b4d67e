// The log's tunables.

public import Vocabulary

public struct LogOptions: Hashable, Sendable {
    public static let sizeMin = ByteCount.kibibytes(1)

    /// The size of a segment; a frame that needs more gets a larger one. At least `sizeMin`.
    public var segmentSize: ByteCount
    /// The size of the first one, so that a new node starts at once.
    public var firstSegmentSize: ByteCount
    /// Space on the file system that no segment is made from: left for repair, and for whoever frees space.
    public var reserve: ByteCount
    /// One place in memory for every so many bytes of log, from which a frame is searched.
    public var indexInterval: ByteCount
    /// True: the engine prepares a segment itself when it needs one. False: someone else does (`LogThread`).
    public var preparesInline: Bool

    public init(
        segmentSize: ByteCount = .mebibytes(64), firstSegmentSize: ByteCount = .mebibytes(8),
        reserve: ByteCount = .zero, indexInterval: ByteCount = .kibibytes(64), preparesInline: Bool = false
    ) {
        precondition(segmentSize >= LogOptions.sizeMin, "a segment of \(segmentSize)")
        precondition(firstSegmentSize >= LogOptions.sizeMin, "a first segment of \(firstSegmentSize)")
        precondition(indexInterval > .zero, "an index interval of \(indexInterval)")
        self.segmentSize = segmentSize
        self.firstSegmentSize = firstSegmentSize
        self.reserve = reserve
        self.indexInterval = indexInterval
        self.preparesInline = preparesInline
    }
}
