// DUMP, RESTORE and COPY: values of all kinds out and in again, and bytes that are none.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct DumpTests {
    /// A key for each kind and form, with the command that makes it.
    private static let values: [(String, [[[UInt8]]])] = {
        func words(_ line: String) -> [[UInt8]] { line.split(separator: " ").map { Array($0.utf8) } }
        func many(_ head: String, _ count: Int, _ item: (Int) -> String) -> [[UInt8]] {
            words(head + (0..<count).map { " " + item($0) }.joined())
        }
        let long = [UInt8](repeating: 120, count: 3 << 20)
        return [
            ("empty", [[Array("set".utf8), Array("empty".utf8), []]]), ("short", [words("set short 12345")]),
            ("long", [[Array("set".utf8), Array("long".utf8), long]]),
            ("hash", [words("hset hash f v g w")]),
            ("hashes", [many("hset hashes", 2000) { "f\($0) \($0)" }]),
            ("wide", [[Array("hset".utf8), Array("wide".utf8), [1], long, [2], []]]),
            ("list", [words("rpush list 3 1 2")]), ("lists", [many("rpush lists", 2000) { "e\($0 % 700)" }]),
            ("set", [words("sadd set b a c")]), ("sets", [many("sadd sets", 2000) { "m\($0)" }]),
            ("zset", [words("zadd zset -inf a 0 b -0.5 c inf d 0 e")]),
            ("zsets", [many("zadd zsets", 2000) { "\(($0 * 7919) % 500).25 m\($0)" }]),
        ]
    }()

    private static func full() -> Rig {
        var rig = Rig()
        for (_, commands) in values { for words in commands { rig.run(words) } }
        return rig
    }

    private static func payload(_ rig: inout Rig, _ key: String) -> [UInt8] {
        guard case .bulk(let bytes) = rig.run("dump \(key)") else { preconditionFailure("no payload of \(key)") }
        return bytes
    }

    private static func restore(
        _ key: String, _ payload: [UInt8], _ options: String = "", ttl: String = "0"
    ) -> [[UInt8]] {
        ["restore", key, ttl].map { Array($0.utf8) } + [payload] + options.split(separator: " ").map { Array($0.utf8) }
    }

    @Test func `what was dumped is restored as it was, in another keyspace too`() {
        var rig = DumpTests.full()
        var other = Rig()
        other.keyspace = Keyspace(of: ClusterID(high: 9, low: 9))
        for (key, _) in DumpTests.values {
            let payload = DumpTests.payload(&rig, key)
            #expect(other.run(DumpTests.restore(key, payload)) == .simple("OK"))
            #expect(rig.run(DumpTests.restore(key, payload, "replace")) == .simple("OK"))
        }
        #expect(other.keyspace.digest == rig.keyspace.digest)
        #expect(other.keyspace.digest == DumpTests.full().keyspace.digest)
        other.keyspace.checkInvariants()
        rig.keyspace.checkInvariants()
        #expect(rig.run("dump none") == .null)
    }

    @Test func `payloads are the bytes of the format's page`() {
        let golden = [
            ("set a value", "545244010176616c756589edee21"), ("hset a f v", "5452440102010166017659309fe7"),
            ("rpush a e0 e1", "545244010302026530026531ab7d3536"), ("sadd a m", "545244010401016d56b16692"),
            ("zadd a 0.5 m", "54524401050109bfe00000000000006d954f098b"),
        ]
        for (line, hex) in golden {
            var rig = Rig()
            rig.run(line)
            let digits = DumpTests.payload(&rig, "a").map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            #expect(digits.joined() == hex, "\(line)")
        }
    }

    @Test func `a restored key has the time to live that was asked for`() {
        var rig = DumpTests.full()
        let payload = DumpTests.payload(&rig, "hashes")
        #expect(rig.run(DumpTests.restore("a", payload, ttl: "500")) == .simple("OK"))
        #expect(rig.run("pexpiretime a") == .integer(1_000_500))
        #expect(rig.run(DumpTests.restore("b", payload, "absttl", ttl: "1000700")) == .simple("OK"))
        #expect(rig.run("pexpiretime b") == .integer(1_000_700))
        #expect(rig.run(DumpTests.restore("a", payload, "replace")) == .simple("OK"))
        #expect(rig.run("pttl a") == .integer(-1))
        #expect(rig.run(DumpTests.restore("a", payload, "replace absttl", ttl: "5")) == .simple("OK"))
        #expect(rig.run("exists a") == .integer(0))
        #expect(rig.run(DumpTests.restore("c", payload, "idletime 3 replace")) == .simple("OK"))
        #expect(rig.run(DumpTests.restore("d", payload, "freq 255")) == .simple("OK"))
        rig.keyspace.checkInvariants()
    }

    @Test func `what can not be restored is refused in Redis's words`() {
        var rig = DumpTests.full()
        let payload = DumpTests.payload(&rig, "short")
        let cases: [([[UInt8]], String)] = [
            (DumpTests.restore("hash", payload), "BUSYKEY Target key name already exists."),
            (DumpTests.restore("hash", [1, 2]), "BUSYKEY Target key name already exists."),
            (DumpTests.restore("a", payload, ttl: "-1"), "ERR Invalid TTL value, must be >= 0"),
            (DumpTests.restore("a", payload, ttl: "x"), "ERR value is not an integer or out of range"),
            (DumpTests.restore("a", payload, ttl: "9223372036854775807"), "ERR Invalid TTL value, must be >= 0"),
            (DumpTests.restore("a", payload, "idletime -1"), "ERR Invalid IDLETIME value, must be >= 0"),
            (DumpTests.restore("a", payload, "freq 256"), "ERR Invalid FREQ value, must be >= 0 and <= 255"),
            (DumpTests.restore("a", payload, "freq 1 idletime 1"), "ERR syntax error"),
            (DumpTests.restore("a", payload, "freq"), "ERR syntax error"),
            (DumpTests.restore("a", payload, "nx"), "ERR syntax error"),
        ]
        for (words, error) in cases { #expect(rig.run(words) == .error(error)) }
    }

    @Test func `a payload that is cut short or has a bit flipped is refused`() {
        var rig = DumpTests.full()
        let wrong = Reply.error("ERR DUMP payload version or checksum are wrong")
        for key in ["short", "hash", "list", "set", "zset", "empty"] {
            let payload = DumpTests.payload(&rig, key)
            for cut in 0..<payload.count {
                #expect(rig.run(DumpTests.restore("a", Array(payload[..<cut]))) == wrong)
            }
            for bit in 0..<payload.count * 8 {
                var flipped = payload
                flipped[bit >> 3] ^= 1 << UInt8(bit & 7)
                #expect(rig.run(DumpTests.restore("a", flipped)) == wrong)
            }
        }
        #expect(rig.run("exists a") == .integer(0))
    }

    /// A payload with a right checksum.
    private static func sealed(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] {
        var bytes = Array("TRD".utf8) + [1, kind] + body
        bytes.append(littleEndian: CRC32C.checksum(bytes.rawBytes))
        return bytes
    }

    @Test func `a body that is no collection is refused, and changes nothing`() {
        var rig = DumpTests.full()
        let digest = rig.keyspace.digest
        let score: [UInt8] = [0x80, 0, 0, 0, 0, 0, 0, 0]
        let notNumber: [UInt8] = [0xFF, 0xF8, 0, 0, 0, 0, 0, 1]
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        let long = (0..<300).flatMap { [3, 109, UInt8($0 >> 8), UInt8($0 & 255)] as [UInt8] }
        let bodies: [(UInt8, [UInt8])] = [
            (0, []), (6, [1, 1, 97]), (255, []), (3, []), (3, [0]), (3, [2, 1, 97]), (3, [1, 1, 97, 0]),
            (3, [1, 2, 97]),
            (3, huge), (3, [1] + huge), (4, [2, 1, 97, 1, 97]), (2, [1, 1, 97]), (2, [2, 1, 97, 0, 1, 97, 0]),
            (5, [1, 7] + score.dropLast()), (5, [2, 9] + score + [97, 9] + score + [97]),
            (5, [2, 9] + score + [97, 9] + [0x81] + score.dropFirst() + [97]), (5, [1, 9] + notNumber + [97]),
            (4, [0xAD, 0x02] + long + [3] + long[1..<4]), (4, [0xAE, 0x02] + long),
        ]
        for (kind, body) in bodies {
            let reply = rig.run(DumpTests.restore("sets", DumpTests.sealed(kind, body), "replace"))
            #expect(reply == .error("ERR Bad data format"), "\(kind) \(body.prefix(40))")
        }
        #expect(rig.keyspace.digest == digest)
        rig.keyspace.checkInvariants()
        #expect(rig.run(DumpTests.restore("a", DumpTests.sealed(4, [0xAC, 0x02] + long))) == .simple("OK"))
    }

    @Test func `a restored list serves who waits for one`() {
        var rig = DumpTests.full()
        let payload = DumpTests.payload(&rig, "list")
        var envelope = Envelope(.blocking, version: .two)
        envelope.add { $0 += EntryCoding.encoded(.blpop, [[97], Array("0".utf8)]) }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        var writer = ReplyWriter(version: .two)
        rig.index = rig.index.next
        rig.keyspace.apply(entry.rawBytes, at: .zero, index: rig.index, reply: &writer)
        #expect(rig.run(DumpTests.restore("a", payload)) == .simple("OK"))
        #expect(rig.keyspace.waiterCount == 0)
        #expect(rig.run("lrange a 0 -1") == .array([bulk("1"), bulk("2")]))
    }

    @Test func `a copy of any value is the value, and stays as it is when the other changes`() {
        var rig = DumpTests.full()
        for (key, _) in DumpTests.values {
            #expect(rig.run("copy \(key) copy") == .integer(1))
            #expect(DumpTests.payload(&rig, "copy") == DumpTests.payload(&rig, key))
            #expect(rig.run("copy \(key) copy") == .integer(0))
            #expect(rig.run("copy \(key) copy replace") == .integer(1))
            let dumped = DumpTests.payload(&rig, "copy")
            switch rig.run("type \(key)") {
            case .simple("hash"): rig.run("hset \(key) new 1")
            case .simple("list"): rig.run("rpush \(key) new")
            case .simple("set"): rig.run("sadd \(key) new")
            case .simple("zset"): rig.run("zadd \(key) 7 new")
            default: rig.run("append \(key) new")
            }
            #expect(DumpTests.payload(&rig, "copy") == dumped)
            #expect(DumpTests.payload(&rig, key) != dumped)
            rig.run("del copy")
        }
        rig.keyspace.checkInvariants()
    }
}
