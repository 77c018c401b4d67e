// The Redis protocol as a load generator needs it: prepared requests, and replies told apart without being decoded.

import ByteCoding
import RESP

/// One connection that authenticates, then sends commands and counts replies.
struct RedisWire: Wire {
    let token: String?
    /// Whether the connection asks the node for its own state.
    let readsLocally: Bool
    /// Replies per request: 2 when each write is followed by a `WAIT`.
    let repliesPerRequest: Int

    private var decoder = ReplyDecoder(limits: ReplyLimits(bytesMax: 64 << 20))
    let greetingAnswers: Int
    private var greetingsLeft: Int
    private var repliesLeft: Int
    private var failure: String?
    private var answered = 0

    init(token: String?, readsLocally: Bool, waits: Bool) {
        self.token = token
        self.readsLocally = readsLocally
        repliesPerRequest = waits ? 2 : 1
        repliesLeft = repliesPerRequest
        greetingAnswers = (token == nil ? 0 : 1) + (readsLocally ? 1 : 0)
        greetingsLeft = greetingAnswers
    }

    func greeting() -> [UInt8] {
        var bytes: [UInt8] = []
        if let token { RedisWire.append(["AUTH", token], to: &bytes) }
        if readsLocally { RedisWire.append(["READONLY"], to: &bytes) }
        return bytes
    }

    var hasRoom: Bool { true }

    mutating func next(in bytes: RawSpan, control: inout [UInt8]) throws(WireError) -> Answer? {
        var start = 0
        while let extent = try extent(in: bytes.extracting(start..<bytes.byteCount)) {
            let reply = bytes.extracting(start..<start + extent.consumed)
            start += extent.consumed
            if extent.isPush { continue }
            if extent.isError, failure == nil { failure = RedisWire.firstWord(of: reply) }
            if greetingsLeft > 0 {
                greetingsLeft -= 1
                if let failure { throw WireError(description: "the node refused the greeting: \(failure)") }
                return Answer(consumed: start, ticket: nil, failure: nil)
            }
            repliesLeft -= 1
            if repliesLeft > 0 { continue }
            defer {
                repliesLeft = repliesPerRequest
                failure = nil
                answered += 1
            }
            return Answer(consumed: start, ticket: answered, failure: failure)
        }
        // Replies that belong to an answer not yet whole are looked at again with the rest of it.
        repliesLeft = repliesPerRequest
        failure = nil
        decoder = start > 0 ? ReplyDecoder(limits: decoder.limits) : decoder
        return nil
    }

    /// Appends a command as an array of bulk strings.
    static func append(_ words: [String], to output: inout [UInt8]) {
        output.append(contentsOf: "*\(words.count)\r\n".utf8)
        for word in words { output.append(contentsOf: "$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
    }

    private mutating func extent(in bytes: RawSpan) throws(WireError) -> ReplyDecoder.Extent? {
        do throws(ReplyError) {
            return try decoder.next(in: bytes)
        } catch {
            throw WireError(description: error.description)
        }
    }

    /// `-TRYAGAIN no leader` gives `TRYAGAIN`.
    private static func firstWord(of reply: RawSpan) -> String {
        let text = [UInt8](reply).dropFirst().prefix { $0 != UInt8(ascii: " ") && $0 != 13 }
        return String(decoding: text, as: UTF8.self)
    }
}
