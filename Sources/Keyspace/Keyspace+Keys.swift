// Commands that write keys whatever they hold: removing, renaming, copying, times to live.

import ByteCoding
import RESP

extension Keyspace {
    /// Records that one `tick` removes at most.
    static let tickLimit = 256

    mutating func tick(_ reply: inout ReplyWriter) {
        var expired = KeyEventList()
        let isWanted = events.wanted.contains(.expired)
        let removed = records.removeOver(at: now, limit: Keyspace.tickLimit) { record in
            if isWanted { record.withKey { expired.append(.expired, "expired", $0) } }
        }
        if isWanted { events.take(&expired) }
        expiredTotal += UInt64(removed)
        reply.integer(Int64(removed))
    }

    mutating func remove(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        var removed: Int64 = 0
        var cursor = arguments.first
        for _ in 0..<arguments.count {
            let key = arguments.next(&cursor)
            let place = records.place(of: key)
            guard liveForWrite(key, at: place) != nil, records.remove(key, at: place) else { continue }
            removed += 1
            note(.generic, "del", key)
        }
        reply.integer(removed)
    }

    mutating func flush(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        try Keyspace.checkFlush(arguments)
        records.removeAll()
        reply.ok()
    }

    static func checkFlush(_ arguments: borrowing Arguments) throws(CommandError) {
        guard arguments.count > 0 else { return }
        guard arguments.count == 1, arguments[0].isWord("async") || arguments[0].isWord("sync") else { throw .syntax }
    }

    // MARK: Renaming and copying

    mutating func rename(
        _ arguments: borrowing Arguments, isConditional: Bool, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let (source, target) = (arguments[0], arguments[1])
        let (from, to) = (records.place(of: source), records.place(of: target))
        guard liveForWrite(source, at: from) != nil else { throw .noSuchKey }
        let isSame = source.hasSameBytes(as: target)
        if isConditional, isSame || liveForWrite(target, at: to) != nil { return reply.integer(0) }
        if !isSame {
            duplicate(source, from, target, to)
            _ = records.remove(source, at: from)
            note(.generic, "rename_from", source)
            note(.generic, "rename_to", target)
        }
        isConditional ? reply.integer(1) : reply.ok()
    }

    mutating func copy(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let options = try CopyOptions(arguments)
        let (source, target) = (arguments[0], arguments[1])
        let (from, to) = (records.place(of: source), records.place(of: target))
        guard liveForWrite(source, at: from) != nil else { return reply.integer(0) }
        guard options.replaces || liveForWrite(target, at: to) == nil else { return reply.integer(0) }
        duplicate(source, from, target, to)
        note(.generic, "copy_to", target)
        reply.integer(1)
    }

    /// Writes the record of `source`, which there is, at `target` too. A long value is shared. The target counts as
    /// new whatever was there, as in Redis.
    private mutating func duplicate(_ source: RawSpan, _ from: KeyPlace, _ target: RawSpan, _ to: KeyPlace) {
        guard let record = live(source, at: from) else { preconditionFailure("a record that was just found") }
        note(.new, "new", target)
        store(valueOf: record, at: target, to, deadline: record.deadline)
    }

    // MARK: Times to live

    mutating func expire(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let options = try ExpireOptions(code, arguments)
        let deadline = try options.deadline(now: now)
        let key = arguments[0]
        let place = records.place(of: key)
        guard let record = liveForWrite(key, at: place), options.allow(deadline, after: record.deadline) else {
            return reply.integer(0)
        }
        setDeadline(UInt64(max(0, deadline)), of: record, key, at: place)
        reply.integer(1)
    }

    mutating func persist(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        let key = arguments[0]
        let place = records.place(of: key)
        guard let record = liveForWrite(key, at: place), record.isTimed else { return reply.integer(0) }
        setDeadline(TreeNode.never, of: record, key, at: place)
        reply.integer(1)
    }

    /// Gives the record of a key another deadline, or none; one that is over removes it.
    mutating func setDeadline(_ deadline: UInt64, of record: Record, _ key: RawSpan, at place: KeyPlace) {
        guard deadline > now else {
            _ = records.remove(key, at: place)
            return note(.generic, "del", key)
        }
        note(.generic, deadline == TreeNode.never ? "persist" : "expire", key)
        guard deadline != record.deadline else { return }
        store(valueOf: record, at: key, place, deadline: deadline)
    }
}
