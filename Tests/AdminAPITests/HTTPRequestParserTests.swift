// The parser: what it takes, what it refuses, and that cutting the bytes differently changes nothing.

import ByteCoding
import Testing
import Vocabulary

@testable import AdminAPI

/// What came out of some bytes: the requests in order, and the refusal that ended them.
private struct Parsed: Equatable {
    var requests: [HTTPRequest] = []
    var refusal: HTTPRefusal?
}

@Suite struct HTTPRequestParserTests {
    private let limits = HTTPRequestParser.Limits(headMax: 256, bodyMax: 64, fieldsMax: 8)

    private func parse(_ pieces: [ArraySlice<UInt8>]) -> Parsed {
        var parser = HTTPRequestParser(limits: limits)
        var parsed = Parsed()
        for piece in pieces {
            parser.append(Array(piece).rawBytes)
            do throws(HTTPRefusal) {
                while let request = try parser.next() { parsed.requests.append(request) }
            } catch {
                parsed.refusal = error
            }
        }
        return parsed
    }

    private func parse(_ text: String) -> Parsed { parse([Array(text.utf8)[...]]) }

    private func refusal(_ text: String) -> HTTPRefusal? { parse(text).refusal }

    private let good = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /readyz?check=leader HTTP/1.1\r\nhost:a\r\nX-Empty:\r\nAccept: \t*/* \t\r\n\r\n",
        "POST /v1/failover HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n{\"to\":\"n2\"}",
        "\r\nHEAD /healthz HTTP/1.0\r\n\r\n",
        "POST /v1/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ]

    @Test func `a request is taken apart`() throws {
        let parsed = parse(good[2])
        let request = try #require(parsed.requests.first)
        #expect(request.method == "POST")
        #expect(request.path == "/v1/failover")
        #expect(request.query == "")
        #expect(request.field("content-length") == "11")
        #expect(request.body == Array(#"{"to":"n2"}"#.utf8))
        #expect(request.keepsAlive)
        let second = try #require(parse(good[1]).requests.first)
        #expect(second.parameter("check") == "leader")
        #expect(second.field("accept") == "*/*")
        #expect(second.field("x-empty") == "")
    }

    @Test func `version and Connection decide whether the connection goes on`() {
        func keeps(_ version: String, _ connection: String?) -> Bool? {
            let field = connection.map { "Connection: \($0)\r\n" } ?? ""
            return parse("GET / \(version)\r\nHost: a\r\n\(field)\r\n").requests.first?.keepsAlive
        }
        #expect(keeps("HTTP/1.1", nil) == true)
        #expect(keeps("HTTP/1.1", "close") == false)
        #expect(keeps("HTTP/1.1", "Foo, Close") == false)
        #expect(keeps("HTTP/1.1", "close, keep-alive") == false)
        #expect(keeps("HTTP/1.0", nil) == false)
        #expect(keeps("HTTP/1.0", "Keep-Alive") == true)
    }

    @Test func `pipelined requests come out the same wherever the bytes are cut`() {
        let bytes = Array(good.joined().utf8)
        let whole = parse([bytes[...]])
        #expect(whole.requests.count == good.count)
        #expect(whole.refusal == nil)
        for cut in bytes.indices {
            #expect(parse([bytes[..<cut], bytes[cut...]]) == whole)
        }
        #expect(parse(bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test func `mutated requests never depend on the cut, and never trap`() {
        var random = SplitMix64(seed: 42)
        let alphabet = Array("\r\n :/HTP1.0aGEContentLgh-5\0\u{7F}\u{80}{,".utf8)
        for _ in 0..<1500 {
            var bytes = Array(good.shuffled(using: &random).joined().utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let position = Int.random(in: bytes.indices, using: &random)
                switch UInt8.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: position)
                case 1: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: position)
                default: bytes[position] = alphabet.randomElement(using: &random) ?? 0
                }
            }
            let whole = parse([bytes[...]])
            let cut = Int.random(in: bytes.indices, using: &random)
            #expect(parse([bytes[..<cut], bytes[cut...]]) == whole)
            #expect(parse(bytes.indices.map { bytes[$0...$0] }) == whole)
            for request in whole.requests {
                #expect(request.body.count <= limits.bodyMax)
                #expect(request.fields.count <= limits.fieldsMax)
                #expect(request.path.hasPrefix("/"))
            }
        }
    }

    @Test(arguments: [
        "get / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET /\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / FTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
    ])
    func `what is not a request is refused as malformed`(text: String) {
        let parsed = parse(text)
        #expect(parsed.requests.isEmpty)
        guard case .malformed = parsed.refusal else {
            Issue.record("\(String(describing: parsed.refusal)) for \(text.debugDescription)")
            return
        }
    }

    @Test func `what is not served is refused by name`() {
        let start = "POST / HTTP/1.1\r\nHost: a\r\n"
        #expect(refusal(start + "Transfer-Encoding: chunked\r\n\r\n") == .lengthRequired)
        #expect(refusal(start + "Transfer-Encoding: gzip, chunked\r\n\r\n") == .coding)
        #expect(refusal(start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n") == .coding)
        #expect(refusal(start + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n") == .expectation)
        #expect(refusal(start + "Content-Length: 65\r\n\r\n") == .bodyTooLarge(max: 64))
        #expect(refusal(start + "Content-Length: 65\r\nExpect: 100-continue\r\n\r\n") == .bodyTooLarge(max: 64))
        #expect(refusal(start + "Content-Length: 64\r\n\r\n") == nil)
        #expect(refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == .version)
    }

    @Test func `a head is bounded in bytes and fields, to the byte`() {
        func head(of length: Int) -> String {
            let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
            return start + String(repeating: "x", count: length - start.utf8.count - 4) + "\r\n\r\n"
        }
        #expect(parse(head(of: 256)).requests.count == 1)
        #expect(refusal(head(of: 257)) == .headTooLarge(max: 256))
        #expect(refusal(String(decoding: head(of: 300).utf8.prefix(257), as: UTF8.self)) == .headTooLarge(max: 256))
        #expect(refusal(String(decoding: head(of: 300).utf8.prefix(256), as: UTF8.self)) == nil)
        let fields = String(repeating: "X: y\r\n", count: 8)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") == .headTooLarge(max: 256))
    }

    @Test func `nothing is taken after a refusal`() {
        let parsed = parse([Array("nonsense".utf8)[...], Array(good[0].utf8)[...]])
        #expect(parsed.requests.isEmpty)
        #expect(parsed.refusal != nil)
    }

    @Test func `every refusal has a status of its own kind, a text and a remedy`() {
        let all: [HTTPRefusal] = [
            .malformed("x"), .timeout, .lengthRequired, .bodyTooLarge(max: 1), .expectation, .headTooLarge(max: 1),
            .coding, .version,
        ]
        #expect(Set(all.map(\.code)).count == all.count)
        #expect(Set(all.map(\.status)).count == all.count)
        for refusal in all { #expect(!refusal.text.isEmpty && !refusal.remedy.text.isEmpty) }
    }
}
