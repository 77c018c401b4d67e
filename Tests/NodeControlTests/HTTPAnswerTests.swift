// Answers cut at every byte, and everything that is no answer.

import Testing

@testable import NodeControl

@Suite struct HTTPAnswerTests {
    private let whole = Array("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello".utf8)

    @Test func `an answer is incomplete at every byte but its last`() {
        for length in whole.indices {
            let part = Array(whole[..<length])
            #expect(HTTPAnswer.parse(part, isEnded: false) == .incomplete, "\(length)")
            #expect(HTTPAnswer.parse(part, isEnded: true) == .malformed("the answer broke off"), "\(length)")
        }
        let answer = HTTPAnswer(
            status: 200, fields: [.init(name: "date", value: "x"), .init(name: "content-length", value: "5")],
            body: Array("hello".utf8))
        #expect(HTTPAnswer.parse(whole, isEnded: false) == .whole(answer))
        #expect(answer.field("date") == "x")
    }

    @Test func `a body without a length ends with the connection`() {
        let bytes = Array("HTTP/1.1 503 No\r\n\r\nwhy".utf8)
        #expect(HTTPAnswer.parse(bytes, isEnded: false) == .incomplete)
        #expect(
            HTTPAnswer.parse(bytes, isEnded: true)
                == .whole(HTTPAnswer(status: 503, fields: [], body: Array("why".utf8))))
    }

    @Test(arguments: [
        ("SSH-2.0-x\r\n\r\n", "no HTTP answer"), ("HTTP/1.1 99 x\r\n\r\n", "no HTTP answer"),
        ("HTTP/2 200\r\n\r\n", "no HTTP answer"), ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "a header without a colon"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "a length of -1"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "a length of 99999999999"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "a body in pieces, which this client does not read"
        ),
    ])
    func `what is no answer is refused`(text: String, reason: String) {
        #expect(HTTPAnswer.parse(Array(text.utf8), isEnded: false) == .malformed(reason))
    }

    @Test func `an endless head is refused`() {
        let bytes = Array("HTTP/1.1 200 OK\r\n".utf8) + [UInt8](repeating: 0x61, count: HTTPAnswer.headMax)
        #expect(HTTPAnswer.parse(bytes, isEnded: false) == .malformed("a head of more than 65536 bytes"))
    }

    @Test func `a date is read as seconds`() {
        #expect(ClusterView.seconds(ofDate: "Thu, 01 Jan 1970 00:01:00 GMT") == 60)
        #expect(ClusterView.seconds(ofDate: "yesterday") == nil)
    }
}
