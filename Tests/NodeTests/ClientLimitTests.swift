// What clients may cost: places, replies that nobody reads, and the end of it all.

import ByteCoding
import Platform
import Telemetry
import Testing
import Vocabulary

@testable import Node

@Suite struct ClientLimitTests {
    @Test func `who comes when all places are taken is told so, until one is free`() throws {
        let world = try DeskWorld(connectionsMax: 2)
        let first = try world.visitor()
        let second = try world.visitor()
        let third = try Visitor(world.address)
        try world.expect("-ERR max number of clients reached\r\n", by: third)
        try world.expectEnd(of: third)
        #expect(world.desk.metrics.rejected[.connectionLimit] == 1)
        #expect(world.desk.count == 2)
        first.close()
        try world.turn("a place is free") { world.desk.count == 1 }
        let fourth = try world.visitor()
        for visitor in [second, fourth] {
            visitor.write(request("PING"))
            try world.expect("+PONG\r\n", by: visitor)
        }
    }

    @Test func `a client that never reads costs a bounded buffer, and is let go after a while`() throws {
        let world = try DeskWorld(outputBufferMax: 4 << 20)
        let visitor = try world.visitor()
        let echo = request("ECHO", String(repeating: "x", count: 1 << 20))
        let pipeline = Array(String(repeating: echo, count: 30).utf8)
        var sent = 0
        let client = try #require(world.connections.first)
        try world.turn("the buffer is full") {
            sent += visitor.write(pipeline[sent...])
            return client.channel.output.count >= 4 << 20
        }
        let full = client.channel.output.count
        #expect(full < 5 << 20 + 100)
        for _ in 0..<100 {
            sent += visitor.write(pipeline[sent...])
            world.turn()
        }
        #expect(client.channel.isPaused)
        #expect(client.channel.output.count <= full)
        #expect(client.channel.input.count <= 2 << 20)
        #expect(sent < pipeline.count, "its own kernel holds it back")
        #expect(!world.desk.hasRunnable, "the loop would not sleep")
        world.desk.enforceDeadlines(at: world.now + .seconds(60))
        #expect(world.desk.count == 1)
        world.desk.enforceDeadlines(at: world.now + .seconds(61))
        #expect(world.desk.count == 0)
        #expect(world.desk.metrics.rejected[.outputLimit] == 1)
    }

    @Test func `a client that reads late gets everything`() throws {
        let world = try DeskWorld(outputBufferMax: 4 << 20)
        let visitor = try world.visitor()
        let echo = request("ECHO", String(repeating: "x", count: 1 << 20))
        let pipeline = Array(String(repeating: echo, count: 20).utf8)
        var sent = 0
        let client = try #require(world.connections.first)
        try world.turn("the buffer is full") {
            sent += visitor.write(pipeline[sent...])
            return client.channel.output.count >= 4 << 20
        }
        let expected = 20 * ("$1048576\r\n".utf8.count + (1 << 20) + 2)
        try world.turn("all replies") {
            sent += visitor.write(pipeline[sent...])
            visitor.read()
            return visitor.received.count >= expected
        }
        #expect(!client.channel.isPaused)
        #expect(client.channel.output.isEmpty)
        world.idle()
        #expect(visitor.received.count == expected)
    }

    @Test func `a drain answers what is outstanding, takes nothing more, and closes`() throws {
        let world = try DeskWorld()
        let idle = try world.visitor()
        let waiting = try world.visitor()
        waiting.write(request("GET", "k"))
        try world.turn("the read") { !world.desk.batch.isEmpty }
        world.desk.drain()
        waiting.write(request("GET", "other"))
        try world.expectEnd(of: idle)
        world.idle()
        #expect(world.desk.count == 1)
        #expect(world.desk.batch.items.count == 1)
        #expect(!world.desk.hasRunnable, "the loop would not sleep")
        let late = try Socket.connect(to: world.address)
        #expect(Socket.wait(late, .writable, until: farDeadline()))
        #expect(Socket.connectOutcome(late)?.isConnectionRefused == true)
        Socket.close(late)
        world.answer([0])
        try world.turn("the last one goes") { world.desk.count == 0 }
        waiting.read()
        #expect(waiting.text == ":0\r\n")
    }

    @Test func `a drain lets the loop sleep while a client reads its last replies`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        let client = try #require(world.connections.first)
        // It stands in line to be decoded when the drain begins.
        world.desk.isHeldBack = true
        visitor.write(request("PING"))
        world.idle()
        world.desk.isHeldBack = false
        #expect(world.desk.hasRunnable)
        client.channel.output.append([UInt8](repeating: 0, count: 32 << 20).rawBytes)
        world.desk.drain()
        world.idle()
        #expect(world.desk.count == 1)
        #expect(!world.desk.hasRunnable, "the loop would not sleep")
        try world.turn("everything is read") {
            visitor.read()
            return world.desk.count == 0
        }
    }

    @Test func `a client can close the others, and itself after the reply`() throws {
        let world = try DeskWorld()
        let other = try world.visitor()
        let killer = try world.visitor()
        killer.write(request("CLIENT", "KILL", "SKIPME", "no"))
        try world.expect(":2\r\n", by: killer)
        try world.expectEnd(of: killer)
        try world.expectEnd(of: other)
        #expect(world.desk.count == 0)
    }

    @Test func `a client that wants no replies is let go all the same`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("CLIENT", "REPLY", "OFF") + request("QUIT"))
        try world.expectEnd(of: visitor)
        #expect(visitor.received.isEmpty)
        #expect(world.desk.count == 0)
    }

    @Test func `bytes are counted, of connections that have closed too`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("PING"))
        try world.expect("+PONG\r\n", by: visitor)
        visitor.close()
        try world.turn("it is gone") { world.desk.count == 0 }
        #expect(world.desk.metrics.received == UInt64(request("PING").utf8.count))
        #expect(world.desk.metrics.sent == 7)
    }
}
