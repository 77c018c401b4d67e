// Requests of clients: the incremental decoder of the Redis protocol, inline requests included.

import ByteCoding
import RESP

extension FuzzTarget {
    /// The first byte chooses the limits, the rest is what a client sends.
    ///
    /// 1. The requests, and the error that ends them, are the same however the bytes are cut.
    /// 2. Nothing comes before as many bytes as the decoder said it needs.
    /// 3. Arguments lie in the bytes, in order; no more is consumed than was given.
    /// 4. A request in array form is made of exactly the bytes that encoding its arguments gives.
    /// 5. What is kept for an inline request is bounded by its line.
    static let respRequests = FuzzTarget("resp-requests") { bytes throws(Violation) in
        guard let first = bytes.first else { return }
        let limits = RequestRun.limits(first)
        let stream = Array(bytes.dropFirst())
        var whole: RequestRun?
        for way in Cuts.ways(of: stream) {
            var run = RequestRun(limits: limits)
            try run.feed(stream, in: way)
            if let whole { try require(run.events == whole.events, "\(run.events) in pieces, \(whole.events) whole") }
            whole = whole ?? run
        }
    }
}

/// One connection's decoding.
private struct RequestRun {
    enum Event: Hashable {
        case request([[UInt8]], isInline: Bool)
        case empty
        case error(RequestError)
    }

    private(set) var events: [Event] = []
    private var decoder: RequestDecoder
    private let limits: RequestLimits
    private var arguments: [Range<Int>] = []
    private var pending: [UInt8] = []
    /// How many pending bytes there must be before anything can be decoded.
    private var awaited = 1

    init(limits: RequestLimits) {
        self.limits = limits
        decoder = RequestDecoder(limits: limits)
    }

    static func limits(_ choice: UInt8) -> RequestLimits {
        var limits = RequestLimits()
        if choice & 1 != 0 { limits = limits.beforeLogin }
        if choice & 2 != 0 { limits.allowsInline = false }
        if choice & 4 != 0 {
            limits.bulkLengthMax = 20
            limits.argumentsMax = 3
            limits.inlineLengthMax = 30
            limits.requestBytesMax = 60
        }
        return limits
    }

    mutating func feed(_ stream: [UInt8], in pieces: [Int]) throws(Violation) {
        var offset = 0
        for piece in pieces {
            pending += stream[offset..<offset + piece]
            offset += piece
            while !pending.isEmpty {
                let count = events.count
                guard try step() else { break }
                try require(events.count == count + 1, "neither an outcome nor a pause")
            }
            if case .error? = events.last { return }
        }
    }

    /// False when more bytes are needed, and after an error.
    private mutating func step() throws(Violation) -> Bool {
        let given = pending
        let outcome: RequestDecoder.Outcome
        do throws(RequestError) {
            outcome = try decoder.next(in: given.rawBytes, into: &arguments)
        } catch {
            try check(error)
            events.append(.error(error))
            return false
        }
        if case .incomplete(let needed) = outcome {
            try require(needed > 0, "\(needed) bytes are needed")
            awaited = pending.count + needed
            return false
        }
        try require(pending.count >= awaited, "\(awaited) bytes were needed, \(pending.count) were enough")
        awaited = 1
        let consumed: Int
        switch outcome {
        case .empty(let count):
            consumed = count
            events.append(.empty)
        case .request(let count):
            consumed = count
            try take(consumed: count, from: pending, isInline: false)
        case .inline(let count):
            consumed = count
            try require(decoder.inlineText.count <= count, "\(decoder.inlineText.count) bytes of \(count) inline")
            try take(consumed: count, from: decoder.inlineText, isInline: true)
        case .incomplete: return false
        }
        try require((1...pending.count).contains(consumed), "\(consumed) of \(pending.count) bytes were consumed")
        pending.removeFirst(consumed)
        return true
    }

    private mutating func take(consumed: Int, from text: [UInt8], isInline: Bool) throws(Violation) {
        try require(!arguments.isEmpty, "a request without arguments")
        try require(arguments.count <= limits.argumentsMax, "\(arguments.count) arguments")
        var end = 0
        for range in arguments {
            try require(range.lowerBound >= end && range.upperBound <= text.count, "\(range) of \(text.count) bytes")
            end = range.upperBound
        }
        let words = arguments.map { Array(text[$0]) }
        if !isInline {
            let encoded = RequestRun.encode(words)
            try require(Array(pending.prefix(consumed)) == encoded, "\(words) was not made of its own encoding")
        }
        events.append(.request(words, isInline: isInline))
    }

    private func check(_ error: RequestError) throws(Violation) {
        var reply = ReplyWriter()
        error.write(to: &reply)
        try require(!error.description.isEmpty && !error.remedy.text.isEmpty, "an error without a word")
        guard error != .crossProtocol else { return }
        var replies = ReplyDecoder()
        let extent = try? replies.next(in: reply.bytes.rawBytes)
        try require(extent?.consumed == reply.bytes.count && extent?.isError == true, "\(error) gives no error reply")
    }

    private static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10] }
        return bytes
    }
}
