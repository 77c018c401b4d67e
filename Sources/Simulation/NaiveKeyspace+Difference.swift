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
        let value = read(.get, [key], in: keyspace)
        guard value == .bulk(record.value) else { return "value \(told(value)), not \(told(.bulk(record.value)))" }
        let deadline = read(.pexpiretime, [key], in: keyspace)
        let expected = Reply.integer(record.deadline.map { Int64(clamping: $0) } ?? -1)
        return deadline == expected ? nil : "deadline \(told(deadline)), not \(told(expected))"
    }

    private static func told(_ reply: Reply) -> String {
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
