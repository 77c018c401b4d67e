// Commands that write hashes.

import ByteCoding
import RESP

extension Keyspace {
    /// HSET and HMSET, which differ in what they answer.
    mutating func hset(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        guard arguments.count % 2 == 1 else { throw .arity }
        var place = arguments.first
        let key = arguments.next(&place)
        let (isNew, created) = try edit(.hash, key) { editor in
            let isNew = editor.isEmpty
            var created: Int64 = 0
            for _ in 0..<arguments.count / 2 {
                let field = arguments.next(&place)
                let value = arguments.next(&place)
                created += editor.set(field, value) ? 1 : 0
            }
            return (isNew, created)
        }
        if isNew { note(.new, "new", key) }
        note(.hash, "hset", key)
        code == .hset ? reply.integer(created) : reply.ok()
    }

    mutating func hsetnx(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (key, field) = (arguments[0], arguments[1])
        let (isNew, isSet) = try edit(.hash, key) { editor in
            let isNew = editor.isEmpty
            guard !editor.view.contains(field) else { return (false, false) }
            return (isNew, editor.set(field, arguments[2]))
        }
        if isNew { note(.new, "new", key) }
        if isSet { note(.hash, "hset", key) }
        reply.integer(isSet ? 1 : 0)
    }

    mutating func hdel(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        reply.integer(try removeFields(.hash, arguments, "hdel"))
    }

    /// Removes the fields behind a key, and tells of it. Returns how many there were.
    mutating func removeFields(
        _ kind: ValueKind, _ arguments: borrowing Arguments, _ event: StaticString
    ) throws(CommandError) -> Int64 {
        var place = arguments.first
        let key = arguments.next(&place)
        let (removed, isOver) = try edit(kind, key) { editor in
            var removed: Int64 = 0
            for _ in 1..<arguments.count { removed += editor.remove(arguments.next(&place)) ? 1 : 0 }
            return (removed, editor.isEmpty)
        }
        guard removed > 0 else { return 0 }
        note(kind == .hash ? .hash : .set, event, key)
        if isOver { note(.generic, "del", key) }
        return removed
    }

    // MARK: Numbers

    mutating func hincrby(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (key, field) = (arguments[0], arguments[1])
        let step = try arguments.integer(2)
        let (isNew, sum) = try edit(.hash, key) { editor throws(CommandError) in
            let isNew = editor.isEmpty
            let old = editor.view.find(field) { DecimalText.integer(in: $0) }
            // The outer optional says whether there is a field, the inner one whether it is a number.
            guard let old = old ?? 0 else { throw .fieldNotInteger }
            let (sum, overflow) = old.addingReportingOverflow(step)
            guard !overflow else { throw .incrementOverflow }
            var text: [UInt8] = []
            text.append(decimal: sum)
            _ = editor.set(field, text.rawBytes)
            return (isNew, sum)
        }
        if isNew { note(.new, "new", key) }
        note(.hash, "hincrby", key)
        reply.integer(sum)
    }

    mutating func hincrbyfloat(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (key, field) = (arguments[0], arguments[1])
        let step = try Keyspace.finite(arguments[2])
        let (isNew, text) = try edit(.hash, key) { editor throws(CommandError) in
            let isNew = editor.isEmpty
            let old = editor.view.find(field) { DecimalNumber($0) }
            guard let old = old ?? .zero else { throw .fieldNotFloat }
            guard let sum = old.adding(step) else { throw .incrementNotFinite }
            let text = sum.text
            _ = editor.set(field, text.rawBytes)
            return (isNew, text)
        }
        if isNew { note(.new, "new", key) }
        note(.hash, "hincrbyfloat", key)
        reply.bulk(text.rawBytes)
    }

    static func finite(_ text: RawSpan) throws(CommandError) -> DecimalNumber {
        guard let number = DecimalNumber(text) else { throw .notFloat }
        guard !number.isInfinite else { throw .notFinite }
        return number
    }
}
