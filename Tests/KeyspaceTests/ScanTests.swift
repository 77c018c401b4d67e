// SCAN's guarantee, and the other ways to find keys.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ScanTests {
    private func page(_ reply: Reply) -> (cursor: String, keys: [String])? {
        guard case .array(let parts) = reply, parts.count == 2, let cursor = parts[0].text,
            case .array(let keys) = parts[1]
        else { return nil }
        return (cursor, keys.compactMap(\.text))
    }

    @Test(arguments: [1, 2, 3, 4], [1, 7, 100])
    func `a key that stays is found, whatever comes and goes meanwhile`(seed: UInt64, count: Int) throws {
        var random = SplitMix64(seed: seed)
        var rig = Rig()
        let staying = Set((0..<300).map { $0 % 2 == 0 ? "{s}stay\($0)" : "stay\($0)" })
        for key in staying.sorted() { rig.run("set \(key) v") }
        var found: Set<String> = []
        var cursor = "0"
        repeat {
            let (next, keys) = try #require(page(rig.run("scan \(cursor) count \(count)")))
            found.formUnion(keys)
            cursor = next
            for _ in 0..<min(count * 20, 400) {
                let number = Int.random(in: 0..<3000, using: &random)
                let key = number % 2 == 0 ? "{s}go\(number)" : "go\(number)"
                rig.run(Bool.random(using: &random) ? "set \(key) \(String(repeating: "x", count: 100))" : "del \(key)")
            }
        } while cursor != "0"
        #expect(found.isSuperset(of: staying))
        rig.keyspace.checkInvariants()
    }

    @Test func `a scan without changes gives each key once, about as many as asked for`() throws {
        var rig = Rig()
        let all = Set((0..<2000).map { $0 % 2 == 0 ? "{s}\($0)" : "k\($0)" })
        for key in all.sorted() { rig.run("set \(key) v") }
        for count in [1, 10, 333, 5000] {
            var found: [String] = []
            var cursor = "0"
            repeat {
                let (next, keys) = try #require(page(rig.run("scan \(cursor) count \(count)")))
                #expect(keys.count <= count + 2)
                found += keys
                cursor = next
            } while cursor != "0"
            #expect(found.count == all.count)
            #expect(Set(found) == all)
        }
    }

    @Test func `a cursor goes on where it was on another replica`() throws {
        var one = Rig()
        var other = Rig()
        for number in 0..<3000 { one.run("set {s}\(number) v") }
        for number in (0..<3000).reversed() { other.run("set {s}\(number) some-other-value-that-is-longer") }
        var found: Set<String> = []
        var cursor = "0"
        repeat {
            let (middle, keys) = try #require(page(one.run("scan \(cursor) count 50")))
            found.formUnion(keys)
            guard middle != "0" else { break }
            let (next, more) = try #require(page(other.run("scan \(middle) count 50")))
            found.formUnion(more)
            cursor = next
        } while cursor != "0"
        #expect(found.count == 3000)
    }

    @Test func `records of one slot lie in another order in another cluster, with the same digest`() throws {
        var rigs = [Rig(), Rig(), Rig()]
        rigs[2].keyspace = Keyspace(of: ClusterID(high: 1, low: 2))
        for number in 0..<300 {
            for position in rigs.indices { rigs[position].run("set {s}\(number) v") }
        }
        let orders = try rigs.indices.map { try #require(page(rigs[$0].run("scan 0 count 1000"))).keys }
        #expect(orders[0].count == 300)
        #expect(orders[0] == orders[1])
        #expect(orders[0] != orders[2])
        #expect(Set(orders[0]) == Set(orders[2]))
        #expect(rigs[0].keyspace.digest == rigs[2].keyspace.digest)
    }

    @Test func `patterns, types and expired keys are sorted out`() throws {
        var rig = Rig()
        rig.run("mset user:1 a user:2 b other c")
        rig.run("set user:3 gone px 5")
        rig.time += 5
        rig.run("set user:4 d")
        #expect(
            try #require(page(rig.run("scan 0 match user:* count 100"))).keys.sorted() == [
                "user:1", "user:2", "user:4",
            ])
        #expect(try #require(page(rig.run("scan 0 type string count 100"))).keys.count == 4)
        #expect(try #require(page(rig.run("scan 0 type hash count 100"))).keys.isEmpty)
        guard case .array(let keys) = rig.run("keys user:[12]") else {
            Issue.record("no array")
            return
        }
        #expect(keys.compactMap(\.text).sorted() == ["user:1", "user:2"])
    }

    @Test func `any cursor is answered`() throws {
        var rig = Rig()
        for number in 0..<100 { rig.run("set k\(number) v") }
        for cursor in ["18446744073709551615", "4611686018427387904", "281474976710655", "1"] {
            #expect(page(rig.run("scan \(cursor)")) != nil)
        }
        #expect(rig.run("scan 18446744073709551616") == .error("ERR invalid cursor"))
        #expect(rig.run("scan x") == .error("ERR invalid cursor"))
    }

    @Test func `a random key is one of those that live, and each comes up`() {
        var rig = Rig()
        #expect(rig.run("randomkey") == .null)
        rig.run("mset a 1 b 2 {x}c 3 {x}d 4")
        rig.run("set gone v px 1")
        rig.time += 1
        rig.run("set a 1")
        var seen: Set<String> = []
        for _ in 0..<200 {
            rig.time += 1
            if let key = rig.run("randomkey").text { seen.insert(key) }
        }
        #expect(seen == ["a", "b", "{x}c", "{x}d"])
        rig.run("del a b {x}c {x}d")
        #expect(rig.run("randomkey") == .null)
    }

    @Test(arguments: [
        ("*", "abc", true), ("a*c", "abc", true), ("a*c", "ac", true), ("a*c", "abd", false), ("?b?", "abc", true),
        ("[a-c]bc", "abc", true), ("[c-a]bc", "abc", true), ("[^a]bc", "abc", false), ("[^b]bc", "abc", true),
        ("a\\*c", "a*c", true), ("a\\*c", "abc", false), ("[a", "a", true), ("[", "a", false), ("a\\", "a\\", true),
        ("", "", true), ("", "a", false), ("a", "", false), ("*a*b*c*", "xxaxxbxxcxx", true), ("[\\]]", "]", true),
        ("*?", "a", true), ("a**", "a", true), ("[]a", "a", false), ("[a-]", "-", false), ("**", "", false),
        ("*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
    ])
    func `patterns match as Redis matches them`(pattern: String, text: String, matches: Bool) {
        let isMatch = GlobPattern.matches(Array(text.utf8).rawBytes, Array(pattern.utf8).rawBytes)
        #expect(isMatch == matches)
    }

    /// Redis takes a lone star for no pattern, and no other pattern with a star in it matches an empty text.
    @Test func `what is empty is found by a lone star`() {
        var rig = Rig()
        let empty: [UInt8] = []
        func words(_ line: String) -> [[UInt8]] { line.split(separator: " ").map { Array($0.utf8) } }
        rig.run(words("set") + [empty] + words("v"))
        rig.run(words("hset h") + [empty] + words("v"))
        rig.run(words("sadd s") + [empty])
        rig.run(words("zadd z 1") + [empty])
        let (nothing, start) = (Reply.bulk(empty), Reply.bulk(Array("0".utf8)))
        let found: [(String, [Reply])] = [
            ("hscan h 0 match", [nothing, .bulk(Array("v".utf8))]), ("sscan s 0 match", [nothing]),
            ("zscan z 0 match", [nothing, .bulk(Array("1".utf8))]),
        ]
        for (line, items) in found {
            #expect(rig.run(line + " *") == .array([start, .array(items)]), "\(line)")
            #expect(rig.run(line + " **") == .array([start, .array([])]), "\(line)")
        }
        guard case .array(let keys) = rig.run("keys *") else { return #expect(Bool(false)) }
        #expect(keys.count == 4)
    }
}
