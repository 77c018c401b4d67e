// Random commands on a few hashes and sets, small and large, beside dictionaries and sets; snapshots are kept and
// compared at the end.

import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct HashSetModelTests {
    static let wrongType = Reply.error("WRONGTYPE Operation against a key holding the wrong kind of value")

    private enum Value: Equatable {
        case hash([String: String])
        case set(Set<String>)
    }

    private struct Model {
        var rig = Rig()
        var random: SplitMix64
        var values: [String: Value] = [:]
        let spread: Int

        mutating func word() -> String {
            let number = Int.random(in: 0..<spread, using: &random)
            return number == 7 ? String(repeating: "w", count: 5000) : "w\(number)"
        }

        mutating func words(_ limit: Int) -> [String] {
            (0..<Int.random(in: 1...limit, using: &random)).map { _ in word() }
        }

        mutating func key(_ names: String) -> String { String(names.randomElement(using: &random) ?? "a") }

        func members(_ key: String) -> Set<String> { if case .set(let set) = values[key] { set } else { [] } }
        func fields(_ key: String) -> [String: String] { if case .hash(let hash) = values[key] { hash } else { [:] } }

        mutating func put(_ set: Set<String>, _ key: String) { values[key] = set.isEmpty ? nil : .set(set) }
        mutating func put(_ hash: [String: String], _ key: String) { values[key] = hash.isEmpty ? nil : .hash(hash) }
    }

    @Test(arguments: [6, 60, 400, 4000]) func `hashes do what dictionaries do`(spread: Int) {
        var model = Model(random: SplitMix64(seed: UInt64(spread)), spread: spread)
        var kept: [(Keyspace, [String: Value])] = []
        for step in 0..<2500 {
            let key = model.key("abc")
            var hash = model.fields(key)
            switch Int.random(in: 0..<10, using: &model.random) {
            case 0..<4:
                let fields = model.words(step < 1500 ? 20 : 3)
                var created = 0
                var line = "hset \(key)"
                for field in fields {
                    let value = model.word()
                    if hash.updateValue(value, forKey: field) == nil { created += 1 }
                    line += " \(field) \(value)"
                }
                #expect(model.rig.run(line) == .integer(Int64(created)))
            case 4..<8:
                let fields = model.words(step < 1500 ? 8 : 40)
                let removed = fields.count { hash.removeValue(forKey: $0) != nil }
                #expect(model.rig.run("hdel \(key) " + fields.joined(separator: " ")) == .integer(Int64(removed)))
            case 8:
                let field = model.word()
                let number = Int64(hash[field] ?? "0")
                let reply = model.rig.run("hincrby \(key) \(field) 3")
                #expect(reply == (number.map { .integer($0 + 3) } ?? .error("ERR hash value is not an integer")))
                if let number { hash[field] = "\(number + 3)" }
            default:
                let field = model.word()
                #expect(model.rig.run("hget \(key) \(field)") == (hash[field].map { bulk($0) } ?? .null))
                #expect(model.rig.run("hlen \(key)") == .integer(Int64(hash.count)))
            }
            model.put(hash, key)
            if step % 500 == 499 { kept.append((model.rig.keyspace, model.values)) }
        }
        for (keyspace, values) in kept { compare(keyspace, values) }
    }

    @Test(arguments: [6, 60, 400, 3000]) func `sets do what sets do`(spread: Int) {
        var model = Model(random: SplitMix64(seed: UInt64(spread) + 1), spread: spread)
        var kept: [(Keyspace, [String: Value])] = []
        for step in 0..<2500 {
            let (key, other, target) = (model.key("abcd"), model.key("abcd"), model.key("abcd"))
            var set = model.members(key)
            switch Int.random(in: 0..<12, using: &model.random) {
            case 0..<5:
                let members = model.words(step < 1500 ? 30 : 4)
                let added = members.count { set.insert($0).inserted }
                #expect(model.rig.run("sadd \(key) " + members.joined(separator: " ")) == .integer(Int64(added)))
                model.put(set, key)
            case 5..<7:
                let members = model.words(step < 1500 ? 8 : 60)
                let removed = members.count { set.remove($0) != nil }
                #expect(model.rig.run("srem \(key) " + members.joined(separator: " ")) == .integer(Int64(removed)))
                model.put(set, key)
            case 7: move(&model, key, other)
            case 8 where step % 4 == 0:
                combine(&model, ["sinterstore", "sunionstore", "sdiffstore"][step / 4 % 3], target, key, other)
            case 9: pop(&model, key, Int.random(in: 0...max(4, set.count / 3), using: &model.random))
            default:
                let member = model.word()
                #expect(model.rig.run("sismember \(key) \(member)") == .integer(set.contains(member) ? 1 : 0))
                #expect(model.rig.run("scard \(key)") == .integer(Int64(set.count)))
            }
            if step % 500 == 499 { kept.append((model.rig.keyspace, model.values)) }
        }
        for (keyspace, values) in kept { compare(keyspace, values) }
    }

    private func move(_ model: inout Model, _ key: String, _ other: String) {
        let member = model.word()
        var set = model.members(key)
        let isThere = set.contains(member)
        #expect(model.rig.run("smove \(key) \(other) \(member)") == .integer(isThere ? 1 : 0))
        guard isThere, key != other else { return }
        set.remove(member)
        model.put(set, key)
        model.put(model.members(other).union([member]), other)
    }

    private func combine(_ model: inout Model, _ name: String, _ target: String, _ key: String, _ other: String) {
        let (a, b) = (model.members(key), model.members(other))
        let result =
            switch name {
            case "sinterstore": a.intersection(b)
            case "sunionstore": a.union(b)
            default: a.subtracting(b)
            }
        #expect(model.rig.run("\(name) \(target) \(key) \(other)") == .integer(Int64(result.count)))
        model.put(result, target)
    }

    private func pop(_ model: inout Model, _ key: String, _ count: Int) {
        let set = model.members(key)
        guard case .array(let parts) = model.rig.run("spop \(key) \(count)") else { return #expect(Bool(false)) }
        let popped = Set(parts.compactMap(\.text))
        #expect(popped.count == parts.count && popped.count == min(count, set.count))
        #expect(popped.isSubset(of: set))
        model.put(set.subtracting(popped), key)
    }

    private func compare(_ keyspace: Keyspace, _ values: [String: Value]) {
        keyspace.checkInvariants()
        var rig = Rig()
        rig.keyspace = keyspace
        #expect(rig.run("dbsize") == .integer(Int64(values.count)))
        for (key, value) in values {
            let isHash = if case .hash = value { true } else { false }
            guard case .array(let parts) = rig.run(isHash ? "hgetall \(key)" : "smembers \(key)") else {
                Issue.record("\(key) of another type")
                continue
            }
            let words = parts.compactMap(\.text)
            switch value {
            case .set(let set): #expect(words.count == set.count && Set(words) == set)
            case .hash(let hash):
                var found: [String: String] = [:]
                for place in stride(from: 0, to: words.count, by: 2) { found[words[place]] = words[place + 1] }
                #expect(found == hash && words.count == hash.count * 2)
            }
        }
    }
}
