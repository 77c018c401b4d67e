// What entries are told to have changed: all of it, nothing else, in words that mean the same to whoever hears them.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ChangeTests {
    /// A keyspace, and what a consumer was told of each entry.
    private struct Told {
        var rig = Rig()

        /// The changes of one entry, each as a line.
        mutating func apply(_ entry: [UInt8]) -> [String] { changes(of: entry).map { ChangeTests.line($0) } }

        mutating func changes(of entry: [UInt8], matching pattern: String? = nil) -> [[[UInt8]]] {
            rig.apply(entry)
            rig.keyspace.served.removeAll()
            let notes = rig.keyspace.changes
            guard notes.hasChanged else {
                #expect(notes.items.isEmpty)
                return []
            }
            var writer = ChangeWriter(matching: pattern.map { Array($0.utf8) }, version: .two)
            let time = Timestamp(microseconds: rig.time * 1000)
            writer.add(entry.rawBytes, notes.items.rawBytes, index: rig.index, at: time)
            return ChangeTests.decoded(writer, index: rig.index, time: time)
        }

        /// One command as a client sends it, blocking ones as such.
        mutating func run(_ line: String) -> [String] { apply(ChangeTests.entry(line)) }

        mutating func transaction(_ lines: String...) -> [String] {
            apply(ChangeTests.envelope(.transaction, lines))
        }
    }

    private static func line(_ words: [[UInt8]]) -> String {
        words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    private static func command(_ words: [[UInt8]]) -> [UInt8] {
        let name = String(decoding: words[0], as: UTF8.self)
        guard let spec = CommandTable.shared.lookup(name) else { preconditionFailure(line(words)) }
        return EntryCoding.encoded(spec.code, Array(words.dropFirst()))
    }

    private static func words(_ line: String) -> [[UInt8]] { line.split(separator: " ").map { Array($0.utf8) } }

    private static func entry(_ line: String) -> [UInt8] {
        let words = words(line)
        let name = String(decoding: words[0], as: UTF8.self)
        let isBlocking = CommandTable.shared.lookup(name)?.flags.contains(.blocking) == true
        return isBlocking ? envelope(.blocking, [line]) : command(words)
    }

    private static func envelope(_ form: Envelope.Form, _ lines: [String]) -> [UInt8] {
        var envelope = Envelope(form, version: .two)
        for line in lines { envelope.add { $0 += command(words(line)) } }
        var bytes: [UInt8] = []
        envelope.encode(to: &bytes)
        return bytes
    }

    private static func decoded(_ writer: ChangeWriter, index: LogIndex, time: Timestamp) -> [[[UInt8]]] {
        var all = ReplyWriter(version: .two)
        all.arrayHeader(writer.count)
        guard case .array(let elements) = Rig.decoded(all.bytes + writer.reply.bytes) else {
            preconditionFailure("no array")
        }
        return elements.map { element in
            guard case .array(let fields) = element, fields.count == 3, case .array(let words) = fields[2] else {
                preconditionFailure("no change: \(element)")
            }
            #expect(fields[0] == .integer(Int64(index.rawValue)))
            #expect(fields[1] == .integer(Int64(time.rawValue)))
            return words.map { word in
                guard case .bulk(let bytes) = word else { preconditionFailure("no word: \(word)") }
                return bytes
            }
        }
    }

    @Test func `what changes nothing is no change`() {
        var told = Told()
        #expect(told.run("set a 1") == ["SET a 1"])
        #expect(told.run("sadd s m") == ["SADD s m"])
        let idle = [
            "set a 2 nx", "set b 1 xx", "setnx a 2", "msetnx a 1 b 2", "del b", "lpush a 1", "incrby s 1", "sadd s m",
            "srem s n", "hdel h f", "expire b 10", "persist a", "getex a", "getdel b", "rename b c", "renamenx a a",
            "copy b c", "append b", "spop none", "lpushx l 1", "zadd z xx 1 m", "getdel none", "lrem l 0 x",
            "lpop none", "sunionstore d none", "zpopmin none",
        ]
        for line in idle { #expect(told.run(line) == [], "\(line)") }
        var empty = Told()
        #expect(empty.run("flushall") == [])
        #expect(told.run("flushall") == ["FLUSHALL"])
    }

    @Test func `conditions that held are left out, and times stand`() {
        var told = Told()
        #expect(told.run("set a 1 ex 10 nx get") == ["SET a 1 PXAT 1010000"])
        #expect(told.run("set a 2 keepttl xx") == ["SET a 2 KEEPTTL"])
        #expect(told.run("setex b 5 v") == ["SET b v PXAT 1005000"])
        #expect(told.run("psetex b 5 v") == ["SET b v PXAT 1000005"])
        #expect(told.run("setnx c 1") == ["SET c 1"])
        #expect(told.run("getset c 2") == ["SET c 2"])
        #expect(told.run("msetnx d 1 e 2") == ["MSET d 1 e 2"])
        #expect(told.run("expire c 7 nx") == ["PEXPIREAT c 1007000"])
        #expect(told.run("expireat c 2000 gt") == ["PEXPIREAT c 2000000"])
        #expect(told.run("getex c px 50") == ["PEXPIREAT c 1000050"])
        #expect(told.run("getex c persist") == ["PERSIST c"])
        #expect(told.run("getdel c") == ["DEL c"])
        #expect(told.run("pexpire d -1") == ["DEL d"])
        #expect(told.run("set e 3 pxat 1") == ["DEL e"])
        #expect(told.run("incrbyfloat f 1.5") == ["INCRBYFLOAT f 1.5"])
    }

    @Test func `members that chance has taken are named`() {
        var told = Told()
        _ = told.run("sadd s 1 2 3 4 5 6 7 8 9 10")
        for count in ["", " 2", " 6"] {
            var before: Set<[UInt8]> = []
            if case .array(let members) = told.rig.run("smembers s") {
                for case .bulk(let member) in members { before.insert(member) }
            }
            let change = told.changes(of: ChangeTests.entry("spop s\(count)"))
            #expect(change.count == 1)
            #expect(change[0][0] == Array("SREM".utf8))
            for member in change[0].dropFirst(2) { #expect(before.remove(member) != nil) }
            #expect(told.rig.run("scard s") == .integer(Int64(before.count)))
        }
        #expect(told.run("spop s 100") == ["DEL s"])
    }

    @Test func `of a transaction it is told what had an effect`() {
        var told = Told()
        #expect(told.transaction("set a 1", "incr a") == ["SET a 1", "INCR a"])
        #expect(told.transaction("get a", "setnx a 1", "incr a", "lpush a 1") == ["INCR a"])
        #expect(told.transaction("setnx a 1", "get a") == [])
        #expect(told.transaction("sadd s m", "spop s", "set b 1") == ["SADD s m", "DEL s", "SET b 1"])
        #expect(told.apply(ChangeTests.envelope(.single, ["set c 1 ex 1"])) == ["SET c 1 PXAT 1001000"])
    }

    @Test func `an element that goes to a waiting client is told behind what brought it`() {
        var told = Told()
        #expect(told.run("blpop a b 0") == [])
        #expect(told.run("rpush b 1 2") == ["RPUSH b 1 2", "LPOP b"])
        #expect(told.run("brpop b 0") == ["RPOP b"])
        #expect(told.run("blmove x y left right 0") == [])
        #expect(told.run("brpop y 0") == [])
        #expect(told.run("lpush x v") == ["LPUSH x v", "LMOVE x y left right", "RPOP y"])
        #expect(told.run("blmpop 0 2 k l left count 2") == [])
        #expect(told.run("brpoplpush l m 0") == [])
        #expect(
            told.transaction("setnx n 1", "rpush l 1 2 3", "setnx n 2")
                == ["SET n 1", "RPUSH l 1 2 3", "LMPOP 1 l left count 2", "RPOPLPUSH l m"])
        #expect(told.run("bzpopmax z 0") == [])
        #expect(told.run("bzmpop 0 1 z min") == [])
        #expect(told.run("zadd z 1 a 2 b") == ["ZADD z 1 a 2 b", "ZPOPMAX z", "ZMPOP 1 z min"])
    }

    @Test func `a key that ends is told by its deadline alone`() {
        var told = Told()
        #expect(told.run("set a 1 px 10") == ["SET a 1 PXAT 1000010"])
        told.rig.time += 20
        #expect(told.run("del a") == [])
        #expect(told.run("set b 1 px 10") == ["SET b 1 PXAT 1000030"])
        told.rig.time += 20
        #expect(told.apply(EntryCoding.tick) == [])
        #expect(told.run("set c 1 px 10") == ["SET c 1 PXAT 1000050"])
        told.rig.time += 20
        #expect(told.run("append c 2") == ["APPEND c 2"])
    }

    @Test func `a pattern chooses by the keys that a command names`() {
        var told = Told()
        func entry(_ line: String) -> [UInt8] { ChangeTests.entry(line) }
        #expect(told.changes(of: entry("set user:1 a"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("set other user:1"), matching: "user:*").isEmpty)
        #expect(told.changes(of: entry("mset a 1 user:2 b"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("rename other user:3"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("rpush user:l 1 2"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("lmpop 2 none user:l left"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("zadd z 1 a"), matching: "user:*").isEmpty)
        #expect(told.changes(of: entry("zunionstore user:z 1 z"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("zunionstore y 2 z user:z"), matching: "user:*").count == 1)
        #expect(told.changes(of: entry("zunionstore y 2 z z weights 1 2"), matching: "weights").isEmpty)
        let both = ChangeTests.envelope(.transaction, ["set a 1", "set user:4 1", "set b 1"])
        #expect(told.changes(of: both, matching: "user:*").map { ChangeTests.line($0) } == ["SET user:4 1"])
        #expect(told.changes(of: entry("flushall"), matching: "user:*").count == 1)
    }

    @Test(arguments: 0..<24)
    func `whoever carries out what is told has the same records`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var told = Told()
        var consumer = Rig()
        for _ in 0..<600 {
            told.rig.time += random.next() % 40 == 0 ? 50 : random.next() % 3
            let entry = ChangeTests.randomEntry(&random)
            for words in told.changes(of: entry) {
                consumer.time = told.rig.time
                consumer.apply(ChangeTests.command(words))
                // Nothing that is told is idle, but for what removes a key that ended in the meantime.
                #expect(consumer.keyspace.changes.hasChanged, "\(ChangeTests.line(words))")
            }
        }
        told.rig.time += 1
        consumer.time = told.rig.time
        while told.rig.tick() != .integer(0) {}
        while consumer.tick() != .integer(0) {}
        #expect(told.rig.keyspace.recordsDigest == consumer.keyspace.recordsDigest)
        #expect(told.rig.keyspace.count > 0)
    }

    private static func randomEntry(_ random: inout SplitMix64) -> [UInt8] {
        let roll = random.next() % 20
        if roll == 0 { return EntryCoding.tick }
        guard roll < 5 else { return entry(randomLine(&random)) }
        let lines = (0...random.next() % 4).map { _ in randomLine(&random) }
        return envelope(.transaction, lines)
    }

    private static func randomLine(_ random: inout SplitMix64) -> String {
        let forms = """
            set $k $n|set $k $w px $n nx|set $k $w keepttl get|setnx $k $n|psetex $k $n $w|getex $k px $n
            getex $k persist|getdel $k|incrby $k $n|incrbyfloat $k 1.25|append $k $w|del $k $k|pexpire $k $n gt
            pexpire $k $n|persist $k|rename $k $k|renamenx $k $k|copy $k other|rpush $k $w $w $w|lpop $k
            lmpop 2 $k $k left|blpop $k $k 0|blmove $k $k left right 0|blmpop 0 2 $k $k right count 2
            brpoplpush $k $k 0|sadd $k $w $w $w $w|srem $k $w|spop $k|spop $k 3|spop $k 8|smove $k $k $w
            sunionstore $k $k $k|hset $k $w $n|hincrby $k $w 3|hdel $k $w $w|zadd $k $n $w $n $w|zadd $k xx gt 30 $w
            zincrby $k 2 $w|zpopmin $k 2|bzpopmin $k $k 0|bzmpop 0 2 $k $k max count 2
            zunionstore $k 2 $k $k weights 2 1|zremrangebyrank $k 0 1|setrange $k 3 $w|setbit $k 9 1|ltrim $k 0 3
            linsert $k before $w $w
            """.split { $0 == "|" || $0 == "\n" }
        let form = forms[Int(random.next() % UInt64(forms.count))]
        return form.split(separator: " ").map { word in
            switch word {
            case "$k": "k\(random.next() % 8)"
            case "$w": "w\(random.next() % 12)"
            case "$n": "\(random.next() % 40 + 1)"
            default: String(word)
            }
        }.joined(separator: " ")
    }
}
