// What replicas say to each other, as bytes; docs/formats/peer.md has the tables.

import ByteCoding
public import Consensus
import Vocabulary

extension PeerCoding {
    /// The bodies' tags. The numbers are on the wire and never reused.
    private enum Tag: UInt8 {
        case preVote = 1
        case preVoteReply = 2
        case vote = 3
        case voteReply = 4
        case append = 5
        case heartbeat = 6
        case progress = 7
        case timeoutNow = 8
    }

    // MARK: Encoding

    /// Appends the message. For `append`, `frames` appends the log frames' bytes as they are in the log, in order; what
    /// their summaries say is not sent, since the frames say it themselves. For any other message it appends nothing.
    public static func append(
        _ message: Message, to bytes: inout [UInt8], frames: (inout [UInt8]) -> Void = { _ in }
    ) {
        bytes.appendFrame(.message) {
            $0.append(littleEndian: message.term.rawValue)
            encode(message.body, to: &$0)
            let end = $0.count
            frames(&$0)
            if case .append = message.body { return }
            precondition($0.count == end, "log frames beside a message that is no append")
        }
    }

    private static func encode(_ body: Message.Body, to bytes: inout [UInt8]) {
        switch body {
        case .preVote(let candidacy): encode(.preVote, candidacy, to: &bytes)
        case .vote(let candidacy): encode(.vote, candidacy, to: &bytes)
        case .preVoteReply(let granted): encode(.preVoteReply, granted, to: &bytes)
        case .voteReply(let granted): encode(.voteReply, granted, to: &bytes)
        case .append(let append): encode(append, to: &bytes)
        case .heartbeat(let commitIndex, let round, let mayRepair):
            bytes.append(Tag.heartbeat.rawValue)
            bytes.append(littleEndian: commitIndex.rawValue)
            bytes.append(littleEndian: round.rawValue)
            bytes.append(mayRepair ? 1 : 0)
        case .progress(let report): encode(report, to: &bytes)
        case .timeoutNow: bytes.append(Tag.timeoutNow.rawValue)
        }
    }

    private static func encode(_ tag: Tag, _ candidacy: Message.Candidacy, to bytes: inout [UInt8]) {
        bytes.append(tag.rawValue)
        bytes.append(littleEndian: candidacy.last.term.rawValue)
        bytes.append(littleEndian: candidacy.last.index.rawValue)
        bytes.append(candidacy.isHandover ? 1 : 0)
    }

    private static func encode(_ tag: Tag, _ granted: Bool, to bytes: inout [UInt8]) {
        bytes.append(tag.rawValue)
        bytes.append(granted ? 1 : 0)
    }

    private static func encode(_ append: Message.Append, to bytes: inout [UInt8]) {
        bytes.append(Tag.append.rawValue)
        bytes.append(littleEndian: append.previous.term.rawValue)
        bytes.append(littleEndian: append.previous.index.rawValue)
        bytes.append(littleEndian: append.previousChecksum)
        bytes.append(littleEndian: append.commitIndex.rawValue)
        bytes.append(littleEndian: append.round.rawValue)
    }

    private static func encode(_ report: Message.ProgressReport, to bytes: inout [UInt8]) {
        bytes.append(Tag.progress.rawValue)
        bytes.append(littleEndian: report.round.rawValue)
        bytes.append(littleEndian: report.matchIndex.rawValue)
        bytes.append(littleEndian: report.appliedIndex.rawValue)
        bytes.append(report.counts ? 1 : 0)
        bytes.append(report.hasSpace ? 1 : 0)
        bytes.append(report.wantsRepair ? 1 : 0)
        bytes.append(report.resendFrom == nil ? 0 : 1)
        if let resendFrom = report.resendFrom { bytes.append(littleEndian: resendFrom.rawValue) }
    }

    // MARK: Decoding

    /// The message, and where its log frames lie in the body: empty unless it is an `append`. The message's own list of
    /// frames is empty: whoever knows the log's format fills it after checking the bytes.
    public static func message(
        in body: RawSpan
    ) throws(PeerProtocolError) -> (message: Message, frames: Range<Int>) {
        var reader = ByteReader(body)
        let (term, tag) = try field(.message) { () throws(ByteError) in
            let term = Term(try reader.integer(UInt64.self, from: body))
            let offset = reader.offset
            guard let tag = Tag(rawValue: try reader.integer(from: body)) else {
                throw .invalidValue(at: offset)
            }
            return (term, tag)
        }
        let content = try field(.message) { () throws(ByteError) in try decode(tag, &reader, body) }
        let frames = reader.offset..<body.byteCount
        if tag != .append { try end(reader, .message) }
        return (Message(term: term, body: content), frames)
    }

    private static func decode(
        _ tag: Tag, _ reader: inout ByteReader, _ body: RawSpan
    ) throws(ByteError) -> Message.Body {
        switch tag {
        case .preVote: .preVote(try candidacy(&reader, body))
        case .preVoteReply: .preVoteReply(granted: try reader.flag(from: body))
        case .vote: .vote(try candidacy(&reader, body))
        case .voteReply: .voteReply(granted: try reader.flag(from: body))
        case .append: .append(try append(&reader, body))
        case .heartbeat:
            .heartbeat(
                commitIndex: try reader.index(from: body), round: try reader.round(from: body),
                mayRepair: try reader.flag(from: body))
        case .progress: .progress(try progress(&reader, body))
        case .timeoutNow: .timeoutNow
        }
    }

    private static func candidacy(
        _ reader: inout ByteReader, _ body: RawSpan
    ) throws(ByteError) -> Message.Candidacy {
        Message.Candidacy(last: try reader.position(from: body), isHandover: try reader.flag(from: body))
    }

    private static func append(_ reader: inout ByteReader, _ body: RawSpan) throws(ByteError) -> Message.Append {
        Message.Append(
            previous: try reader.position(from: body), previousChecksum: try reader.integer(from: body), frames: [],
            commitIndex: try reader.index(from: body), round: try reader.round(from: body))
    }

    private static func progress(
        _ reader: inout ByteReader, _ body: RawSpan
    ) throws(ByteError) -> Message.ProgressReport {
        let round = try reader.round(from: body)
        let matchIndex = try reader.index(from: body)
        let appliedIndex = try reader.index(from: body)
        let counts = try reader.flag(from: body)
        let hasSpace = try reader.flag(from: body)
        let wantsRepair = try reader.flag(from: body)
        let resendFrom = try reader.flag(from: body) ? try reader.index(from: body) : nil
        return Message.ProgressReport(
            round: round, matchIndex: matchIndex, resendFrom: resendFrom, counts: counts, hasSpace: hasSpace,
            wantsRepair: wantsRepair, appliedIndex: appliedIndex)
    }
}

extension ByteReader {
    /// A byte that is 0 or 1.
    mutating func flag(from bytes: RawSpan) throws(ByteError) -> Bool {
        let start = offset
        switch try integer(UInt8.self, from: bytes) {
        case 0: return false
        case 1: return true
        default: throw .invalidValue(at: start)
        }
    }

    fileprivate mutating func index(from bytes: RawSpan) throws(ByteError) -> LogIndex {
        LogIndex(try integer(UInt64.self, from: bytes))
    }

    fileprivate mutating func round(from bytes: RawSpan) throws(ByteError) -> ReadRound {
        ReadRound(rawValue: try integer(UInt64.self, from: bytes))
    }

    fileprivate mutating func position(from bytes: RawSpan) throws(ByteError) -> LogPosition {
        LogPosition(term: Term(try integer(UInt64.self, from: bytes)), index: try index(from: bytes))
    }
}
