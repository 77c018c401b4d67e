// The naive twin beside the real keyspace: thousands of random entries, and differences that it must find.

import ByteCoding
import Keyspace
import RESP
import Testing
import Vocabulary

@testable import Simulation

/// The two, fed with the same entries.
private struct Pair {
    static let cluster = ClusterID(high: 0x7369_6D75_6C61_7465, low: 0x6A75_6467_6573_0000)
    var real = Keyspace(of: Pair.cluster)
    var naive = NaiveKeyspace(of: Pair.cluster)
    /// In microseconds.
    var time: UInt64 = 5_000_000
    var index = LogIndex.zero

    /// What the two answer.
    mutating func apply(_ entry: [UInt8]) -> (real: String, naive: String?) {
        index = index.next
        let stamp = Timestamp(microseconds: time)
        let naive = naive.apply(entry, at: stamp, index: index)
        return (applyToReal(entry), naive.map { String(decoding: $0, as: UTF8.self) })
    }

    mutating func applyToReal(_ entry: [UInt8]) -> String {
        var writer = ReplyWriter(version: .two)
        real.apply(entry.rawBytes, at: Timestamp(microseconds: time), index: index, reply: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    mutating func run(_ code: CommandCode, _ line: String) -> (real: String, naive: String?) {
        apply(EntryCoding.encoded(code, line.split(separator: " ").map { Array($0.utf8) }))
    }
}

/// Draws entries, good ones and wrong ones.
private struct EntryDraw {
    var random: SeededRandom
    let keyCount: Int

    static let codes: [CommandCode] = CommandCode.allCases.filter {
        $0 != .incrbyfloat && $0 != .tick && $0 != .flushall && $0 != .flushdb
            && (CommandTable.shared.spec(of: $0)?.flags.contains(.write) ?? false)
            // Of collections (numbers from 128 on) the twin knows what clients use. Nor does it know bits and payloads.
            && $0.rawValue < 128 && $0 != .setbit && $0 != .bitop && $0 != .restore
    }

    mutating func one(of words: [String]) -> String { words[random.below(words.count)] }

    mutating func key() -> String {
        random.chance(1, in: 2) ? "{s}\(random.below(keyCount))" : "\(random.below(keyCount))"
    }

    mutating func value() -> String {
        switch random.below(12) {
        case ..<6: "\(random.below(1000) - 500)"
        case ..<8: String(repeating: "x", count: random.below(40))
        case 8: one(of: ["", "007", "-0", "+1", " 1", "9223372036854775807", "-9223372036854775808"])
        case 9: String(repeating: "long", count: random.below(2500))
        default: "v\(random.below(50))"
        }
    }

    mutating func number() -> String {
        switch random.below(20) {
        case 0: one(of: ["0", "-1", "x", "", "9223372036854775807", "-9223372036854775808", "9223372036854775"])
        case ..<12: "\(1 + random.below(60))"
        default: "\(5000 + random.below(200))"
        }
    }

    mutating func options(_ words: [String], withNumber: [String]) -> [String] {
        var options: [String] = []
        while random.chance(1, in: 2), options.count < 6 {
            if !withNumber.isEmpty, random.chance(1, in: 2) {
                options += [one(of: withNumber), number()]
            } else {
                options.append(one(of: words))
            }
        }
        return options
    }

    mutating func words(of code: CommandCode) -> [String] {
        let times = ["ex", "px", "PX", "exat", "pxat"]
        switch code {
        case .set: return [key(), value()] + options(["nx", "XX", "get", "keepttl", "bad"], withNumber: times)
        case .getex: return [key()] + options(["persist", "px", "bad"], withNumber: times)
        case .setex, .psetex: return [key(), number(), value()]
        case .mset, .msetnx: return (0...random.below(3)).flatMap { _ in [key(), value()] }
        case .setrange:
            let far = random.chance(1, in: 30) ? "536870912" : "\(random.below(200))"
            return [key(), random.chance(1, in: 20) ? number() : far, value()]
        case .incrby, .decrby: return [key(), number()]
        case .del, .unlink: return (0...random.below(3)).map { _ in key() }
        case .expire, .pexpire, .expireat, .pexpireat:
            return [key(), number()] + options(["nx", "xx", "GT", "lt", "bad"], withNumber: [])
        case .rename, .renamenx: return [key(), key()]
        case .copy: return [key(), key()] + options(["replace", "db", "bad"], withNumber: ["DB"])
        case .getdel, .incr, .decr, .persist: return [key()]
        default: return [key(), value()]
        }
    }

    mutating func entry() -> [UInt8] {
        switch random.below(200) {
        case ..<8: return EntryCoding.tick
        case 8:
            return EntryCoding.encoded(.flushall, options(["sync", "async", "bad"], withNumber: []).map { bytes($0) })
        case 9: return [UInt8](repeating: 200, count: random.below(12))
        case 10: return Array(EntryCoding.encoded(.set, [bytes(key()), bytes(value())]).dropLast())
        default: break
        }
        let code = EntryDraw.codes[random.below(EntryDraw.codes.count)]
        var words = words(of: code)
        if random.chance(1, in: 60) { words.removeLast() }
        if random.chance(1, in: 60) { words.append(value()) }
        return EntryCoding.encoded(code, words.map { bytes($0) })
    }
}

@Suite struct NaiveKeyspaceTests {
    @Test(arguments: [(1, 4), (2, 30), (3, 500), (4, 3000)])
    func `random entries do to the keyspace what they do to its twin`(seed: UInt64, keyCount: Int) {
        var pair = Pair()
        var draw = EntryDraw(random: SeededRandom(seed: seed), keyCount: keyCount)
        for step in 0..<6000 {
            // Now and then time stands still or goes back, as it may for a leader's first entry.
            pair.time = draw.random.chance(1, in: 40) ? pair.time - 2000 : pair.time + UInt64(draw.random.below(2000))
            let entry = draw.entry()
            let (real, naive) = pair.apply(entry)
            guard real == naive else {
                Issue.record("step \(step): \(entry) gave \(real), not \(naive ?? "a reply")")
                return
            }
            if step % 250 == 0, let difference = pair.naive.difference(from: pair.real) {
                Issue.record("step \(step): \(difference)")
                return
            }
        }
        #expect(pair.naive.difference(from: pair.real) == nil)
        #expect(pair.naive.expiredTotal > 20)
        #expect(!pair.naive.contents(at: pair.naive.time).isEmpty)
    }

    @Test func `of many records that are over a tick removes the same ones from both`() {
        var pair = Pair()
        for number in 0..<700 { _ = pair.run(.psetex, "{\(number % 7)}\(number) \(1 + number % 3) v") }
        pair.time += 3000
        for _ in 0..<4 {
            let (real, naive) = pair.apply(EntryCoding.tick)
            #expect(real == naive)
            // What is left of them shows when it is touched: those that are gone cannot expire again.
            let (deleted, expected) = pair.run(.del, (0..<40).map { "{\($0 % 7)}\($0)" }.joined(separator: " "))
            #expect(deleted == expected)
            #expect(pair.naive.difference(from: pair.real) == nil)
        }
        #expect(pair.naive.records.isEmpty)
    }

    @Test func `every command that writes is known but those that are not claimed`() {
        for code in EntryDraw.codes + [.tick, .flushall, .flushdb] {
            var pair = Pair()
            let (real, naive) = pair.run(code, "a b c")
            #expect(naive == real, "\(code)")
        }
        var pair = Pair()
        #expect(
            pair.naive.apply(EntryCoding.encoded(.incrbyfloat, [[97], [49]]), at: .zero, index: LogIndex(1)) == nil)
        #expect(pair.naive.apply(EntryCoding.encoded(.get, [[97]]), at: .zero, index: LogIndex(1)) == nil)
        #expect(pair.naive.index == .zero)
    }

    /// Each line is applied to the real keyspace only, which has the figures of the twin before and after.
    @Test(arguments: [
        (CommandCode.set, "a other", "key a: value \"other\" (5 bytes), not \"1\" (1 bytes)"),
        (.rename, "a 0", "key 0 should not be there"), (.rename, "d e", "key d is missing"),
        (.rename, "a zz", "key a is missing"), (.del, "a", "records, those that are over included: 2, not 3"),
        (.pexpire, "a 99000", "key a: deadline 104000, not -1"),
        (.pexpireat, "c 6000", "earliest deadline: 6000, not 5900"),
        (.set, "zz 1", "records, those that are over included: 4, not 3"),
    ])
    func `a difference is found and told`(code: CommandCode, line: String, told: String) {
        var pair = Pair()
        _ = pair.run(.set, "a 1")
        _ = pair.run(.set, "d 2")
        _ = pair.run(.set, "c 3 pxat 5900")
        #expect(pair.naive.difference(from: pair.real) == nil)
        _ = pair.applyToReal(EntryCoding.encoded(code, line.split(separator: " ").map { Array($0.utf8) }))
        #expect(pair.naive.difference(from: pair.real) == told)
    }

    @Test func `requests that clients number are answered alike, those that come again or too late among them`() {
        var random = SeededRandom(seed: 1)
        var pair = Pair()
        for _ in 0..<2000 {
            var envelope = Envelope(.single, version: .two)
            envelope.once(Array("client\(random.below(3))".utf8).rawBytes, UInt64(1 + random.below(200)))
            envelope.add { $0 += EntryCoding.encoded(.incr, [Array("w".utf8)]) }
            var entry: [UInt8] = []
            envelope.encode(to: &entry)
            let (real, naive) = pair.apply(entry)
            #expect(real == naive)
        }
        #expect(pair.naive.difference(from: pair.real) == nil)
    }

    @Test func `a missed entry and another time of an entry are found`() {
        var pair = Pair()
        _ = pair.run(.set, "a 1")
        _ = pair.naive.apply(
            EntryCoding.encoded(.del, [[98]]), at: Timestamp(microseconds: pair.time), index: LogIndex(2))
        #expect(pair.naive.difference(from: pair.real) == "last applied index: 1, not 2")
        pair.index = LogIndex(2)
        pair.time += 1
        _ = pair.applyToReal(EntryCoding.encoded(.del, [[98]]))
        #expect(pair.naive.difference(from: pair.real)?.hasPrefix("log time: ") == true)
    }

    @Test func `contents are sorted and without what is over at the time asked for`() {
        var pair = Pair()
        for line in ["b 1", "a 2 pxat 5500", "c 3 pxat 6000", "aa 4"] { _ = pair.run(.set, line) }
        func keys(_ milliseconds: UInt64) -> [String] {
            pair.naive.contents(at: Timestamp(microseconds: milliseconds * 1000)).map {
                String(decoding: $0.key, as: UTF8.self)
            }
        }
        #expect(keys(0) == ["a", "aa", "b", "c"])
        #expect(keys(5499) == ["a", "aa", "b", "c"])
        #expect(keys(5500) == ["aa", "b", "c"])
        #expect(keys(7000) == ["aa", "b"])
    }
}
