// Lists and sorted sets beside arrays and dictionaries, through commands, with snapshots that must stay as they were.

import ByteCoding
import RESP
import Testing
import Vocabulary

@testable import Keyspace

@Suite struct ElementModelTests {
    /// What a keyspace of lists and sorted sets should hold.
    private struct Model: Equatable {
        var lists: [String: [String]] = [:]
        var sets: [String: [String: Double]] = [:]

        /// Members in the order of the set.
        func sorted(_ key: String) -> [(member: String, score: Double)] {
            (sets[key] ?? [:]).map { (member: $0.key, score: $0.value) }.sorted { a, b in
                a.score != b.score
                    ? a.score < b.score : Array(a.member.utf8).lexicographicallyPrecedes(Array(b.member.utf8))
            }
        }
    }

    private struct Run {
        var rig = Rig()
        var model = Model()
        var random: SplitMix64
        let span: Int

        mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

        /// A word; many come up again, a few are long.
        mutating func word() -> String {
            let word = "w\(number(0..<span))"
            return number(0..<150) == 0 ? word + String(repeating: "x", count: number(450..<520)) : word
        }

        mutating func place() -> Int { number(-span - 2..<span + 2) }

        /// Runs a line, and expects its reply.
        mutating func expect(_ line: String, _ reply: String) {
            let found = Transcript.text(rig.run(line))
            #expect(found == reply, "\(line)")
        }
    }

    /// The part of an array that two of Redis's places name.
    private static func part(_ start: Int, _ end: Int, of count: Int) -> Range<Int> {
        let first = max(0, start < 0 ? start + count : start)
        let last = min(end < 0 ? end + count : end, count - 1)
        return first <= last ? first..<last + 1 : 0..<0
    }

    private static func text(_ words: some Sequence<String>) -> String { "[" + words.joined(separator: " ") + "]" }

    // MARK: Lists

    private static func editList(_ run: inout Run, _ key: String, grows: Bool) {
        var list = run.model.lists[key] ?? []
        let word = run.word()
        switch run.number(grows ? 0..<9 : 5..<14) {
        case 0, 1, 2:
            list.insert(word, at: 0)
            run.expect("lpush \(key) \(word)", ":\(list.count)")
        case 3, 4, 5:
            let other = run.word()
            list += [word, other]
            run.expect("rpush \(key) \(word) \(other)", ":\(list.count)")
        case 6: setOrInsert(&run, key, &list, word)
        case 7:
            guard let last = list.popLast() else { return }
            list.insert(last, at: 0)
            run.expect("rpoplpush \(key) \(key)", last)
        case 8: move(&run, key, &list)
        case 9: run.expect("lpop \(key)", list.isEmpty ? "nil" : list.removeFirst())
        case 10:
            let count = min(run.number(0..<20), list.count)
            let popped = Array(list.suffix(count).reversed())
            guard !list.isEmpty else { return }
            list.removeLast(count)
            run.expect("rpop \(key) \(count)", text(popped))
        case 11, 12: removeWord(&run, key, &list, word)
        default:
            let (start, end) = (run.number(0..<6), -1 - run.number(0..<6))
            list = Array(list[part(start, end, of: list.count)])
            run.expect("ltrim \(key) \(start) \(end)", "+OK")
        }
        run.model.lists[key] = list.isEmpty ? nil : list
    }

    private static func setOrInsert(_ run: inout Run, _ key: String, _ list: inout [String], _ word: String) {
        guard !list.isEmpty else { return }
        let rank = run.number(0..<list.count)
        if run.number(0..<2) == 0 {
            list[rank] = word
            run.expect("lset \(key) \(rank) \(word)", "+OK")
        } else if let first = list.firstIndex(of: list[rank]) {
            let pivot = list[rank]
            list.insert(word, at: first + 1)
            run.expect("linsert \(key) after \(pivot) \(word)", ":\(list.count)")
        }
    }

    private static func move(_ run: inout Run, _ key: String, _ list: inout [String]) {
        let target = "other"
        guard !list.isEmpty else { return run.expect("lmove \(key) \(target) left right", "nil") }
        let word = list.removeFirst()
        run.model.lists[target, default: []].append(word)
        run.expect("lmove \(key) \(target) left right", word)
    }

    private static func removeWord(_ run: inout Run, _ key: String, _ list: inout [String], _ word: String) {
        let limit = run.number(-2..<3)
        var ranks = list.indices.filter { list[$0] == word }
        if limit > 0 { ranks = Array(ranks.prefix(limit)) }
        if limit < 0 { ranks = Array(ranks.suffix(-limit)) }
        for rank in ranks.reversed() { list.remove(at: rank) }
        run.expect("lrem \(key) \(limit) \(word)", ":\(ranks.count)")
    }

    private static func readList(_ run: inout Run, _ key: String) {
        let list = run.model.lists[key] ?? []
        let (start, end) = (run.place(), run.place())
        run.expect("llen \(key)", ":\(list.count)")
        run.expect("lrange \(key) \(start) \(end)", text(list[part(start, end, of: list.count)]))
        let word = run.word()
        run.expect("lpos \(key) \(word)", list.firstIndex(of: word).map { ":\($0)" } ?? "nil")
        if !list.isEmpty {
            let rank = run.number(0..<list.count)
            run.expect("lindex \(key) \(rank - list.count)", list[rank])
        }
    }

