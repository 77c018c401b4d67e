// Reading frames of the log as changes.

import ByteCoding
import Keyspace
public import LogFormat
public import RESP
public import Vocabulary

/// What a consumer asks for.
public struct ChangeQuery: Sendable {
    /// The first index that it has not seen.
    public var from: LogIndex
    /// Changes after which the answer ends with the index that has the last of them.
    public var countMax: Int
    public var pattern: [UInt8]?
    public var version: RESPVersion

    public init(from: LogIndex, countMax: Int, pattern: [UInt8]?, version: RESPVersion) {
        self.from = from
        self.countMax = countMax
        self.pattern = pattern
        self.version = version
    }
}

/// One portion of reading, for whichever thread has the log: all that it needs beside the frames.
public struct ChangeJob: Sendable {
    public let query: ChangeQuery
    /// The last index to look at; at least `query.from`.
    public let through: LogIndex
    /// What is in memory of it; empty when the log has to be read.
    public let frames: [Frame]
    let excerpt: ChangeExcerpt

    /// Bytes of log that one job looks at: what it costs, however little it finds.
    public static let bytesMax = ByteCount.mebibytes(4)
    /// Indexes that one job looks at.
    static let indexesMax: UInt64 = 1 << 18
}

/// What a job came to.
public struct ChangePage: Sendable {
    /// The first index that was not looked at.
    public var next: LogIndex
    public var count: Int
    /// The changes, each an array of the protocol.
    public var bytes: [UInt8]
}

/// Goes over frames in their order and gathers changes, up to the bounds of an answer.
public struct ChangeScan: Sendable {
    /// Bytes of an answer after which it ends: with the index that went over.
    public static let answerBytesMax = 1 << 20

    private let job: ChangeJob
    private var writer: ChangeWriter
    private var next: LogIndex
    private var isFull = false

    public init(_ job: ChangeJob) {
        self.job = job
        writer = ChangeWriter(matching: job.query.pattern, version: job.query.version)
        next = job.query.from
    }

    public var wantsMore: Bool { !isFull && next <= job.through }

    /// Takes the next frame, which holds the next index or begins with it. The frame is one of the log, so it can be
    /// read.
    public mutating func take(_ frame: Frame) throws(FrameError) {
        guard wantsMore, frame.header.lastIndex >= next else { return }
        guard frame.header.kind == .entries else {
            next = frame.header.lastIndex.next
            return
        }
        try frame.withPayload { payload throws(FrameError) in try walk(payload, frame.header) }
    }

    private mutating func walk(_ payload: RawSpan, _ header: FrameHeader) throws(FrameError) {
        var cursor = EntryCursor(header)
        var index = header.firstIndex
        var time = header.timestamp
        while wantsMore, let range = try cursor.next(in: payload) {
            if index >= next {
                if let notes = job.excerpt.notes(of: index) {
                    writer.add(payload.extracting(range), [UInt8](notes).rawBytes, index: index, at: time)
                    isFull =
                        writer.count >= job.query.countMax || writer.reply.bytes.count >= ChangeScan.answerBytesMax
                }
                next = index.next
            }
            index = index.next
            time = time.advanced(by: 1)
        }
    }

    /// Ends the reading: what was found, and how far it went.
    public consuming func end() -> ChangePage {
        ChangePage(next: next, count: writer.count, bytes: writer.reply.bytes)
    }
}
