// What clients may do, in whatever pieces and order, and what the desk lets none of them do.

import ByteCoding
import PeerProtocol
import Platform
import TLS
import Telemetry
import Testing
import Vocabulary

@testable import Node

@Suite struct ClientDeskTests {
    // MARK: Requests and replies

    @Test func `requests arrive in any pieces, as arrays and as lines`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        for byte in (request("PING") + "PING hello\r\n\r\n" + request("ECHO", "a\r\nb")).utf8 {
            visitor.write([byte])
            world.turn()
        }
        try world.expect("+PONG\r\n$5\r\nhello\r\n$4\r\na\r\nb\r\n", by: visitor)
        #expect(world.desk.metrics.commands[.connection] == 3)
    }

    @Test func `a pipeline of reads is one batch, and its answers leave in order`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write((0..<5).map { request("GET", "k\($0)") }.joined())
        try world.turn("five reads") { world.desk.batch.items.count == 5 }
        world.answer([4, 2, 3])
        world.idle()
        visitor.read()
        #expect(visitor.received.isEmpty)
        world.answer([1, 0])
        try world.expect(":0\r\n:1\r\n:2\r\n:3\r\n:4\r\n", by: visitor)
        #expect(world.desk.metrics.commands[.read] == 5)
        #expect(!world.desk.hasOutstanding)
    }

    @Test func `what must not overtake waits, and goes on by itself`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("GET", "k") + request("SET", "k", "v") + request("PING") + request("GET", "k"))
        try world.turn("the read") { !world.desk.batch.isEmpty }
        world.idle()
        #expect(world.desk.batch.items.map(\.kind) == [.read])
        #expect(world.connections.first?.channel.isPaused == true)
        world.answer([0])
        try world.turn("the write") { world.desk.batch.items.count == 2 }
        world.idle()
        #expect(world.desk.batch.items.map(\.kind) == [.read, .write])
        world.answer([1])
        try world.turn("the last read") { world.desk.batch.items.count == 3 }
        world.answer([2])
        try world.expect(":0\r\n:1\r\n+PONG\r\n:2\r\n", by: visitor)
        #expect(world.connections.first?.channel.isPaused == false)
    }

    @Test func `while the node is held back nothing is decoded, and nothing is lost`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        world.desk.isHeldBack = true
        visitor.write(request("GET", "k"))
        world.idle()
        #expect(world.desk.batch.isEmpty)
        #expect(!world.desk.hasRunnable, "the loop would not sleep")
        world.desk.isHeldBack = false
        try world.turn("the read") { !world.desk.batch.isEmpty }
    }

    @Test func `an answer to who has gone does not reach who came after`() throws {
        let world = try DeskWorld()
        let first = try world.visitor()
        first.write(request("GET", "k"))
        try world.turn("the read") { !world.desk.batch.isEmpty }
        Socket.resetOnClose(first.descriptor)
        first.close()
        try world.turn("the first is gone") { world.desk.count == 0 }
        let second = try world.visitor()
        second.write(request("GET", "k"))
        try world.turn("the second read") { world.desk.batch.items.count == 2 }
        let places = world.desk.batch.items.map { ClientConnection.place(of: $0.token) }
        #expect(places == [0, 0])
        world.answer([0, 1])
        try world.expect(":1\r\n", by: second)
    }

    @Test func `a client that has finished sending still gets its replies`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("GET", "k") + request("SET", "k", "v") + request("PING"))
        Socket.finishWriting(visitor.descriptor)
        try world.turn("the read") { !world.desk.batch.isEmpty }
        world.idle()
        world.answer([0])
        try world.turn("the write") { world.desk.batch.items.count == 2 }
        world.answer([1])
        try world.expect(":0\r\n:1\r\n+PONG\r\n", by: visitor)
        try world.expectEnd(of: visitor)
        #expect(world.desk.count == 0)
    }

    @Test func `one read and the end of sending arrive together, and the reply leaves`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("GET", "k"))
        Socket.finishWriting(visitor.descriptor)
        try world.turn("the read") { !world.desk.batch.isEmpty }
        world.idle()
        #expect(!world.desk.hasRunnable, "the loop would not sleep")
        world.answer([0])
        try world.expect(":0\r\n", by: visitor)
        try world.expectEnd(of: visitor)
        #expect(world.desk.count == 0)
    }

    @Test func `a client that has finished sending is not kept for ever`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("WAIT", "9", "0"))
        Socket.finishWriting(visitor.descriptor)
        try world.turn("the wait") { !world.desk.batch.isEmpty }
        world.idle()
        world.desk.enforceDeadlines(at: world.now + .seconds(60))
        #expect(world.desk.count == 1)
        world.desk.enforceDeadlines(at: world.now + .seconds(61))
        #expect(world.desk.count == 0)
        #expect(world.desk.metrics.rejected[.deadline] == 1)
    }

    @Test func `a client that leaves in the middle of a request is forgotten`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write("*2\r\n$3\r\nGET\r\n$5\r\nab")
        Socket.finishWriting(visitor.descriptor)
        try world.expectEnd(of: visitor)
        #expect(world.desk.count == 0)
        #expect(visitor.received.isEmpty)
    }

    // MARK: Bytes that are no requests

    @Test(
        arguments: [
            ("*x\r\n", "invalid multibulk length"), ("*1\r\n:1\r\n", "expected '$', got ':'"),
            ("*1\r\n$-1\r\n", "invalid bulk length"), ("*1\r\n$3000000\r\n", "invalid bulk length"),
            ("*1001\r\n", "invalid multibulk length"), ("PING \"x\r\n", "unbalanced quotes in request"),
        ])
    func `garbage is told so in Redis's words, and the connection ends`(garbage: String, what: String) throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(garbage)
        try world.expect("-ERR Protocol error: \(what)\r\n", by: visitor)
        try world.expectEnd(of: visitor)
        #expect(world.desk.count == 0)
        #expect(world.desk.metrics.rejected[.protocolError] == 1)
    }

    @Test func `garbage behind a request is told after the reply`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("GET", "k") + "*x\r\n")
        try world.turn("the read") { !world.desk.batch.isEmpty }
        world.idle()
        visitor.read()
        #expect(visitor.received.isEmpty)
        world.answer([0])
        try world.expect(":0\r\n-ERR Protocol error: invalid multibulk length\r\n", by: visitor)
        try world.expectEnd(of: visitor)
        #expect(world.desk.metrics.rejected[.protocolError] == 1)
    }

    @Test func `a browser is not answered`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try world.expectEnd(of: visitor)
        #expect(visitor.received.isEmpty)
        #expect(world.desk.count == 0)
    }

    @Test func `random bytes harm nobody else`() throws {
        let world = try DeskWorld()
        let good = try world.visitor()
        var random = SplitMix64(seed: 1)
        for _ in 0..<50 {
            let bad = try world.visitor()
            bad.write((0..<500).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            Socket.finishWriting(bad.descriptor)
            try world.expectEnd(of: bad)
        }
        good.write(request("PING"))
        try world.expect("+PONG\r\n", by: good)
        #expect(world.desk.count == 1)
    }

    // MARK: Who has not logged in

    @Test func `before the login little is allowed, and after it everything`() throws {
        let world = try DeskWorld(tokens: OneToken())
        let visitor = try world.visitor()
        visitor.write(request("GET", "k"))
        try world.turn("a refusal") {
            visitor.read()
            return !visitor.received.isEmpty
        }
        #expect(visitor.text.hasPrefix("-NOAUTH"))
        #expect(world.desk.batch.isEmpty)
        visitor.write(request("AUTH", "secret") + request("ECHO", String(repeating: "x", count: 20_000)))
        try world.turn("the echo") {
            visitor.read()
            return visitor.received.count > 20_000
        }
        #expect(visitor.text.contains("+OK\r\n$20000\r\n"))
    }

    @Test(
        arguments: [
            ("*11\r\n", "unauthenticated multibulk length"),
            ("*2\r\n$4\r\nAUTH\r\n$16385\r\n", "unauthenticated bulk length"),
        ])
    func `large requests before the login end the connection`(request: String, what: String) throws {
        let world = try DeskWorld(tokens: OneToken())
        let visitor = try world.visitor()
        visitor.write(request)
        try world.expect("-ERR Protocol error: \(what)\r\n", by: visitor)
        try world.expectEnd(of: visitor)
    }

    @Test func `a login that does not come ends the connection`() throws {
        let world = try DeskWorld(tokens: OneToken())
        let silent = try world.visitor()
        let known = try world.visitor()
        known.write(request("AUTH", "secret"))
        try world.expect("+OK\r\n", by: known)
        world.now = world.now + .seconds(30)
        world.desk.enforceDeadlines(at: world.now)
        #expect(world.desk.count == 2)
        world.now = world.now + .nanoseconds(1)
        world.desk.enforceDeadlines(at: world.now)
        #expect(world.desk.count == 1)
        #expect(world.desk.metrics.rejected[.deadline] == 1)
        try world.expectEnd(of: silent)
    }

    @Test func `refusals from an address come ever later, and a good token at once`() throws {
        let world = try DeskWorld(tokens: OneToken())
        let guesser = try world.visitor()
        let wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
        for number in 1...3 {
            guesser.write(request("AUTH", "guess"))
            try world.expect(String(repeating: wrong, count: number), by: guesser)
        }
        guesser.write(request("AUTH", "guess") + request("AUTH", "guess") + request("AUTH", "secret"))
        try world.turn("the fourth failure") { world.desk.metrics.rejected[.authentication] == 4 }
        let known = try world.visitor()
        known.write(request("AUTH", "secret"))
        try world.expect("+OK\r\n", by: known)
        let due = world.now + .milliseconds(200)
        #expect(world.desk.nextDeadline == due)
        world.now = due + .nanoseconds(-1)
        world.idle()
        guesser.read()
        #expect(guesser.text == String(repeating: wrong, count: 3))
        world.now = due
        try world.expect(String(repeating: wrong, count: 4), by: guesser)
        try world.turn("the fifth failure") { world.desk.metrics.rejected[.authentication] == 5 }
        #expect(world.desk.nextDeadline == due + .milliseconds(400))
        world.now = due + .milliseconds(400)
        try world.expect(String(repeating: wrong, count: 5) + "+OK\r\n", by: guesser)
        #expect(world.desk.nextDeadline == nil)
    }

    @Test func `a drain does not wait for held back refusals`() throws {
        let world = try DeskWorld(tokens: OneToken())
        let guesser = try world.visitor()
        for _ in 1...5 { guesser.write(request("AUTH", "guess")) }
        try world.turn("the fourth failure") { world.desk.metrics.rejected[.authentication] == 4 }
        world.desk.drain()
        world.desk.flush(at: world.now)
        #expect(world.desk.count == 0)
    }

    @Test func `a handshake that does not come ends the connection, even where nobody logs in`() throws {
        let authority = try Authority()
        let context = try TLSContext.server(try authority.identity("n1"), clientCertificates: .optional)
        let world = try DeskWorld(tls: context)
        let silent = try world.visitor()
        world.now = world.now + .seconds(31)
        world.desk.enforceDeadlines(at: world.now)
        #expect(world.desk.metrics.rejected[.deadline] == 1)
        try world.expectEnd(of: silent)
    }

    @Test func `plain text on a TLS port ends the connection`() throws {
        let authority = try Authority()
        let context = try TLSContext.server(try authority.identity("n1"), clientCertificates: .optional)
        let world = try DeskWorld(tls: context)
        let visitor = try world.visitor()
        visitor.write(request("PING"))
        try world.expectEnd(of: visitor)
        #expect(world.desk.metrics.rejected[.handshake] == 1)
        #expect(world.desk.count == 0)
    }
}
