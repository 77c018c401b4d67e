// One record of a log, as `nodectl wal dump` shows it.

import ByteCoding
public import LogFormat

public struct LogRecordFacts: Hashable, Sendable {
    public enum Body: Hashable, Sendable {
        case frame(FrameHeader)
        case state(LogState)
        case truncation(LogTruncation)
        case restart(LogRestart)
        /// A kind or version of a newer release, or a body that is none of its kind.
        case unknown
    }

    public let file: String
    public let offset: Int
    public let record: RecordHeader
    public let body: Body

    init(_ record: RecordHeader, body bytes: RawSpan, file: String, offset: Int) {
        self.file = file
        self.offset = offset
        self.record = record
        body = LogRecordFacts.read(record, bytes)
    }

    private static func read(_ record: RecordHeader, _ bytes: RawSpan) -> Body {
        switch record.kind {
        case .frame: (try? FrameHeader.decode(frame: bytes, limit: LogChain.frameLimit)).map { .frame($0) } ?? .unknown
        case .state: LogState(body: bytes).map { .state($0) } ?? .unknown
        case .truncation: LogTruncation(body: bytes).map { .truncation($0) } ?? .unknown
        case .restart: LogRestart(body: bytes).map { .restart($0) } ?? .unknown
        case nil: .unknown
        }
    }
}
