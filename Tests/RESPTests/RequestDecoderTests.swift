// Requests cut at every position, changed at random, too large, and typed by hand.

import ByteCoding
import RESP
import Testing
import Vocabulary

/// Feeds a decoder as a connection would: pieces arrive, whole requests are consumed.
struct DecoderFeed {
    var decoder: RequestDecoder
    var queue: [UInt8] = []
    var arguments: [Range<Int>] = []
    var requests: [[[UInt8]]] = []

    init(limits: RequestLimits = RequestLimits()) { decoder = RequestDecoder(limits: limits) }

    mutating func receive(_ piece: some Sequence<UInt8>) throws {
        queue.append(contentsOf: piece)
        while true {
            let bytes = queue
            let outcome = try decoder.next(in: bytes.rawBytes, into: &arguments)
            switch outcome {
            case .request(let consumed):
                requests.append(arguments.map { Array(queue[$0]) })
                queue.removeFirst(consumed)
            case .inline(let consumed):
                requests.append(arguments.map { Array(decoder.inlineText[$0]) })
                queue.removeFirst(consumed)
            case .empty(let consumed):
                queue.removeFirst(consumed)
            case .incomplete(let needed):
                #expect(needed > 0)
                return
            }
        }
    }

    static func encode(_ arguments: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments { bytes += Array("$\(argument.count)\r\n".utf8) + argument + Array("\r\n".utf8) }
        return bytes
    }

    static func words(_ text: String) -> [[UInt8]] { text.split(separator: " ").map { Array($0.utf8) } }

    static func error(_ text: String, limits: RequestLimits = RequestLimits()) -> RequestError? {
        var feed = DecoderFeed(limits: limits)
        do { try feed.receive(Array(text.utf8)) } catch { return error as? RequestError }
        return nil
    }
}

struct RequestDecoderTests {
    static let conversation: [[[UInt8]]] = [
        DecoderFeed.words("PING"),
        DecoderFeed.words("SET key value"),
        [Array("SET".utf8), [], Array("\r\n$3\r\n*1\r\n".utf8)],
        DecoderFeed.words("MSET a 1 b 2 c 3 d 4 e 5"),
        [Array("GET".utf8), [UInt8](repeating: 0xFF, count: 300)],
    ]

    @Test func `requests cut at any two positions come out whole and in order`() throws {
        let bytes = Array("\r\n*0\r\n*-1\r\n".utf8) + Self.conversation.flatMap(DecoderFeed.encode)
        for first in 0..<bytes.count {
            for second in stride(from: first, to: bytes.count, by: 7) {
                var feed = DecoderFeed()
                try feed.receive(bytes[..<first])
                try feed.receive(bytes[first..<second])
                try feed.receive(bytes[second...])
                #expect(feed.requests == Self.conversation)
                #expect(feed.queue.isEmpty)
            }
        }
    }

    @Test func `requests that arrive byte by byte come out whole and in order`() throws {
        var feed = DecoderFeed()
        for byte in Self.conversation.flatMap(DecoderFeed.encode) { try feed.receive([byte]) }
        #expect(feed.requests == Self.conversation)
    }

    @Test func `inline requests cut at any position come out whole`() throws {
        let bytes = Array("SET k \"a b\"\r\n\r\nPING\nGET 'x y'\r\n".utf8)
        for cut in 0...bytes.count {
            var feed = DecoderFeed()
            try feed.receive(bytes[..<cut])
            try feed.receive(bytes[cut...])
            let texts = feed.requests.map { $0.map { String(decoding: $0, as: UTF8.self) } }
            #expect(texts == [["SET", "k", "a b"], ["PING"], ["GET", "x y"]])
        }
    }

    @Test func `what was parsed is not looked at again`() throws {
        var decoder = RequestDecoder(limits: RequestLimits())
        var arguments: [Range<Int>] = []
        let start = Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nab".utf8)
        #expect(try decoder.next(in: start.rawBytes, into: &arguments) == .incomplete(needed: 8))
        let blanked = [UInt8](repeating: 0, count: start.count) + Array("cdefgh\r\n".utf8)
        #expect(try decoder.next(in: blanked.rawBytes, into: &arguments) == .request(consumed: blanked.count))
        #expect(arguments == [8..<11, 17..<18, 24..<32])
    }

    @Test func `a waiting request does not hold a larger one's memory`() throws {
        var decoder = RequestDecoder(limits: RequestLimits())
        var arguments: [Range<Int>] = []
        arguments.reserveCapacity(100_000)
        let start = Array("*3\r\n$3\r\nSET\r\n".utf8)
        _ = try decoder.next(in: start.rawBytes, into: &arguments)
        #expect(arguments.capacity >= 100_000)
    }