    // MARK: Sorted sets

    private static func editSet(_ run: inout Run, _ key: String, grows: Bool) {
        var set = run.model.sets[key] ?? [:]
        let sorted = run.model.sorted(key)
        let word = run.word()
        let score = Double(run.number(-30..<30)) / 2
        switch run.number(grows ? 0..<8 : 5..<13) {
        case 0, 1, 2, 3, 4:
            let isNew = set.updateValue(score, forKey: word) == nil
            run.expect("zadd \(key) \(score) \(word)", isNew ? ":1" : ":0")
        case 5:
            let sum = (set[word] ?? 0) + score
            set[word] = sum
            run.expect("zincrby \(key) \(score) \(word)", String(decoding: [UInt8](double: sum), as: UTF8.self))
        case 6:
            let isChanged = set[word].map { $0 < score } ?? true
            if isChanged { set[word] = score }
            run.expect("zadd \(key) gt ch \(score) \(word)", isChanged ? ":1" : ":0")
        case 7: storePart(&run, key, sorted)
        case 8, 9: run.expect("zrem \(key) \(word)", set.removeValue(forKey: word) == nil ? ":0" : ":1")
        case 10:
            let gone = sorted.suffix(run.number(0..<4))
            for element in gone { set[element.member] = nil }
            let reply = gone.reversed().flatMap {
                [$0.member, String(decoding: [UInt8](double: $0.score), as: UTF8.self)]
            }
            run.expect("zpopmax \(key) \(gone.count)", text(reply))
        case 11:
            let gone = sorted.filter { $0.score >= score && $0.score < score + 1 }
            for element in gone { set[element.member] = nil }
            run.expect("zremrangebyscore \(key) \(score) (\(score + 1)", ":\(gone.count)")
        default:
            let start = run.number(0..<run.span)
            let gone = part(start, start + run.number(0..<8), of: sorted.count)
            for element in sorted[gone] { set[element.member] = nil }
            run.expect("zremrangebyrank \(key) \(start) \(gone.upperBound - 1)", ":\(gone.count)")
        }
        run.model.sets[key] = set.isEmpty ? nil : set
    }

    private static func storePart(_ run: inout Run, _ key: String, _ sorted: [(member: String, score: Double)]) {
        let stored = sorted.filter { $0.score > 0 }
        run.expect("zrangestore part \(key) (0 inf byscore", ":\(stored.count)")
        run.model.sets["part"] =
            stored.isEmpty
            ? nil : Dictionary(stored.map { ($0.member, $0.score) }, uniquingKeysWith: { $1 })
    }

    private static func readSet(_ run: inout Run, _ key: String) {
        let sorted = run.model.sorted(key)
        let (start, end) = (run.place(), run.place())
        run.expect("zcard \(key)", ":\(sorted.count)")
        run.expect("zrange \(key) \(start) \(end)", text(sorted[part(start, end, of: sorted.count)].map(\.member)))
        run.expect(
            "zrevrange \(key) \(start) \(end)",
            text(sorted.reversed()[part(start, end, of: sorted.count)].map(\.member)))
        let low = Double(run.number(-30..<30)) / 2
        let inside = sorted.filter { $0.score > low && $0.score <= low + 5 }
        run.expect("zcount \(key) (\(low) \(low + 5)", ":\(inside.count)")
        run.expect(
            "zrangebyscore \(key) (\(low) \(low + 5) limit 1 5", text(inside.dropFirst().prefix(5).map(\.member)))
        run.expect(
            "zrevrangebyscore \(key) \(low + 5) (\(low) limit 2 4",
            text(inside.reversed().dropFirst(2).prefix(4).map(\.member)))
        let word = run.word()
        let rank = sorted.firstIndex { $0.member == word }
        run.expect("zrank \(key) \(word)", rank.map { ":\($0)" } ?? "nil")
        run.expect("zrevrank \(key) \(word)", rank.map { ":\(sorted.count - 1 - $0)" } ?? "nil")
        run.expect(
            "zscore \(key) \(word)",
            rank.map { String(decoding: [UInt8](double: sorted[$0].score), as: UTF8.self) } ?? "nil")
    }

    // MARK: Runs

    private static func compare(_ keyspace: Keyspace, _ model: Model) throws {
        keyspace.checkInvariants()
        #expect(keyspace.count == model.lists.count + model.sets.count)
        for (key, list) in model.lists {
            var found: [String] = []
            try keyspace.collection(.list, Array(key.utf8).rawBytes)?.walk(from: 0) {
                found.append(String(decoding: [UInt8]($0), as: UTF8.self))
                return true
            }
            #expect(found == list)
        }
        for key in model.sets.keys {
            var found: [String] = []
            try keyspace.collection(.sortedSet, Array(key.utf8).rawBytes)?.walk(from: 0) {
                let member = String(decoding: [UInt8](ScoredMember.member(of: $0)), as: UTF8.self)
                found.append("\(member) \(ScoredMember.score(of: $0))")
                return true
            }
            #expect(found == model.sorted(key).map { "\($0.member) \($0.score)" })
        }
    }

