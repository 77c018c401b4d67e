// Bytes to requests: HTTP/1.1 (RFC 9112), incremental and strict.

import ByteCoding

/// Takes bytes as they come and gives requests as they get whole. What it gives does not depend on how the bytes were
/// cut. Departures from RFC 9112, all on the strict side: no chunked bodies, no absolute-form targets, no obsolete line
/// folding, no bare CR or LF, no repeated Content-Length even when equal.
///
/// 1. It holds at most one head and one body beyond the bytes of one `append`; its owner asks `buffered` before more.
/// 2. After a refusal it gives nothing more.
package struct HTTPRequestParser: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Request line and header together, with line ends. In bytes.
        package var headMax: Int
        package var bodyMax: Int
        package var fieldsMax: Int

        package init(headMax: Int = 16 << 10, bodyMax: Int = 1 << 20, fieldsMax: Int = 64) {
            self.headMax = headMax
            self.bodyMax = bodyMax
            self.fieldsMax = fieldsMax
        }
    }

    private let limits: Limits
    private var buffer: [UInt8] = []
    /// Where the live bytes begin.
    private var start = 0
    /// Live bytes that are known to hold no end of a head.
    private var scanned = 0
    /// A request whose head is parsed and whose body is not whole.
    private var pending: (request: HTTPRequest, length: Int)?
    private var refusal: HTTPRefusal?
    /// One empty line before a request is ignored (RFC 9112, section 2.2), no more.
    private var hasSkippedLine = false

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Bytes held that belong to no finished request.
    package var buffered: Int { buffer.count - start }
    /// Whether a request has begun and is not whole.
    package var isMidRequest: Bool { buffered > 0 || pending != nil }

    package mutating func append(_ bytes: RawSpan) {
        guard refusal == nil else { return }
        if start > 0, start >= buffered {
            buffer.removeSubrange(..<start)
            start = 0
        }
        buffer.append(bytes: bytes)
    }

    /// The next whole request; nil when more bytes are needed.
    package mutating func next() throws(HTTPRefusal) -> HTTPRequest? {
        if let refusal { throw refusal }
        do {
            if pending == nil { pending = try head() }
        } catch {
            refusal = error
            buffer = []
            start = 0
            throw error
        }
        guard let (head, length) = pending, buffered >= length else { return nil }
        var request = head
        request.body = Array(buffer[start..<start + length])
        consume(length)
        pending = nil
        hasSkippedLine = false
        return request
    }

    private mutating func consume(_ count: Int) {
        start += count
        scanned = 0
        guard start == buffer.count else { return }
        // A body's memory is not kept for the next request.
        buffer.removeAll(keepingCapacity: buffer.count <= limits.headMax)
        start = 0
    }

    private mutating func head() throws(HTTPRefusal) -> (HTTPRequest, Int)? {
        skipLine()
        guard buffered > 0 else { return nil }
        // Methods are upper case here; TLS on TLS, Redis commands and noise are told after one byte.
        guard buffer[start] == .carriageReturn || isUpperCase(buffer[start]) else {
            throw .malformed("it does not begin with a method")
        }
        guard let end = endOfHead() else {
            if buffered > limits.headMax { throw .headTooLarge(max: limits.headMax) }
            return nil
        }
        guard end - start <= limits.headMax else { throw .headTooLarge(max: limits.headMax) }
        let head = buffer[start..<end - 4]
        let parsed = try HTTPHead(head, fieldsMax: limits.fieldsMax, headMax: limits.headMax)
        let length = try parsed.bodyLength(max: limits.bodyMax)
        consume(end - start)
        return (parsed.request, length)
    }

    private mutating func skipLine() {
        guard !hasSkippedLine, buffered >= 2, buffer[start] == .carriageReturn, buffer[start + 1] == .lineFeed else {
            return
        }
        hasSkippedLine = true
        consume(2)
    }

    /// The offset behind the first empty line. Remembers how far it looked, so that slow senders cost no more.
    private mutating func endOfHead() -> Int? {
        var position = start + max(0, scanned - 3)
        while position + 4 <= buffer.count, position - start <= limits.headMax {
            if buffer[position + 3] == .lineFeed, buffer[position + 2] == .carriageReturn,
                buffer[position + 1] == .lineFeed, buffer[position] == .carriageReturn
            {
                return position + 4
            }
            position += 1
        }
        scanned = position - start + 3
        return nil
    }

    private func isUpperCase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}

extension UInt8 {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
}
