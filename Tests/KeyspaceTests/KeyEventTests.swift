// What commands report of keys: the events of Redis 7.0.15, in its order, recorded there.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

/// A keyspace that reports what is wanted.
private struct Watched {
    var rig = Rig()

    init(_ wanted: KeyEventClasses = KeyEventClasses.all.union(.new)) { rig.keyspace.events.wanted = wanted }

    /// The events of one command: `set k, expire k`. `''` is the empty word.
    mutating func run(_ line: String) -> String {
        rig.run(line.split(separator: " ").map { $0 == "''" ? [] : Array($0.utf8) })
        return taken()
    }

    mutating func tick() -> String {
        _ = rig.apply(.tick, [])
        return taken()
    }

    private mutating func taken() -> String {
        let list = rig.keyspace.events
        rig.keyspace.events.removeAll()
        return list.events.map { "\($0.name) " + String(decoding: list.bytes[$0.key], as: UTF8.self) }
            .joined(separator: ", ")
    }
}

@Suite struct KeyEventTests {
    @Test func `commands on strings report what Redis reports`() {
        var watched = Watched()
        let recorded = [
            ("SET k v", "new k, set k"), ("SET k v EX 100", "set k, expire k"),
            ("SET k v PXAT 1", "set k, expire k, expired k"), ("SETRANGE k 1 ''", ""),
            ("SETRANGE k 3 x", "new k, setrange k"), ("APPEND k ''", "append k"), ("GETEX k EX 10", "expire k"),
            ("GETEX k PERSIST", "persist k"), ("GETEX k PERSIST", ""), ("GETEX k PXAT 1", "del k"),
            ("MSET a 1 a 2", "new a, set a, set a"), ("SET a 1 NX", ""), ("SET none 1 XX", ""),
            ("SETEX q 10 v", "new q, set q, expire q"), ("INCR n", "new n, incrby n"), ("DECRBY n 3", "incrby n"),
            ("INCRBYFLOAT n 1.5", "incrbyfloat n"), ("INCR n", ""), ("GETDEL n", "del n"), ("GETDEL n", ""),
            ("GETSET n 1", "new n, set n"), ("SETNX n 1", ""), ("SETNX n2 1", "new n2, set n2"),
            ("MSETNX n2 1 n3 1", ""), ("MSETNX n3 1 n4 1", "new n3, set n3, new n4, set n4"),
            ("APPEND n5 x", "new n5, append n5"),
        ]
        for (line, events) in recorded { #expect(watched.run(line) == events, "\(line)") }
    }

    @Test func `commands on keys report what Redis reports`() {
        var watched = Watched()
        _ = watched.run("SET a 1")
        let recorded = [
            ("COPY a b", "new b, copy_to b"), ("COPY a b", ""), ("COPY a b REPLACE", "new b, copy_to b"),
            ("RENAME a b", "new b, rename_from a, rename_to b"), ("RENAME b b", ""),
            ("RENAMENX b c", "new c, rename_from b, rename_to c"), ("DEL b c nope", "del c"),
            ("SET q v", "new q, set q"), ("EXPIRE q 100", "expire q"), ("EXPIRE q 100 NX", ""),
            ("PERSIST q", "persist q"), ("PERSIST q", ""), ("EXPIRE q -1", "del q"), ("EXPIRE q 1", ""),
            ("SET u 1", "new u, set u"), ("UNLINK u", "del u"), ("FLUSHALL", ""),
        ]
        for (line, events) in recorded { #expect(watched.run(line) == events, "\(line)") }
    }

    @Test func `commands on hashes report what Redis reports`() {
        var watched = Watched()
        let recorded = [
            ("HSET h a 1", "new h, hset h"), ("HSET h a 1 b 2", "hset h"), ("HMSET h c 3", "hset h"),
            ("HSETNX h a 9", ""), ("HSETNX h d 9", "hset h"), ("HSETNX g a 9", "new g, hset g"),
            ("HINCRBY h a 1", "hincrby h"), ("HINCRBY i a 1", "new i, hincrby i"),
            ("HINCRBYFLOAT h a 1", "hincrbyfloat h"), ("HINCRBY h a x", ""), ("HDEL h z", ""), ("HDEL h a z", "hdel h"),
            ("HDEL h b c d", "hdel h, del h"), ("HDEL h b", ""), ("HGET g a", ""),
        ]
        for (line, events) in recorded { #expect(watched.run(line) == events, "\(line)") }
    }

    @Test func `commands on sets report what Redis reports`() {
        var watched = Watched()
        let recorded = [
            ("SADD s a b c", "new s, sadd s"), ("SADD s a", ""), ("SREM s z", ""), ("SREM s a", "srem s"),
            ("SMOVE s t b", "srem s, new t, sadd t"), ("SMOVE s s c", ""), ("SADD t c", "sadd t"),
            ("SMOVE s t c", "srem s, del s"), ("SPOP t", "spop t"), ("SPOP t 0", ""), ("SPOP t 5", "spop t, del t"),
            ("SPOP t", ""), ("SADD a x y", "new a, sadd a"), ("SUNIONSTORE d a", "new d, sunionstore d"),
            ("SINTERSTORE d a", "sinterstore d"), ("SDIFFSTORE d a none", "sdiffstore d"),
            ("SDIFFSTORE d a a", "del d"), ("SDIFFSTORE d a a", ""), ("SPOP a 1", "spop a"),
            ("SPOP a", "spop a, del a"), ("SADD b 1", "new b, sadd b"), ("SREM b 1 1", "srem b, del b"),
        ]
        for (line, events) in recorded { #expect(watched.run(line) == events, "\(line)") }
    }

    @Test func `commands on bits report what Redis reports`() {
        var watched = Watched()
        let recorded = [
            ("SETBIT k 1 1", "new k, setbit k"), ("SETBIT k 1 1", ""), ("SETBIT k 1 0", "setbit k"),
            ("SETBIT k 8 0", "setbit k"), ("BITOP NOT t k", "new t, set t"), ("BITOP NOT t k", "set t"),
            ("BITOP OR t none", "del t"), ("BITOP OR t none", ""),
        ]
        for (line, events) in recorded { #expect(watched.run(line) == events, "\(line)") }
    }

    @Test func `a key whose time is over is reported once, by whatever removes it`() {
        var watched = Watched()
        for key in ["a", "b", "c", "d"] { _ = watched.run("PSETEX \(key) 5 x") }
        watched.rig.time += 6
        #expect(watched.run("SET a 1") == "expired a, new a, set a")
        #expect(watched.run("INCR b") == "expired b, new b, incrby b")
        #expect(watched.run("DEL c") == "expired c")
        #expect(watched.tick() == "expired d")
        #expect(watched.tick() == "")
    }

    @Test func `only what is wanted is reported, and by itself nothing is`() {
        var watched = Watched([.generic])
        #expect(watched.run("SET k v EX 5") == "expire k")
        #expect(watched.run("DEL k") == "del k")
        watched.rig.keyspace.events.wanted = .expired
        _ = watched.run("PSETEX k 5 x")
        watched.rig.time += 6
        #expect(watched.run("SET k 1") == "expired k")
        watched.rig.keyspace.events = KeyEventList()
        for line in ["SET k 2 EX 100", "DEL k", "MSET a 1 b 2"] { #expect(watched.run(line) == "") }
    }

    @Test func `reporting changes nothing that is state`() {
        var (told, quiet) = (Watched(), Watched([]))
        for line in ["SET a 1", "PSETEX b 5 x", "RENAME a c", "INCR n", "COPY c d", "DEL c"] {
            _ = told.run(line)
            _ = quiet.run(line)
        }
        for _ in 0..<2 {
            #expect(told.rig.keyspace.digest == quiet.rig.keyspace.digest)
            #expect(told.rig.keyspace.expiredTotal == quiet.rig.keyspace.expiredTotal)
            told.rig.time += 10
            quiet.rig.time += 10
            _ = (told.run("SET b y"), told.tick(), quiet.run("SET b y"), quiet.tick())
        }
    }

    @Test func `lists are joined in order`() {
        var (all, more) = (KeyEventList(), KeyEventList())
        for key in [[1], [2, 2]] as [[UInt8]] { all.append(.string, "set", key.rawBytes) }
        for key in [[], [3]] as [[UInt8]] { more.append(.generic, "del", key.rawBytes) }
        all.take(&more)
        #expect(more.isEmpty && more.bytes.isEmpty)
        #expect(all.events.map { Array(all.bytes[$0.key]) } == [[1], [2, 2], [], [3]])
        #expect(all.events.map(\.kind) == [.string, .string, .generic, .generic])
    }

    // MARK: Letters

    @Test func `letters are read and written as Redis reads and writes them`() throws {
        let recorded = [
            ("KEA", "AKE"), ("mKEA", "AKEm"), ("Kg$x", "g$xK"), ("", ""), ("g$lshzxetdKE", "AKE"), ("En", "nE"),
            ("KEAn", "AKE"), ("mm", "m"),
        ]
        for (given, shown) in recorded {
            #expect(try #require(KeyEventClasses(letters: given)).letters == shown, "\(given)")
        }
        #expect(KeyEventClasses(letters: "KEQ") == nil)
        #expect(KeyEventClasses(letters: "k") == nil)
    }

    @Test func `without K and E nothing has to be reported`() throws {
        #expect(try #require(KeyEventClasses(letters: "A")).reported == [])
        #expect(try #require(KeyEventClasses(letters: "E")).reported == [])
        #expect(try #require(KeyEventClasses(letters: "KA")).reported == .all)
        #expect(try #require(KeyEventClasses(letters: "Em")).reported == [])
    }
}
