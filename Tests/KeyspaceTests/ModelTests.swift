// The keyspace beside a dictionary: random commands, equal replies and contents, copies that stay as they were.

import Foundation
import RESP
import Testing
import Vocabulary

@testable import Keyspace

/// The naive twin: what the commands mean, in the plainest words.
private struct Model {
    var records: [[UInt8]: Held] = [:]
    var time: UInt64 = 0

    mutating func live(_ key: [UInt8]) -> Held? {
        if let deadline = records[key]?.deadline, deadline <= time { records[key] = nil }
        return records[key]
    }

    mutating func run(_ command: Command) -> Reply {
        switch command {
        case .set(let key, let value):
            records[key] = Held(value: value, deadline: nil)
            return .simple("OK")
        case .setPX(let key, let value, let span):
            records[key] = Held(value: value, deadline: time + span)
            return .simple("OK")
        case .get(let key): return live(key).map { .bulk($0.value) } ?? .null
        case .del(let key):
            let found = live(key) != nil
            records[key] = nil
            return .integer(found ? 1 : 0)
        case .append(let key, let value):
            var held = live(key) ?? Held(value: [], deadline: nil)
            held.value += value
            records[key] = held
            return .integer(Int64(held.value.count))
        case .setrange(let key, let offset, let value):
            var held = live(key) ?? Held(value: [], deadline: nil)
            guard !value.isEmpty else { return .integer(Int64(held.value.count)) }
            let missing = offset + value.count - held.value.count
            if missing > 0 { held.value += [UInt8](repeating: 0, count: missing) }
            held.value.replaceSubrange(offset..<offset + value.count, with: value)
            records[key] = held
            return .integer(Int64(held.value.count))
        case .getrange(let key, let from, let to):
            let value = live(key)?.value ?? []
            return from < value.count && from <= to ? .bulk(Array(value[from...min(to, value.count - 1)])) : .bulk([])
        case .rename(let from, let to):
            guard let held = live(from) else { return .error("ERR no such key") }
            records[from] = nil
            records[to] = held
            return .simple("OK")
        case .copy(let from, let to):
            guard from != to else { return .error("ERR source and destination objects are the same") }
            guard let held = live(from) else { return .integer(0) }
            records[to] = held
            return .integer(1)
        case .pexpire(let key, let span):
            guard live(key) != nil else { return .integer(0) }
            records[key]?.deadline = time + span
            return .integer(1)
        case .persist(let key):
            guard live(key)?.deadline != nil else { return .integer(0) }
            records[key]?.deadline = nil
            return .integer(1)
        case .flushall:
            records = [:]
            return .simple("OK")
        }
    }

    /// What is left when everything that is over is gone.
    var settled: [[UInt8]: Held] { records.filter { $0.value.deadline.map { $0 > time } ?? true } }
}

private enum Command {
    case set([UInt8], [UInt8])
    case setPX([UInt8], [UInt8], UInt64)
    case get([UInt8])
    case del([UInt8])
    case append([UInt8], [UInt8])
    case setrange([UInt8], Int, [UInt8])
    case getrange([UInt8], Int, Int)
    case rename([UInt8], [UInt8])
    case copy([UInt8], [UInt8])
    case pexpire([UInt8], UInt64)
    case persist([UInt8])
    case flushall

    var words: [[UInt8]] {
        func text(_ number: some BinaryInteger) -> [UInt8] { Array(String(number).utf8) }
        func word(_ text: String) -> [UInt8] { Array(text.utf8) }
        switch self {
        case .set(let key, let value): return [word("set"), key, value]
        case .setPX(let key, let value, let span): return [word("SET"), key, value, word("px"), text(span)]
        case .get(let key): return [word("Get"), key]
        case .del(let key): return [word("del"), key]
        case .append(let key, let value): return [word("append"), key, value]
        case .setrange(let key, let offset, let value): return [word("setrange"), key, text(offset), value]
        case .getrange(let key, let from, let to): return [word("getrange"), key, text(from), text(to)]
        case .rename(let from, let to): return [word("rename"), from, to]
        case .copy(let from, let to): return [word("copy"), from, to, word("replace")]
        case .pexpire(let key, let span): return [word("pexpire"), key, text(span)]
        case .persist(let key): return [word("persist"), key]
        case .flushall: return [word("flushall")]
        }
    }
}

/// Draws commands over a bounded set of keys, a good part of them in one slot.
private struct Draw {
    var random: SplitMix64
    let keyCount: Int
    /// Values and offsets up to this length are drawn now and then.
    let lengthMax: Int

    mutating func key() -> [UInt8] {
        let number = Int.random(in: 0..<keyCount, using: &random)
        if number % 97 == 0 { return [UInt8](repeating: UInt8(number % 7), count: 1000 + number % 60) }
        return Array((number % 2 == 0 ? "{one}\(number)" : "key:\(number)").utf8)
    }

