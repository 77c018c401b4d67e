// What clients ask of collections, and as what the history knows it.

import Keyspace
import PeerProtocol

extension ClientCrowd {
    /// Elements of lists whose contents are judged as one value: a byte each.
    private static let letters = Array("abcdefgh".utf8)

    /// A command on a hash, a set, a sorted set or a list.
    mutating func askCollection(_ key: Int, _ call: Call, into batch: inout RequestBatch) {
        let isRead = random.chance(traits.reads)
        switch random.below(4) {
        case 0: askHash("h\(key)", "f\(random.below(3))", isRead: isRead, call, into: &batch)
        case 1: askSet("e\(key)", "a\(random.below(3))", isRead: isRead, call, into: &batch)
        case 2: askSortedSet("z\(key)", "b\(random.below(3))", isRead: isRead, call, into: &batch)
        default: askList("l\(key)", isRead: isRead, call, into: &batch)
        }
    }

    private mutating func askHash(
        _ key: String, _ field: String, isRead: Bool, _ call: Call, into batch: inout RequestBatch
    ) {
        let name = "\(key).\(field)"
        if isRead { return get(.hget, [key, field], as: name, .plain, call, into: &batch) }
        guard random.chance(800) else { return change(.hdel, .del, [key, field], as: name, call, into: &batch) }
        let value = value(tokens + 1)
        let operation = note(.set, name, value, call)
        let entry = EntryCoding.encoded(.hset, [Array(key.utf8), Array(field.utf8), value])
        add(entry, .write, request(call, operation, isMarked: true, reading: .stored), to: &batch)
    }

    private mutating func askSet(
        _ key: String, _ member: String, isRead: Bool, _ call: Call, into batch: inout RequestBatch
    ) {
        let name = "\(key).\(member)"
        if isRead { return get(.sismember, [key, member], as: name, .presence, call, into: &batch) }
        guard random.chance(500) else { return change(.srem, .del, [key, member], as: name, call, into: &batch) }
        change(.sadd, .setnx, [key, member], as: name, call, argument: "1", into: &batch)
    }

    private mutating func askSortedSet(
        _ key: String, _ member: String, isRead: Bool, _ call: Call, into batch: inout RequestBatch
    ) {
        let name = "\(key).\(member)"
        if isRead { return get(.zscore, [key, member], as: name, .plain, call, into: &batch) }
        switch random.below(4) {
        case 0: change(.zrem, .del, [key, member], as: name, call, into: &batch)
        case 1:
            let score = String(random.below(1000))
            change(
                .zadd, .set, [key, score, member], as: name, call, argument: score, reading: .stored, into: &batch)
        default: change(.zincrby, .incr, [key, "1", member], as: name, call, reading: .number, into: &batch)
        }
    }

    private mutating func askList(_ key: String, isRead: Bool, _ call: Call, into batch: inout RequestBatch) {
        if isRead { return get(.lrange, [key, "0", "-1"], as: key, .joined, call, into: &batch) }
        guard random.chance(900) else { return change(.del, .del, [key], as: key, call, into: &batch) }
        let letter = String(decoding: [random.pick(ClientCrowd.letters)], as: UTF8.self)
        change(.rpush, .append, [key, letter], as: key, call, argument: letter, into: &batch)
    }

    /// A command that writes what the history knows as `name`.
    private mutating func change(
        _ code: CommandCode, _ kind: History.Kind, _ words: [String], as name: String, _ call: Call,
        argument: String = "", reading: AnswerReading = .plain, into batch: inout RequestBatch
    ) {
        let operation = note(kind, name, Array(argument.utf8), call)
        let entry = EntryCoding.encoded(code, words.map { Array($0.utf8) })
        add(entry, .write, request(call, operation, reading: reading), to: &batch)
    }
}
