// The greeting as bytes; docs/formats/peer.md has the tables.

import ByteCoding
import Vocabulary

/// Encodes and decodes the bodies of peer frames. Encoders append whole frames; decoders take a body.
public enum PeerCoding {
    /// The first eight bytes of a hello: "TRIREME" and a zero.
    static let magic: UInt64 = 0x0045_4D45_5249_5254

    // MARK: Encoding

    public static func append(_ hello: PeerHello, to bytes: inout [UInt8]) {
        bytes.appendFrame(.hello) {
            encode(hello, to: &$0)
            if !hello.timeline.isFirst { encode(hello.timeline, to: &$0) }
        }
    }

    public static func append(_ welcome: PeerWelcome, to bytes: inout [UInt8]) {
        bytes.appendFrame(.welcome) {
            encode(welcome.hello, to: &$0)
            $0.append(littleEndian: welcome.version)
            if !welcome.hello.timeline.isFirst { encode(welcome.hello.timeline, to: &$0) }
        }
    }

    public static func append(_ refusal: PeerRefusal, to bytes: inout [UInt8]) {
        bytes.appendFrame(.refusal) {
            $0.append(refusal.reason.rawValue)
            $0.append(counted: cut(refusal.text, to: PeerRefusal.textLengthMax))
            if refusal.reason == .otherTimeline { encode(refusal.timeline, to: &$0) }
        }
    }

    private static func encode(_ timeline: Timeline, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: timeline.number)
        bytes.append(littleEndian: timeline.high)
        bytes.append(littleEndian: timeline.low)
    }

    private static func encode(_ hello: PeerHello, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: magic)
        bytes.append(littleEndian: hello.versions.min)
        bytes.append(littleEndian: hello.versions.max)
        bytes.append(littleEndian: hello.featureLevel)
        bytes.append(hello.cluster)
        bytes.append(hello.node)
        bytes.append(hello.storage)
        bytes.append(counted: cut(hello.build, to: PeerHello.buildLengthMax))
        bytes.append(counted: cut(hello.clientAddress, to: PeerHello.addressLengthMax))
        bytes.append(counted: cut(hello.adminAddress, to: PeerHello.addressLengthMax))
    }

    /// As much of the text as fits, whole characters only.
    private static func cut(_ text: String, to length: Int) -> String {
        var text = text
        while text.utf8.count > length { text.removeLast() }
        return text
    }

    // MARK: Decoding

    public static func hello(in body: RawSpan) throws(PeerProtocolError) -> PeerHello {
        var reader = ByteReader(body)
        var hello = try hello(&reader, body, .hello)
        hello.timeline = try field(.hello) { () throws(ByteError) in try laterTimeline(&reader, body) }
        try end(reader, .hello)
        return hello
    }

    public static func welcome(in body: RawSpan) throws(PeerProtocolError) -> PeerWelcome {
        var reader = ByteReader(body)
        var hello = try hello(&reader, body, .welcome)
        let offset = reader.offset
        let version = try field(.welcome) { () throws(ByteError) in try reader.integer(UInt16.self, from: body) }
        guard version >= hello.versions.min, version <= hello.versions.max else {
            throw .malformed(.welcome, .invalidValue(at: offset))
        }
        hello.timeline = try field(.welcome) { () throws(ByteError) in try laterTimeline(&reader, body) }
        try end(reader, .welcome)
        return PeerWelcome(version: version, hello: hello)
    }

    public static func refusal(in body: RawSpan) throws(PeerProtocolError) -> PeerRefusal {
        var reader = ByteReader(body)
        let refusal = try field(.refusal) { () throws(ByteError) in
            let reason = PeerRefusal.Reason(rawValue: try reader.integer(from: body)) ?? .other
            let text = try reader.text(from: body, limit: PeerRefusal.textLengthMax)
            let timeline = reason == .otherTimeline ? try timeline(&reader, body) : .first
            return PeerRefusal(reason, text: text, timeline: timeline)
        }
        try end(reader, .refusal)
        return refusal
    }

    /// Reads no further than the versions when there is none in common: the rest may be laid out as never seen here.
    private static func hello(
        _ reader: inout ByteReader, _ body: RawSpan, _ kind: PeerFrameKind
    ) throws(PeerProtocolError) -> PeerHello {
        let (magic, versions) = try field(kind) { () throws(ByteError) in
            let magic = try reader.integer(UInt64.self, from: body)
            let min = try reader.integer(UInt16.self, from: body)
            return (magic, PeerVersions(min: min, max: try reader.integer(from: body)))
        }
        guard magic == PeerCoding.magic else { throw .notAPeer }
        guard versions.common(with: .ours) != nil else { throw .noCommonVersion(theirs: versions) }
        return try field(kind) { () throws(ByteError) in
            PeerHello(
                versions: versions, featureLevel: try reader.integer(from: body),
                cluster: try reader.identifier(from: body), node: try reader.node(from: body),
                storage: try reader.identifier(from: body),
                build: try reader.text(from: body, limit: PeerHello.buildLengthMax),
                clientAddress: try reader.text(from: body, limit: PeerHello.addressLengthMax),
                adminAddress: try reader.text(from: body, limit: PeerHello.addressLengthMax))
        }
    }

    /// What stands at the end of a greeting: nothing is the first timeline, and that is never spelt out.
    private static func laterTimeline(_ reader: inout ByteReader, _ body: RawSpan) throws(ByteError) -> Timeline {
        if reader.isAtEnd { return .first }
        let offset = reader.offset
        let timeline = try timeline(&reader, body)
        guard !timeline.isFirst else { throw .invalidValue(at: offset) }
        return timeline
    }

    private static func timeline(_ reader: inout ByteReader, _ body: RawSpan) throws(ByteError) -> Timeline {
        let offset = reader.offset
        let number = try reader.integer(UInt64.self, from: body)
        let high = try reader.integer(UInt64.self, from: body)
        guard let timeline = Timeline(number: number, high: high, low: try reader.integer(from: body)) else {
            throw .invalidValue(at: offset)
        }
        return timeline
    }

    // MARK: Shared by all kinds

    /// Says of which kind the frame was in which `read` failed.
    @inline(__always)
    static func field<Value>(
        _ kind: PeerFrameKind, _ read: () throws(ByteError) -> Value
    ) throws(PeerProtocolError) -> Value {
        do { return try read() } catch { throw .malformed(kind, error) }
    }

    /// Every byte of a body has a meaning.
    static func end(_ reader: ByteReader, _ kind: PeerFrameKind) throws(PeerProtocolError) {
        guard reader.isAtEnd else { throw .trailingBytes(kind, count: reader.remaining) }
    }
}
