// Clients that wait, on whole replicas: whoever asks whichever node gets one honest answer, and nobody waits for ever.

import Consensus
import Keyspace
import PeerProtocol
import RESP
import Testing
import Vocabulary

@testable import Replica

struct ParkingTests {
    private func wait(_ world: World, _ node: NodeID, _ token: UInt64, _ seconds: String = "0", _ keys: String = "q") {
        var envelope = Envelope(.blocking, version: .two)
        envelope.add { $0 += EntryCoding.encoded(.blpop, [Array(keys.utf8), Array(seconds.utf8)]) }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        var batch = RequestBatch()
        batch.append(token: token, kind: .write, version: .two) { $0 += entry }
        world.step(node, .requests(batch))
    }

    private func waiters(_ world: World) -> [Int] {
        world.ids.filter { world.nodes[$0]?.isUp == true }.map { world.nodes[$0]?.replica.keyspace.waiterCount ?? -1 }
    }

    private func told(_ element: String) -> String { "*2\r\n$1\r\nq\r\n$\(element.utf8.count)\r\n\(element)\r\n" }
    private static let nothing = "*-1\r\n"

    @Test func `who waits at whichever node is served by what is pushed at whichever, first come first`() throws {
        let world = try World(3)
        _ = world.elect()
        for (number, node) in world.ids.enumerated() {
            wait(world, node, UInt64(number + 1))
            world.settle()
        }
        world.pass(.milliseconds(200))
        #expect(waiters(world) == [3, 3, 3])
        for (number, node) in world.ids.reversed().enumerated() {
            world.ask(node, UInt64(number + 10), .write, .rpush, "q", "e\(number)")
            world.settle()
        }
        world.pass(.milliseconds(200))
        for (number, node) in world.ids.enumerated() {
            #expect(world.reply(node, UInt64(number + 1)) == told("e\(number)"))
        }
        #expect(waiters(world) == [0, 0, 0])
    }

    @Test func `who has waited for long enough is told so, wherever it asked`() throws {
        let world = try World(3)
        let leader = world.elect()
        for (number, node) in world.ids.enumerated() { wait(world, node, UInt64(number + 1), "0.3") }
        world.pass(.milliseconds(200))
        #expect(world.ids.allSatisfy { world.nodes[$0]?.replies.isEmpty == true })
        world.pass(.milliseconds(300))
        for (number, node) in world.ids.enumerated() {
            #expect(world.reply(node, UInt64(number + 1)) == ParkingTests.nothing)
            #expect(world.nodes[node]?.replies.count == 1)
        }
        #expect(waiters(world) == [0, 0, 0])
        #expect(world.leader == leader)
    }

    @Test func `a new term answers all who waited, and nothing is taken for them any more`() throws {
        let world = try World(3)
        let leader = world.elect()
        for (number, node) in world.ids.enumerated() { wait(world, node, UInt64(number + 1)) }
        world.pass(.milliseconds(200))
        world.kill(leader)
        let next = world.elect()
        world.pass(.milliseconds(200))
        for (number, node) in world.ids.enumerated() where node != leader {
            #expect(world.reply(node, UInt64(number + 1))?.hasPrefix("-UNBLOCKED ") == true)
        }
        #expect(waiters(world) == [0, 0])
        world.ask(next, 20, .write, .rpush, "q", "kept")
        world.settle()
        world.ask(next, 21, .read, .lrange, "q", "0", "-1")
        world.settle()
        #expect(world.reply(next, 21) == "*1\r\n$4\r\nkept\r\n")
    }

