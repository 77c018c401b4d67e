// Frames on the stream between two nodes: a length, a kind, a body.

import ByteCoding

/// What a frame's body is. The numbers are on the wire and never reused.
public enum PeerFrameKind: UInt8, Hashable, Sendable, CaseIterable {
    case hello = 1
    case welcome = 2
    case refusal = 3
    case message = 4
    case requests = 5
    case answers = 6
    case ping = 7
    case pong = 8
    /// Since version 2.
    case publication = 9
    /// Since version 3, as what follows.
    case state = 16
    case snapshotRead = 17
    case snapshotPiece = 18

    /// The first protocol version in which it may be said.
    public var since: UInt16 {
        switch self {
        case .state, .snapshotRead, .snapshotPiece: 3
        case .publication: 2
        case .hello, .welcome, .refusal, .message, .requests, .answers, .ping, .pong: 1
        }
    }

    /// Whether it belongs to the greeting, before which and after which nothing else may be said.
    public var isGreeting: Bool {
        switch self {
        case .hello, .welcome, .refusal: true
        case .message, .requests, .answers, .ping, .pong, .publication, .state, .snapshotRead, .snapshotPiece: false
        }
    }
}

/// Finds frames in a peer's bytes. Bytes are little-endian throughout:
///
///     u32 length of what follows, u8 kind, body
public struct PeerFrameDecoder: Hashable, Sendable {
    /// The longest frame taken, from the kind on. Small until the greeting is over: whoever has not said who it is
    /// shall not make this node wait for much.
    public var limit: Int

    /// Enough for any greeting.
    public static let greetingLimit = 4096

    public init(limit: Int = PeerFrameDecoder.greetingLimit) {
        precondition(limit > 0 && limit <= Int(UInt32.max), "a peer frame limit of \(limit)")
        self.limit = limit
    }

    public struct Frame: Hashable, Sendable {
        public var kind: PeerFrameKind
        /// Where the body lies in the given bytes.
        public var body: Range<Int>
        public var consumed: Int { body.upperBound }
    }

    /// The frame that `bytes` begin with; nil while it is not whole. The announced length reserves nothing.
    public func next(in bytes: RawSpan) throws(PeerProtocolError) -> Frame? {
        var reader = ByteReader(bytes)
        guard let announced = try? reader.integer(UInt32.self, from: bytes),
            let number = try? reader.integer(UInt8.self, from: bytes)
        else { return nil }
        let length = Int(announced)
        guard length > 0 else { throw .emptyFrame }
        guard length <= limit else { throw .frameTooLarge(length: length, limit: limit) }
        guard let kind = PeerFrameKind(rawValue: number) else { throw .unknownKind(number) }
        let body = reader.offset..<reader.offset + length - 1
        return body.upperBound <= bytes.byteCount ? Frame(kind: kind, body: body) : nil
    }
}

extension Array where Element == UInt8 {
    /// Appends a frame whose body `encode` appends. Traps on a body of 4 GiB: what is sent is bounded long before.
    mutating func appendFrame(_ kind: PeerFrameKind, _ encode: (inout [UInt8]) -> Void) {
        let start = count
        append(littleEndian: UInt32(0))
        append(kind.rawValue)
        encode(&self)
        let length = count - start - 4
        precondition(length <= Int(UInt32.max), "a peer frame of \(length) bytes")
        store(littleEndian: UInt32(length), at: start)
    }
}
