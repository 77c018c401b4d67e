// What is sent is what arrives; what is cut or changed is refused or at least bounded; old bytes keep their meaning.

import ByteCoding
import Consensus
import PeerProtocol
import RESP
import Testing
import Vocabulary

struct PeerCodingTests {
    /// A frame's kind and body.
    private func parts(_ frame: [UInt8]) throws -> (PeerFrameKind, [UInt8]) {
        let found = try #require(try PeerFrameDecoder(limit: 1 << 20).next(in: frame.rawBytes))
        return (found.kind, Array(frame[found.body]))
    }

    @Test func `every frame is read back as it was written`() throws {
        for frame in Samples.frames {
            let (kind, body) = try parts(frame)
            #expect(try Samples.recode(kind, body) == frame)
        }
    }

    @Test func `the values survive the way`() throws {
        for message in Samples.messages {
            var bytes: [UInt8] = []
            PeerCoding.append(message, to: &bytes)
            let (_, body) = try parts(bytes)
            let (decoded, frames) = try PeerCoding.message(in: body.rawBytes)
            #expect(decoded == message)
            #expect(frames.isEmpty)
        }
        var bytes: [UInt8] = []
        PeerCoding.append(Samples.hello, to: &bytes)
        let (_, body) = try parts(bytes)
        #expect(try PeerCoding.hello(in: body.rawBytes) == Samples.hello)
    }

