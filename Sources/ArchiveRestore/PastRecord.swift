// A record as it was, read by the code that answers clients.

import ByteCoding
import Keyspace
import RESP
import Vocabulary

/// A key's value at some time, and when it was to end.
public struct PastRecord: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case string([UInt8])
        /// In the order of their fields, as bytes.
        case hash([Pair])
        case list([[UInt8]])
        /// In the order of their bytes.
        case set([[UInt8]])
        /// In the order of their scores.
        case sortedSet([Pair])
    }

    /// A field and its value, or a member and its score, written as Redis does.
    public struct Pair: Hashable, Sendable {
        public let name: [UInt8]
        public let value: [UInt8]

        public init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    public let key: [UInt8]
    public let value: Value
    /// Milliseconds since 1970; nil for a record that stays.
    public let expiry: Int64?

    public init(key: [UInt8], value: Value, expiry: Int64? = nil) {
        self.key = key
        self.value = value
        self.expiry = expiry
    }

    public var typeName: String {
        switch value {
        case .string: "string"
        case .hash: "hash"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        }
    }

    /// Of a string its bytes; of a collection its members.
    public var size: Int {
        switch value {
        case .string(let bytes): bytes.count
        case .hash(let pairs), .sortedSet(let pairs): pairs.count
        case .list(let members), .set(let members): members.count
        }
    }
}

/// Questions to a keyspace as a client would put them at a time.
struct PastReader {
    let keyspace: Keyspace
    let clock: Timestamp

    private func ask(_ code: CommandCode, _ arguments: [[UInt8]]) -> Reply? {
        var reply = ReplyWriter(version: .two)
        keyspace.read(EntryCoding.encoded(code, arguments).rawBytes, clock: clock, seed: 1, reply: &reply)
        return try? ReplyDecoder.value(of: reply.bytes.rawBytes)
    }

    private func list(_ code: CommandCode, _ arguments: [[UInt8]]) -> [[UInt8]] {
        guard case .array(let replies) = ask(code, arguments) else { return [] }
        return replies.compactMap { if case .bulk(let bytes) = $0 { bytes } else { nil } }
    }

    private func pairs(_ code: CommandCode, _ arguments: [[UInt8]]) -> [PastRecord.Pair] {
        let flat = list(code, arguments)
        return stride(from: 0, to: flat.count - 1, by: 2).map { PastRecord.Pair(name: flat[$0], value: flat[$0 + 1]) }
    }

    /// In the order of their bytes. A record whose time was over is none.
    func keys(matching pattern: [UInt8]) -> [[UInt8]] { list(.keys, [pattern]).sorted(by: PastReader.isBefore) }

    static func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    /// Nil when there is none.
    func record(_ key: [UInt8]) -> PastRecord? {
        guard let value = value(key) else { return nil }
        var expiry: Int64?
        if case .integer(let time) = ask(.pexpiretime, [key]), time >= 0 { expiry = time }
        return PastRecord(key: key, value: value, expiry: expiry)
    }

    private func value(_ key: [UInt8]) -> PastRecord.Value? {
        func text(_ word: String) -> [UInt8] { Array(word.utf8) }
        guard let type = ask(.type, [key])?.text else { return nil }
        switch type {
        case "string":
            guard case .bulk(let bytes) = ask(.get, [key]) else { return nil }
            return .string(bytes)
        case "hash": return .hash(pairs(.hgetall, [key]).sorted { PastReader.isBefore($0.name, $1.name) })
        case "list": return .list(list(.lrange, [key, text("0"), text("-1")]))
        case "set": return .set(list(.smembers, [key]).sorted(by: PastReader.isBefore))
        case "zset": return .sortedSet(pairs(.zrange, [key, text("0"), text("-1"), text("WITHSCORES")]))
        default: return nil
        }
    }
}
