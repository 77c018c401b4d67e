// Forwarded requests, the answers to them, publications and pings as bytes; docs/formats/peer.md has the tables.

import ByteCoding
import RESP

extension PeerCoding {
    /// A batch is cut into frames of about this many bytes: a frame ends with the item that reaches it. So a frame is
    /// never longer than this and the largest request or reply.
    public static let batchFrameSize = 1 << 20
    /// What a receiver has to allow beside the largest request or reply.
    public static let batchFrameOverhead = batchFrameSize + 64

    // MARK: Encoding

    /// Appends as many frames as the requests need; none for an empty batch. Traps on a `localRead`, which never leaves
    /// its node.
    public static func append(_ batch: RequestBatch, to bytes: inout [UInt8]) {
        var position = 0
        while position < batch.items.count {
            bytes.appendFrame(.requests) { frame in
                let start = frame.count
                while position < batch.items.count, frame.count - start < batchFrameSize {
                    let item = batch.items[position]
                    precondition(item.kind != .localRead, "a local read on its way to a peer")
                    frame.append(littleEndian: item.token)
                    frame.append(item.kind.rawValue)
                    frame.append(item.version.rawValue)
                    frame.append(counted: batch.bytes.rawBytes.extracting(item.range))
                    position += 1
                }
            }
        }
    }

    /// Appends as many frames as the answers need; none for an empty batch.
    public static func append(_ batch: AnswerBatch, to bytes: inout [UInt8]) {
        var position = 0
        while position < batch.items.count {
            bytes.appendFrame(.answers) { frame in
                let start = frame.count
                while position < batch.items.count, frame.count - start < batchFrameSize {
                    let item = batch.items[position]
                    frame.append(littleEndian: item.token)
                    frame.append(counted: batch.writer.bytes.rawBytes.extracting(item.range))
                    position += 1
                }
            }
        }
    }

    public static func appendPublication(
        _ channel: RawSpan, _ message: RawSpan, isSharded: Bool, to bytes: inout [UInt8]
    ) {
        bytes.appendFrame(.publication) { frame in
            frame.append(isSharded ? 1 : 0)
            frame.append(counted: channel)
            frame.append(counted: message)
        }
    }

    public static func appendPing(_ number: UInt64, isReply: Bool, to bytes: inout [UInt8]) {
        bytes.appendFrame(isReply ? .pong : .ping) { $0.append(littleEndian: number) }
    }

    // MARK: Decoding

    /// Adds the body's requests to the batch; none when it is malformed. That each one's bytes are an encoded command
    /// is not checked here: the receiver must do that before it logs any.
    public static func requests(in body: RawSpan, into batch: inout RequestBatch) throws(PeerProtocolError) {
        let (base, count) = (batch.bytes.count, batch.items.count)
        var reader = ByteReader(body)
        do {
            while !reader.isAtEnd { batch.appendItem(try request(&reader, body, base: base)) }
        } catch {
            batch.items.removeLast(batch.items.count - count)
            throw .malformed(.requests, error)
        }
        batch.bytes.append(bytes: body)
    }

    /// Adds the body's answers to the batch; none when it is malformed.
    public static func answers(in body: RawSpan, into batch: inout AnswerBatch) throws(PeerProtocolError) {
        let (base, count) = (batch.writer.bytes.count, batch.items.count)
        var reader = ByteReader(body)
        do {
            while !reader.isAtEnd { batch.items.append(try answer(&reader, body, base: base)) }
        } catch {
            batch.items.removeLast(batch.items.count - count)
            throw .malformed(.answers, error)
        }
        batch.writer.bytes.append(bytes: body)
    }

    public static func publication(in body: RawSpan) throws(PeerProtocolError) -> PublishedMessage {
        var reader = ByteReader(body)
        let (isSharded, channel, message) = try field(.publication) { () throws(ByteError) in
            (try reader.flag(from: body), try reader.counted(from: body), try reader.counted(from: body))
        }
        try end(reader, .publication)
        return PublishedMessage(body.extracting(channel), body.extracting(message), isSharded: isSharded)
    }

    /// The number in a ping or in the pong that returns it.
    public static func ping(in body: RawSpan, _ kind: PeerFrameKind) throws(PeerProtocolError) -> UInt64 {
        var reader = ByteReader(body)
        let number = try field(kind) { () throws(ByteError) in try reader.integer(UInt64.self, from: body) }
        try end(reader, kind)
        return number
    }

    private static func request(
        _ reader: inout ByteReader, _ body: RawSpan, base: Int
    ) throws(ByteError) -> RequestBatch.Item {
        let token = try reader.integer(UInt64.self, from: body)
        let offset = reader.offset
        guard let kind = RequestKind(rawValue: try reader.integer(from: body)), kind != .localRead else {
            throw .invalidValue(at: offset)
        }
        guard let version = RESPVersion(rawValue: try reader.integer(from: body)) else {
            throw .invalidValue(at: offset + 1)
        }
        let range = try reader.counted(from: body)
        return RequestBatch.Item(
            token: token, kind: kind, version: version, range: base + range.lowerBound..<base + range.upperBound)
    }

    private static func answer(
        _ reader: inout ByteReader, _ body: RawSpan, base: Int
    ) throws(ByteError) -> AnswerBatch.Item {
        let token = try reader.integer(UInt64.self, from: body)
        let range = try reader.counted(from: body)
        return AnswerBatch.Item(token: token, range: base + range.lowerBound..<base + range.upperBound)
    }
}
