// Memory: what is refused while it is full, what records take, and how what was removed is freed.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct MemoryTests {
    private static let full = Reply.error("OOM command not allowed when used memory > 'maxmemory'.")

    private static func envelope(_ form: Envelope.Form, _ lines: [String], once: UInt64? = nil) -> [UInt8] {
        var envelope = Envelope(form, version: .two)
        for line in lines {
            let words = line.split(separator: " ").map { Array($0.utf8) }
            let name = line.prefix { $0 != " " }
            guard let spec = CommandTable.shared.lookup(String(name)) else { preconditionFailure(line) }
            envelope.add { $0 += EntryCoding.encoded(spec.code, Array(words.dropFirst())) }
        }
        if let once { envelope.once(Array("client".utf8).rawBytes, once) }
        var bytes: [UInt8] = []
        envelope.encode(to: &bytes)
        return bytes
    }

    @Test func `while memory is full what may grow is refused and everything else goes on`() {
        var rig = Rig()
        for line in ["set a 1", "rpush l x y", "sadd s m", "hset h f v", "zadd z 1 m", "set brief x px 5"] {
            rig.run(line)
        }
        #expect(rig.apply(EntryCoding.memoryFull(true)) == .simple("OK"))
        let before = rig.keyspace.digest
        for line in ["set a 2", "append a x", "incr a", "lpush l z", "sadd s n", "hset h g w", "zadd z 2 n"] {
            #expect(rig.run(line) == MemoryTests.full)
        }
        #expect(rig.keyspace.digest == before)
        #expect(rig.run("get a") == bulk("1"))
        #expect(rig.run("expire a 100") == .integer(1))
        #expect(rig.run("rename l k") == .simple("OK"))
        #expect(rig.run("lpop k") == bulk("x"))
        #expect(rig.run("del s h z") == .integer(3))
        rig.time += 10
        #expect(rig.tick() == .integer(1))
        rig.apply(EntryCoding.memoryFull(false))
        #expect(rig.run("set a 2") == .simple("OK"))
    }

    @Test func `what may grow is what Redis denies without memory`() {
        let denied = """
            append bitop blmove brpoplpush copy decr decrby getset hincrby hincrbyfloat hmset hset hsetnx incr incrby \
            incrbyfloat linsert lmove lpush lpushx lset mset msetnx psetex rpoplpush rpush rpushx sadd sdiffstore set \
            setbit setex setnx setrange sinterstore sunionstore zadd zdiffstore zincrby zinterstore zrangestore \
            zunionstore
            """.split(separator: " ").map(String.init)
        for name in denied {
            guard let spec = CommandTable.shared.lookup(name) else { continue }
            #expect(CommandTable.mayGrow(spec.code), "\(name)")
        }
        for name in ["getdel", "getex", "lpop", "ltrim", "spop", "smove", "zpopmin", "rename", "expire", "flushall"] {
            #expect(CommandTable.shared.lookup(name).map { CommandTable.mayGrow($0.code) } == false, "\(name)")
        }
    }

    @Test func `a transaction that may grow is refused whole, one that may not is carried out`() {
        var rig = Rig()
        rig.run("set a 1")
        rig.apply(EntryCoding.memoryFull(true))
        let reply = rig.apply(MemoryTests.envelope(.transaction, ["del a", "set b 1"]))
        let refusal = "OOM command not allowed when used memory > 'maxmemory'."
        #expect(reply == .error("EXECABORT Transaction discarded because of: " + refusal))
        #expect(rig.run("exists a b") == .integer(1))
        #expect(rig.apply(MemoryTests.envelope(.transaction, ["del a", "get a"])) == .array([.integer(1), .null]))
    }

    @Test func `an outcome that is known is given while memory is full, and a refusal is no outcome`() {
        var rig = Rig()
        #expect(rig.apply(MemoryTests.envelope(.single, ["incr n"], once: 1)) == .integer(1))
        rig.apply(EntryCoding.memoryFull(true))
        #expect(rig.apply(MemoryTests.envelope(.single, ["incr n"], once: 1)) == .integer(1))
        #expect(rig.apply(MemoryTests.envelope(.single, ["incr n"], once: 2)) == MemoryTests.full)
        rig.apply(EntryCoding.memoryFull(false))
        #expect(rig.apply(MemoryTests.envelope(.single, ["incr n"], once: 2)) == .integer(2))
    }

    @Test func `a client that waits to move an element is served while memory is full`() {
        var rig = Rig()
        rig.run("rpush other x")
        var writer = ReplyWriter(version: .two)
        rig.index = rig.index.next
        let outcome = rig.keyspace.apply(
            MemoryTests.envelope(.blocking, ["blmove l to left left 0"]).rawBytes, at: .zero, index: rig.index,
            reply: &writer)
        #expect(outcome == .parked)
        rig.apply(EntryCoding.memoryFull(true))
        rig.run("rename other l")
        #expect(rig.run("lrange to 0 -1") == .array([bulk("x")]))
        #expect(rig.apply(MemoryTests.envelope(.blocking, ["blmove to l left left 0"])) == MemoryTests.full)
    }

    @Test func `whether memory is full is part of the digest`() {
        var rig = Rig()
        rig.run("set a 1")
        let before = rig.keyspace.digest
        rig.apply(EntryCoding.memoryFull(true))
        #expect(rig.keyspace.digest != before)
        #expect(rig.keyspace.digest == rig.keyspace.recomputedDigest())
        rig.apply(EntryCoding.memoryFull(false))
        #expect(rig.keyspace.digest == before)
        #expect(rig.apply(EntryCoding.encoded(.memoryFull, [[2]])) == .error("ERR memory is full or it is not"))
    }

    @Test func `a record's version is what wrote it, however many bytes that takes`() {
        var rig = Rig()
        let indexes: [UInt64] = [1, 127, 128, 16_383, 16_384, 1 << 28, 1 << 35, 1 << 56, 1 << 63, .max - 1]
        for (number, index) in indexes.enumerated() {
            rig.index = LogIndex(index - 1)
            rig.run("set same value")
            rig.index = LogIndex(index - 1)
            rig.run("set {same}\(number) value")
            rig.index = LogIndex(index - 1)
            rig.run("rpush {same}list \(String(repeating: "long", count: 100))")
            for key in ["same", "{same}\(number)", "{same}list"] {
                #expect(rig.keyspace.version(of: Array(key.utf8).rawBytes) == index)
            }
            rig.keyspace.checkInvariants()
        }
        for (number, index) in indexes.enumerated() {
            #expect(rig.keyspace.version(of: Array("{same}\(number)".utf8).rawBytes) == index)
        }
    }

    @Test func `what a key takes is what its record adds to the pages`() {
        var rig = Rig()
        #expect(rig.apply(.memoryUsage, ["a"]) == .null)
        rig.run("set a 1234567890")
        // Flags, two lengths, key, value, version, and an entry of the table.
        #expect(rig.apply(.memoryUsage, ["a"]) == .integer(1 + 1 + 1 + 1 + 10 + 1 + 4))
        let value = String(repeating: "x", count: 100_000)
        let before = rig.keyspace.memory.total.rawValue
        rig.run("set long \(value)")
        guard case .integer(let usage) = rig.apply(.memoryUsage, ["long"]) else {
            Issue.record("no number")
            return
        }
        #expect(usage > 100_000)
        #expect(abs(rig.keyspace.memory.total.rawValue - before - Int(usage)) < 4096)
    }

    @Test func `records with a deadline are counted`() {
        var rig = Rig()
        for number in 0..<100 { rig.run("set k\(number) v" + (number % 2 == 0 ? " px 50" : "")) }
        #expect(rig.keyspace.timedCount == 50)
        rig.run("persist k0")
        rig.run("set k2 v")
        rig.run("del k4")
        rig.run("pexpire k1 50")
        #expect(rig.keyspace.timedCount == 48)
        rig.keyspace.checkInvariants()
        rig.time += 100
        rig.tick()
        #expect(rig.keyspace.timedCount == 0)
        rig.run("set k v ex 5")
        rig.run("flushall")
        #expect(rig.keyspace.timedCount == 0)
    }

    @Test func `keys that are looked for are counted as found or not`() {
        var rig = Rig()
        rig.run("set a 1")
        rig.run("mget a b c")
        rig.run("exists a")
        #expect(rig.keyspace.lookups.figures.hits == 2)
        #expect(rig.keyspace.lookups.figures.misses == 2)
    }

    @Test func `what was removed at once is freed a part at a time, with entries or without`() {
        var rig = Rig()
        for number in 0..<20_000 { rig.run("sadd big member-of-some-length-\(number)") }
        let size = rig.keyspace.memory.total.rawValue
        rig.run("unlink big")
        #expect(rig.keyspace.memory.total.rawValue < size / 10)
        #expect(rig.keyspace.unfreedPieces > 0)
        var turns = 0
        while rig.keyspace.unfreedPieces > 0 {
            rig.keyspace.freeSome()
            turns += 1
        }
        #expect(turns > 1)
    }

    @Test func `random choices of the same moment differ with the seed, and within a transaction`() {
        var rig = Rig()
        for number in 0..<1000 {
            rig.run("sadd s \(number)")
            rig.run("zadd z \(number) \(number)")
            rig.run("hset h \(number) v")
            rig.run("set k\(number) v")
        }
        for (code, words) in [
            (CommandCode.srandmember, ["s"]), (.zrandmember, ["z"]), (.hrandfield, ["h"]), (.randomkey, []),
        ] {
            var answers: Set<[UInt8]> = []
            for seed in 0..<20 as Range<UInt64> {
                var writer = ReplyWriter(version: .two)
                let entry = EntryCoding.encoded(code, words.map { Array($0.utf8) })
                rig.keyspace.read(entry.rawBytes, clock: .zero, seed: seed, reply: &writer)
                answers.insert(writer.bytes)
            }
            #expect(answers.count > 10, "\(code)")
        }
        let lines = [String](repeating: "srandmember s", count: 20)
        guard case .array(let drawn) = rig.apply(MemoryTests.envelope(.transaction, lines)) else {
            Issue.record("no array")
            return
        }
        #expect(Set(drawn.map { "\($0)" }).count > 10)
    }

    @Test func `the order of kept outcomes does not grow with the requests of a few clients`() {
        var table = OnceTable()
        table.record(Array("first".utf8), 1, Array("+OK".utf8).rawBytes, at: 1)
        for number in 0..<10_000 as Range<UInt64> {
            table.record(Array("second".utf8), number, Array("+OK".utf8).rawBytes, at: 2 + number)
        }
        #expect(table.count == 2)
        #expect(table.orderCount < 2000)
        for number in 0..<12_000 as Range<UInt64> {
            table.record(Array("\(number)".utf8), 1, Array("+OK".utf8).rawBytes, at: 20_000 + number)
        }
        #expect(table.count == OnceTable.clientsMax)
        let (oldest, newest) = (table.find(Array("first".utf8), 1), table.find(Array("11999".utf8), 1))
        if case .new = oldest {} else { Issue.record("the oldest is kept") }
        if case .known = newest {} else { Issue.record("the newest is forgotten") }
    }
}
