// The naive twin's commands, each as the Redis manual tells it.

import Keyspace

/// An error reply instead of an effect.
struct NaiveRefusal: Error {
    let text: [UInt8]
    init(_ text: String) { self.text = Array(text.utf8) }
    /// Tells the first 128 bytes of what a client sent, and nothing that would end the line.
    init(_ text: String, quoting word: [UInt8]) {
        self.text = Array(text.utf8) + word.prefix(128).map { [0, 10, 13].contains($0) ? 32 : $0 }
    }

    static let syntax = NaiveRefusal("ERR syntax error")
    static let wrongType = NaiveRefusal("WRONGTYPE Operation against a key holding the wrong kind of value")
    static let notInteger = NaiveRefusal("ERR value is not an integer or out of range")
    static let overflow = NaiveRefusal("ERR increment or decrement would overflow")
    static func expiry(_ code: CommandCode) -> NaiveRefusal {
        NaiveRefusal("ERR invalid expire time in '\(code)' command")
    }
    static func arity(_ code: CommandCode) -> NaiveRefusal {
        NaiveRefusal("ERR wrong number of arguments for '\(code)' command")
    }
}

extension NaiveKeyspace {
    /// The reply to a known command with these words behind its name.
    mutating func run(_ code: CommandCode, _ words: [[UInt8]]) -> NaiveReply {
        do throws(NaiveRefusal) {
            guard NaiveKeyspace.wordCounts(code)?.contains(words.count) == true else { throw .arity(code) }
            if NaiveKeyspace.wantsString(code), live(words[0])?.collection != nil { throw .wrongType }
            switch code {
            case .set, .setnx, .setex, .psetex, .getset, .getdel, .getex: return try replace(code, words)
            case .mset, .msetnx: return try setAll(words, unlessAny: code == .msetnx)
            case .append: return append(words[0], words[1])
            case .setrange: return try setrange(words[0], words[1], words[2])
            case .incr, .decr, .incrby, .decrby: return try increment(code, words)
            case .del, .unlink: return remove(words)
            case .expire, .pexpire, .expireat, .pexpireat: return try expire(code, words)
            case .persist: return persist(words[0])
            case .rename, .renamenx: return try rename(words[0], words[1], unlessThere: code == .renamenx)
            case .copy: return try copy(words)
            case .flushdb, .flushall: return try flush(words)
            case .tick: return tick()
            default: preconditionFailure("\(code) is not known here")
            }
        } catch { return .error(error.text) }
    }

    /// How many words may stand behind the name; nil for commands that are not known here.
    static func wordCounts(_ code: CommandCode) -> ClosedRange<Int>? {
        switch code {
        case .tick: 0...0
        case .flushdb, .flushall: 0...Int.max
        case .getdel, .incr, .decr, .persist: 1...1
        case .del, .unlink, .getex: 1...Int.max
        case .setnx, .getset, .append, .incrby, .decrby, .rename, .renamenx: 2...2
        case .set, .mset, .msetnx, .expire, .pexpire, .expireat, .pexpireat, .copy: 2...Int.max
        case .setex, .psetex, .setrange: 3...3
        default: nil
        }
    }

    /// Commands that look at the value of their first key, and find no sense in a collection.
    private static func wantsString(_ code: CommandCode) -> Bool {
        switch code {
        case .getset, .getdel, .getex, .append, .setrange, .incr, .decr, .incrby, .decrby: true
        default: false
        }
    }

    // MARK: Strings

    private mutating func replace(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        let key = words[0]
        switch code {
        case .set: return try set(key, words[1], Array(words[2...]))
        case .getex: return try getex(key, Array(words[1...]))
        case .setex, .psetex:
            let deadline = try end(of: words[1], code == .setex ? "ex" : "px", code)
            store(key, words[2], deadline: deadline)
            return .ok
        case .setnx:
            guard live(key) == nil else { return .integer(0) }
            store(key, words[1])
            return .integer(1)
        case .getset:
            let old = live(key)
            store(key, words[1])
            return .bulk(old?.value)
        default:
            let old = live(key)
            records[key] = nil
            return .bulk(old?.value)
        }
    }

    private mutating func set(_ key: [UInt8], _ value: [UInt8], _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        guard !words.isEmpty else {
            store(key, value)
            return .ok
        }
        let options = try Options(words, allowed: ["nx", "xx", "get", "keepttl"])
        if options.flags.isSuperset(of: ["nx", "xx"]) { throw .syntax }
        let given = try options.time.map { (time) throws(NaiveRefusal) in try end(of: time.word, time.unit, .set) }
        let old = live(key)
        let isSet = !(options.flags.contains("nx") && old != nil) && !(options.flags.contains("xx") && old == nil)
        if isSet {
            store(key, value, deadline: given ?? (options.flags.contains("keepttl") ? old?.deadline : nil))
        }
        if options.flags.contains("get") { return .bulk(old?.value) }
        return isSet ? .ok : .bulk(nil)
    }

