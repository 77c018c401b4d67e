// Records of a running cluster, read through its client port exactly as they are.

import Keyspace
import RESP
import Vocabulary

/// Reads from the leader. Keys that are watched before they are read make a transaction on the same connection depend
/// on that none of them was written since.
struct LiveRecords: ~Copyable {
    private var client: RecordClient
    private let address: String
    /// So many keys or questions are sent at once.
    private static let step = 256

    init(_ client: consuming RecordClient, address: String) {
        self.client = client
        self.address = address
    }

    /// The keys that match: all that are there from the first question to the last, and maybe others.
    mutating func keys(matching pattern: [UInt8], until deadline: Instant) throws(ControlError) -> [[UInt8]] {
        var found: Set<[UInt8]> = []
        var cursor = "0".bytes
        repeat {
            let reply = try client.ask(
                ["SCAN".bytes, cursor, "MATCH".bytes, pattern, "COUNT".bytes, "1000".bytes], until: deadline)
            guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0],
                case .array(let keys) = parts[1]
            else { throw unexpected("SCAN", reply) }
            for key in keys { if case .bulk(let key) = key { found.insert(key) } }
            cursor = next
        } while cursor != "0".bytes
        return Array(found)
    }

    mutating func watch(_ keys: [[UInt8]], until deadline: Instant) throws(ControlError) {
        for start in stride(from: 0, to: keys.count, by: LiveRecords.step) {
            let part = keys[start..<min(start + LiveRecords.step, keys.count)]
            let reply = try client.ask(["WATCH".bytes] + part, until: deadline)
            guard reply == .simple("OK") else { throw unexpected("WATCH", reply) }
        }
    }

    /// Those that are there.
    mutating func records(of keys: [[UInt8]], until deadline: Instant) throws(ControlError) -> [StoredRecord] {
        var records: [StoredRecord] = []
        for start in stride(from: 0, to: keys.count, by: LiveRecords.step) {
            let part = Array(keys[start..<min(start + LiveRecords.step, keys.count)])
            let types = try client.ask(part.map { ["TYPE".bytes, $0] }, until: deadline)
            let questions = zip(part, types).compactMap { key, type in
                LiveRecords.question(type.text ?? "").map { (key, $0) }
            }
            guard questions.count + types.count(where: { $0 == .simple("none") }) == part.count else {
                throw unexpected("TYPE", types.first { LiveRecords.question($0.text ?? "") == nil } ?? .null)
            }
            let asked = questions.flatMap { key, words in
                [[words[0].bytes, key] + words.dropFirst().map(\.bytes), ["PEXPIRETIME".bytes, key]]
            }
            let replies = try client.ask(asked, until: deadline)
            for (position, question) in questions.enumerated() {
                let (value, end) = (replies[2 * position], replies[2 * position + 1])
                // It ended between two questions.
                if end == .integer(-2) { continue }
                guard case .integer(let end) = end, let read = LiveRecords.value(question.1[0], value) else {
                    throw unexpected(question.1[0], value)
                }
                records.append(StoredRecord(key: question.0, value: read, deadline: end >= 0 ? UInt64(end) : nil))
            }
        }
        return records
    }

    /// Carries the commands out as one, if no key that is watched was written since. False when one was.
    mutating func exchange(_ commands: [[[UInt8]]], until deadline: Instant) throws(ControlError) -> Bool {
        let begun = try client.ask(["MULTI".bytes], until: deadline)
        guard begun == .simple("OK") else { throw unexpected("MULTI", begun) }
        for start in stride(from: 0, to: commands.count, by: LiveRecords.step) {
            let part = Array(commands[start..<min(start + LiveRecords.step, commands.count)])
            let replies = try client.ask(part, until: deadline)
            if let refused = replies.first(where: { $0 != .simple("QUEUED") }) { throw unexpected("MULTI", refused) }
        }
        let reply: Reply
        do throws(ControlError) { reply = try client.ask(["EXEC".bytes], until: deadline) } catch {
            throw unknown("\(error)")
        }
        if reply == .null { return false }
        if case .error(let text) = reply, text.hasPrefix("UNKNOWNRESULT") { throw unknown(text) }
        guard case .array(let replies) = reply, replies.count == commands.count else { throw unexpected("EXEC", reply) }
        if let failed = replies.first(where: \.isError) { throw unknown("\(failed)") }
        return true
    }

    private func unknown(_ why: String) -> ControlError {
        .timedOut(
            what: "the transaction (\(why))",
            follow: "nobody knows whether it was carried out: `--dry-run` shows what still differs")
    }

    // MARK: Values

    /// What reads all of a value of a type.
    private static func question(_ type: String) -> [String]? {
        switch type {
        case "string": ["GET"]
        case "hash": ["HGETALL"]
        case "list": ["LRANGE", "0", "-1"]
        case "set": ["SMEMBERS"]
        case "zset": ["ZRANGE", "0", "-1", "WITHSCORES"]
        default: nil
        }
    }

    /// In the order that a state of the past has: fields and members ascending.
    static func value(_ command: String, _ reply: Reply) -> StoredValue? {
        if command == "GET" {
            guard case .bulk(let bytes) = reply else { return nil }
            return .string(bytes)
        }
        guard case .array(let parts) = reply else { return nil }
        let words = parts.compactMap { if case .bulk(let bytes) = $0 { bytes } else { nil } }
        guard words.count == parts.count, !words.isEmpty else { return nil }
        switch command {
        case "LRANGE": return .list(words)
        case "SMEMBERS": return .set(words.sorted { $0.lexicographicallyPrecedes($1) })
        case "HGETALL":
            guard words.count.isMultiple(of: 2) else { return nil }
            return .hash(
                stride(from: 0, to: words.count, by: 2).map { StoredField(name: words[$0], value: words[$0 + 1]) }
                    .sorted { $0.name.lexicographicallyPrecedes($1.name) })
        case "ZRANGE":
            guard words.count.isMultiple(of: 2) else { return nil }
            let members = stride(from: 0, to: words.count, by: 2).compactMap { place in
                Double(String(decoding: words[place + 1], as: UTF8.self)).map {
                    StoredMember(member: words[place], score: $0)
                }
            }
            return members.count * 2 == words.count ? .sortedSet(members) : nil
        default: return nil
        }
    }

    private func unexpected(_ command: String, _ reply: Reply) -> ControlError {
        let text = if case .error(let text) = reply { text } else { "\(reply)" }
        return .answer(
            address: address, message: "\(command) was answered \(text.prefix(200))",
            remedy: "nothing was changed; look with `nodectl status`, then run it again")
    }
}
