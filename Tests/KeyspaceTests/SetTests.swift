// The commands on sets: what they answer, refuse and report. Replies were recorded from Redis 7.0.15.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct SetTests {
    private static let wrongType = Reply.error("WRONGTYPE Operation against a key holding the wrong kind of value")

    private func words(_ reply: Reply) -> [String] {
        switch reply {
        case .array(let parts), .set(let parts): parts.compactMap(\.text)
        default: []
        }
    }

    @Test func `members come and go`() {
        var rig = Rig()
        let recorded: [(String, Reply)] = [
            ("sadd s a b a", .integer(2)), ("sadd s a", .integer(0)), ("scard s", .integer(2)),
            ("scard none", .integer(0)), ("sismember s a", .integer(1)), ("sismember s z", .integer(0)),
            ("smismember s a z b", .array([.integer(1), .integer(0), .integer(1)])),
            ("smismember none a", .array([.integer(0)])), ("smembers s", .array([bulk("a"), bulk("b")])),
            ("smembers none", .array([])), ("srem s a a z", .integer(1)), ("srem s b", .integer(1)),
            ("exists s", .integer(0)), ("srem s b", .integer(0)),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
        rig.run("sadd s a")
        rig.version = .three
        #expect(rig.run("smembers s") == .set([bulk("a")]))
        #expect(rig.run("smembers none") == .set([]))
        #expect(rig.run("srandmember s 1") == .array([bulk("a")]))
        #expect(rig.run("spop none 1") == .set([]))
        #expect(rig.run("spop s 1") == .set([bulk("a")]))
    }

    @Test func `another type is refused, and nothing happens then`() {
        var rig = Rig()
        rig.run("set str v")
        rig.run("sadd s a")
        let lines = [
            "sadd str a", "srem str a", "sismember str a", "smismember str a", "scard str", "smembers str", "spop str",
            "spop str 1", "srandmember str", "srandmember str 1", "smove str s a", "smove s str a", "smove s str z",
            "sinter s str", "sinter none str", "sintercard 2 none str", "sinterstore d s str", "sunion s str",
            "sunionstore d str", "sdiff s str", "sdiffstore d none str", "sscan str 0",
        ]
        let digest = rig.keyspace.digest
        for line in lines { #expect(rig.run(line) == Self.wrongType, "\(line)") }
        #expect(rig.keyspace.digest == digest)
        #expect(rig.run("smove none str a") == .integer(0))
        #expect(rig.run("sunionstore str s") == .integer(1))
        #expect(rig.run("type str") == .simple("set"))
    }

    @Test func `a member is moved`() {
        var rig = Rig()
        rig.run("sadd a x y")
        rig.run("sadd b y")
        let recorded: [(String, Reply)] = [
            ("smove a b z", .integer(0)), ("smove a a x", .integer(1)), ("smove a a z", .integer(0)),
            ("smove a b x", .integer(1)), ("smove a b y", .integer(1)), ("exists a", .integer(0)),
            ("smembers b", .array([bulk("x"), bulk("y")])), ("smove b c x", .integer(1)), ("scard c", .integer(1)),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
        rig.keyspace.checkInvariants()
    }

    // MARK: Several sets

    @Test(arguments: [12, 2000]) func `sets are joined, cut and subtracted`(count: Int) {
        var rig = Rig()
        let sets = [2, 3, 5].map { step in Set((0..<count).filter { $0 % step == 0 }.map { "m\($0)" }) }
        for (name, set) in zip(["a", "b", "c"], sets) {
            for member in set { rig.run("sadd \(name) \(member)") }
        }
        let union = sets[0].union(sets[1]).union(sets[2])
        let inter = sets[0].intersection(sets[1]).intersection(sets[2])
        let difference = sets[0].subtracting(sets[1]).subtracting(sets[2])
        for (name, expected) in [("union", union), ("inter", inter), ("diff", difference)] {
            let found = words(rig.run("s\(name) a b c"))
            #expect(found.count == expected.count && Set(found) == expected, "\(name)")
            #expect(rig.run("s\(name)store t a b c") == .integer(Int64(expected.count)))
            #expect(Set(words(rig.run("smembers t"))) == expected)
            // The target among the sources.
            rig.run("copy a t replace")
            #expect(rig.run("s\(name)store t t b c") == .integer(Int64(expected.count)))
            #expect(Set(words(rig.run("smembers t"))) == expected)
            rig.keyspace.checkInvariants()
        }
        #expect(rig.run("sintercard 3 a b c") == .integer(Int64(inter.count)))
        #expect(rig.run("sintercard 2 a a limit 3") == .integer(3))
        #expect(rig.run("sdiff a b a") == .array([]))
        #expect(Set(words(rig.run("sdiff a none"))) == sets[0])
        #expect(rig.run("sdiff none a") == .array([]))
        #expect(rig.run("sinter a none") == .array([]))
        // Many sets, which are subtracted from a copy.
        let many = Array(repeating: "c", count: 40).joined(separator: " ")
        #expect(Set(words(rig.run("sdiff a \(many)"))) == sets[0].subtracting(sets[2]))
        rig.version = .three
        #expect(rig.run("sinter none") == .set([]))
        #expect(rig.run("sdiff a a") == .set([]))
    }

    @Test func `an empty result removes the target, whatever it was, and any other ends its time to live`() {
        var rig = Rig()
        rig.run("sadd a x")
        rig.run("set t v ex 100")
        #expect(rig.run("sunionstore t a") == .integer(1))
        #expect(rig.run("ttl t") == .integer(-1))
        #expect(rig.run("sinterstore t a none") == .integer(0))
        #expect(rig.run("exists t") == .integer(0))
        rig.run("hset t f v")
        #expect(rig.run("sdiffstore t a a") == .integer(0))
        #expect(rig.run("exists t") == .integer(0))
        rig.keyspace.checkInvariants()
    }

    @Test func `SINTERCARD checks its arguments as Redis does`() {
        var rig = Rig()
        rig.run("sadd s a b")
        let recorded = [
            ("sintercard 0 s", "ERR numkeys should be greater than 0"),
            ("sintercard x s", "ERR numkeys should be greater than 0"),
            ("sintercard 2 s", "ERR Number of keys can't be greater than number of args"),
            ("sintercard 1 s limit", "ERR syntax error"), ("sintercard 1 s bla 3", "ERR syntax error"),
            ("sintercard 1 s limit -1", "ERR LIMIT can't be negative"),
            ("sintercard 1 s limit x", "ERR LIMIT can't be negative"),
            ("sintercard 1 s limit 1 limit", "ERR syntax error"),
        ]
        for (line, text) in recorded { #expect(rig.run(line) == .error(text), "\(line)") }
        #expect(rig.run("sintercard 1 s limit 0") == .integer(2))
        #expect(rig.run("sintercard 1 s LIMIT 1") == .integer(1))
    }

    // MARK: Random members

    @Test(arguments: [10, 3000]) func `popped members are those that are gone`(count: Int) {
        for wanted in [1, 4, count / 2, count - 1, count, count * 2] {
            var rig = Rig()
            for number in 0..<count { rig.run("sadd s m\(number)") }
            rig.run("pexpireat s 9000000")
            let all = Set((0..<count).map { "m\($0)" })
            let popped = words(rig.run("spop s \(wanted)"))
            #expect(popped.count == min(wanted, count))
            let left = Set(words(rig.run("smembers s")))
            #expect(left.isDisjoint(with: popped))
            #expect(left.union(popped) == all)
            #expect(rig.run("pexpiretime s") == .integer(left.isEmpty ? -2 : 9_000_000))
            rig.keyspace.checkInvariants()
        }
    }

    @Test func `counts of random members are checked as Redis checks them`() {
        var rig = Rig()
        rig.run("sadd s a")
        let recorded: [(String, Reply)] = [
            ("spop none", .null), ("spop none 1", .array([])), ("spop s 0", .array([])),
            ("spop s -1", .error("ERR value is out of range, must be positive")),
            ("spop s x", .error("ERR value is out of range, must be positive")),
            ("spop s 1 x", .error("ERR syntax error")), ("srandmember none", .null),
            ("srandmember none 3", .array([])), ("srandmember s 0", .array([])), ("srandmember s", bulk("a")),
            ("srandmember s 5", .array([bulk("a")])),
            ("srandmember s -3", .array([bulk("a"), bulk("a"), bulk("a")])),
            ("srandmember s 1 x", .error("ERR syntax error")),
            ("srandmember s x", .error("ERR value is not an integer or out of range")), ("spop s", bulk("a")),
            ("exists s", .integer(0)),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }

    /// Pages of a set that was large once are not those of one that never was; what is popped must not tell.
    @Test(arguments: [1, 5, 300, 700]) func `what is popped depends on the set and the entry only`(wanted: Int) {
        let members = (0..<800).map { "m\($0)" }
        var straight = Rig()
        for member in members { straight.run("sadd s \(member)") }
        var roundabout = Rig()
        for number in (800..<12_000).reversed() { roundabout.run("sadd s m\(number)") }
        for member in members.reversed() { roundabout.run("sadd s \(member)") }
        for number in 800..<12_000 { roundabout.run("srem s m\(number)") }
        #expect(straight.run("smembers s") == roundabout.run("smembers s"))
        #expect(straight.run("sscan s 0 count 13") == roundabout.run("sscan s 0 count 13"))
        #expect(straight.run("srandmember s 9") == roundabout.run("srandmember s 9"))
        (straight.index, roundabout.index) = (LogIndex(90_000), LogIndex(90_000))
        #expect(straight.run("spop s \(wanted)") == roundabout.run("spop s \(wanted)"))
        #expect(straight.keyspace.digest == roundabout.keyspace.digest)
    }

    @Test func `entries of other indexes or times pop other members`() {
        var popped: Set<String> = []
        for index in 0..<20 as Range<UInt64> {
            var rig = Rig()
            for number in 0..<100 { rig.run("sadd s m\(number)") }
            rig.index = LogIndex(1000 + index % 5)
            rig.time += index / 5
            popped.insert(rig.run("spop s").text ?? "")
        }
        #expect(popped.count > 12)
    }

    // MARK: Large sets

    @Test func `a large set is removed at once and freed by and by`() {
        var rig = Rig()
        for number in 0..<30_000 { rig.run("sadd s member\(number)") }
        let kept = rig.keyspace
        let before = rig.keyspace.memory.total.rawValue
        rig.run("del s")
        #expect(rig.keyspace.memory.total.rawValue < before / 4)
        for _ in 0..<200 { rig.tick() }
        rig.keyspace.checkInvariants()
        kept.checkInvariants()
        #expect(kept.count == 1)
    }

    @Test func `a scan gives members`() {
        var rig = Rig()
        rig.run("sadd s a b c")
        #expect(rig.run("sscan s 0 match [ab]") == .array([bulk("0"), .array([bulk("a"), bulk("b")])]))
        #expect(rig.run("sscan none 0") == .array([bulk("0"), .array([])]))
        #expect(rig.run("sscan s -") == .error("ERR invalid cursor"))
    }
}