    private mutating func getex(_ key: [UInt8], _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        let options = try Options(words, allowed: ["persist"])
        guard let old = live(key) else { return .bulk(nil) }
        if let time = options.time {
            setDeadline(try end(of: time.word, time.unit, .getex), of: old, key)
        } else if options.flags.contains("persist") {
            setDeadline(nil, of: old, key)
        }
        return .bulk(old.value)
    }

    private mutating func setAll(_ words: [[UInt8]], unlessAny: Bool) throws(NaiveRefusal) -> NaiveReply {
        guard words.count % 2 == 0 else { throw .arity(unlessAny ? .msetnx : .mset) }
        let keys = stride(from: 0, to: words.count, by: 2)
        if unlessAny {
            for place in keys where live(words[place]) != nil { return .integer(0) }
        }
        for place in keys { store(words[place], words[place + 1]) }
        return unlessAny ? .integer(1) : .ok
    }

    private mutating func append(_ key: [UInt8], _ addition: [UInt8]) -> NaiveReply {
        let old = live(key)
        let value = (old?.value ?? []) + addition
        // What changes nothing does not count as writing.
        if old == nil || !addition.isEmpty { store(key, value, deadline: old?.deadline) }
        return .integer(Int64(value.count))
    }

    private mutating func setrange(
        _ key: [UInt8], _ offset: [UInt8], _ patch: [UInt8]
    ) throws(NaiveRefusal) -> NaiveReply {
        let offset = try NaiveKeyspace.integer(offset)
        guard offset >= 0 else { throw NaiveRefusal("ERR offset is out of range") }
        let old = live(key)
        var value = old?.value ?? []
        guard !patch.isEmpty else { return .integer(Int64(value.count)) }
        guard offset <= (512 << 20) - Int64(patch.count) else {
            throw NaiveRefusal("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        while value.count < Int(offset) + patch.count { value.append(0) }
        for (place, byte) in patch.enumerated() { value[Int(offset) + place] = byte }
        store(key, value, deadline: old?.deadline)
        return .integer(Int64(value.count))
    }

    private mutating func increment(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        var step: Int64 = 1
        if code == .incrby || code == .decrby { step = try NaiveKeyspace.integer(words[1]) }
        if code == .decrby, step == .min { throw NaiveRefusal("ERR decrement would overflow") }
        if code == .decr || code == .decrby { step = -step }
        let old = live(words[0])
        let number = try old.map { (old) throws(NaiveRefusal) in try NaiveKeyspace.integer(old.value) } ?? 0
        let (sum, overflow) = number.addingReportingOverflow(step)
        if overflow { throw .overflow }
        store(words[0], Array(String(sum).utf8), deadline: old?.deadline)
        return .integer(sum)
    }

    // MARK: Keys

    private mutating func remove(_ keys: [[UInt8]]) -> NaiveReply {
        var removed: Int64 = 0
        for key in keys where live(key) != nil {
            records[key] = nil
            removed += 1
        }
        return .integer(removed)
    }

    private mutating func expire(_ code: CommandCode, _ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        let conditions = try NaiveKeyspace.conditions(words[2...])
        var (deadline, overflow) = (try NaiveKeyspace.integer(words[1]), false)
        if code == .expire || code == .expireat {
            (deadline, overflow) = deadline.multipliedReportingOverflow(by: 1000)
            if overflow { throw .expiry(code) }
        }
        if code == .expire || code == .pexpire {
            (deadline, overflow) = deadline.addingReportingOverflow(Int64(now))
            if overflow { throw .expiry(code) }
        }
        guard let old = live(words[0]) else { return .integer(0) }
        // What never ends is later than all that does.
        let current = old.deadline.map { Int64($0) }
        if conditions.contains("nx"), current != nil { return .integer(0) }
        if conditions.contains("xx"), current == nil { return .integer(0) }
        if conditions.contains("gt"), deadline <= current ?? .max { return .integer(0) }
        if conditions.contains("lt"), let current, deadline >= current { return .integer(0) }
        setDeadline(UInt64(max(0, deadline)), of: old, words[0])
        return .integer(1)
    }

    private static func conditions(_ words: ArraySlice<[UInt8]>) throws(NaiveRefusal) -> Set<String> {
        var conditions: Set<String> = []
        for word in words {
            let name = NaiveKeyspace.name(word)
            guard ["nx", "xx", "gt", "lt"].contains(name) else {
                throw NaiveRefusal("ERR Unsupported option ", quoting: word)
            }
            conditions.insert(name)
        }
        if conditions.contains("nx"), conditions.count > 1 {
            throw NaiveRefusal("ERR NX and XX, GT or LT options at the same time are not compatible")
        }
        if conditions.isSuperset(of: ["gt", "lt"]) {
            throw NaiveRefusal("ERR GT and LT options at the same time are not compatible")
        }
        return conditions
    }

    private mutating func persist(_ key: [UInt8]) -> NaiveReply {
        guard let old = live(key), old.deadline != nil else { return .integer(0) }
        setDeadline(nil, of: old, key)
        return .integer(1)
    }

    private mutating func setDeadline(_ deadline: UInt64?, of old: Record, _ key: [UInt8]) {
        guard deadline != old.deadline else { return }
        put(key, Record(value: old.value, deadline: deadline, collection: old.collection))
    }

    private mutating func rename(_ from: [UInt8], _ to: [UInt8], unlessThere: Bool) throws(NaiveRefusal) -> NaiveReply {
        guard let old = live(from) else { throw NaiveRefusal("ERR no such key") }
        if unlessThere, from == to || live(to) != nil { return .integer(0) }
        guard from != to else { return .ok }
        records[from] = nil
        put(to, old)
        return unlessThere ? .integer(1) : .ok
    }

    private mutating func copy(_ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        var replaces = false
        var rest = words[2...]
        while let word = rest.popFirst() {
            switch NaiveKeyspace.name(word) {
            case "replace": replaces = true
            case "db":
                guard let number = rest.popFirst() else { throw .syntax }
                guard try NaiveKeyspace.integer(number) == 0 else { throw NaiveRefusal("ERR DB index is out of range") }
            default: throw .syntax
            }
        }
        if words[0] == words[1] { throw NaiveRefusal("ERR source and destination objects are the same") }
        guard let old = live(words[0]) else { return .integer(0) }
        if !replaces, live(words[1]) != nil { return .integer(0) }
        put(words[1], old)
        return .integer(1)
    }

    private mutating func flush(_ words: [[UInt8]]) throws(NaiveRefusal) -> NaiveReply {
        let names = words.map(NaiveKeyspace.name)
        guard names.isEmpty || names == ["async"] || names == ["sync"] else { throw .syntax }
        records = [:]
        return .ok
    }

    // MARK: Words

    /// An option's name in lower case.
    fileprivate static func name(_ word: [UInt8]) -> String {
        String(decoding: word.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    /// Redis's integers: the text that the number would be written as.
    private static func integer(_ word: [UInt8]) throws(NaiveRefusal) -> Int64 {
        let text = String(decoding: word, as: UTF8.self)
        guard let number = Int64(text), String(number) == text else { throw .notInteger }
        return number
    }

    /// The deadline that `word` means under the option `unit`, which is `ex`, `px`, `exat` or `pxat`.
    private func end(of word: [UInt8], _ unit: String, _ code: CommandCode) throws(NaiveRefusal) -> UInt64 {
        let number = try NaiveKeyspace.integer(word)
        let (time, overflow) = number.multipliedReportingOverflow(by: unit.hasPrefix("ex") ? 1000 : 1)
        guard number > 0, !overflow else { throw .expiry(code) }
        if unit.hasSuffix("at") { return UInt64(time) }
        let (end, isLate) = time.addingReportingOverflow(Int64(now))
        if isLate { throw .expiry(code) }
        return UInt64(end)
    }
}

/// The options of `SET` and `GETEX`.
private struct Options {
    var flags: Set<String> = []
    var time: (unit: String, word: [UInt8])?

    /// At most one kind of time, and none beside `KEEPTTL` and `PERSIST`.
    init(_ words: [[UInt8]], allowed: Set<String>) throws(NaiveRefusal) {
        var rest = words[...]
        while let word = rest.popFirst() {
            let name = NaiveKeyspace.name(word)
            if allowed.contains(name) {
                flags.insert(name)
            } else if ["ex", "px", "exat", "pxat"].contains(name), time == nil || time?.unit == name {
                guard let number = rest.popFirst() else { throw .syntax }
                time = (name, number)
            } else {
                throw .syntax
            }
        }
        if time != nil, !flags.isDisjoint(with: ["keepttl", "persist"]) { throw .syntax }
    }
}
