// Commands that write strings.

import ByteCoding
import RESP

extension Keyspace {
    /// Redis's limit on a string: 512 MiB.
    static let stringLengthMax = Rope.countMax

    mutating func set(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let place = records.place(of: key)
        if arguments.count == 2 {
            noteCreation(key, at: place)
            store(key, at: place, arguments[1], deadline: TreeNode.never)
            note(.string, "set", key)
            return reply.ok()
        }
        let options = try SetOptions(arguments)
        let given = try options.deadline(in: arguments, now: now)
        let old = options.returnsOld ? try liveStringForWrite(key, at: place) : liveForWrite(key, at: place)
        if options.returnsOld { Keyspace.writeValue(of: old, &reply) }
        if old == nil ? options.onlyIfPresent : options.onlyIfAbsent {
            if !options.returnsOld { reply.null() }
            return
        }
        let kept = options.keepsDeadline ? old?.deadline : nil
        if old == nil { note(.new, "new", key) }
        store(key, at: place, arguments[1], deadline: given ?? kept ?? TreeNode.never)
        note(.string, "set", key)
        if let given { noteDeadline(given, key) }
        if !options.returnsOld { reply.ok() }
    }

    mutating func setnx(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        let key = arguments[0]
        let place = records.place(of: key)
        guard liveForWrite(key, at: place) == nil else { return reply.integer(0) }
        note(.new, "new", key)
        store(key, at: place, arguments[1], deadline: TreeNode.never)
        note(.string, "set", key)
        reply.integer(1)
    }

    mutating func setex(
        _ arguments: borrowing Arguments, _ unit: ExpiryUnit, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let key = arguments[0]
        let deadline = try ExpiryForm(unit: unit, isAbsolute: false).deadline(arguments[1], now: now)
        let place = records.place(of: key)
        noteCreation(key, at: place)
        store(key, at: place, arguments[2], deadline: deadline)
        note(.string, "set", key)
        noteDeadline(deadline, key)
        reply.ok()
    }

    mutating func getset(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let place = records.place(of: key)
        let old = try liveStringForWrite(key, at: place)
        Keyspace.writeValue(of: old, &reply)
        if old == nil { note(.new, "new", key) }
        store(key, at: place, arguments[1], deadline: TreeNode.never)
        note(.string, "set", key)
    }

    mutating func getdel(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let place = records.place(of: key)
        Keyspace.writeValue(of: try liveStringForWrite(key, at: place), &reply)
        if records.remove(key, at: place) { note(.generic, "del", key) }
    }

    mutating func getex(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let place = records.place(of: key)
        let options = try SetOptions(getex: arguments)
        guard let old = try liveStringForWrite(key, at: place) else { return reply.null() }
        let deadline = try options.deadline(in: arguments, now: now)
        Keyspace.writeValue(of: old, &reply)
        if let deadline {
            setDeadline(deadline, of: old, key, at: place)
        } else if options.endsDeadline, old.isTimed {
            setDeadline(TreeNode.never, of: old, key, at: place)
        }
    }

    // MARK: Several keys

    mutating func mset(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard arguments.count % 2 == 0 else { throw .arity }
        var cursor = arguments.first
        for _ in 0..<arguments.count / 2 {
            let key = arguments.next(&cursor)
            let value = arguments.next(&cursor)
            let place = records.place(of: key)
            noteCreation(key, at: place)
            store(key, at: place, value, deadline: TreeNode.never)
            note(.string, "set", key)
        }
        reply.ok()
    }

    mutating func msetnx(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard arguments.count % 2 == 0 else { throw .arity }
        var cursor = arguments.first
        for _ in 0..<arguments.count / 2 {
            let key = arguments.next(&cursor)
            _ = arguments.next(&cursor)
            guard liveForWrite(key, at: records.place(of: key)) == nil else { return reply.integer(0) }
        }
        var ignored = ReplyWriter(version: .two)
        try mset(arguments, &ignored)
        reply.integer(1)
    }

    // MARK: Parts

    mutating func append(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let addition = arguments[1]
        let place = records.place(of: key)
        guard let old = try liveStringForWrite(key, at: place) else {
            note(.new, "new", key)
            store(key, at: place, addition, deadline: TreeNode.never)
            note(.string, "append", key)
            return reply.integer(Int64(addition.byteCount))
        }
        let length = old.valueLength + addition.byteCount
        guard length <= Keyspace.stringLengthMax else { throw .stringTooLong }
        reply.integer(Int64(length))
        note(.string, "append", key)
        guard addition.byteCount > 0 else { return }
        if old.hasLargeValue {
            records.editRope(key, at: place, version: version) { $0.append(addition) }
        } else {
            store(key, at: place, deadline: old.deadline) { bytes in
                old.forEachPiece(of: 0..<old.valueLength) { bytes.append(bytes: $0) }
                bytes.append(bytes: addition)
            }
        }
    }

    mutating func setrange(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        try Keyspace.checkSetrange(arguments)
        let key = arguments[0]
        let patch = arguments[2]
        let place = records.place(of: key)
        let old = try liveStringForWrite(key, at: place)
        let oldLength = old?.valueLength ?? 0
        guard patch.byteCount > 0 else { return reply.integer(Int64(oldLength)) }
        let offset = Int(try arguments.integer(1))
        guard offset <= Keyspace.stringLengthMax - patch.byteCount else { throw .stringTooLong }
        let length = max(oldLength, offset + patch.byteCount)
        reply.integer(Int64(length))
        if old == nil { note(.new, "new", key) }
        note(.string, "setrange", key)
        overwrite(key, at: place, old, from: offset, with: patch)
    }

    /// Writes bytes over those of the string at a key, behind zeros where it is shorter. `old` is what there is now.
    mutating func overwrite(
        _ key: RawSpan, at place: KeyPlace, _ old: Record?, from offset: Int, with patch: RawSpan
    ) {
        let oldLength = old?.valueLength ?? 0
        let length = max(oldLength, offset + patch.byteCount)
        if let old, old.hasLargeValue {
            records.editRope(key, at: place, version: version) { $0.patch(at: offset, patch) }
        } else if length > Record.valueInlineMax {
            var rope = Rope(key.extracting(first: 0))
            old?.forEachPiece(of: 0..<oldLength) { rope.append($0) }
            rope.patch(at: offset, patch)
            store(key, at: place, rope, deadline: old?.deadline ?? TreeNode.never)
        } else {
            store(key, at: place, deadline: old?.deadline ?? TreeNode.never) { bytes in
                old?.forEachPiece(of: 0..<oldLength) { bytes.append(bytes: $0) }
                bytes.append(contentsOf: repeatElement(0, count: length - oldLength))
                for position in 0..<patch.byteCount { bytes[offset + position] = patch.byte(at: position) }
            }
        }
    }

    static func checkSetrange(_ arguments: borrowing Arguments) throws(CommandError) {
        guard try arguments.integer(1) >= 0 else { throw .offsetOutOfRange }
    }
}

extension Rope {
    private static let zeros = [UInt8](repeating: 0, count: segmentSize)

    /// Overwrites from `offset` on, with zeros up to there when the rope is shorter, and longer than it was if need be.
    fileprivate mutating func patch(at offset: Int, _ bytes: RawSpan) {
        while count < offset {
            append(Rope.zeros.rawBytes.extracting(first: min(offset - count, Rope.segmentSize)))
        }
        let inside = min(count - offset, bytes.byteCount)
        overwrite(at: offset, bytes.extracting(first: inside))
        append(bytes.extracting(inside..<bytes.byteCount))
    }
}
