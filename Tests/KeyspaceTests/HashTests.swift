// The commands on hashes: what they answer, refuse and report. Replies were recorded from Redis 7.0.15.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct HashTests {
    private static let wrongType = Reply.error("WRONGTYPE Operation against a key holding the wrong kind of value")

    private func words(_ reply: Reply) -> [String] {
        switch reply {
        case .array(let parts), .set(let parts): parts.compactMap(\.text)
        default: []
        }
    }

    @Test func `fields are set, read and removed`() {
        var rig = Rig()
        let recorded: [(String, Reply)] = [
            ("hset h a 1 b 2", .integer(2)), ("hset h a 3 c 4", .integer(1)), ("hget h a", bulk("3")),
            ("hget h z", .null), ("hget none a", .null), ("hmget h a z c", .array([bulk("3"), .null, bulk("4")])),
            ("hmget none a b", .array([.null, .null])), ("hmset h d 5", .simple("OK")), ("hlen h", .integer(4)),
            ("hlen none", .integer(0)), ("hexists h d", .integer(1)), ("hexists h e", .integer(0)),
            ("hexists none e", .integer(0)), ("hstrlen h d", .integer(1)), ("hstrlen h z", .integer(0)),
            ("hstrlen none z", .integer(0)), ("hsetnx h a 9", .integer(0)), ("hsetnx h n 9", .integer(1)),
            ("hget h a", bulk("3")), ("hset h d d d", .error("ERR wrong number of arguments for 'hset' command")),
            ("hmset h d d d", .error("ERR wrong number of arguments for 'hmset' command")),
            ("hdel h a a z", .integer(1)), ("hdel h b c d n", .integer(4)), ("exists h", .integer(0)),
            ("hdel h b", .integer(0)), ("hset h twice 1 twice 2", .integer(1)), ("hget h twice", bulk("2")),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
        rig.keyspace.checkInvariants()
    }

    @Test func `all fields come as a map, and fields or values alone as an array`() {
        var rig = Rig()
        rig.run("hset h a 1 b 2")
        #expect(rig.run("hgetall h") == .array([bulk("a"), bulk("1"), bulk("b"), bulk("2")]))
        #expect(rig.run("hgetall none") == .array([]))
        rig.version = .three
        let pairs = [Reply.Pair(key: bulk("a"), value: bulk("1")), Reply.Pair(key: bulk("b"), value: bulk("2"))]
        #expect(rig.run("hgetall h") == .map(pairs))
        #expect(rig.run("hgetall none") == .map([]))
        #expect(rig.run("hkeys h") == .array([bulk("a"), bulk("b")]))
        #expect(rig.run("hvals h") == .array([bulk("1"), bulk("2")]))
        #expect(rig.run("hkeys none") == .array([]))
        #expect(rig.run("hget h z") == .null)
    }

    @Test func `numbers are added to`() {
        var rig = Rig()
        let recorded: [(String, Reply)] = [
            ("hincrby h n 5", .integer(5)), ("hincrby h n -7", .integer(-2)), ("hset h s x", .integer(1)),
            ("hincrby h s 1", .error("ERR hash value is not an integer")),
            ("hincrby h n x", .error("ERR value is not an integer or out of range")),
            ("hset h m 9223372036854775807", .integer(1)),
            ("hincrby h m 1", .error("ERR increment or decrement would overflow")),
            ("hget h m", bulk("9223372036854775807")), ("hincrbyfloat h n 2.5", bulk("0.5")),
            ("hincrbyfloat h f 1e3", bulk("1000")), ("hincrbyfloat h s 1", .error("ERR hash value is not a float")),
            ("hincrbyfloat h n x", .error("ERR value is not a valid float")),
            ("hincrbyfloat h n inf", .error("ERR value is NaN or Infinity")),
            ("hset h i inf", .integer(1)),
            ("hincrbyfloat h i 1", .error("ERR increment would produce NaN or Infinity")),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }

    @Test func `another type is refused, but only once the arguments are right`() {
        var rig = Rig()
        rig.run("set s v")
        let lines = [
            "hset s a 1", "hsetnx s a 1", "hget s a", "hmget s a", "hmset s a 1", "hdel s a", "hexists s a",
            "hgetall s", "hkeys s", "hvals s", "hlen s", "hstrlen s a", "hincrby s a 1", "hincrbyfloat s a 1",
            "hrandfield s",
            "hrandfield s 2", "hscan s 0",
        ]
        let digest = rig.keyspace.digest
        for line in lines { #expect(rig.run(line) == Self.wrongType, "\(line)") }
        #expect(rig.keyspace.digest == digest)
        #expect(rig.run("hincrby s a x") == .error("ERR value is not an integer or out of range"))
        #expect(rig.run("hscan s x") == .error("ERR invalid cursor"))
        rig.run("hset h a 1")
        #expect(rig.run("get h") == Self.wrongType)
    }

    // MARK: Random fields

    @Test(arguments: [10, 5000]) func `random fields are there, and different when they should be`(count: Int) {
        var rig = Rig()
        for number in 0..<count { rig.run("hset h f\(number) v\(number)") }
        for wanted in [1, 3, count / 2, count, count + 5] {
            let found = words(rig.run("hrandfield h \(wanted)"))
            #expect(found.count == min(wanted, count))
            #expect(Set(found).count == found.count)
            #expect(found.allSatisfy { rig.run("hexists h \($0)") == .integer(1) })
            rig.time += 1
        }
        let repeated = words(rig.run("hrandfield h -\(count * 3)"))
        #expect(repeated.count == count * 3)
        let pairs = words(rig.run("hrandfield h 4 withvalues"))
        #expect(pairs.count == 8)
        for place in stride(from: 0, to: 8, by: 2) { #expect("v" + pairs[place].dropFirst() == pairs[place + 1]) }
        rig.version = .three
        guard case .array(let nested) = rig.run("hrandfield h -3 WITHVALUES") else { return #expect(Bool(false)) }
        #expect(nested.count == 3)
        #expect(nested.allSatisfy { words($0).count == 2 })
    }

    @Test func `every field is as likely as every other`() {
        var rig = Rig()
        for number in 0..<200 { rig.run("hset h f\(number) \(String(repeating: "x", count: 1 + number % 40))") }
        var hits: [String: Int] = [:]
        for _ in 0..<20_000 {
            rig.time += 1
            hits[rig.run("hrandfield h").text ?? "", default: 0] += 1
        }
        // Expected 100 each, with a deviation of 10; the generator's seeds make the outcome a fixed one.
        #expect(hits.count == 200)
        #expect(hits.values.allSatisfy { (50...160).contains($0) })
    }

    @Test func `counts of random fields are checked as Redis checks them`() {
        var rig = Rig()
        rig.run("hset h a 1")
        let range = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
        let recorded: [(String, Reply)] = [
            ("hrandfield none", .null), ("hrandfield none 3", .array([])), ("hrandfield h 0", .array([])),
            ("hrandfield h x", .error("ERR value is not an integer or out of range")),
            ("hrandfield h -9223372036854775808", .error(range)),
            ("hrandfield h 1 values", .error("ERR syntax error")),
            ("hrandfield h 1 withvalues x", .error("ERR syntax error")),
            ("hrandfield h 4611686018427387904 withvalues", .error("ERR value is out of range")),
            ("hrandfield h -4611686018427387904 withvalues", .error("ERR value is out of range")),
            ("hrandfield h -1048577", .error("ERR value is out of range")),
            ("hrandfield none -1048577", .array([])),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }

    // MARK: HSCAN

    @Test(arguments: [7, 3000]) func `a scan meets every field, and its value`(count: Int) throws {
        var rig = Rig()
        for number in 0..<count { rig.run("hset h f\(number) v\(number)") }
        var found: [String: String] = [:]
        var cursor = "0"
        var calls = 0
        repeat {
            guard case .array(let parts) = rig.run("hscan h \(cursor) count 20") else { return #expect(Bool(false)) }
            cursor = try #require(parts[0].text)
            let items = words(parts[1])
            for place in stride(from: 0, to: items.count, by: 2) { found[items[place]] = items[place + 1] }
            calls += 1
        } while cursor != "0"
        #expect(found.count == count)
        #expect(found.allSatisfy { "v" + $0.key.dropFirst() == $0.value })
        #expect(calls == 1 || calls >= count / 40)
    }

    @Test func `a scan's options are Redis's`() {
        var rig = Rig()
        rig.run("hset h aa 1 ab 2 b 3")
        let recorded: [(String, Reply)] = [
            ("hscan h 0 match a*", .array([bulk("0"), .array([bulk("aa"), bulk("1"), bulk("ab"), bulk("2")])])),
            ("hscan h 0 match zz count 5", .array([bulk("0"), .array([])])),
            ("hscan none 0 nonsense x y", .array([bulk("0"), .array([])])),
            ("hscan h 0 type hash", .error("ERR syntax error")), ("hscan h 0 count 0", .error("ERR syntax error")),
            ("hscan h 0 count x", .error("ERR value is not an integer or out of range")),
            ("hscan h 0 match", .error("ERR syntax error")), ("hscan h x", .error("ERR invalid cursor")),
        ]
        for (line, reply) in recorded { #expect(rig.run(line) == reply, "\(line)") }
    }
}
