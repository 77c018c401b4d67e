// A state of which only what a log names is held, beside the whole one.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

struct TouchedKeysTests {
    /// Lines that name keys up to `k99`, of types that all commands find now and then.
    private struct Draw {
        var random: SplitMix64

        mutating func number(_ limit: UInt64) -> UInt64 { random.next() % limit }

        mutating func line(_ keys: UInt64) -> String {
            // Few slots with many records each.
            func key(_ kind: String) -> String {
                let number = number(keys)
                return "{\(number % 20)}\(kind)\(number)"
            }
            return switch number(18) {
            case 0...3: "SET \(key("k")) v\(number(1000))"
            case 4: "SET \(key("k")) v PX \(1 + number(3000))"
            case 5: "MSET \(key("k")) 1 \(key("k")) 2"
            case 6: "RENAME \(key("k")) \(key("k"))"
            case 7: "COPY \(key("k")) \(key("k")) REPLACE"
            case 8: "SADD \(key("s")) m\(number(9)) m\(number(9))"
            case 9: "SUNIONSTORE \(key("s")) \(key("s")) \(key("s"))"
            case 10: "SMOVE \(key("s")) \(key("s")) m\(number(9))"
            case 11: "RPUSH \(key("l")) e\(number(9))"
            case 12: "LMPOP 2 \(key("l")) \(key("l")) LEFT"
            case 13: "BLMPOP 0 2 \(key("l")) \(key("l")) RIGHT"
            case 14: "BLMOVE \(key("l")) \(key("l")) LEFT RIGHT 0"
            case 15: "ZADD \(key("z")) \(number(50)) m\(number(9))"
            case 16: "ZUNIONSTORE \(key("z")) 2 \(key("z")) \(key("z"))"
            default: "DEL \(key("k")) \(key("s")) \(key("l")) \(key("z"))"
            }
        }
    }

    private static func entry(_ line: String) -> [UInt8] {
        let words = line.split(separator: " ").map(String.init)
        guard let spec = CommandTable.shared.lookup(words[0]) else { return Array(line.utf8) }
        return EntryCoding.encoded(spec.code, words.dropFirst().map { Array($0.utf8) })
    }

    private static func nested(_ entries: [[UInt8]], requiring key: String = "a", version: UInt64 = 0) -> [UInt8] {
        var envelope = Envelope(.transaction, version: .two)
        let key = Array(key.utf8)
        envelope.require(key.rawBytes, version: version)
        for entry in entries { envelope.add { $0 += entry } }
        var bytes: [UInt8] = []
        envelope.encode(to: &bytes)
        return bytes
    }

    private static func keys(_ lines: [String]) -> TouchedKeys {
        var touched = TouchedKeys(of: Rig.cluster, entries: 1000)
        for line in lines { touched.add(entry(line).rawBytes) }
        return touched
    }

    private static func has(_ touched: TouchedKeys, _ key: String) -> Bool {
        let key = Array(key.utf8)
        let hash = SipHash.hash(key.rawBytes, key: Keyspace.hashKey(of: Rig.cluster))
        return touched.mayHave(hash, inSlot: HashSlot.of(key.rawBytes))
    }

    @Test(arguments: 1...12)
    func `a state that holds what a log names comes to the same digest and count as the whole one`(seed: UInt64) throws
    {
        var draw = Draw(random: SplitMix64(seed: seed))
        var rig = Rig()
        while rig.keyspace.count < 2000 {
            rig.run(draw.line(5000).replacing("BL", with: "L").replacing(" 0 2", with: " 2"))
        }
        let image = ImageBytes(rig.keyspace)
        var entries: [[UInt8]] = []
        for number in 0..<600 {
            if number % 50 == 0 { entries.append(EntryCoding.tick) }
            let line = Self.entry(draw.line(100))
            guard number % 7 == 0 else {
                entries.append(line)
                continue
            }
            let condition = "k\(draw.number(100))"
            let key = Array(condition.utf8)
            let version = rig.keyspace.version(of: key.rawBytes)
            entries.append(
                Self.nested([Self.entry("SET k\(draw.number(100)) a"), line], requiring: condition, version: version))
        }
        var touched = TouchedKeys(of: Rig.cluster, entries: entries.count)
        for entry in entries { touched.add(entry.rawBytes) }
        #expect(!touched.isOfAllKeys)

        let (part, omitted) = try image.loaded(wanted: touched)
        #expect(omitted.count > 1000)
        var other = rig
        other.keyspace = part
        for entry in entries {
            rig.time += 20
            other.time += 20
            rig.apply(entry)
            other.apply(entry)
            var digest = other.keyspace.digest
            digest.add(omitted.digest)
            try #require(digest == rig.keyspace.digest)
        }
        #expect(other.keyspace.count + omitted.count == rig.keyspace.count)
        other.keyspace.checkInvariants()
    }

    @Test func `every key that a command names is taken, wherever it stands`() {
        let named: [(line: String, keys: [String])] = [
            ("SET a 1", ["a"]), ("MSET a 1 b 2", ["a", "b"]), ("RENAME a b", ["a", "b"]),
            ("DEL a b c", ["a", "b", "c"]),
            ("BITOP AND a b c", ["a", "b", "c"]), ("LMPOP 2 a b LEFT", ["a", "b"]), ("ZMPOP 2 a b MIN", ["a", "b"]),
            ("BLMPOP 0 2 a b LEFT", ["a", "b"]), ("BLMPOP 1.5 2 a b LEFT", ["a", "b"]),
            ("BZMPOP 0 2 a b MAX", ["a", "b"]), ("BLPOP a b 0", ["a", "b"]), ("BLMOVE a b LEFT LEFT 0", ["a", "b"]),
            ("ZUNIONSTORE a 2 b c WEIGHTS 1 2", ["a", "b", "c"]), ("SINTERCARD 2 a b", ["a", "b"]),
        ]
        for (line, keys) in named {
            let touched = Self.keys([line])
            for key in keys { #expect(Self.has(touched, key), "\(line): \(key)") }
            #expect(!touched.isOfAllKeys)
        }
    }

    @Test(arguments: ["FLUSHALL", "FLUSHDB", "RANDOMKEY", "DBSIZE", "KEYS *", "SCAN 0"])
    func `a command about all keys says so, also within a transaction`(line: String) {
        #expect(Self.keys([line]).isOfAllKeys)
        let entry = Self.nested([Self.entry(line)])
        var touched = TouchedKeys(of: Rig.cluster, entries: 1)
        touched.add(entry.rawBytes)
        #expect(touched.isOfAllKeys)
    }

    @Test func `what can not be read may be about anything`() {
        var touched = TouchedKeys(of: Rig.cluster, entries: 1)
        let bytes: [UInt8] = [0xFF, 0xFF]
        touched.add(bytes.rawBytes)
        #expect(touched.isOfAllKeys)
    }
}
