// Commands that look for keys: SCAN, KEYS, RANDOMKEY.

import ByteCoding
import RESP

/// What `SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]` asks for.
struct ScanOptions {
    private(set) var cursor = WalkCursor(rawValue: 0)
    private(set) var count = 10
    /// Positions of the pattern and the type among the arguments.
    private(set) var pattern: Int?
    private(set) var type: Int?

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        guard let number = ScanOptions.number(arguments[0]) else { throw .invalidCursor }
        cursor = WalkCursor(rawValue: number)
        var position = 1
        while position < arguments.count {
            guard position + 1 < arguments.count else { throw .syntax }
            let word = arguments[position]
            if word.isWord("count") {
                let number = try arguments.integer(position + 1)
                guard number > 0 else { throw .syntax }
                count = Int(number)
            } else if word.isWord("match") {
                pattern = position + 1
            } else if word.isWord("type") {
                type = position + 1
            } else {
                throw .syntax
            }
            position += 2
        }
    }

    /// Decimal digits, within 64 bits.
    private static func number(_ text: RawSpan) -> UInt64? {
        guard text.byteCount > 0, text.byteCount <= 20 else { return nil }
        var value: UInt64 = 0
        for position in 0..<text.byteCount {
            let digit = text.byte(at: position) &- 48
            guard digit < 10 else { return nil }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = product.addingReportingOverflow(UInt64(digit))
            guard !isOver, !isBeyond else { return nil }
            value = sum
        }
        return value
    }
}

extension Keyspace {
    /// Answers a cursor and keys. The guarantees are Redis's: a key that is there from the first call to the last is
    /// given at least once. The cursor is good on every node, and for ever.
    func scan(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let options = try ScanOptions(arguments)
        var found = KeyList()
        let next = records.walk(from: options.cursor, count: options.count) { record in
            guard !record.isOver(at: now) else { return }
            if let type = options.type, !arguments[type].isWord(record.kind.name) { return }
            if let pattern = options.pattern {
                found.take(record, matching: arguments[pattern])
            } else {
                found.take(record)
            }
        }
        reply.arrayHeader(2)
        reply.bulk(text: String(next?.rawValue ?? 0))
        found.write(&reply)
    }

    func keys(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        var found = KeyList()
        let pattern = arguments[0]
        records.forEachRecord { if !$0.isOver(at: now) { found.take($0, matching: pattern) } }
        found.write(&reply)
    }

    /// One of the keys, each as likely as the others.
    func randomkey(seed: UInt64, _ reply: inout ReplyWriter) {
        var state = seed
        // Among keys of which most are over and not removed yet, a hundred throws may all miss: then take the next.
        for _ in 0..<100 where count > 0 {
            guard let record = records.record(ofRank: Int(Keyspace.mixed(&state) % UInt64(count))) else { break }
            if !record.isOver(at: now) { return record.withKey { reply.bulk($0) } }
        }
        var first: Record?
        records.forEachRecord { if first == nil, !$0.isOver(at: now) { first = $0 } }
        guard let first else { return reply.null() }
        first.withKey { reply.bulk($0) }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private static func mixed(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Keys on their way into a reply that begins with their number.
private struct KeyList {
    private var writer = ReplyWriter(version: .two)
    private var count = 0

    mutating func take(_ record: Record) {
        record.withKey { writer.bulk($0) }
        count += 1
    }

    mutating func take(_ record: Record, matching pattern: RawSpan) {
        let isMatch = GlobPattern.matchesAll(pattern) || record.withKey { GlobPattern.matches($0, pattern) }
        if isMatch { take(record) }
    }

    func write(_ reply: inout ReplyWriter) {
        reply.arrayHeader(count)
        reply.bytes.append(bytes: writer.bytes.rawBytes)
    }
}
