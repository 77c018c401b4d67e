// Secondary indexes beside a scan: random writes while indexes are made, built in steps of any size, rebuilt and
// dropped; what they hold and what queries find is what a look at every record finds.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

extension Reply {
    /// The items of an array; nothing for anything else.
    var items: [Reply] { if case .array(let items) = self { items } else { [] } }
    var text: String? { if case .bulk(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
}

/// A query in words, and what it means.
private struct Question {
    var words: [String]
    var fits: ([String: String]) -> Bool
    /// The field that orders the answer.
    var order: String?
    var isDescending = false
}

private struct World {
    static let fields = ["age", "city", "note"]
    var rig = Rig()
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    mutating func key() -> String { (below(3) > 0 ? "user:" : "other:") + "\(below(60))" }

    mutating func value(_ field: String) -> String {
        switch field {
        case "age": return ["\(below(12))", "\(below(12)).5", "-3", "old", "inf", "1e1"][below(6)]
        case "city":
            return ["a", "b", "a\u{0}", "a\u{0}\u{1}", "ab", "", String(repeating: "x", count: 1024)][below(7)]
        default: return String(repeating: "n", count: [1, 200, 1025, 5000][below(4)])
        }
    }

    /// One step of whatever may happen.
    mutating func step() {
        let (key, other) = (key(), key())
        let field = World.fields[below(3)]
        let value = value(field)
        switch below(22) {
        case 0...7: run(["hset", key, field, value])
        case 8: run(["hset", key, "age", self.value("age"), "city", self.value("city"), "x\(below(9))", "y"])
        case 9: run(["hdel", key, field])
        case 10: run(["del", key, other])
        case 11: run(["rename", key, other])
        case 12: run(["copy", key, other, "replace"])
        case 13: run(["pexpire", key, "\(below(50))"])
        case 14: run(["set", key, value])
        case 15: run(["hincrby", key, "age", "2"])
        case 16: run(["sadd", key, value])
        case 17: run(["persist", key])
        case 18:
            // Large enough for a tree, and small again.
            for number in 0..<8 { run(["hset", key, "f\(number)", String(repeating: "z", count: below(300))]) }
        case 19: for number in 0..<8 { run(["hdel", key, "f\(number)"]) }
        case 20: transaction(key, other)
        default:
            rig.time += UInt64(below(20))
            if below(4) == 0 { rig.tick() }
            if below(40) == 0 { run(["flushall"]) }
        }
    }

    private mutating func transaction(_ key: String, _ other: String) {
        var envelope = Envelope(.transaction, version: .two)
        for (code, words) in [
            (CommandCode.hset, [key, "age", value("age")]), (.rename, [key, other]), (.hset, [key, "city", "b"]),
        ] {
            envelope.add { $0 += EntryCoding.encoded(code, words.map { Array($0.utf8) }) }
        }
        var entry: [UInt8] = []
        envelope.encode(to: &entry)
        rig.apply(entry)
    }

    @discardableResult
    mutating func run(_ words: [String]) -> Reply { rig.run(words.map { Array($0.utf8) }) }

    mutating func build() {
        while rig.keyspace.hasIndexesToBuild { rig.keyspace.buildIndexes(records: 1 + below(30)) }
    }

    /// Every hash that an index with this prefix covers and whose time is not over, with its fields.
    func hashes(_ prefix: String) -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        rig.keyspace.records.forEachRecord { record in
            guard record.kind == .hash, !record.isOver(at: rig.time) else { return }
            let key = record.withKey { String(decoding: [UInt8]($0), as: UTF8.self) }
            guard key.hasPrefix(prefix) else { return }
            var fields: [String: String] = [:]
            CollectionView(record, hashKey: rig.keyspace.records.hashKey).forEachField {
                fields[String(decoding: [UInt8]($0), as: UTF8.self)] = String(decoding: [UInt8]($1), as: UTF8.self)
            }
            found[key] = fields
        }
        return found
    }

    func number(_ text: String?) -> Double? {
        guard let bytes = text.map({ Array($0.utf8) }) else { return nil }
        return ScoreText.score(bytes.rawBytes)
    }

    mutating func question() -> Question {
        var question = Question(words: [], fits: { _ in true })
        var parts: [([String: String]) -> Bool] = []
        if below(3) > 0 {
            let (low, high) = (Double(below(8)), Double(below(14)))
            let excludes = below(2) == 0
            question.words += ["range", "age", (excludes ? "(" : "") + "\(low)", "\(high)"]
            let world = self
            parts.append { fields in
                guard let age = world.number(fields["age"]) else { return false }
                return (excludes ? age > low : age >= low) && age <= high
            }
        }
        if below(3) > 0 || parts.isEmpty {
            let city = value("city")
            if below(2) == 0 {
                question.words += ["eq", "city", city]
                parts.append { $0["city"] == city }
            } else {
                let excludes = below(2) == 0
                question.words += ["range", "city", (excludes ? "(" : "[") + city, "+"]
                parts.append { fields in
                    guard let other = fields["city"] else { return false }
                    let isLess = city.utf8.lexicographicallyPrecedes(other.utf8)
                    return isLess || !excludes && city == other
                }
            }
        }
        question.fits = { fields in parts.allSatisfy { $0(fields) } }
        if below(2) == 0 {
            let order = ["age", "city"][below(2)]
            question.order = order
            question.isDescending = below(2) == 0
            question.words += ["order", "by", order] + (question.isDescending ? ["desc"] : [])
        }
        return question
    }

    /// Asks page by page, and compares with a look at every record.
    mutating func check(_ question: Question, of index: String, prefix: String) throws {
        let hashes = hashes(prefix)
        var keys: [String] = []
        var cursor = "0"
        repeat {
            let limit = 1 + below(7)
            let reply = run(["index.query", index] + question.words + ["limit", "\(limit)", "cursor", cursor])
            try #require(reply.items.count == 2, "\(reply) to \(question.words)")
            cursor = try #require(reply.items[0].text)
            let page = reply.items[1].items.compactMap(\.text)
            #expect(page.count <= limit)
            keys += page
        } while cursor != "0"
        let expected = hashes.filter { _, fields in
            guard question.fits(fields), let order = question.order else { return question.fits(fields) }
            return order == "age" ? number(fields["age"]) != nil : fields[order] != nil
        }
        #expect(keys.sorted() == expected.keys.sorted(), "\(question.words)")
        guard let order = question.order else { return }
        for (first, second) in zip(keys, keys.dropFirst()) {
            let (a, b) = (hashes[first]?[order] ?? "", hashes[second]?[order] ?? "")
            let (low, high) = question.isDescending ? (b, a) : (a, b)
            if order == "age" {
                let (less, more) = (try #require(number(low)), try #require(number(high)))
                #expect(less <= more)
            } else {
                #expect(low == high || low.utf8.lexicographicallyPrecedes(high.utf8))
            }
        }
    }
}

@Suite struct IndexModelTests {
    private static let users = "on hash prefix user: field age type number field city field note".split(separator: " ")
        .map(String.init)

    @Test(arguments: 0..<16)
    func `indexes equal a scan whatever happens while they are built`(seed: UInt64) throws {
        var world = World(seed: seed)
        for _ in 0..<world.below(200) { world.step() }
        #expect(world.run(["index.create", "users"] + IndexModelTests.users) == .simple("OK"))
        #expect(world.run(["index.create", "all", "on", "hash", "field", "city", "field", "age"]) == .simple("OK"))
        for round in 0..<400 {
            world.step()
            if world.below(3) == 0 { world.rig.keyspace.buildIndexes(records: 1 + world.below(5)) }
            if round % 50 == 49 { world.rig.keyspace.checkInvariants() }
            if round == 200 {
                world.build()
                #expect(world.rig.keyspace.rebuildIndexes(named: nil) == 2)
            }
        }
        var proof = IndexProof(of: world.rig.keyspace)
        #expect(proof.finish().filter { !$0.isEqual } == [])
        world.build()
        proof = IndexProof(of: world.rig.keyspace)
        #expect(proof.finish().count == 5)
        #expect(proof.finish().filter { !$0.isEqual } == [])
        world.rig.keyspace.checkInvariants()
    }

    @Test(arguments: 0..<16)
    func `queries find what a filter over all records finds, page by page`(seed: UInt64) throws {
        var world = World(seed: 1000 + seed)
        #expect(world.run(["index.create", "users"] + IndexModelTests.users) == .simple("OK"))
        for _ in 0..<300 {
            world.step()
            guard world.below(12) == 0 else { continue }
            try world.check(world.question(), of: "users", prefix: "user:")
        }
    }

    @Test func `a copy's indexes stay as they were`() {
        var world = World(seed: 7)
        for _ in 0..<200 { world.step() }
        world.run(["index.create", "users"] + IndexModelTests.users)
        world.build()
        let copy = world.rig.keyspace
        let before = copy.indexReports
        for _ in 0..<200 { world.step() }
        #expect(copy.indexReports == before)
        var proof = IndexProof(of: copy)
        #expect(proof.finish().filter { !$0.isEqual } == [])
        copy.checkInvariants()
    }
}
