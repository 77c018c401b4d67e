// The connection's state machine, with time as an argument.

import ByteCoding
import Testing
import Vocabulary

@testable import AdminAPI

@Suite struct AdminConnectionTests {
    private let start = Instant(nanoseconds: 1_000_000_000_000)
    private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private let answer = HTTPResponse(200, json: Array("{}".utf8))

    private func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }

    private func opened() -> AdminConnection { AdminConnection(limits: AdminConnection.Limits(), opened: start) }

    private func text(_ connection: AdminConnection) -> String {
        connection.output.withFirst { bytes in
            bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    private func drain(_ connection: inout AdminConnection, at now: Instant) {
        while !connection.output.isEmpty { connection.sent(connection.output.withFirst { $0.byteCount }, at: now) }
    }

    @Test func `a request that trickles in is cut off at its deadline, however busy it is`() {
        var connection = opened()
        var now = start
        for (second, byte) in get.utf8.prefix(20).enumerated() {
            now = at(Double(second))
            connection.expire(at: now, date: "D")
            connection.received([byte].rawBytes, at: now)
            #expect(connection.nextRequest(at: now, date: "D") == nil)
        }
        #expect(text(connection).hasPrefix("HTTP/1.1 408 "))
        #expect(text(connection).contains("Connection: close"))
        #expect(connection.deadline != nil)
    }

    @Test func `the deadline of a request is counted from its first byte`() {
        var connection = opened()
        connection.received([UInt8(ascii: "G")].rawBytes, at: at(7))
        #expect(connection.deadline == at(17))
        connection.received([UInt8(ascii: "E")].rawBytes, at: at(16))
        #expect(connection.deadline == at(17))
        connection.expire(at: at(16.9), date: "D")
        #expect(connection.output.isEmpty)
        connection.expire(at: at(17), date: "D")
        #expect(text(connection).hasPrefix("HTTP/1.1 408 "))
    }

    @Test func `a connection without a request ends without a word`() {
        var connection = opened()
        #expect(connection.deadline == at(60))
        connection.expire(at: at(59), date: "D")
        #expect(!connection.isFinished)
        connection.expire(at: at(60), date: "D")
        #expect(connection.isFinished)
        #expect(connection.output.isEmpty)
    }

    @Test func `pipelined requests are given one after the other and answered in order`() {
        var connection = opened()
        connection.received(Array((get + get.replacing("/ ", with: "/b ")).utf8).rawBytes, at: start)
        #expect(connection.nextRequest(at: start, date: "D")?.path == "/")
        #expect(connection.nextRequest(at: start, date: "D") == nil)
        #expect(connection.deadline == nil)
        connection.respond(answer, at: at(1), date: "D")
        #expect(connection.nextRequest(at: at(1), date: "D")?.path == "/b")
        connection.respond(answer, at: at(1), date: "D")
        #expect(connection.nextRequest(at: at(1), date: "D") == nil)
        #expect(text(connection).components(separatedBy: "HTTP/1.1 200 OK").count == 3)
        drain(&connection, at: at(2))
        #expect(connection.deadline == at(61))
    }

    @Test func `a client that takes no answer is cut off`() {
        var connection = opened()
        connection.received(Array(get.utf8).rawBytes, at: start)
        #expect(connection.nextRequest(at: start, date: "D") != nil)
        connection.respond(answer, at: start, date: "D")
        connection.sent(1, at: at(5))
        #expect(connection.deadline == at(25))
        connection.expire(at: at(25), date: "D")
        #expect(connection.isFinished)
    }

    @Test func `a client that sends requests and reads nothing is not listened to`() {
        var connection = opened()
        let big = HTTPResponse(200, contentType: "text/plain", body: [UInt8](repeating: 65, count: 100_000))
        var given = 0
        for _ in 0..<10 {
            guard connection.wantsInput else { break }
            connection.received(Array(get.utf8).rawBytes, at: start)
            if connection.nextRequest(at: start, date: "D") != nil {
                given += 1
                connection.respond(big, at: start, date: "D")
            }
        }
        #expect(given == 3)
        #expect(!connection.wantsInput)
        drain(&connection, at: at(1))
        #expect(connection.wantsInput)
    }

    @Test func `an answer can be held back`() {
        var connection = opened()
        connection.received(Array(get.utf8).rawBytes, at: start)
        #expect(connection.nextRequest(at: start, date: "D") != nil)
        connection.respond(answer, notBefore: at(3))
        connection.expire(at: at(2.9), date: "D")
        #expect(connection.output.isEmpty)
        #expect(connection.deadline == at(3))
        connection.expire(at: at(3), date: "D")
        #expect(text(connection).hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `after a refusal input is discarded until the client ends or a moment has passed`() {
        var connection = opened()
        connection.received(Array("nonsense".utf8).rawBytes, at: start)
        #expect(connection.nextRequest(at: start, date: "D") == nil)
        #expect(text(connection).hasPrefix("HTTP/1.1 400 "))
        #expect(connection.refusal?.status == 400)
        #expect(!connection.wantsEndOfOutput)
        drain(&connection, at: at(1))
        #expect(connection.wantsEndOfOutput)
        #expect(connection.wantsInput)
        connection.received(Array(get.utf8).rawBytes, at: at(2))
        #expect(connection.nextRequest(at: at(2), date: "D") == nil)
        var other = connection
        connection.inputEnds(at: at(2))
        #expect(connection.isFinished)
        other.expire(at: at(3), date: "D")
        #expect(other.isFinished)
    }

    @Test func `a client that ends behind its request is answered, and behind half a one is not`() {
        var whole = opened()
        whole.received(Array(get.utf8).rawBytes, at: start)
        whole.inputEnds(at: start)
        #expect(whole.nextRequest(at: start, date: "D") != nil)
        whole.respond(answer, at: start, date: "D")
        #expect(!whole.isFinished)
        drain(&whole, at: start)
        #expect(whole.isFinished)

        var half = opened()
        half.received(Array(get.utf8.dropLast()).rawBytes, at: start)
        half.inputEnds(at: start)
        #expect(half.nextRequest(at: start, date: "D") == nil)
        #expect(half.isFinished)
    }

    @Test func `HEAD gets the head of GET and no body`() {
        var texts: [String] = []
        for method in ["GET", "HEAD"] {
            var connection = opened()
            connection.received(Array(get.replacing("GET", with: method).utf8).rawBytes, at: start)
            #expect(connection.nextRequest(at: start, date: "D") != nil)
            connection.respond(answer, at: start, date: "D")
            texts.append(text(connection))
        }
        #expect(texts[0] == texts[1] + "{}")
        #expect(texts[1].contains("Content-Length: 2\r\n"))
    }

    @Test func `the date is written as RFC 9110 words it`() {
        #expect(HTTPDate.text(.zero) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.text(Timestamp(microseconds: 784_111_777_000_000)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }
}
