// Replies out of a server's bytes, as they arrive in any pieces: first where each ends, then, if wanted, its value.

/// Why bytes are no reply.
public enum ReplyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A reply cannot begin with this byte, or what follows it is not of its kind.
    case malformed(at: Int)
    /// More than `limit` bytes or elements in one reply.
    case tooLarge(limit: Int)
    /// Collections within collections, deeper than `limit`.
    case tooDeep(limit: Int)

    public var description: String {
        switch self {
        case .malformed(let offset): "not a reply of the Redis protocol, at byte \(offset)"
        case .tooLarge(let limit): "a reply above the limit of \(limit)"
        case .tooDeep(let limit): "a reply nested deeper than \(limit)"
        }
    }
}

/// Bounds on one reply; all inclusive.
public struct ReplyLimits: Hashable, Sendable {
    public var bytesMax: Int
    public var elementsMax: Int
    public var depthMax: Int

    public init(bytesMax: Int = 512 << 20, elementsMax: Int = 1 << 24, depthMax: Int = 16) {
        self.bytesMax = bytesMax
        self.elementsMax = elementsMax
        self.depthMax = depthMax
    }
}

/// The incremental decoder of one connection's replies, in version 2 or 3. Each byte of a line is looked at once, the
/// bytes of a bulk string never; nothing is reserved on the strength of an announced length.
public struct ReplyDecoder: Sendable {
    public let limits: ReplyLimits

    /// How far the unfinished reply is parsed, and how far a line of it was searched for its end.
    private var cursor = 0
    private var searched = 0
    private var elements = 0
    /// For each open collection the number of elements that are still to come.
    private var open: [Int] = []

    public init(limits: ReplyLimits = ReplyLimits()) {
        self.limits = limits
    }

    /// Where a whole reply lies: its first `consumed` bytes, beginning with `mark`.
    public struct Extent: Hashable, Sendable {
        public var consumed: Int
        /// The first byte: `+ - : $ * _ # , ( = ! % ~ > |`.
        public var mark: UInt8

        public var isError: Bool { mark == UInt8(ascii: "-") || mark == UInt8(ascii: "!") }
        /// A message that answers no request.
        public var isPush: Bool { mark == UInt8(ascii: ">") }
    }

    /// The extent of the first reply in `bytes`, which begin where the last reply ended; nil while it is not whole.
    public mutating func next(in bytes: RawSpan) throws(ReplyError) -> Extent? {
        precondition(cursor <= bytes.byteCount, "\(bytes.byteCount) bytes, of which \(cursor) were parsed before")
        repeat {
            guard let element = try ReplyElement.read(in: bytes, at: cursor, searched: &searched, limits: limits) else {
                return nil
            }
            cursor = element.end
            searched = element.end
            guard cursor <= limits.bytesMax else { throw .tooLarge(limit: limits.bytesMax) }
            try count(element)
        } while !open.isEmpty
        let extent = Extent(consumed: cursor, mark: bytes.byte(at: 0))
        cursor = 0
        searched = 0
        elements = 0
        return extent
    }

    /// Enters a collection, or leaves those that this element was the last of.
    private mutating func count(_ element: ReplyElement) throws(ReplyError) {
        elements += 1
        guard elements <= limits.elementsMax else { throw .tooLarge(limit: limits.elementsMax) }
        guard element.children <= limits.elementsMax else { throw .tooLarge(limit: limits.elementsMax) }
        // Attributes stand before the reply that they describe, which is one more.
        let toCome = element.children + (element.mark == UInt8(ascii: "|") ? 1 : 0)
        if toCome > 0 {
            guard open.count < limits.depthMax else { throw .tooDeep(limit: limits.depthMax) }
            open.append(toCome)
            return
        }
        while let left = open.last {
            open[open.count - 1] = left - 1
            guard left == 1 else { return }
            open.removeLast()
        }
    }

    // MARK: Values

    /// The value of one whole reply, as `next` delimited it. Attributes are dropped.
    public static func value(
        of bytes: RawSpan, limits: ReplyLimits = ReplyLimits()
    ) throws(ReplyError) -> Reply {
        var offset = 0
        return try value(of: bytes, at: &offset, depth: 0, limits)
    }

    private static func value(
        of bytes: RawSpan, at offset: inout Int, depth: Int, _ limits: ReplyLimits
    ) throws(ReplyError) -> Reply {
        guard depth <= limits.depthMax else { throw .tooDeep(limit: limits.depthMax) }
        var searched = offset
        let start = offset
        guard let element = try ReplyElement.read(in: bytes, at: offset, searched: &searched, limits: limits) else {
            throw .malformed(at: bytes.byteCount)
        }
        offset = element.end
        if let scalar = element.scalar(bytes) { return scalar }
        var children: [Reply] = []
        for _ in 0..<element.children {
            children.append(try value(of: bytes, at: &offset, depth: depth + 1, limits))
        }
        switch element.mark {
        case UInt8(ascii: "*"): return .array(children)
        case UInt8(ascii: "~"): return .set(children)
        case UInt8(ascii: ">"): return .push(children)
        case UInt8(ascii: "|"): return try value(of: bytes, at: &offset, depth: depth + 1, limits)
        case UInt8(ascii: "%"):
            return .map(
                stride(from: 0, to: children.count, by: 2).map { .init(key: children[$0], value: children[$0 + 1]) })
        default: throw .malformed(at: start)
        }
    }
}
