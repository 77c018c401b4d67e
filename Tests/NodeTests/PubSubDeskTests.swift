// Messages and the connections that they reach: their place among replies, and what a subscriber may cost.

import ByteCoding
import Keyspace
import PeerProtocol
import Platform
import RESP
import Telemetry
import Testing
import Vocabulary

@testable import Node

@Suite struct PubSubDeskTests {
    private func subscriber(
        _ world: DeskWorld, _ words: String..., version: RESPVersion = .two
    ) throws -> Visitor {
        let visitor = try world.visitor()
        if version == .three {
            visitor.write(request("HELLO", "3"))
            try world.turn("the greeting") {
                visitor.read()
                return visitor.received.count > 100
            }
            visitor.received.removeAll()
        }
        let before = world.desk.subscriptions.subscriberCount
        visitor.write("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
        try world.turn("the subscription") { world.desk.subscriptions.subscriberCount > before }
        world.idle()
        visitor.read()
        visitor.received.removeAll()
        return visitor
    }

    private func message(_ channel: String, _ text: String, _ mark: String = "*") -> String {
        mark + request("message", channel, text).dropFirst()
    }

    @Test func `a message reaches everybody who listens, in each one's version`() throws {
        let world = try DeskWorld()
        let old = try subscriber(world, "SUBSCRIBE", "news")
        let new = try subscriber(world, "SUBSCRIBE", "news", version: .three)
        let both = try subscriber(world, "PSUBSCRIBE", "n*", "*s", version: .three)
        let other = try subscriber(world, "SSUBSCRIBE", "news")
        let publisher = try world.visitor()
        publisher.write(request("PUBLISH", "news", "hello"))
        try world.expect(":4\r\n", by: publisher)
        try world.expect(message("news", "hello"), by: old)
        try world.expect(message("news", "hello", ">"), by: new)
        let pmessage = { (pattern: String) in ">" + request("pmessage", pattern, "news", "hello").dropFirst() }
        try world.expect(pmessage("n*") + pmessage("*s"), by: both)
        other.read()
        #expect(other.received.isEmpty)
        publisher.received.removeAll()
        publisher.write(request("SPUBLISH", "news", "part"))
        try world.expect(":1\r\n", by: publisher)
        try world.expect(request("smessage", "news", "part"), by: other)
        #expect(world.desk.publications.frames.count == 2)
        #expect(world.desk.metrics.published[.client] == 2)
        #expect(world.desk.metrics.messagesDelivered == 5)
    }

    @Test func `a publisher that listens gets the message before the reply`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news", version: .three)
        visitor.write(request("PUBLISH", "news", "mine") + request("PING"))
        try world.expect(message("news", "mine", ">") + ":1\r\n+PONG\r\n", by: visitor)
    }

