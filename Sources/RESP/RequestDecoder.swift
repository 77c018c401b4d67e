// Requests out of a client's bytes, as they arrive in any pieces.
//
// Invariants:
// 1. Each byte is looked at a bounded number of times however it is cut: an unfinished request is continued where it
//    stopped, and the bytes of an argument are never looked at.
// 2. Nothing is reserved on the strength of an announced length or count.
// 3. `missing > 0` exactly while a request is unfinished behind its `*COUNT` line; `found` then holds its arguments.

/// The incremental decoder of one connection.
///
/// Each call gets all bytes that were received and not consumed yet, beginning at the same byte until a call says
/// that bytes are consumed. After an error the connection can only be closed.
public struct RequestDecoder: Sendable {
    /// May change between requests, as it does when a client logs in.
    public var limits: RequestLimits
    /// The unquoted words of an inline request, into which its ranges point.
    public private(set) var inlineText: [UInt8] = []

    /// How far the unfinished request is parsed, from its first byte.
    private var cursor = 0
    /// Arguments of the unfinished request that are still to come, the one whose length is known included.
    private var missing = 0
    /// The length of the argument at `cursor`; negative while unknown.
    private var bulkLength = -1
    /// The arguments of the unfinished request.
    private var found: [Range<Int>] = []

    public init(limits: RequestLimits) {
        self.limits = limits
    }

    public enum Outcome: Hashable, Sendable {
        /// A whole request of at least one argument. The ranges point into the given bytes.
        case request(consumed: Int)
        /// A whole request of at least one argument, as a line. The ranges point into `inlineText`.
        case inline(consumed: Int)
        /// A request without arguments, to be consumed and not answered.
        case empty(consumed: Int)
        /// Not whole yet: at least `needed` more bytes must come. A hint for reading, never for reserving.
        case incomplete(needed: Int)
    }

    /// The next request. `arguments` is overwritten; its order is the request's.
    public mutating func next(
        in bytes: RawSpan, into arguments: inout [Range<Int>]
    ) throws(RequestError) -> Outcome {
        if missing > 0 {
            swap(&arguments, &found)
        } else {
            arguments.removeAll(keepingCapacity: true)
            guard bytes.byteCount > 0 else { return .incomplete(needed: 1) }
            guard bytes.byte(at: 0) == UInt8(ascii: "*") else { return try inline(bytes, &arguments) }
            switch RequestDecoder.number(in: bytes, at: 1) {
            case .incomplete: return .incomplete(needed: 1)
            case .malformed: throw .invalidArgumentCount(isBeforeLogin: false)
            case .number(let count, let end):
                guard count > 0 else { return .empty(consumed: end) }
                guard count <= limits.argumentsMax else {
                    throw .invalidArgumentCount(isBeforeLogin: limits.isBeforeLogin)
                }
                missing = count
                cursor = end
            }
        }
        return try bulks(bytes, &arguments)
    }

    // MARK: Arguments

    private mutating func bulks(
        _ bytes: RawSpan, _ arguments: inout [Range<Int>]
    ) throws(RequestError) -> Outcome {
        precondition(cursor <= bytes.byteCount, "\(bytes.byteCount) bytes, of which \(cursor) were parsed before")
        var cursor = cursor
        while missing > 0 {
            if bulkLength < 0 {
                guard let end = try length(bytes, at: cursor) else {
                    return pause(at: cursor, needed: 1, &arguments)
                }
                cursor = end
            }
            let end = cursor + bulkLength
            guard end + 2 <= bytes.byteCount else {
                return pause(at: cursor, needed: end + 2 - bytes.byteCount, &arguments)
            }
            guard bytes.byte(at: end) == 13, bytes.byte(at: end + 1) == 10 else { throw .missingLineEnd }
            arguments.append(cursor..<end)
            cursor = end + 2
            bulkLength = -1
            missing -= 1
        }
        self.cursor = 0
        if found.capacity > 0 { found = [] }
        return .request(consumed: cursor)
    }

