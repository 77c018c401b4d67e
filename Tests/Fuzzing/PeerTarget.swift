// What peers send: frames, and the body of each kind.

import ByteCoding
import LogFormat
import PeerProtocol

extension FuzzTarget {
    /// The first byte chooses the limit, the rest is what a peer sends.
    ///
    /// 1. A frame is found when it is whole and not before; no more is consumed than was given.
    /// 2. A body that is accepted, encoded anew, is accepted as the same. Where nothing in it has a variable length it
    ///    is encoded as the same bytes.
    /// 3. A batch that is refused leaves what it should be added to as it was.
    static let peerFrames = FuzzTarget("peer-frames") { bytes throws(Violation) in
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let decoder = PeerFrameDecoder(limit: first & 1 == 0 ? PeerFrameDecoder.greetingLimit : 1 << 24)
        var rest = stream[...]
        while !rest.isEmpty {
            let given = Array(rest)
            let frame: PeerFrameDecoder.Frame
            do throws(PeerProtocolError) {
                guard let found = try decoder.next(in: given.rawBytes) else { return }
                frame = found
            } catch {
                return try require(!error.remedy.text.isEmpty, "an error without a remedy: \(error)")
            }
            try require((5...given.count).contains(frame.consumed), "\(frame) in \(given.count) bytes")
            try require(frame.body.count < decoder.limit, "a body of \(frame.body.count) bytes")
            let cut = Array(given[..<(frame.consumed - 1)])
            let early = try? decoder.next(in: cut.rawBytes)
            try require(early == .some(nil), "\(frame) was found a byte early")
            try PeerBody(kind: frame.kind, bytes: Array(given[frame.body])).check()
            rest = rest.dropFirst(frame.consumed)
        }
    }
}

/// A frame's body of one kind.
private struct PeerBody {
    let kind: PeerFrameKind
    let bytes: [UInt8]

    func check() throws(Violation) {
        let once: [UInt8]
        do throws(PeerProtocolError) { once = try recoded() } catch {
            try require(!error.description.isEmpty && !error.remedy.text.isEmpty, "an error without a word")
            return try checkRefusedBatch()
        }
        guard !once.isEmpty else { return }
        let decoder = PeerFrameDecoder(limit: once.count)
        guard let frame = try? decoder.next(in: once.rawBytes), frame.kind == kind, frame.consumed == once.count else {
            throw Violation("\(kind) was encoded as no single frame")
        }
        let body = Array(once[frame.body])
        let twice = try? PeerBody(kind: kind, bytes: body).recoded()
        try require(twice == once, "\(kind) was read back as another one")
        if [.message, .ping, .pong].contains(kind) { try require(body == bytes, "\(kind) is not canonical") }
    }

    /// The frame that encoding gives of what was decoded; empty for an empty batch.
    private func recoded() throws(PeerProtocolError) -> [UInt8] {
        var frame: [UInt8] = []
        switch kind {
        case .hello: PeerCoding.append(try PeerCoding.hello(in: bytes.rawBytes), to: &frame)
        case .welcome: PeerCoding.append(try PeerCoding.welcome(in: bytes.rawBytes), to: &frame)
        case .refusal: PeerCoding.append(try PeerCoding.refusal(in: bytes.rawBytes), to: &frame)
        case .message:
            let (message, frames) = try PeerCoding.message(in: bytes.rawBytes)
            PeerCoding.append(message, to: &frame) { $0.append(contentsOf: bytes[frames]) }
            PeerBody.walk(Array(bytes[frames]))
        case .requests:
            var batch = RequestBatch()
            try PeerCoding.requests(in: bytes.rawBytes, into: &batch)
            PeerCoding.append(batch, to: &frame)
        case .answers:
            var batch = AnswerBatch()
            try PeerCoding.answers(in: bytes.rawBytes, into: &batch)
            PeerCoding.append(batch, to: &frame)
        case .publication:
            let publication = try PeerCoding.publication(in: bytes.rawBytes)
            let content = publication.bytes.rawBytes
            PeerCoding.appendPublication(
                content.extracting(publication.channel), content.extracting(publication.message),
                isSharded: publication.isSharded, to: &frame)
        case .ping, .pong:
            PeerCoding.appendPing(try PeerCoding.ping(in: bytes.rawBytes, kind), isReply: kind == .pong, to: &frame)
        case .state: PeerCoding.append(try PeerCoding.state(in: bytes.rawBytes), to: &frame)
        case .snapshotRead: PeerCoding.append(try PeerCoding.snapshotRead(in: bytes.rawBytes), to: &frame)
        case .snapshotPiece: PeerCoding.append(try PeerCoding.snapshotPiece(in: bytes.rawBytes), to: &frame)
        }
        return frame
    }

    /// The log frames behind a message, as the mesh takes them apart.
    private static func walk(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let given = Array(rest)
            guard let length = try? FrameHeader.announcedLength(of: given.rawBytes),
                (try? Frame.decode(given.rawBytes.extracting(0..<length), limit: .mebibytes(1))) != nil
            else { return }
            rest = rest.dropFirst(length)
        }
    }

    private func checkRefusedBatch() throws(Violation) {
        if kind == .requests {
            var batch = RequestBatch()
            batch.append(token: 1, kind: .write, version: .two) { $0.append(7) }
            let before = batch
            try? PeerCoding.requests(in: bytes.rawBytes, into: &batch)
            try require(batch == before, "a refused batch left something behind")
        }
        if kind == .answers {
            var batch = AnswerBatch()
            batch.answer(1, version: .two) { $0.ok() }
            let (items, written) = (batch.items, batch.writer.bytes)
            try? PeerCoding.answers(in: bytes.rawBytes, into: &batch)
            try require(batch.items == items && batch.writer.bytes == written, "a refused batch left something behind")
        }
    }
}
