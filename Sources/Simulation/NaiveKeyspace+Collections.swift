// The naive twin's hashes, lists, sets and sorted sets, as far as the simulated clients use them.

import Keyspace

extension NaiveKeyspace {
    static func isKnown(_ code: CommandCode) -> Bool {
        wordCounts(code) != nil || collectionWordCounts(code) != nil || code == .envelope || code == .unblock
    }

    /// How many words may stand behind the name; nil for commands that are not known here.
    static func collectionWordCounts(_ code: CommandCode) -> ClosedRange<Int>? {
        switch code {
        case .lpop, .rpop: 1...1
        case .hset, .zadd: 3...3
        case .lpush, .rpush, .hdel, .sadd, .srem, .zrem: 2...Int.max
        case .zincrby: 3...3
        case .blpop, .brpop: 2...Int.max
        case .blmove: 5...5
        default: nil
        }
    }

    /// The reply to a known command on a collection.
    mutating func runOnCollection(_ code: CommandCode, _ words: [[UInt8]]) -> NaiveReply {
        do throws(NaiveRefusal) {
            guard NaiveKeyspace.collectionWordCounts(code)?.contains(words.count) == true else { throw .arity(code) }
            switch code {
            case .hset, .hdel: return try runOnHash(code, words)
            case .sadd, .srem: return try runOnSet(code, words)
            case .zadd, .zincrby, .zrem: return try runOnSortedSet(code, words)
            case .lpush, .rpush: return try push(words[0], Array(words[1...]), atHead: code == .lpush)
            case .lpop, .rpop: return .bulk(try pop(words[0], atHead: code == .lpop))
            default: return try popFirst(code, words) ?? .array(nil)
            }
        } catch { return .error(error.text) }
    }

    /// Puts a collection where another was, or where none was; its time to live stays.
    private mutating func keep(_ collection: Collection, at key: [UInt8]) {
        put(key, Record(value: [], deadline: records[key]?.deadline, collection: collection))
    }

    // MARK: Hashes and sets

    private mutating func runOnHash(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        var fields: [[UInt8]: [UInt8]] = [:]
        if let old = live(words[0]) {
            guard case .hash(let found) = old.collection else { throw .wrongType }
            fields = found
        }
        let before = fields.count
        if code == .hset {
            fields[words[1]] = words[2]
        } else {
            for field in words[1...] { fields[field] = nil }
            if fields.count == before { return .integer(0) }
        }
        keep(.hash(fields), at: words[0])
        return .integer(Int64(abs(fields.count - before)))
    }

    private mutating func runOnSet(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        var members: Set<[UInt8]> = []
        if let old = live(words[0]) {
            guard case .set(let found) = old.collection else { throw .wrongType }
            members = found
        }
        let before = members.count
        if code == .sadd { members.formUnion(words[1...]) } else { members.subtract(words[1...]) }
        if members.count == before { return .integer(0) }
        keep(.set(members), at: words[0])
        return .integer(Int64(abs(members.count - before)))
    }

    // MARK: Sorted sets

    private mutating func runOnSortedSet(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        var scores: [[UInt8]: Double] = [:]
        if let old = live(words[0]) {
            guard case .sortedSet(let found) = old.collection else { throw .wrongType }
            scores = found
        }
        let before = scores
        if code == .zrem {
            for member in words[1...] { scores[member] = nil }
        } else {
            guard let number = Double(String(decoding: words[1], as: UTF8.self)) else {
                throw NaiveRefusal("ERR value is not a valid float")
            }
            scores[words[2]] = (code == .zincrby ? scores[words[2]] ?? 0 : 0) + number
        }
        if scores != before { keep(.sortedSet(scores), at: words[0]) }
        if code == .zincrby { return .bulk(NaiveKeyspace.text(of: scores[words[2]] ?? 0)) }
        return .integer(Int64(abs(scores.count - before.count)))
    }

    /// A whole number without a point. The simulated clients use no others.
    static func text(of score: Double) -> [UInt8] {
        Array((Int64(exactly: score).map { String($0) } ?? "\(score)").utf8)
    }

    // MARK: Lists

    private mutating func elements(of key: [UInt8]) throws(NaiveRefusal) -> [[UInt8]] {
        guard let old = live(key) else { return [] }
        guard case .list(let found) = old.collection else { throw .wrongType }
        return found
    }

    private mutating func push(
        _ key: [UInt8], _ new: [[UInt8]], atHead: Bool
    ) throws(NaiveRefusal) -> NaiveReply {
        let old = try elements(of: key)
        let list = atHead ? new.reversed() + old : old + new
        keep(.list(list), at: key)
        return .integer(Int64(list.count))
    }

    private mutating func pop(_ key: [UInt8], atHead: Bool) throws(NaiveRefusal) -> [UInt8]? {
        var list = try elements(of: key)
        guard !list.isEmpty else { return nil }
        let element = atHead ? list.removeFirst() : list.removeLast()
        keep(.list(list), at: key)
        return element
    }

    /// What a blocking command takes when it finds something; nil when it does not.
    mutating func popFirst(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply? {
        if code == .blmove {
            let (from, to) = (words[2] == Array("left".utf8), words[3] == Array("left".utf8))
            _ = try elements(of: words[1])
            guard let element = try pop(words[0], atHead: from) else { return nil }
            _ = try push(words[1], [element], atHead: to)
            return .bulk(element)
        }
        for key in words.dropLast() {
            guard let element = try pop(key, atHead: code == .blpop) else { continue }
            return .array([.bulk(key), .bulk(element)])
        }
        return nil
    }
}
