// What clients and peers may rely on, shown on whole replicas in an in-memory world.

import Consensus
import Keyspace
import PeerProtocol
import Testing
import Vocabulary

@testable import Replica

struct ReplicaTests {
    @Test func `a write is answered once a majority has persisted it`() throws {
        let world = try World(3)
        let leader = world.elect()
        for other in world.others(than: leader) { world.freezeDisk(other, true) }
        world.ask(leader, 1, .write, .set, "k", "v")
        world.settle()
        #expect(world.reply(leader, 1) == nil)
        world.freezeDisk(world.others(than: leader)[0], false)
        world.settle()
        #expect(world.reply(leader, 1) == "+OK\r\n")
    }

    @Test func `each command takes one index`() throws {
        let world = try World(3)
        let leader = world.elect()
        let before = try #require(world.nodes[leader]?.replica.raft.lastPosition.index)
        for token in 0..<10 {
            world.ask(leader, UInt64(token), .write, .set, "k", "v\(token)")
            world.settle()
        }
        #expect(world.nodes[leader]?.replica.raft.lastPosition.index == before + 10)
    }

    @Test func `a leader's own disk counts only when it has persisted`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.freezeDisk(leader, true)
        world.freezeDisk(world.others(than: leader)[0], true)
        world.ask(leader, 1, .write, .set, "k", "v")
        world.settle()
        #expect(world.reply(leader, 1) == nil)
        world.freezeDisk(leader, false)
        world.settle()
        #expect(world.reply(leader, 1) == "+OK\r\n")
    }

    @Test func `any node takes any command and forwards it to the leader`() throws {
        let world = try World(3)
        let leader = world.elect()
        for (number, node) in world.ids.enumerated() {
            world.ask(node, UInt64(number), .write, .set, "k\(number)", "v\(number)")
            world.settle()
            #expect(world.reply(node, UInt64(number)) == "+OK\r\n")
        }
        world.ask(world.others(than: leader)[1], 9, .read, .get, "k0")
        world.settle()
        #expect(world.reply(world.others(than: leader)[1], 9) == "$2\r\nv0\r\n")
    }

    @Test func `all replicas reach the same digest`() throws {
        let world = try World(3)
        let leader = world.elect()
        for token in 0..<100 { world.ask(leader, UInt64(token), .write, .set, "k\(token % 17)", "v\(token)") }
        world.pass(.milliseconds(100))
        let digests = world.ids.compactMap { world.nodes[$0]?.replica.keyspace.digest }
        #expect(Set(digests).count == 1)
        #expect(digests[0] != .empty)
    }

    @Test func `a leader without a majority answers no read`() throws {
        let world = try World(3)
        let leader = world.elect()
        for other in world.others(than: leader) { world.partition(leader, other) }
        world.ask(leader, 1, .read, .get, "k")
        world.settle()
        #expect(world.reply(leader, 1) == nil)
    }

    @Test func `a deposed leader never answers with what it had before`() throws {
        let world = try World(3)
        let old = world.elect()
        let others = world.others(than: old)
        world.ask(old, 1, .write, .set, "k", "old")
        world.settle()
        for other in others { world.partition(old, other) }
        world.ask(old, 2, .read, .get, "k")
        world.pass(.milliseconds(1000))
        let new = try #require(others.first { world.nodes[$0]?.replica.raft.role == .leader })
        world.ask(new, 3, .write, .set, "k", "new")
        world.settle()
        #expect(world.reply(new, 3) == "+OK\r\n")
        #expect(world.reply(old, 2) == nil)
        world.heal()
        world.pass(.milliseconds(500))
        #expect(world.reply(old, 2) == "$3\r\nnew\r\n")
    }

    @Test func `requests wait for a leader and then succeed`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        world.kill(leader)
        world.ask(other, 1, .write, .set, "k", "v")
        world.settle()
        #expect(world.reply(other, 1) == nil)
        _ = world.elect()
        world.settle()
        #expect(world.reply(other, 1) == "+OK\r\n")
    }

    @Test func `requests that find no leader in time are refused with a promise`() throws {
        let world = try World(3)
        let leader = world.elect()
        let others = world.others(than: leader)
        world.kill(leader)
        world.kill(others[0])
        world.ask(others[1], 1, .write, .set, "k", "v")
        world.pass(.milliseconds(2500))
        #expect(world.reply(others[1], 1)?.hasPrefix("-CLUSTERDOWN ") == true)
    }

    @Test func `a forwarded write whose leader dies has an unknown outcome`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        world.ask(other, 1, .write, .set, "k", "v")
        world.step(other, .endOfTurn)
        world.kill(leader)
        world.pass(.milliseconds(100))
        #expect(world.reply(other, 1)?.hasPrefix("-UNKNOWNRESULT ") == true)
    }

    @Test func `a forwarded read whose leader dies is asked anew`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        world.ask(other, 1, .read, .get, "k")
        world.step(other, .endOfTurn)
        world.kill(leader)
        _ = world.elect()
        world.settle()
        #expect(world.reply(other, 1) == "$-1\r\n")
    }

    @Test func `a write that came with a read is logged once although the read is asked anew`() throws {
        let world = try World(3)
        let leader = world.elect()
        let others = world.others(than: leader)
        world.kill(others[1])
        world.partition(leader, others[0])
        var batch = RequestBatch()
        batch.append(token: 1, kind: .write, version: .two) {
            $0 += EntryCoding.encoded(.append, [Array("k".utf8), Array("x".utf8)])
        }
        batch.append(token: 2, kind: .read, version: .two) { $0 += EntryCoding.encoded(.get, [Array("k".utf8)]) }
        world.step(leader, .requests(batch))
        // Long enough to step down, not for anybody else to be elected: the other one lacks the entry.
        world.pass(.milliseconds(1000))
        #expect(world.nodes[leader]?.replica.raft.role != .leader)
        world.heal()
        #expect(world.elect() == leader)
        world.settle()
        #expect(world.reply(leader, 1) == ":1\r\n")
        #expect(world.reply(leader, 2) == "$1\r\nx\r\n")
    }

    @Test func `a planned hand-over loses and refuses nothing`() throws {
        let world = try World(3)
        let old = world.elect()
        let target = world.others(than: old)[1]
        for token in 0..<10 { world.ask(old, UInt64(token), .write, .set, "k\(token)", "v") }
        world.step(old, .handover(to: target, isForced: false, deadline: world.now.instant + .seconds(2)))
        for token in 10..<20 { world.ask(old, UInt64(token), .write, .set, "k\(token)", "v") }
        world.pass(.milliseconds(50))
        #expect(world.leader == target)
        for token in 0..<20 { #expect(world.reply(old, UInt64(token)) == "+OK\r\n") }
    }

    @Test func `a leader that stops is not quiet before the peers' writes are answered`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        let node = try #require(world.nodes[leader])
        world.pass(.milliseconds(100))
        #expect(node.isQuiet)
        for id in world.others(than: leader) { world.freezeDisk(id, true) }
        world.ask(other, 1, .write, .set, "k", "v")
        world.settle()
        world.step(leader, .handover(to: nil, isForced: false, deadline: world.now.instant + .seconds(2)))
        world.settle()
        #expect(world.reply(other, 1) == nil)
        #expect(!node.isQuiet)
        for id in world.others(than: leader) { world.freezeDisk(id, false) }
        world.pass(.milliseconds(200))
        #expect(world.reply(other, 1) == "+OK\r\n")
        #expect(node.isQuiet)
        #expect(node.replica.raft.role == .follower)
    }

    @Test func `a write cut from the log is answered as unknown`() throws {
        let world = try World(3)
        let old = world.elect()
        for other in world.others(than: old) { world.partition(old, other) }
        world.ask(old, 1, .write, .set, "k", "lost")
        world.pass(.milliseconds(1000))
        #expect(world.reply(old, 1) == nil)
        world.heal()
        world.pass(.milliseconds(1000))
        #expect(world.reply(old, 1)?.hasPrefix("-UNKNOWNRESULT ") == true)
        let digests = world.ids.compactMap { world.nodes[$0]?.replica.keyspace.digest }
        #expect(Set(digests).count == 1)
    }

    @Test func `a whole cluster that restarts has every acknowledged write`() throws {
        let world = try World(3)
        let leader = world.elect()
        for token in 0..<20 { world.ask(leader, UInt64(token), .write, .set, "k\(token)", "v\(token)") }
        world.settle()
        for id in world.ids { world.kill(id) }
        for id in world.ids { try world.restart(id) }
        let next = world.elect()
        for token in 0..<20 { world.ask(next, UInt64(100 + token), .read, .get, "k\(token)") }
        world.pass(.milliseconds(50))
        for token in 0..<20 {
            let value = "v\(token)"
            #expect(world.reply(next, UInt64(100 + token)) == "$\(value.count)\r\n\(value)\r\n")
        }
    }

    @Test func `keys expire by the log and nobody sees them again`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.ask(leader, 1, .write, .set, "k", "v", "PX", "100")
        world.settle()
        world.ask(leader, 2, .read, .get, "k")
        world.settle()
        #expect(world.reply(leader, 2) == "$1\r\nv\r\n")
        world.pass(.milliseconds(150))
        for id in world.ids { #expect(world.nodes[id]?.replica.keyspace.count == 0) }
    }

    @Test func `a key that ends later than a timestamp reaches is looked for at the last one`() throws {
        let world = try World(1)
        let leader = world.elect()
        for (token, time) in [(UInt64(1), "9223372036854770000"), (2, "9223372036854775807")] {
            world.ask(leader, token, .write, .set, "k", "v", "PXAT", time)
            world.settle()
            #expect(world.reply(leader, token) == "+OK\r\n")
            #expect(world.nodes[leader]?.replica.nextExpiry == Timestamp(microseconds: .max))
        }
    }

    @Test func `a full log refuses writes before they are logged and answers reads`() throws {
        let world = try World(1)
        let leader = world.elect()
        world.step(leader, .logRoom(false))
        world.ask(leader, 1, .write, .set, "k", "v")
        world.ask(leader, 2, .read, .get, "k")
        world.settle()
        #expect(world.reply(leader, 1)?.hasPrefix("-NOSPACE ") == true)
        #expect(world.reply(leader, 2) == "$-1\r\n")
        world.step(leader, .logRoom(true))
        world.ask(leader, 3, .write, .set, "k", "v")
        world.settle()
        #expect(world.reply(leader, 3) == "+OK\r\n")
    }

    @Test func `nodes with full logs still elect a leader`() throws {
        let world = try World(3)
        for id in world.ids { world.step(id, .logRoom(false)) }
        let leader = world.elect()
        world.ask(leader, 1, .read, .get, "k")
        world.settle()
        #expect(world.reply(leader, 1) == "$-1\r\n")
    }

    @Test func `a member is known by the data directory it first came with`() throws {
        let world = try World(3)
        _ = world.elect()
        world.pass(.milliseconds(100))
        for id in world.ids {
            let node = try #require(world.nodes[id])
            let registry = node.replica.registry
            for member in world.ids {
                let storage = try #require(world.nodes[member]?.storage)
                #expect(registry.storage(of: member) == storage)
                #expect(!registry.admits(member, StorageID(high: 99, low: 99)))
            }
        }
    }

    @Test func `WAIT counts the nodes that have the write on disk`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.freezeDisk(world.others(than: leader)[0], true)
        world.ask(leader, 1, .write, .set, "k", "v")
        world.settle()
        var batch = RequestBatch()
        batch.append(token: 2, kind: .wait, version: .two) { $0 += [3, 0] }
        world.step(leader, .requests(batch))
        world.settle()
        #expect(world.reply(leader, 2) == nil)
        world.freezeDisk(world.others(than: leader)[0], false)
        world.settle()
        #expect(world.reply(leader, 2) == ":3\r\n")
    }

    @Test func `WAITAOF waits for the leader's own disk when it is asked to`() throws {
        let world = try World(3)
        let leader = world.elect()
        world.freezeDisk(leader, true)
        world.ask(leader, 1, .write, .set, "k", "v")
        world.settle()
        #expect(world.reply(leader, 1) == "+OK\r\n")
        for (token, local) in [(2, 0), (3, 1)] as [(UInt64, UInt8)] {
            var batch = RequestBatch()
            batch.append(token: token, kind: .wait, version: .two) { $0 += [2, 0, local + 1] }
            world.step(leader, .requests(batch))
        }
        world.settle()
        #expect(world.reply(leader, 2) == "*2\r\n:0\r\n:2\r\n")
        #expect(world.reply(leader, 3) == nil)
        world.freezeDisk(leader, false)
        world.settle()
        #expect(world.reply(leader, 3) == "*2\r\n:1\r\n:3\r\n")
    }

    @Test func `a read that a leader never answers is refused in the end, and not asked for ever`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        world.ask(leader, 1, .write, .set, "k", "v")
        world.settle()
        // The leader is heard, and does not hear; nobody notices.
        world.silence(other, towards: leader)
        let forwarded = try #require(world.nodes[other]?.replica.figures.forwarded)
        world.ask(other, 2, .read, .get, "k")
        world.ask(other, 3, .write, .set, "k", "w")
        world.pass(world.options.resultTimeout - .milliseconds(100))
        #expect(world.leader == leader)
        #expect(world.reply(other, 2) == nil)
        #expect(world.reply(other, 3) == nil)
        world.pass(.milliseconds(200))
        #expect(world.reply(other, 2)?.hasPrefix("-CLUSTERDOWN ") == true)
        #expect(world.reply(other, 3)?.hasPrefix("-UNKNOWNRESULT ") == true)
        #expect(world.nodes[other]?.replica.figures.forwarded == forwarded + 2)
        #expect(world.nodes[other]?.isQuiet == true)
    }

    /// More records than `Keyspace.warm` leaves alone, in frames of more entries than it takes at once.
    @Test func `big batches on a big keyspace are carried out in order`() throws {
        let world = try World(3)
        let leader = world.elect()
        for start in stride(from: 0, to: 70_000, by: 1000) {
            var batch = RequestBatch()
            for number in start..<start + 1000 {
                batch.append(token: UInt64(number), kind: .write, version: .two) {
                    $0 += EntryCoding.encoded(.set, [Array("k\(number)".utf8), [0x30]])
                }
            }
            world.step(leader, .requests(batch))
            world.settle()
        }
        for token in 100_000..<100_077 as Range<UInt64> { world.ask(leader, token, .write, .append, "k7", "x") }
        world.settle()
        for token in 200_000..<200_077 as Range<UInt64> { world.ask(leader, token, .read, .strlen, "k7") }
        world.settle()
        for number in 0..<77 as Range<UInt64> {
            #expect(world.reply(leader, 100_000 + number) == ":\(number + 2)\r\n")
            #expect(world.reply(leader, 200_000 + number) == ":78\r\n")
        }
        world.pass(.milliseconds(100))
        #expect(Set(world.ids.compactMap { world.nodes[$0]?.replica.keyspace.digest }).count == 1)
    }
}
