// A log under test, and the list of what it was told: the naive twin of its contents.

import ByteCoding
import LogFormat
import Simulation
import Vocabulary

@testable import LogStore

/// Frames in a chain, as a leader would make them, with the cuts of later leaders.
struct FrameHistory {
    var builder = FrameBuilder(cluster: LogWorld.cluster)
    var frames: [Frame] = []
    /// The position behind which the log was begun anew, and its checksum.
    var start = LogPosition.zero
    var startChecksum: UInt32 = 0

    var last: LogIndex { frames.last?.header.lastIndex ?? start.index }

    mutating func append(_ entries: Int = 1, size: Int = 10, term: UInt64 = 1) -> Frame {
        builder.begin()
        for entry in 0..<entries {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ entry &+ frames.count) }
            builder.appendEntry(bytes.rawBytes)
        }
        let frame = builder.seal(
            kind: .entries, term: Term(term), firstIndex: last.next, timestamp: Timestamp(microseconds: 1000),
            previousTerm: frames.last?.header.term ?? start.term,
            previousChecksum: frames.last?.header.checksum ?? startChecksum)
        frames.append(frame)
        return frame
    }

    mutating func restart(_ term: UInt64, _ index: UInt64, checksum: UInt32) -> LogOrder.Action {
        frames = []
        start = LogPosition(term: Term(term), index: LogIndex(index))
        startChecksum = checksum
        return .restart(at: start, checksum: checksum)
    }

    mutating func cut(from index: LogIndex) { frames.removeAll { $0.header.firstIndex >= index } }
}

enum LogWorld {
    static func word(_ bytes: [UInt8], at place: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }

    static let cluster = ClusterID(high: 1, low: 2)
    static let identity = LogIdentity(
        cluster: cluster, node: NodeID("n1")!, storage: StorageID(high: 3, low: 4))
    static let small = LogOptions(
        segmentSize: .kibibytes(4), firstSegmentSize: .kibibytes(4), indexInterval: ByteCount(512),
        preparesInline: true)

    static func open(
        _ disk: SimulatedDisk, isNew: Bool = false, options: LogOptions = small,
        now: Timestamp = Timestamp(microseconds: 5)
    ) throws(LogError) -> (LogEngine<SimulatedDisk>, RecoveredLog) {
        try LogEngine.open(
            disk, identity: identity, isNew: isNew, options: options, now: now)
    }

    /// Writes and syncs until everything is on stable storage.
    static func persist(
        _ actions: [LogOrder.Action], in engine: inout LogEngine<SimulatedDisk>
    ) throws(LogError) {
        let orders = actions.enumerated().map { LogOrder(ticket: WriteTicket(UInt64($0.offset + 1)), $0.element) }
        var written = 0
        while written < orders.count {
            written += try engine.write(orders, from: written)
            try engine.sync()
        }
    }

    static func frames(
        in engine: LogEngine<SimulatedDisk>, from wanted: LogIndex? = nil
    ) throws(LogError) -> [Frame] {
        var reader = engine.reader()
        let first = wanted ?? reader.bounds.first
        var frames: [Frame] = []
        while (frames.last?.header.lastIndex ?? first.previous) < engine.last.index {
            let next = frames.last?.header.lastIndex.next ?? first
            frames += try reader.readFrames(from: next, byteLimit: ByteCount(700))
        }
        return frames
    }
}
