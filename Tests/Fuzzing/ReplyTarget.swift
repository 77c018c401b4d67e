// Replies of a server: what the load test and nodectl decode.

import ByteCoding
import RESP

extension FuzzTarget {
    /// The first byte chooses the limits, the rest is what a server sends.
    ///
    /// 1. The replies, and the error that ends them, are the same however the bytes are cut.
    /// 2. A reply that was delimited has a value.
    /// 3. The value, written and decoded again, is written as the same bytes.
    static let respReplies = FuzzTarget("resp-replies") { bytes throws(Violation) in
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let limits =
            first & 1 == 0 ? ReplyLimits() : ReplyLimits(bytesMax: 64, elementsMax: 6, depthMax: 3)
        var whole: ReplyRun?
        for way in Cuts.ways(of: stream) {
            var run = ReplyRun(limits: limits)
            try run.feed(stream, in: way)
            if let whole {
                try require(run.extents == whole.extents, "\(run.extents) in pieces, \(whole.extents) whole")
                try require(run.error == whole.error, "\(run.error as Any) in pieces, \(whole.error as Any) whole")
            }
            whole = whole ?? run
        }
    }
}

/// One connection's decoding.
private struct ReplyRun {
    private(set) var extents: [ReplyDecoder.Extent] = []
    private(set) var error: ReplyError?
    private var decoder: ReplyDecoder
    private var pending: [UInt8] = []

    init(limits: ReplyLimits) { decoder = ReplyDecoder(limits: limits) }

    mutating func feed(_ stream: [UInt8], in pieces: [Int]) throws(Violation) {
        var offset = 0
        for piece in pieces {
            pending += stream[offset..<offset + piece]
            offset += piece
            do throws(ReplyError) {
                while !pending.isEmpty, let extent = try next() { take(extent) }
            } catch {
                self.error = error
                return
            }
            if let broken { throw broken }
        }
    }

    private var broken: Violation?

    private mutating func next() throws(ReplyError) -> ReplyDecoder.Extent? {
        let given = pending
        return try decoder.next(in: given.rawBytes)
    }

    private mutating func take(_ extent: ReplyDecoder.Extent) {
        do throws(Violation) { try check(extent) } catch { broken = error }
        extents.append(extent)
        pending.removeFirst(extent.consumed)
    }

    private func check(_ extent: ReplyDecoder.Extent) throws(Violation) {
        try require((1...pending.count).contains(extent.consumed), "\(extent) of \(pending.count) bytes")
        let reply = Array(pending.prefix(extent.consumed))
        let value: Reply
        do throws(ReplyError) { value = try ReplyDecoder.value(of: reply.rawBytes, limits: decoder.limits) } catch {
            throw Violation("\(reply) was delimited and has no value: \(error)")
        }
        var once = ReplyWriter(version: .three)
        once.write(value)
        guard let again = try? ReplyDecoder.value(of: once.bytes.rawBytes) else {
            throw Violation("\(value) was written as what is no reply")
        }
        var twice = ReplyWriter(version: .three)
        twice.write(again)
        try require(once.bytes == twice.bytes, "\(value) was read back as \(again)")
    }
}

extension ReplyWriter {
    /// Writes a value as a server would.
    fileprivate mutating func write(_ reply: Reply) {
        switch reply {
        case .simple(let text): simple(text: text)
        case .error(let text): error(text: text)
        case .integer(let number): integer(number)
        case .bulk(let content): bulk(content.rawBytes)
        case .null: null()
        case .array(let elements):
            arrayHeader(elements.count)
            for element in elements { write(element) }
        case .set(let elements):
            setHeader(elements.count)
            for element in elements { write(element) }
        case .push(let elements):
            pushHeader(elements.count)
            for element in elements { write(element) }
        case .map(let pairs):
            mapHeader(pairs.count)
            for pair in pairs {
                write(pair.key)
                write(pair.value)
            }
        case .double(let number): double(number)
        case .boolean(let flag): boolean(flag)
        case .bigNumber(let text): bigNumber(digits: text)
        case .verbatim(_, let text): verbatim(text: text)
        }
    }
}