    /// Reads a `$LENGTH` line into `bulkLength` and returns where its bytes begin; nil when the line is not whole.
    @inline(__always)
    private mutating func length(_ bytes: RawSpan, at start: Int) throws(RequestError) -> Int? {
        guard start < bytes.byteCount else { return nil }
        let mark = bytes.byte(at: start)
        guard mark == UInt8(ascii: "$") else { throw .expectedBulk(got: mark) }
        switch RequestDecoder.number(in: bytes, at: start + 1) {
        case .incomplete: return nil
        case .malformed: throw .invalidBulkLength(isBeforeLogin: false)
        case .number(let length, let end):
            guard length >= 0 else { throw .invalidBulkLength(isBeforeLogin: false) }
            guard length <= limits.bulkLengthMax else {
                throw .invalidBulkLength(isBeforeLogin: limits.isBeforeLogin)
            }
            guard end + length + 2 <= limits.requestBytesMax else {
                throw .requestTooLarge(limit: limits.requestBytesMax)
            }
            bulkLength = length
            return end
        }
    }

    /// Keeps what is parsed for the next call. The array is kept, not copied, unless it is far larger than its content:
    /// a waiting connection must not hold what an earlier, larger request of another one needed.
    private mutating func pause(at cursor: Int, needed: Int, _ arguments: inout [Range<Int>]) -> Outcome {
        self.cursor = cursor
        if arguments.capacity > 2 * arguments.count + 64 {
            found = Array(arguments)
        } else {
            swap(&arguments, &found)
        }
        return .incomplete(needed: needed)
    }

    // MARK: Lines

    private enum Line {
        case number(Int, end: Int)
        case incomplete
        case malformed
    }

    /// A decimal number without leading zeros and with CR LF behind it. Longer than 19 digits is malformed, so an
    /// endless number is not waited for.
    @inline(__always)
    private static func number(in bytes: RawSpan, at start: Int) -> Line {
        var offset = start
        var value = 0
        let isNegative = offset < bytes.byteCount && bytes.byte(at: offset) == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let firstDigit = offset
        while offset < bytes.byteCount {
            let byte = bytes.byte(at: offset)
            let digit = byte &- 48
            if digit < 10 {
                guard offset - firstDigit < 18, offset == firstDigit || value > 0 else { return .malformed }
                value = value &* 10 &+ Int(digit)
                offset += 1
                continue
            }
            guard byte == 13, offset > firstDigit else { return .malformed }
            guard offset + 1 < bytes.byteCount else { return .incomplete }
            guard bytes.byte(at: offset + 1) == 10 else { return .malformed }
            return .number(isNegative ? -value : value, end: offset + 2)
        }
        return .incomplete
    }

    private mutating func inline(
        _ bytes: RawSpan, _ arguments: inout [Range<Int>]
    ) throws(RequestError) -> Outcome {
        guard limits.allowsInline else { throw .inlineRefused }
        var end = cursor
        while end < bytes.byteCount, bytes.byte(at: end) != 10 {
            guard end <= limits.inlineLengthMax else { throw .inlineTooLong }
            end += 1
        }
        guard end < bytes.byteCount else {
            cursor = end
            return .incomplete(needed: 1)
        }
        cursor = 0
        if inlineText.capacity > 1024 { inlineText = [] } else { inlineText.removeAll(keepingCapacity: true) }
        try InlineRequest.split(bytes.extracting(0..<end), into: &inlineText, &arguments, limits: limits)
        guard let name = arguments.first else { return .empty(consumed: end + 1) }
        guard !RequestDecoder.isHTTP(inlineText[name]) else { throw .crossProtocol }
        return .inline(consumed: end + 1)
    }

    /// Whether a line's first word is one that only HTTP has: `POST` begins a form's request, and `Host:` is in every
    /// other one. What a browser can be made to send must not run as commands.
    private static func isHTTP(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.count == 4 || word.count == 5 else { return false }
        let lowercased = word.map { 65...90 ~= $0 ? $0 | 0x20 : $0 }
        return lowercased.elementsEqual("post".utf8) || lowercased.elementsEqual("host:".utf8)
    }
}
