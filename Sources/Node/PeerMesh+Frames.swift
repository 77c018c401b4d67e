// What established links carry: frames in, messages and batches out.

import LogFormat
import PeerProtocol
import Replica
import Vocabulary

extension PeerMesh {
    func decode(_ link: PeerLink, at now: Instant) {
        do {
            while isOpen(link) {
                let frame = try link.channel.input.withBytes { bytes in
                    try link.decoder.next(in: bytes)
                }
                guard let frame else { return }
                try link.channel.input.withBytes { bytes in
                    try take(frame.kind, bytes.extracting(frame.body), from: link, at: now)
                }
                // Taking the frame may have closed the link; its queue is still there.
                link.channel.input.consume(frame.consumed)
            }
        } catch let error as PeerProtocolError {
            metrics.rejected[.protocolError] += 1
            turnAway(link, error.description, remedy: error.remedy.text, at: now)
        } catch {
            metrics.rejected[.protocolError] += 1
            turnAway(link, "\(error)", remedy: "compare the versions of both nodes", at: now)
        }
    }

    private func take(_ kind: PeerFrameKind, _ body: RawSpan, from link: PeerLink, at now: Instant) throws {
        guard link.phase == .established, let peer = link.peer else { return try greet(link, kind, body, at: now) }
        guard kind.since <= link.protocolVersion else { throw PeerProtocolError.unexpectedKind(kind) }
        switch kind {
        case .message:
            let (message, range) = try PeerCoding.message(in: body)
            let frames = try Frame.decodeRun(body.extracting(range), limit: frameLimit)
            events.append(.message(message, frames: frames, from: peer))
        case .requests:
            var batch = RequestBatch()
            try PeerCoding.requests(in: body, into: &batch)
            events.append(.requests(batch, from: peer))
        case .answers:
            var batch = AnswerBatch()
            try PeerCoding.answers(in: body, into: &batch)
            events.append(.answers(batch, from: peer))
        case .publication:
            events.append(.publication(try PeerCoding.publication(in: body)))
        case .state: events.append(.state(try PeerCoding.state(in: body), from: peer))
        case .snapshotRead: events.append(.snapshotRead(try PeerCoding.snapshotRead(in: body), from: peer))
        case .snapshotPiece: events.append(.snapshotPiece(try PeerCoding.snapshotPiece(in: body), from: peer))
        case .ping:
            let number = try PeerCoding.ping(in: body, kind)
            link.channel.output.append { PeerCoding.appendPing(number, isReply: true, to: &$0) }
            flush(link, at: now)
        case .pong:
            break
        case .hello, .welcome, .refusal:
            throw PeerProtocolError.unexpectedKind(kind)
        }
    }

    /// Puts a message into the peer's output. Without a connection it is lost, as messages may be.
    func send(_ outgoing: OutgoingMessage) {
        guard let link = link(to: outgoing.to) else { return }
        link.channel.output.append { bytes in
            PeerCoding.append(outgoing.message, to: &bytes) { bytes in
                for frame in outgoing.frames { bytes.append(contentsOf: frame.bytes) }
            }
        }
    }

    func send(_ batch: RequestBatch, to node: NodeID) {
        guard let link = link(to: node) else { return }
        link.channel.output.append { PeerCoding.append(batch, to: &$0) }
    }

    func send(_ batch: AnswerBatch, to node: NodeID) {
        guard let link = link(to: node) else { return }
        link.channel.output.append { PeerCoding.append(batch, to: &$0) }
    }

    /// A node that does not speak of states yet goes without.
    func send(_ message: StateMessage, to node: NodeID) {
        sendNewer(.state, to: node) { PeerCoding.append(message, to: &$0) }
    }

    func send(_ read: SnapshotRead, to node: NodeID) {
        sendNewer(.snapshotRead, to: node) { PeerCoding.append(read, to: &$0) }
    }

    func send(_ piece: SnapshotPiece, to node: NodeID) {
        sendNewer(.snapshotPiece, to: node) { PeerCoding.append(piece, to: &$0) }
    }

    private func sendNewer(_ kind: PeerFrameKind, to node: NodeID, _ encode: (inout [UInt8]) -> Void) {
        guard let link = link(to: node), link.protocolVersion >= kind.since else { return }
        link.channel.output.append(encode)
    }

    /// Sends every other node what was published here. One that is not connected, speaks an older version, or has
    /// much waiting for it goes without: at most once is what is promised.
    func send(_ batch: PublicationBatch) {
        for member in members {
            guard let link = link(to: member.node), link.protocolVersion >= PeerFrameKind.publication.since else {
                metrics.publicationsDropped += UInt64(batch.frames.count)
                continue
            }
            for frame in batch.frames {
                guard link.channel.output.count <= PeerLink.publicationBacklogMax else {
                    metrics.publicationsDropped += 1
                    continue
                }
                link.channel.output.append(batch.bytes.rawBytes.extracting(frame))
            }
        }
    }

    func flush(at now: Instant) {
        for link in links where !link.channel.output.isEmpty { flush(link, at: now) }
    }

    func flush(_ link: PeerLink, at now: Instant) {
        guard !link.channel.output.isEmpty, link.phase != .dialing else { return }
        link.lastSent = now
        if let why = link.channel.flush() { close(link, why, at: now) }
    }
}