    @Test func `messages come between replies that are on their way, which keep their order`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news", version: .three)
        visitor.write(request("GET", "a") + request("GET", "b") + request("PING"))
        try world.turn("the reads") { world.desk.batch.items.count == 2 }
        let publisher = try world.visitor()
        publisher.write(request("PUBLISH", "news", "one"))
        try world.expect(message("news", "one", ">"), by: visitor)
        // The second answer has come, and waits for the first.
        world.answer([1])
        publisher.write(request("PUBLISH", "news", "two"))
        try world.expect(message("news", "one", ">") + message("news", "two", ">"), by: visitor)
        world.answer([0])
        publisher.write(request("PUBLISH", "news", "three"))
        let replies = ":0\r\n:1\r\n"
        try world.turn("everything") {
            visitor.read()
            return visitor.text.hasSuffix("+PONG\r\n") && visitor.text.contains("three")
        }
        let text = visitor.text
        #expect(text.contains(replies))
        #expect(text.replacing(message("news", "three", ">"), with: "").hasSuffix(replies + "+PONG\r\n"))
    }

    @Test func `a message of another node goes to those who listen here and nowhere else`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news")
        let (channel, text) = (Array("news".utf8), Array("hello".utf8))
        world.desk.deliver(PublishedMessage(channel.rawBytes, text.rawBytes, isSharded: false), at: world.now)
        world.desk.deliver(PublishedMessage(channel.rawBytes, text.rawBytes, isSharded: true), at: world.now)
        try world.expect(message("news", "hello"), by: visitor)
        #expect(world.desk.publications.isEmpty)
        #expect(world.desk.metrics.published[.peer] == 2)
    }

    @Test func `a subscriber that does not read is cut off when too much waits for it`() throws {
        let world = try DeskWorld(outputBufferMax: 4 << 20)
        let slow = try subscriber(world, "SUBSCRIBE", "news")
        let other = try subscriber(world, "SUBSCRIBE", "news")
        let (channel, text) = (Array("news".utf8), [UInt8](repeating: 7, count: 1 << 20))
        var largest = 0
        try world.turn("it is cut off") {
            let isRead = world.connections.allSatisfy { $0.session.id == 1 || $0.channel.output.isEmpty }
            if isRead {
                world.desk.deliver(PublishedMessage(channel.rawBytes, text.rawBytes, isSharded: false), at: world.now)
            }
            for client in world.connections { largest = max(largest, client.channel.output.count) }
            other.read()
            return world.desk.metrics.rejected[.outputLimit] == 1
        }
        #expect(largest > 3 << 20 && largest <= 4 << 20)
        #expect(world.connections.map(\.session.id) == [2])
        #expect(world.desk.subscriptions.subscriberCount == 1)
        slow.close()
    }

    @Test func `a quiet subscriber has as long to read as anybody`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news")
        let client = try #require(world.connections.first)
        world.now = world.now + .seconds(3600)
        let (channel, text) = (Array("news".utf8), [UInt8](repeating: 7, count: 8 << 20))
        while client.channel.output.count < 16 << 20 {
            world.desk.deliver(PublishedMessage(channel.rawBytes, text.rawBytes, isSharded: false), at: world.now)
            world.desk.flush(at: world.now)
        }
        world.desk.enforceDeadlines(at: world.now + .seconds(60))
        #expect(world.desk.count == 1)
        world.desk.enforceDeadlines(at: world.now + .seconds(61))
        #expect(world.desk.count == 0)
        #expect(world.desk.subscriptions.isEmpty)
        visitor.close()
    }

    @Test func `who is gone is no receiver any more`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news", "sport")
        let listener = try subscriber(world, "PSUBSCRIBE", "*", version: .three)
        #expect(world.desk.environment.facts.activity.channels == 2)
        #expect(world.desk.environment.facts.activity.patterns == 1)
        visitor.close()
        try world.turn("it is gone") { world.desk.count == 1 }
        #expect(world.desk.subscriptions.subscriberCount == 1)
        #expect(world.desk.environment.facts.activity.channels == 0)
        #expect(world.desk.subscribers.count == 1)
        let publisher = try world.visitor()
        publisher.write(request("PUBLISH", "news", "hello"))
        try world.expect(":1\r\n", by: publisher)
        try world.expect(">" + request("pmessage", "*", "news", "hello").dropFirst(), by: listener)
    }

    @Test func `a subscriber that quits gets its last reply, and no message behind it`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "SUBSCRIBE", "news", version: .three)
        visitor.write(request("QUIT") + request("PUBLISH", "news", "never"))
        try world.expectEnd(of: visitor)
        #expect(visitor.text == "+OK\r\n")
        #expect(world.desk.subscriptions.isEmpty)
    }

    @Test func `events of keys are told in the forms that are set`() throws {
        let world = try DeskWorld()
        let visitor = try subscriber(world, "PSUBSCRIBE", "__key*__:*", version: .three)
        var keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
        keyspace.events.wanted = .all
        let words = Array("SETkv".utf8)
        var entry: [UInt8] = []
        EntryCoding.encode(.set, words.rawBytes, words: [0..<3, 3..<4, 4..<5], to: &entry)
        var reply = ReplyWriter(version: .two)
        keyspace.apply(entry.rawBytes, at: Timestamp(microseconds: 1), index: LogIndex(1), reply: &reply)
        func told(_ channel: String, _ text: String) -> String {
            ">" + request("pmessage", "__key*__:*", channel, text).dropFirst()
        }
        let forms: [(KeyEventClasses, String)] = [
            ([.keyspace, .string], told("__keyspace@0__:k", "set")), ([.keyevent], told("__keyevent@0__:set", "k")),
            ([], ""),
        ]
        for (classes, expected) in forms {
            visitor.received.removeAll()
            world.desk.environment.facts.keyEvents = classes
            world.desk.deliver(keyspace.events, at: world.now)
            try world.expect(expected, by: visitor)
        }
        #expect(world.desk.publications.isEmpty, "other nodes report their own")
    }

    @Test func `CONFIG SET is taken by the node`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        visitor.write(request("CONFIG", "SET", "notify-keyspace-events", "KEA"))
        try world.expect("+OK\r\n", by: visitor)
        #expect(world.desk.environment.facts.keyEvents.letters == "AKE")
    }

    @Test func `what the node answers by itself is counted, whatever becomes of it`() throws {
        let world = try DeskWorld()
        let visitor = try world.visitor()
        let requests = [
            request("PING"), request("CLIENT", "LIST"), request("PUBLISH", "news", "x"),
            request("CONFIG", "SET", "notify-keyspace-events", "K"), request("QUIT"),
        ]
        visitor.write(requests.joined())
        try world.expectEnd(of: visitor)
        #expect(world.desk.metrics.commands[.connection] == UInt64(requests.count))
    }
}
