// Time: what is over by log time is gone, ticks remove it, and every replica removes the same.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ExpiryTests {
    @Test func `a key is gone from the entry that reaches its deadline on`() {
        var rig = Rig()
        rig.run("set k v px 10")
        rig.time += 9
        rig.run("set other x")
        #expect(rig.run("get k") == bulk("v"))
        rig.time += 1
        #expect(rig.run("get k") == bulk("v"), "no entry has said so yet")
        rig.run("set other y")
        #expect(rig.run("get k") == .null)
        #expect(rig.run("exists k") == .integer(0))
        #expect(rig.run("dbsize") == .integer(2))
        #expect(rig.tick() == .integer(1))
        #expect(rig.run("dbsize") == .integer(1))
        #expect(rig.keyspace.expiredTotal == 1)
    }

    @Test func `times to live are counted from the clock when it is ahead of the log`() {
        var rig = Rig()
        rig.run("set k v px 10000")
        rig.time += 4000
        #expect(rig.run("pttl k") == .integer(6000))
        rig.time += 7000
        #expect(rig.run("pttl k") == .integer(0))
        #expect(rig.run("pexpiretime k") == .integer(1_010_000))
    }

    @Test func `a write finds nothing at a key that is over`() {
        for (line, reply) in [
            ("append k x", Reply.integer(1)), ("incr k", .integer(1)), ("setnx k x", .integer(1)),
            ("getset k x", .null), ("getdel k", .null), ("del k", .integer(0)),
            ("rename k l", .error("ERR no such key")),
            ("persist k", .integer(0)), ("expire k 10", .integer(0)), ("setrange k 0 ab", .integer(2)),
            ("set k x xx", .null), ("set k x nx", .simple("OK")), ("getex k ex 5", .null), ("copy k l", .integer(0)),
        ] {
            var rig = Rig()
            rig.run("set k 5 px 10")
            rig.time += 10
            #expect(rig.run(line) == reply, "\(line)")
            rig.keyspace.checkInvariants()
            let held = rig.contents()[Array("k".utf8)]
            #expect(held?.deadline == nil && held?.value != Array("5".utf8), "\(line)")
        }
    }

    @Test func `a tick removes a bounded number, the same on every replica`() {
        var random = SplitMix64(seed: 9)
        let lines = (0..<2000).map { "set {\($0 % 5)}\($0) v px \(1 + $0 % 40)" }
        var rigs: [Rig] = []
        for round in 0..<3 {
            var rig = Rig()
            // Another history on each: order, and keys that come and go and make pages split.
            if round > 0 { for number in 0..<4000 { rig.run("set {\(number % 5)}gone\(number) \(number)") } }
            for line in round == 0 ? lines : lines.shuffled(using: &random) { rig.run(line) }
            if round > 0 { for number in 0..<4000 { rig.run("del {\(number % 5)}gone\(number)") } }
            rig.time += 20
            rigs.append(rig)
        }
        var left = 1000
        while left > 0 {
            var digests: [String] = []
            for position in rigs.indices {
                #expect(rigs[position].tick() == .integer(Int64(min(left, Keyspace.tickLimit))))
                rigs[position].keyspace.checkInvariants()
                digests.append(rigs[position].keyspace.digest.description)
            }
            #expect(Set(digests).count == 1)
            left -= min(left, Keyspace.tickLimit)
        }
        #expect(rigs[0].tick() == .integer(0))
        #expect(rigs[0].keyspace.count == 1000)
    }

    @Test func `the next deadline is exact through every change`() {
        var rig = Rig()
        #expect(rig.keyspace.nextDeadline == nil)
        rig.run("set a v px 100")
        rig.run("set b v px 50")
        #expect(rig.keyspace.nextDeadline == rig.time + 50)
        rig.run("pexpire b 70")
        #expect(rig.keyspace.nextDeadline == rig.time + 70)
        rig.run("persist b")
        #expect(rig.keyspace.nextDeadline == rig.time + 100)
        rig.run("rename a c")
        #expect(rig.keyspace.nextDeadline == rig.time + 100)
        rig.run("set c v keepttl")
        #expect(rig.keyspace.nextDeadline == rig.time + 100)
        rig.run("set c v")
        #expect(rig.keyspace.nextDeadline == nil)
    }

    @Test func `time never goes back`() {
        var rig = Rig()
        rig.run("set k v px 10")
        rig.time += 20
        rig.tick()
        rig.time -= 15
        rig.run("set other x px 1")
        #expect(rig.run("get k") == .null)
        #expect(rig.run("exists other") == .integer(1))
        #expect(rig.keyspace.lastAppliedTime.milliseconds == 1_000_020)
    }
}