    @Test(arguments: [(1, 5), (2, 40), (3, 400), (4, 400)])
    func `commands on elements do what they do to arrays and dictionaries`(seed: UInt64, span: Int) throws {
        var run = Run(random: SplitMix64(seed: seed), span: span)
        var kept: [(keyspace: Keyspace, model: Model)] = []
        for step in 0..<6000 {
            // Grows, then shrinks, then grows again.
            let grows = step % 3000 < 2000
            let number = run.number(0..<2)
            ElementModelTests.editList(&run, "list\(number)", grows: grows)
            ElementModelTests.editSet(&run, "set\(number)", grows: grows)
            if step % 10 == 0 {
                ElementModelTests.readList(&run, "list\(number)")
                ElementModelTests.readSet(&run, "set\(number)")
            }
            if step % 750 == 0 { kept.append((run.rig.keyspace, run.model)) }
        }
        kept.append((run.rig.keyspace, run.model))
        for state in kept { try ElementModelTests.compare(state.keyspace, state.model) }
    }

    @Test func `a long list is cut anywhere and keeps its sums`() throws {
        var run = Run(random: SplitMix64(seed: 9), span: 10)
        let words = (0..<4000).map { "element\($0 % 700)" }
        for (start, end) in [(0, 9), (3990, 3999), (1000, 3500), (1990, 1999), (10, 3990), (500, 400)] {
            run.rig.run("del list")
            run.rig.run("rpush list " + words.joined(separator: " "))
            run.expect("ltrim list \(start) \(end)", "+OK")
            run.model.lists["list"] = start <= end ? Array(words[start...end]) : nil
            try ElementModelTests.compare(run.rig.keyspace, run.model)
        }
        run.rig.run("rpush list " + words.joined(separator: " "))
        run.expect("lrem list 0 element13", ":6")
        run.expect("lrem list -2 element699", ":2")
        run.rig.keyspace.checkInvariants()
    }

    @Test func `random members are of the set, and different when they must be`() {
        var rig = Rig()
        for number in 0..<300 { rig.run("zadd z \(number) m\(number)") }
        for count in [1, 3, 299, 300, 500] {
            rig.time += 1
            guard case .array(let members) = rig.run("zrandmember z \(count)") else { return #expect(Bool(false)) }
            #expect(members.count == min(count, 300) && Set(members).count == members.count)
        }
        guard case .array(let drawn) = rig.run("zrandmember z -1000 withscores") else { return #expect(Bool(false)) }
        #expect(drawn.count == 2000)
        #expect(Set(drawn).count > 300)
        #expect(rig.run("zrandmember z -9223372036854775808").isError)
        #expect(rig.run("zrandmember z -9000000000000000000").isError)
        #expect(rig.run("zrandmember none") == .null)
        #expect(rig.run("zrandmember none 5") == .array([]))
    }

    @Test func `a scan gives every member once while nothing changes`() {
        var rig = Rig()
        for number in 0..<2000 { rig.run("zadd z \(number) m\(number)") }
        var found: [String: String] = [:]
        var cursor = "0"
        repeat {
            guard case .array(let parts) = rig.run("zscan z \(cursor) count 50"), parts.count == 2,
                case .array(let members) = parts[1]
            else { return #expect(Bool(false)) }
            for place in stride(from: 0, to: members.count, by: 2) {
                let isNew = found.updateValue(members[place + 1].text ?? "", forKey: members[place].text ?? "") == nil
                #expect(isNew)
            }
            cursor = parts[0].text ?? "0"
        } while cursor != "0"
        #expect(found.count == 2000)
        #expect(found["m77"] == "77")
        #expect(rig.run("zscan z x") == .error("ERR invalid cursor"))
        #expect(rig.run("zscan z 0 type zset") == .error("ERR syntax error"))
    }

    @Test func `what changes nothing keeps its version`() {
        var rig = Rig()
        rig.run("zadd z 1 a")
        rig.run("rpush l a")
        let digest = rig.keyspace.digest
        func version(_ key: String) -> UInt64? {
            let bytes = Array(key.utf8)
            return rig.keyspace.records.find(bytes.rawBytes, at: rig.keyspace.records.place(of: bytes.rawBytes))?
                .version
        }
        let before = (version("z"), version("l"))
        for line in [
            "zadd z 1 a", "zadd z nx 5 a", "zadd z gt 0 a", "zincrby z 0 a", "zrem z b", "zpopmin z 0",
            "zremrangebyscore z 5 6", "lrem l 0 b", "linsert l before b c", "lpop l 0", "ltrim l 0 -1", "lset l 5 x",
        ] { rig.run(line) }
        #expect(version("z") == before.0)
        #expect(version("l") == before.1)
        #expect(rig.keyspace.digest == digest)
    }
}