    @Test func `random changes never trap and never give arguments outside of the bytes`() {
        var generator = SplitMix64(seed: 0xDEC0DE)
        let original = Self.conversation.flatMap(DecoderFeed.encode) + Array("SET 'a b' \"\\x41\"\r\n".utf8)
        let alphabet = Array("*$-0123456789\r\n\"'\\ x".utf8) + [0, 0xFF]
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: position)
                default: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: position)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            var feed = DecoderFeed()
            do {
                try feed.receive(bytes[..<cut])
                try feed.receive(bytes[cut...])
            } catch {
                #expect(error is RequestError)
            }
        }
    }

    @Test func `errors are worded as Redis words them`() {
        func text(_ request: String, limits: RequestLimits = RequestLimits()) -> String? {
            DecoderFeed.error(request, limits: limits).map { error in
                ReplyWriterTests.text(.two) { error.write(to: &$0) }
            }
        }
        #expect(text("*x\r\n") == "-ERR Protocol error: invalid multibulk length\r\n")
        #expect(text("*1048577\r\n") == "-ERR Protocol error: invalid multibulk length\r\n")
        #expect(text("*99999999999999999999") == "-ERR Protocol error: invalid multibulk length\r\n")
        #expect(text("*1\r\n:1\r\n") == "-ERR Protocol error: expected '$', got ':'\r\n")
        #expect(text("*1\r\n\r\n") == "-ERR Protocol error: expected '$', got ' '\r\n")
        #expect(text("*1\r\n$-1\r\n") == "-ERR Protocol error: invalid bulk length\r\n")
        #expect(text("*1\r\n$67108865\r\n") == "-ERR Protocol error: invalid bulk length\r\n")
        #expect(text("*1\r\n$1\r\nabc") == "-ERR Protocol error: expected CRLF after a bulk string\r\n")
        #expect(text("PING \"x\r\n") == "-ERR Protocol error: unbalanced quotes in request\r\n")
        #expect(
            text(String(repeating: "a", count: 70_000)) == "-ERR Protocol error: too big inline request\r\n")
        #expect(
            text("*11\r\n", limits: RequestLimits().beforeLogin)
                == "-ERR Protocol error: unauthenticated multibulk length\r\n")
        #expect(
            text("*1\r\n$16385\r\n", limits: RequestLimits().beforeLogin)
                == "-ERR Protocol error: unauthenticated bulk length\r\n")
    }

    @Test func `all arguments together are bounded`() {
        var limits = RequestLimits()
        limits.requestBytesMax = 100
        let argument = "$30\r\n" + String(repeating: "x", count: 30) + "\r\n"
        #expect(DecoderFeed.error("*9\r\n" + argument + argument, limits: limits) == nil)
        #expect(
            DecoderFeed.error("*9\r\n" + argument + argument + argument, limits: limits)
                == .requestTooLarge(limit: 100))
    }

    @Test func `a number that never ends is not waited for`() {
        #expect(DecoderFeed.error("*" + String(repeating: "1", count: 19)) != nil)
        #expect(DecoderFeed.error("*1\r\n$" + String(repeating: "1", count: 19)) != nil)
        #expect(DecoderFeed.error("*1\n") != nil)
    }

    @Test(arguments: ["POST / HTTP/1.1\r\n", "post /\r\n", "Host: localhost\r\n", "HOST: x\r\n"])
    func `an HTTP request is refused without an answer`(line: String) {
        #expect(DecoderFeed.error(line) == .crossProtocol)
        #expect(ReplyWriterTests.text(.two) { RequestError.crossProtocol.write(to: &$0) } == "")
    }

    @Test func `inline requests can be turned off`() {
        #expect(DecoderFeed.error("PING\r\n", limits: RequestLimits(allowsInline: false)) == .inlineRefused)
    }

    @Test(arguments: [
        (#"PING"#, ["PING"]), (#"  SET   a  b  "#, ["SET", "a", "b"]), (#"SET k "a b""#, ["SET", "k", "a b"]),
        (#"SET k "\x41\n\"\\""#, ["SET", "k", "A\n\"\\"]), (#"SET k 'it\'s \n'"#, ["SET", "k", "it's \\n"]),
        (#"SET k """#, ["SET", "k", ""]), (#"a"b c""#, ["ab c"]), (#"ECHO "\xZZ""#, ["ECHO", "xZZ"]),
    ])
    func `inline words follow Redis's quoting rules`(line: String, words: [String]) throws {
        var feed = DecoderFeed()
        try feed.receive(Array(line.utf8) + [13, 10])
        #expect(feed.requests.map { $0.map { String(decoding: $0, as: UTF8.self) } } == [words])
    }

    @Test(arguments: [#"SET k "a"#, #"SET k 'a"#, #"SET k "a"b"#, #"SET 'a'b"#, #"SET "a\"#])
    func `inline quotes must balance`(line: String) {
        #expect(DecoderFeed.error(line + "\r\n") == .unbalancedQuotes)
    }
}