    @Test func `a later timeline is said at the end of a greeting, the first one is not`() throws {
        let later = try #require(Timeline(number: 3, high: 0x0102_0304_0506_0708, low: 9))
        var hello = Samples.hello
        var bytes: [UInt8] = []
        PeerCoding.append(hello, to: &bytes)
        let first = try parts(bytes).1
        hello.timeline = later
        bytes.removeAll()
        PeerCoding.append(hello, to: &bytes)
        let body = try parts(bytes).1
        #expect(
            body == first + [3, 0, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0])
        #expect(try PeerCoding.hello(in: body.rawBytes) == hello)
        let spelt = first + [1] + [UInt8](repeating: 0, count: 23)
        let cut = Array(body.dropLast())
        #expect(throws: PeerProtocolError.self) { try PeerCoding.hello(in: spelt.rawBytes) }
        #expect(throws: PeerProtocolError.self) { try PeerCoding.hello(in: cut.rawBytes) }
    }

    @Test func `a welcome and a refusal say which timeline they are of`() throws {
        let later = try #require(Timeline(number: 2, high: 1, low: 9))
        var hello = Samples.hello
        hello.timeline = later
        var bytes: [UInt8] = []
        PeerCoding.append(PeerWelcome(version: 1, hello: hello), to: &bytes)
        let welcome = try parts(bytes).1
        #expect(try PeerCoding.welcome(in: welcome.rawBytes).hello == hello)
        for reason in [PeerRefusal.Reason.otherTimeline, .notAMember] {
            let refusal = PeerRefusal(reason, text: "why", timeline: reason == .otherTimeline ? later : .first)
            bytes.removeAll()
            PeerCoding.append(refusal, to: &bytes)
            let body = try parts(bytes).1
            #expect(try PeerCoding.refusal(in: body.rawBytes) == refusal)
        }
    }

    @Test func `a message cut anywhere is refused`() throws {
        for frame in Samples.frames {
            let (kind, body) = try parts(frame)
            guard kind != .requests, kind != .answers else { continue }
            let isAppend = kind == .message && body.count > 8 && body[8] == 5
            for length in 0..<(isAppend ? 45 : body.count) {
                #expect(throws: PeerProtocolError.self, "\(kind) cut to \(length)") {
                    try Samples.recode(kind, Array(body[..<length]))
                }
            }
        }
    }

    @Test func `a byte too many is refused`() throws {
        for frame in Samples.frames {
            let (kind, body) = try parts(frame)
            let isAppend = kind == .message && body[8] == 5
            guard !isAppend else { continue }
            #expect(throws: PeerProtocolError.self, "\(kind)") { try Samples.recode(kind, body + [0]) }
        }
    }

    @Test func `random changes never trap, and what is accepted is written again the same`() throws {
        var generator = SplitMix64(seed: 2026)
        for frame in Samples.frames {
            let (kind, body) = try parts(frame)
            for _ in 0..<2000 {
                var changed = body
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    changed[Int.random(in: 0..<changed.count, using: &generator)] =
                        UInt8.random(in: 0...255, using: &generator)
                }
                guard let again = try? Samples.recode(kind, changed) else { continue }
                let (_, stable) = try parts(again)
                #expect(try Samples.recode(kind, stable) == again)
            }
        }
    }

    @Test func `a malformed batch leaves nothing behind`() {
        var requests = RequestBatch()
        requests.append(token: 9, kind: .write, version: .two) { $0.append(1) }
        let body: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 42] + [2, 0, 0, 0, 0, 0, 0, 0, 1, 2, 200, 1, 42]
        #expect(throws: PeerProtocolError.malformed(.requests, .truncated(at: 24, needed: 199))) {
            try PeerCoding.requests(in: body.rawBytes, into: &requests)
        }
        #expect(requests.items.count == 1)
        #expect(requests.bytes == [1])
    }

    @Test func `a publication arrives as it was published`() throws {
        var batch = PublicationBatch()
        let names = ["news", "", "a channel of \0 bytes"]
        for name in names {
            let (channel, message) = (Array(name.utf8), Array("to \(name)".utf8))
            batch.append(channel.rawBytes, message.rawBytes, isSharded: name.isEmpty)
        }
        #expect(batch.frames.count == names.count)
        for (name, frame) in zip(names, batch.frames) {
            let (kind, body) = try parts(Array(batch.bytes[frame]))
            #expect(kind == .publication)
            let publication = try PeerCoding.publication(in: body.rawBytes)
            #expect(Array(publication.bytes[publication.channel]) == Array(name.utf8))
            #expect(Array(publication.bytes[publication.message]) == Array("to \(name)".utf8))
            #expect(publication.isSharded == name.isEmpty)
        }
        batch.removeAll()
        #expect(batch.isEmpty && batch.bytes.isEmpty)
    }

    @Test func `a publication with a flag of 2 is refused`() {
        let body: [UInt8] = [2, 1, 97, 1, 98]
        #expect(throws: PeerProtocolError.malformed(.publication, .invalidValue(at: 0))) {
            try PeerCoding.publication(in: body.rawBytes)
        }
    }

    @Test func `publications are newer than version 1, what concerns states than version 2`() {
        for kind in PeerFrameKind.allCases {
            switch kind {
            case .publication: #expect(kind.since == 2)
            case .state, .snapshotRead, .snapshotPiece: #expect(kind.since == 3)
            default: #expect(kind.since == 1)
            }
        }
        #expect(PeerVersions.ours == PeerVersions(min: 1, max: 3))
    }

    @Test func `a piece of more bytes than were asked for is refused, and so is a read of too many or of none`() {
        var bytes: [UInt8] = []
        PeerCoding.append(SnapshotPiece(read: Samples.reads[1], bytes: [1, 2, 3, 4]), to: &bytes)
        #expect(throws: PeerProtocolError.self) { try PeerCoding.snapshotPiece(in: Array(bytes[5...]).rawBytes) }
        for count in [0, UInt32(SnapshotRead.countMax) + 1] {
            var read: [UInt8] = []
            PeerCoding.append(
                SnapshotRead(snapshot: LogIndex(1), file: .manifest, offset: 0, count: count), to: &read)
            #expect(throws: PeerProtocolError.self) { try PeerCoding.snapshotRead(in: Array(read[5...]).rawBytes) }
        }
    }

    @Test func `a local read is refused`() {
        var requests = RequestBatch()
        let body: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0]
        #expect(throws: PeerProtocolError.malformed(.requests, .invalidValue(at: 8))) {
            try PeerCoding.requests(in: body.rawBytes, into: &requests)
        }
    }

    @Test func `batches are added to what is there`() throws {
        var bytes: [UInt8] = []
        PeerCoding.append(Samples.requests, to: &bytes)
        let (_, body) = try parts(bytes)
        var batch = RequestBatch()
        try PeerCoding.requests(in: body.rawBytes, into: &batch)
        try PeerCoding.requests(in: body.rawBytes, into: &batch)
        #expect(batch.items.map(\.token) == [1, .max, 7, 1, .max, 7])
        #expect(
            batch.items.map { Array(batch.bytes[$0.range]) } == [[1, 2, 3], [4], [2, 0], [1, 2, 3], [4], [2, 0]])
    }

    @Test func `answers keep their replies, and declined ones stay declined`() throws {
        var bytes: [UInt8] = []
        PeerCoding.append(Samples.answers, to: &bytes)
        let (_, body) = try parts(bytes)
        var batch = AnswerBatch()
        batch.answer(0, version: .two) { $0.integer(1) }
        try PeerCoding.answers(in: body.rawBytes, into: &batch)
        #expect(batch.items.map(\.isDeclined) == [false, false, true, false])
        let texts = batch.items.map { String(decoding: batch.writer.bytes[$0.range], as: UTF8.self) }
        #expect(texts == [":1\r\n", "+OK\r\n", "", "_\r\n"])
    }

    @Test func `a large batch is cut into frames that any receiver allows`() throws {
        var batch = RequestBatch()
        let large = [UInt8](repeating: 7, count: 300_000)
        for token in 0..<10 { batch.append(token: UInt64(token), kind: .write, version: .two) { $0 += large } }
        var stream: [UInt8] = []
        PeerCoding.append(batch, to: &stream)
        let decoder = PeerFrameDecoder(limit: PeerCoding.batchFrameOverhead + large.count)
        var received = RequestBatch()
        var frames = 0
        while let frame = try decoder.next(in: stream.rawBytes) {
            try PeerCoding.requests(in: Array(stream[frame.body]).rawBytes, into: &received)
            stream.removeFirst(frame.consumed)
            frames += 1
        }
        #expect(stream.isEmpty)
        #expect(frames == 3)
        #expect(received.items.map(\.token) == Array(0..<10))
        #expect(received.items.allSatisfy { Array(received.bytes[$0.range]) == large })
    }

    // MARK: Greeting

    @Test func `a stranger is told from an old or new relative`() throws {
        var bytes: [UInt8] = []
        PeerCoding.append(Samples.hello, to: &bytes)
        var (_, body) = try parts(bytes)
        var newer = Array(body[..<12])
        newer.replaceSubrange(8..<12, with: [9, 0, 12, 0])
        #expect(throws: PeerProtocolError.noCommonVersion(theirs: PeerVersions(min: 9, max: 12))) {
            try PeerCoding.hello(in: newer.rawBytes)
        }
        body[0] = UInt8(ascii: "G")
        #expect(throws: PeerProtocolError.notAPeer) { try PeerCoding.hello(in: body.rawBytes) }
    }

    @Test func `the newest common version is spoken`() {
        let ours = PeerVersions(min: 2, max: 4)
        #expect(ours.common(with: PeerVersions(min: 1, max: 3)) == 3)
        #expect(ours.common(with: PeerVersions(min: 4, max: 9)) == 4)
        #expect(ours.common(with: PeerVersions(min: 5, max: 9)) == nil)
        #expect(ours.common(with: PeerVersions(min: 0, max: 1)) == nil)
        #expect(ours.common(with: PeerVersions(min: 4, max: 3)) == nil)
    }

    @Test func `a reason from the future is still a refusal`() throws {
        let body: [UInt8] = [200, 2] + Array("no".utf8)
        #expect(try PeerCoding.refusal(in: body.rawBytes) == PeerRefusal(.other, text: "no"))
    }

    // MARK: Golden bytes

    @Test func `every version keeps its bytes`() throws {
        func hex(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(Samples.frames.map(hex) == GoldenBytes.version1 + GoldenBytes.version2 + GoldenBytes.version3)
    }
}
