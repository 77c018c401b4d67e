// The leader's memory: who says that it is full, and what then holds on every node.

import Keyspace
import PeerProtocol
import Testing
import Vocabulary

@testable import Replica

struct MemoryLimitTests {
    private static let refusal = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
    private static let large = String(repeating: "x", count: 4000)

    @Test func `memory is full above the limit until a 64th of it is free`() {
        let limit = MemoryLimit(ByteCount(6400))
        #expect(!limit.isFull(used: ByteCount(6400), wasFull: false))
        #expect(limit.isFull(used: ByteCount(6401), wasFull: false))
        #expect(limit.isFull(used: ByteCount(6301), wasFull: true))
        #expect(!limit.isFull(used: ByteCount(6300), wasFull: true))
        #expect(!MemoryLimit(nil).isFull(used: ByteCount(.max), wasFull: true))
    }

    @Test func `a full leader says so in the log, and every node refuses alike`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.nodes[leader]?.replica.memoryLimit = MemoryLimit(ByteCount(100_000))
        var token: UInt64 = 0
        var refused = 0
        while refused == 0, token < 100 {
            token += 1
            world.ask(leader, token, .write, .set, "k\(token)", MemoryLimitTests.large)
            world.settle()
            if world.reply(leader, token) == MemoryLimitTests.refusal { refused += 1 }
        }
        #expect(refused == 1)
        world.pass(.milliseconds(200))
        let digests = world.ids.map { world.nodes[$0]?.replica.keyspace.digest }
        #expect(Set(digests).count == 1)
        for id in world.ids { #expect(world.nodes[id]?.replica.keyspace.isMemoryFull == true) }
        let follower = world.others(than: leader)[0]
        world.ask(follower, 1001, .write, .set, "other", "small")
        world.ask(follower, 1002, .write, .del, "nothing")
        world.settle()
        #expect(world.reply(follower, 1001) == MemoryLimitTests.refusal)
        #expect(world.reply(follower, 1002) == ":0\r\n")
    }

    @Test func `removing enough lets writes go on, and a refusal takes no place in the log`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.ask(leader, 1, .write, .set, "a", MemoryLimitTests.large)
        world.settle()
        world.nodes[leader]?.replica.memoryLimit = MemoryLimit(ByteCount(3000))
        world.settle()
        let last = try #require(world.nodes[leader]?.replica.raft.lastPosition.index)
        world.ask(leader, 2, .write, .set, "b", "small")
        world.settle()
        #expect(world.reply(leader, 2) == MemoryLimitTests.refusal)
        #expect(world.nodes[leader]?.replica.raft.lastPosition.index == last)
        world.nodes[leader]?.replica.memoryLimit = MemoryLimit(ByteCount(200_000))
        world.ask(leader, 3, .write, .set, "b", "small")
        world.settle()
        #expect(world.reply(leader, 3) == "+OK\r\n")
        let news = world.nodes[leader]?.news.filter { $0.hasPrefix("memory") }
        #expect(news == ["memory(isFull: true)", "memory(isFull: false)"])
    }

    @Test func `a new leader goes by its own limit`() throws {
        let world = try World(3)
        let first = world.elect()
        world.ask(first, 1, .write, .set, "a", MemoryLimitTests.large)
        world.settle()
        world.nodes[first]?.replica.memoryLimit = MemoryLimit(ByteCount(3000))
        world.pass(.milliseconds(100))
        world.kill(first)
        world.pass(.milliseconds(1000))
        let second = try #require(world.leader)
        #expect(second != first)
        world.ask(second, 2, .write, .set, "b", "small")
        world.settle()
        #expect(world.reply(second, 2) == "+OK\r\n")
        #expect(world.nodes[second]?.replica.keyspace.isMemoryFull == false)
    }

    @Test func `reads of one turn draw different numbers`() throws {
        let world = try World(1)
        let leader = world.elect()
        for number in 0..<200 { world.ask(leader, UInt64(number), .write, .sadd, "s", "\(number)") }
        world.settle()
        for token in 1000..<1020 { world.ask(leader, UInt64(token), .read, .srandmember, "s") }
        world.settle()
        let answers = Set((1000..<1020).map { world.reply(leader, UInt64($0)) ?? "none" })
        #expect(answers.count > 5)
    }
}
