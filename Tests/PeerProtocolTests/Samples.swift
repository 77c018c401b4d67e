// One frame of every kind, and every message.

import ByteCoding
import Consensus
import PeerProtocol
import RESP
import Vocabulary

enum Samples {
    static let hello = PeerHello(
        versions: PeerVersions(min: 1, max: 1), featureLevel: 3,
        cluster: ClusterID(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10),
        node: NodeID("n1")!, storage: StorageID(high: 0x11, low: 0x22), build: "0.1.0", clientAddress: "n1.test:7101",
        adminAddress: "n1.test:7102")

    static let candidacy = Message.Candidacy(last: LogPosition(term: Term(6), index: LogIndex(41)), isHandover: true)
    static let append = Message.Append(
        previous: LogPosition(term: Term(6), index: LogIndex(41)), previousChecksum: 0xDEAD_BEEF, frames: [],
        commitIndex: LogIndex(40), round: ReadRound(rawValue: 9))
    static let report = Message.ProgressReport(
        round: ReadRound(rawValue: 9), matchIndex: LogIndex(41), resendFrom: nil, counts: true, hasSpace: false,
        wantsRepair: true, appliedIndex: LogIndex(39))

    static var messages: [Message] {
        var behind = report
        behind.resendFrom = LogIndex(12)
        let bodies: [Message.Body] = [
            .preVote(candidacy), .preVoteReply(granted: true), .vote(candidacy), .voteReply(granted: false),
            .append(append), .heartbeat(commitIndex: LogIndex(40), round: ReadRound(rawValue: 9), mayRepair: true),
            .progress(report), .progress(behind), .timeoutNow,
        ]
        return bodies.map { Message(term: Term(7), body: $0) }
    }

    static var requests: RequestBatch {
        var batch = RequestBatch()
        batch.append(token: 1, kind: .write, version: .two) { $0.append(contentsOf: [1, 2, 3]) }
        batch.append(token: .max, kind: .read, version: .three) { $0.append(contentsOf: [4]) }
        batch.append(token: 7, kind: .wait, version: .two) { $0.append(contentsOf: [2, 0]) }
        return batch
    }

    static var answers: AnswerBatch {
        var batch = AnswerBatch()
        batch.answer(1, version: .two) { $0.ok() }
        batch.declined(2)
        batch.answer(3, version: .three) { $0.null() }
        return batch
    }

    static let states: [StateMessage] = [
        .digest(Digest(high: 1, low: .max), at: LogIndex(77)), .offer(LogIndex(78)), .wish(after: .zero),
    ]

    static let reads = [
        SnapshotRead(snapshot: LogIndex(78), file: .manifest, offset: 0, count: 4096),
        SnapshotRead(snapshot: LogIndex(78), file: .pack(LogIndex(11)), offset: 1 << 40, count: 3),
    ]

    /// Every kind of frame, each whole.
    static var frames: [[UInt8]] {
        var frames: [[UInt8]] = []
        func add(_ encode: (inout [UInt8]) -> Void) {
            var bytes: [UInt8] = []
            encode(&bytes)
            frames.append(bytes)
        }
        add { PeerCoding.append(hello, to: &$0) }
        add { PeerCoding.append(PeerWelcome(version: 1, hello: hello), to: &$0) }
        add { PeerCoding.append(PeerRefusal(.otherCluster, text: "not here"), to: &$0) }
        for message in messages { add { PeerCoding.append(message, to: &$0) } }
        add { PeerCoding.append(messages[4], to: &$0) { $0.append(contentsOf: [9, 8, 7]) } }
        add { PeerCoding.append(requests, to: &$0) }
        add { PeerCoding.append(answers, to: &$0) }
        add { PeerCoding.appendPing(5, isReply: false, to: &$0) }
        add { PeerCoding.appendPing(5, isReply: true, to: &$0) }
        let (channel, message, nothing) = (Array("news".utf8), Array("hello".utf8), [UInt8]())
        add { PeerCoding.appendPublication(channel.rawBytes, message.rawBytes, isSharded: false, to: &$0) }
        add { PeerCoding.appendPublication(channel.rawBytes, nothing.rawBytes, isSharded: true, to: &$0) }
        for message in states { add { PeerCoding.append(message, to: &$0) } }
        for read in reads { add { PeerCoding.append(read, to: &$0) } }
        add { PeerCoding.append(SnapshotPiece(read: reads[1], bytes: [1, 2, 3]), to: &$0) }
        add { PeerCoding.append(SnapshotPiece(read: reads[0], bytes: nil), to: &$0) }
        return frames
    }

    /// Decodes a body of any kind and encodes it again.
    static func recode(_ kind: PeerFrameKind, _ body: [UInt8]) throws(PeerProtocolError) -> [UInt8] {
        var bytes: [UInt8] = []
        switch kind {
        case .hello: PeerCoding.append(try PeerCoding.hello(in: body.rawBytes), to: &bytes)
        case .welcome: PeerCoding.append(try PeerCoding.welcome(in: body.rawBytes), to: &bytes)
        case .refusal: PeerCoding.append(try PeerCoding.refusal(in: body.rawBytes), to: &bytes)
        case .message:
            let (message, frames) = try PeerCoding.message(in: body.rawBytes)
            PeerCoding.append(message, to: &bytes) { $0.append(contentsOf: body[frames]) }
        case .requests:
            var batch = RequestBatch()
            try PeerCoding.requests(in: body.rawBytes, into: &batch)
            PeerCoding.append(batch, to: &bytes)
        case .answers:
            var batch = AnswerBatch()
            try PeerCoding.answers(in: body.rawBytes, into: &batch)
            PeerCoding.append(batch, to: &bytes)
        case .publication:
            let publication = try PeerCoding.publication(in: body.rawBytes)
            let content = publication.bytes.rawBytes
            PeerCoding.appendPublication(
                content.extracting(publication.channel), content.extracting(publication.message),
                isSharded: publication.isSharded, to: &bytes)
        case .ping, .pong:
            let number = try PeerCoding.ping(in: body.rawBytes, kind)
            PeerCoding.appendPing(number, isReply: kind == .pong, to: &bytes)
        case .state: PeerCoding.append(try PeerCoding.state(in: body.rawBytes), to: &bytes)
        case .snapshotRead: PeerCoding.append(try PeerCoding.snapshotRead(in: body.rawBytes), to: &bytes)
        case .snapshotPiece: PeerCoding.append(try PeerCoding.snapshotPiece(in: body.rawBytes), to: &bytes)
        }
        return bytes
    }
}
