// Commands that look for keys: SCAN, KEYS, RANDOMKEY, and the keys of a slot.

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
        cursor = WalkCursor(rawValue: try ScanOptions.cursor(arguments[0]))
        try take(arguments, from: 1, takesType: true)
    }

    /// Of a command on one key, whose cursor stands behind it: there is no type to look for.
    init(ofFields arguments: borrowing Arguments) throws(CommandError) {
        try take(arguments, from: 2, takesType: false)
    }

    private mutating func take(
        _ arguments: borrowing Arguments, from start: Int, takesType: Bool
    ) throws(CommandError) {
        var position = start
        while position < arguments.count {
            guard position + 1 < arguments.count else { throw .syntax }
            let word = arguments[position]
            if word.isWord("count") {
                let number = try arguments.integer(position + 1)
                guard number > 0 else { throw .syntax }
                count = Int(number)
            } else if word.isWord("match") {
                pattern = position + 1
            } else if takesType, word.isWord("type") {
                type = position + 1
            } else {
                throw .syntax
            }
            position += 2
        }
    }

    static func cursor(_ text: RawSpan) throws(CommandError) -> UInt64 {
        guard let number = number(text) else { throw .invalidCursor }
        return number
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
        var found = ItemList()
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
        found.writeArray(&reply)
    }

    /// The same for the fields of a hash or the members of a set or sorted set, each followed by what `value` makes of
    /// its value. A packed collection is given whole.
    func scanCollection(
        _ kind: ValueKind, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter,
        value: (RawSpan, inout ItemList) -> Void
    ) throws(CommandError) {
        let cursor = try ScanOptions.cursor(arguments[1])
        guard let view = try collection(kind, arguments[0]) else {
            reply.arrayHeader(2)
            reply.bulk(text: "0")
            return reply.arrayHeader(0)
        }
        // Redis looks at the options only when there is something to scan.
        let options = try ScanOptions(ofFields: arguments)
        var found = ItemList()
        let next = view.scan(from: cursor, count: options.count) { field, content in
            if let pattern = options.pattern, !GlobPattern.finds(field, arguments[pattern]) { return }
            found.append(field)
            value(content, &found)
        }
        reply.arrayHeader(2)
        reply.bulk(text: String(next))
        found.writeArray(&reply)
    }

    func keys(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        var found = ItemList()
        let pattern = arguments[0]
        records.forEachRecord { if !$0.isOver(at: now) { found.take($0, matching: pattern) } }
        found.writeArray(&reply)
    }

    /// The records of a slot, those included whose time is over and that no `tick` has removed yet.
    func countKeysInSlot(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(Int64(count(inSlot: try slot(arguments[0]))))
    }

    /// At most so many keys of a slot, in the order in which a scan meets them.
    func keysInSlot(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (slot, limit) = (try slot(arguments[0]), try arguments.integer(1))
        guard limit >= 0 else { throw .outOfRange }
        var found = ItemList()
        if let node = records.node(ofSlot: slot) {
            RecordTree.forEachRecord(below: node, hashKey: records.hashKey) { record in
                guard found.count < limit, !record.isOver(at: now) else { return }
                found.take(record)
            }
        }
        found.writeArray(&reply)
    }

    private func slot(_ text: RawSpan) throws(CommandError) -> Int {
        guard let number = DecimalText.integer(in: text) else { throw .notInteger }
        guard 0..<Int64(HashSlot.count) ~= number else { throw .outOfRange }
        return Int(number)
    }

    /// One of the keys, each as likely as the others.
    func randomkey(_ moment: ReadMoment, _ reply: inout ReplyWriter) {
        var random = moment.random(over: count)
        // Among keys of which most are over and not removed yet, a hundred throws may all miss: then take the next.
        for _ in 0..<100 where count > 0 {
            guard let record = records.record(ofRank: random.below(count)) else { break }
            if !record.isOver(at: now) { return record.withKey { reply.bulk($0) } }
        }
        var first: Record?
        records.forEachRecord { if first == nil, !$0.isOver(at: now) { first = $0 } }
        guard let first else { return reply.null() }
        first.withKey { reply.bulk($0) }
    }
}

extension ItemList {
    fileprivate mutating func take(_ record: Record) { record.withKey { append($0) } }

    fileprivate mutating func take(_ record: Record, matching pattern: RawSpan) {
        if record.withKey({ GlobPattern.finds($0, pattern) }) { take(record) }
    }

    fileprivate func writeArray(_ reply: inout ReplyWriter) {
        reply.arrayHeader(count)
        write(&reply)
    }
}
