// A replica's keyspace beside its naive twin: the first difference, in words.

import ByteCoding
public import Keyspace
import RESP

extension NaiveKeyspace {
    /// What of `keyspace` is not as it is here, seen through its commands that read and its figures; nil when all is.
    ///
    /// Every key is read, with its value and its deadline; so are the figures that tell of records that are over.
    public func difference(from keyspace: Keyspace) -> String? {
        figures(of: keyspace) ?? records(of: keyspace)
    }

    private func figures(of keyspace: Keyspace) -> String? {
        func told<Figure: Equatable>(_ name: String, _ found: Figure, _ expected: Figure) -> String? {
            found == expected ? nil : "\(name): \(found), not \(expected)"
        }
        return told("last applied index", keyspace.lastAppliedIndex, index)
            ?? told("log time", keyspace.lastAppliedTime, time)
            ?? told("records, those that are over included", keyspace.count, records.count)
            ?? told("expired records", keyspace.expiredTotal, expiredTotal)
            ?? told("who waits", keyspace.waiterIndexes, waiters.map(\.index))
            ?? told(
                "earliest deadline", keyspace.nextDeadline.map(String.init) ?? "none",
                records.values.compactMap(\.deadline).min().map(String.init) ?? "none")
    }

    private func records(of keyspace: Keyspace) -> String? {
        let expected = contents(at: time)
        let (found, fault) = NaiveKeyspace.keys(of: keyspace)
        if let fault { return fault }
        var position = 0
        for key in found {
            guard position < expected.count, !expected[position].key.lexicographicallyPrecedes(key) else { break }
            guard key == expected[position].key else { return "key \(History.shown(key)) should not be there" }
            position += 1
            if let what = NaiveKeyspace.difference(of: key, expected[position - 1].record, in: keyspace) {
                return "key \(History.shown(key)): \(what)"
            }
        }
        if position < expected.count { return "key \(History.shown(expected[position].key)) is missing" }
        return found.count > position ? "key \(History.shown(found[position])) should not be there" : nil
    }

    private static func difference(of key: [UInt8], _ record: Record, in keyspace: Keyspace) -> String? {
        let value = contents(of: key, record, in: keyspace)
        let wanted = record.told
        guard value == wanted else { return "value \(value), not \(wanted)" }
        let deadline = read(.pexpiretime, [key], in: keyspace)
        let expected = Reply.integer(record.deadline.map { Int64(clamping: $0) } ?? -1)
        guard deadline == expected else { return "deadline \(told(deadline)), not \(told(expected))" }
        let version = read(.version, [key], in: keyspace)
        let written = Reply.array([.integer(Int64(record.version))])
        return version == written ? nil : "version \(version), not \(written)"
    }

    /// What a key holds, in words, asked for as the kind that it should be.
    private static func contents(of key: [UInt8], _ record: Record, in keyspace: Keyspace) -> String {
        func words(_ code: CommandCode, _ words: [String] = []) -> [[UInt8]]? {
            guard case .array(let parts) = read(code, [key] + words.map { Array($0.utf8) }, in: keyspace) else {
                return nil
            }
            return parts.map { if case .bulk(let bytes) = $0 { bytes } else { Array("\($0)".utf8) } }
        }
        switch record.collection {
        case nil: return told(read(.get, [key], in: keyspace))
        case .list: return shown(words(.lrange, ["0", "-1"]) ?? [])
        case .set: return shown(sorted(words(.smembers) ?? []))
        case .hash: return shown(pairs(words(.hgetall) ?? []))
        case .sortedSet: return shown(pairs(words(.zrange, ["0", "-1", "withscores"]) ?? []))
        }
    }

    private static func pairs(_ words: [[UInt8]]) -> [[UInt8]] {
        sorted(stride(from: 0, to: words.count - 1, by: 2).map { words[$0] + Array(": ".utf8) + words[$0 + 1] })
    }

    static func sorted(_ words: [[UInt8]]) -> [[UInt8]] { words.sorted { $0.lexicographicallyPrecedes($1) } }

    static func shown(_ words: [[UInt8]]) -> String {
        "(" + words.map { History.shown($0) }.joined(separator: ", ") + ")"
    }

    static func told(_ reply: Reply) -> String {
        switch reply {
        case .bulk(let bytes): "\"\(History.shown(bytes))\" (\(bytes.count) bytes)"
        case .integer(let number): String(number)
        default: "\(reply)"
        }
    }

    // MARK: Reading

    /// All keys that `SCAN` gives, sorted, each once; or what is wrong with its answers.
    private static func keys(of keyspace: Keyspace) -> (keys: [[UInt8]], fault: String?) {
        var keys: [[UInt8]] = []
        var cursor = Array("0".utf8)
        let rounds = keyspace.count + 2
        for _ in 0..<rounds {
            let reply = read(.scan, [cursor, Array("count".utf8), Array("1000".utf8)], in: keyspace)
            guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0],
                case .array(let page) = parts[1]
            else { return ([], "SCAN answers \(reply)") }
            for element in page {
                guard case .bulk(let key) = element else { return ([], "SCAN gives a key as \(element)") }
                keys.append(key)
            }
            if next == Array("0".utf8) { return (sortedOnce(keys), nil) }
            cursor = next
        }
        return ([], "SCAN does not come to its end in \(rounds) answers")
    }

    private static func sortedOnce(_ keys: [[UInt8]]) -> [[UInt8]] {
        let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
        return sorted.indices.filter { $0 == 0 || sorted[$0] != sorted[$0 - 1] }.map { sorted[$0] }
    }

    private static func read(_ code: CommandCode, _ words: [[UInt8]], in keyspace: Keyspace) -> Reply {
        var writer = ReplyWriter(version: .two)
        let entry = EntryCoding.encoded(code, words)
        keyspace.read(entry.rawBytes, clock: keyspace.lastAppliedTime, reply: &writer)
        do throws(ReplyError) {
            return try ReplyDecoder.value(of: writer.bytes.rawBytes)
        } catch {
            return .error("\(error)")
        }
    }
}

extension NaiveKeyspace.Record {
    /// What it holds, in words.
    fileprivate var told: String {
        func pairs<Value>(_ items: [[UInt8]: Value], _ shown: (Value) -> [UInt8]) -> String {
            let lines = items.map { $0.key + Array(": ".utf8) + shown($0.value) }
            return NaiveKeyspace.shown(NaiveKeyspace.sorted(lines))
        }
        switch collection {
        case nil: return NaiveKeyspace.told(.bulk(value))
        case .list(let elements): return NaiveKeyspace.shown(elements)
        case .set(let members): return NaiveKeyspace.shown(NaiveKeyspace.sorted(Array(members)))
        case .hash(let fields): return pairs(fields) { $0 }
        case .sortedSet(let scores): return pairs(scores) { NaiveKeyspace.text(of: $0) }
        }
    }
}