    mutating func value() -> [UInt8] {
        let long = Int.random(in: 0..<20, using: &random) == 0
        let length = Int.random(in: 0...(long ? lengthMax : 60), using: &random)
        return [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length)
    }

    mutating func command() -> Command {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<30: .set(key(), value())
        case ..<40: .setPX(key(), value(), UInt64.random(in: 1...400, using: &random))
        case ..<50: .get(key())
        case ..<65: .del(key())
        case ..<72: .append(key(), value())
        case ..<77: .setrange(key(), Int.random(in: 0...lengthMax, using: &random), value())
        case ..<82:
            .getrange(
                key(), Int.random(in: 0...lengthMax, using: &random), Int.random(in: 0...lengthMax, using: &random))
        case ..<86: .rename(key(), key())
        case ..<90: .copy(key(), key())
        case ..<96: .pexpire(key(), UInt64.random(in: 1...400, using: &random))
        case ..<99: .persist(key())
        default: Int.random(in: 0..<20, using: &random) == 0 ? .flushall : .get(key())
        }
    }
}

@Suite struct ModelTests {
    @Test(arguments: [(1, 10, 40), (2, 200, 300), (3, 40, 20_000), (4, 1500, 200), (5, 12, 70_000)])
    func `random commands do to the keyspace what they do to a dictionary`(
        seed: UInt64, keyCount: Int, lengthMax: Int
    ) {
        var rig = Rig()
        var model = Model()
        var draw = Draw(random: SplitMix64(seed: seed), keyCount: keyCount, lengthMax: lengthMax)
        for step in 0..<6000 {
            rig.time += UInt64.random(in: 0...2, using: &draw.random)
            model.time = rig.time
            let command = draw.command()
            let expected = model.run(command)
            // A read sees log time, which only entries move.
            if case .get = command { rig.tick() }
            if case .getrange = command { rig.tick() }
            let reply = rig.run(command.words)
            guard reply == expected else {
                Issue.record("step \(step): \(command) gave \(reply), not \(expected)")
                return
            }
            if step % 500 == 0 { compare(&rig, model) }
        }
        compare(&rig, model)
    }

    private func compare(_ rig: inout Rig, _ model: Model) {
        while rig.tick() != .integer(0) {}
        rig.keyspace.checkInvariants()
        #expect(rig.contents() == model.settled)
        #expect(rig.keyspace.count == model.settled.count)
        #expect(rig.keyspace.nextDeadline == model.settled.values.compactMap(\.deadline).min())
        #expect(rig.keyspace.recomputedDigest() == rig.keyspace.digest)
    }

    @Test(arguments: [11, 12, 13])
    func `a copy stays what it was while the original changes`(seed: UInt64) {
        var rig = Rig()
        var draw = Draw(random: SplitMix64(seed: seed), keyCount: 400, lengthMax: 30_000)
        var copies: [(keyspace: Keyspace, contents: [[UInt8]: Held])] = []
        for step in 0..<4000 {
            rig.time += 1
            rig.run(draw.command().words)
            if step % 250 == 0 {
                copies.append((rig.keyspace, rig.contents()))
                if copies.count > 4 { copies.removeFirst() }
            }
            if step % 1000 == 999 {
                for copy in copies {
                    copy.keyspace.checkInvariants()
                    #expect(Rig.contents(of: copy.keyspace) == copy.contents)
                    #expect(copy.keyspace.recomputedDigest() == copy.keyspace.digest)
                }
            }
        }
        rig.keyspace.checkInvariants()
    }

    @Test func `copies are read and dropped on other threads while the original changes`() {
        var rig = Rig()
        var draw = Draw(random: SplitMix64(seed: 21), keyCount: 600, lengthMax: 20_000)
        let checked = DispatchSemaphore(value: 0)
        let copies = 12
        for _ in 0..<copies {
            for _ in 0..<200 { rig.run(draw.command().words) }
            let copy = rig.keyspace
            Thread {
                copy.checkInvariants()
                #expect(copy.recomputedDigest() == copy.digest)
                checked.signal()
            }.start()
        }
        for _ in 0..<copies { checked.wait() }
        rig.keyspace.checkInvariants()
    }

    @Test func `a copy may change too and both go their own ways`() {
        var one = Rig()
        for number in 0..<3000 { one.run("set {s}\(number) \(number)") }
        var other = one
        for number in 0..<3000 where number % 3 == 0 { one.run("append {s}\(number) x") }
        for number in 0..<3000 where number % 2 == 0 { other.run("del {s}\(number)") }
        one.keyspace.checkInvariants()
        other.keyspace.checkInvariants()
        #expect(one.keyspace.count == 3000)
        #expect(other.keyspace.count == 1500)
        #expect(one.run("get {s}6") == bulk("6x"))
        #expect(other.run("get {s}3") == bulk("3"))
    }
}