    /// Nobody else would ever send them away, and each would have taken an element.
    @Test func `the waiters of a node that died go, so that no element is taken for them`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        wait(world, other, 1)
        wait(world, leader, 2)
        world.pass(.milliseconds(200))
        #expect(waiters(world) == [2, 2, 2])
        world.kill(other)
        world.pass(.milliseconds(200))
        #expect(waiters(world) == [1, 1])
        world.ask(leader, 3, .write, .rpush, "q", "e")
        world.pass(.milliseconds(200))
        #expect(world.reply(leader, 2) == told("e"))
    }

    @Test func `a follower's client that waits is told when the follower and the leader lose each other`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        wait(world, other, 1)
        world.pass(.milliseconds(200))
        world.step(leader, .peerDisconnected(other))
        world.step(other, .peerDisconnected(leader))
        world.connect(leader, other)
        world.connect(other, leader)
        world.pass(.milliseconds(500))
        #expect(world.reply(other, 1)?.hasPrefix("-UNBLOCKED ") == true)
        #expect(waiters(world) == [0, 0, 0])
    }

    @Test func `a client that hangs up while it waits gets no element, and no answer`() throws {
        let world = try World(3)
        let leader = world.elect()
        for node in world.ids {
            wait(world, node, 1)
            world.pass(.milliseconds(100))
            world.step(node, .clientGone(token: 1))
            world.pass(.milliseconds(100))
            #expect(waiters(world) == [0, 0, 0])
            #expect(world.reply(node, 1) == nil)
        }
        world.ask(leader, 2, .write, .rpush, "q", "kept")
        world.settle()
        #expect(world.reply(leader, 2) == ":1\r\n")
    }

    @Test func `a client that hangs up before its request is on its way does not wait either`() throws {
        let world = try World(3)
        _ = world.elect()
        for node in world.ids {
            wait(world, node, 1)
            world.step(node, .clientGone(token: 1))
            world.pass(.milliseconds(200))
            #expect(waiters(world) == [0, 0, 0])
            #expect(world.nodes[node]?.replica.parked.hasEarlyDismissals == false)
        }
    }

    /// The token stayed in memory for ever.
    @Test func `nothing is remembered of a client that was served and then hung up`() throws {
        let world = try World(3)
        let leader = world.elect()
        for node in world.ids {
            world.ask(leader, 5, .write, .rpush, "q", "e")
            world.settle()
            wait(world, node, 1)
            world.step(node, .clientGone(token: 1))
            world.pass(.milliseconds(200))
            #expect(world.nodes[node]?.replica.parked.hasEarlyDismissals == false)
            #expect(world.nodes[node]?.replica.blockedClients == 0)
        }
    }

    @Test func `an operator has a client go on, with an error`() throws {
        let world = try World(3)
        _ = world.elect()
        for node in world.ids {
            wait(world, node, 1)
            world.pass(.milliseconds(100))
            world.step(node, .clientUnblocked(token: 1, isError: true))
            world.pass(.milliseconds(100))
            #expect(world.reply(node, 1) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
        }
    }

    /// A client whose node is cut off would have waited for as long as the cut lasts, whatever time it had given.
    @Test func `a client of a node that is cut off is told that nobody knows, soon after its time`() throws {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        wait(world, other, 1, "0.1")
        world.settle()
        for node in world.ids where node != other { world.partition(node, other) }
        world.pass(.seconds(4))
        #expect(world.reply(other, 1) == nil)
        world.pass(.seconds(3))
        #expect(world.reply(other, 1)?.hasPrefix("-UNKNOWNRESULT ") == true)
        world.heal()
        world.pass(.seconds(3))
        #expect(waiters(world) == [0, 0, 0])
        #expect(world.nodes[other]?.replies.count == 1)
    }

    /// It waited for an outcome that had been forgotten, for ever.
    @Test func `a follower that hears of its waiter after it has forgotten the outcome says that it does not know`()
        throws
    {
        let world = try World(3)
        let leader = world.elect()
        let other = world.others(than: leader)[0]
        wait(world, other, 1)
        world.settle()
        world.ask(leader, 2, .write, .rpush, "q", "e")
        world.pass(.milliseconds(200))
        #expect(world.reply(other, 1) == told("e"))
        let node = try #require(world.nodes[other])
        var effects = ReplicaEffects()
        node.replica.park(LogIndex(2), 9, .two, nil, at: world.now, into: &effects)
        let item = try #require(effects.replies.items.first)
        #expect(item.token == 9)
        let text = String(decoding: effects.replies.writer.bytes[item.range], as: UTF8.self)
        #expect(text.hasPrefix("-UNKNOWNRESULT "))
        #expect(node.replica.blockedClients == 0)
    }

    @Test func `the next turn is no later than the end of a key, and soon after it while it is not told of`() throws {
        let world = try World(3)
        let leader = world.elect()
        let before = world.now
        world.ask(leader, 1, .write, .psetex, "k", "70", "v")
        world.settle()
        let node = try #require(world.nodes[leader])
        let far = Moment(instant: before.instant, wall: before.wall.advanced(by: 50_000))
        let soon = node.replica.nextTurn(at: far)
        #expect(soon <= before.instant + .milliseconds(21))
        let late = Moment(instant: before.instant, wall: before.wall.advanced(by: 500_000))
        let isDue = node.replica.isTurnDue(at: late)
        #expect(isDue)
        let next = node.replica.nextTurn(at: late)
        #expect(next <= before.instant + node.replica.options.expiryInterval)
        #expect(next > before.instant || node.replica.nextDeadline <= before.instant)
        // A follower does not tell of it.
        let other = try #require(world.nodes[world.others(than: leader)[0]])
        #expect(other.replica.nextExpiry == nil)
    }
}
