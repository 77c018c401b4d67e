// Commands that write one set, or move a member to another.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    mutating func sadd(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        var place = arguments.first
        let key = arguments.next(&place)
        let (isNew, added) = try edit(.set, key) { editor in
            let isNew = editor.isEmpty
            var added: Int64 = 0
            for _ in 1..<arguments.count {
                let member = arguments.next(&place)
                added += editor.set(member, member.extracting(first: 0)) ? 1 : 0
            }
            return (isNew, added)
        }
        if isNew { note(.new, "new", key) }
        if added > 0 { note(.set, "sadd", key) }
        reply.integer(added)
    }

    mutating func smove(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (source, target, member) = (arguments[0], arguments[1], arguments[2])
        guard let view = try collection(.set, source) else { return reply.integer(0) }
        // Refused before anything changes.
        _ = try collection(.set, target)
        guard view.contains(member) else { return reply.integer(0) }
        reply.integer(1)
        guard !source.hasSameBytes(as: target) else { return }
        let isOver = try edit(.set, source) { editor in
            _ = editor.remove(member)
            return editor.isEmpty
        }
        note(.set, "srem", source)
        if isOver { note(.generic, "del", source) }
        let (isNew, isAdded) = try edit(.set, target) { editor in
            (editor.isEmpty, editor.set(member, member.extracting(first: 0)))
        }
        if isNew { note(.new, "new", target) }
        if isAdded { note(.set, "sadd", target) }
    }

    // MARK: SPOP

    /// `SPOP key [count]`. Which members go depends on the set, the key and the entry's index and time alone.
    mutating func spop(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let wanted = try Keyspace.setPopCount(arguments)
        let key = arguments[0]
        let place = records.place(of: key)
        guard let record = liveForWrite(key, at: place) else {
            return wanted == nil ? reply.null() : reply.setHeader(0)
        }
        guard record.kind == .set else { throw .wrongType }
        let view = CollectionView(record, hashKey: records.hashKey)
        let count = view.count
        if let wanted { reply.setHeader(min(wanted, count)) }
        guard wanted != 0 else { return }
        let popped = min(wanted ?? 1, count)
        note(.set, "spop", key)
        var random = SplitMix64(version, lastAppliedTime.rawValue, place.hash ^ UInt64(count))
        if popped == count {
            view.forEachField { member, _ in reply.bulk(member) }
            _ = records.remove(key, at: place)
            note(.generic, "del", key)
            changes.replace(by: .del, [[UInt8](key)])
        } else if popped > count - count / 5 {
            let deadline = record.deadline
            var removal = [[UInt8](key)]
            put(kept(of: view, popping: popped, &random, &reply, &removal), at: key, place, deadline: deadline)
            changes.replace(by: .srem, removal)
        } else {
            try pop(popped, key, &random, &reply)
        }
    }

    /// Takes members out one by one.
    private mutating func pop(
        _ popped: Int, _ key: RawSpan, _ random: inout SplitMix64, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        var removal = [[UInt8](key)]
        try edit(.set, key) { editor in
            for _ in 0..<popped {
                // Copied, since what is taken out must not lie where it is taken out of.
                let rank = random.below(editor.count)
                let member = editor.view.withField(ofRank: rank) { member, _ in [UInt8](member) }
                reply.bulk(member.rawBytes)
                _ = editor.remove(member.rawBytes)
                removal.append(member)
            }
        }
        changes.replace(by: .srem, removal)
    }

    /// The members that stay when most go, as a set of their own; those that go are written to the reply and to the
    /// arguments of their removal.
    private func kept(
        of view: CollectionView, popping popped: Int, _ random: inout SplitMix64, _ reply: inout ReplyWriter,
        _ removal: inout [[UInt8]]
    ) -> CollectionEditor {
        var kept = collectionBeside(.set)
        view.forEachField(choosing: popped, &random) { member, value, isChosen in
            if isChosen {
                reply.bulk(member)
                removal.append([UInt8](member))
            } else {
                _ = kept.set(member, value)
            }
        }
        return kept
    }

    /// Nil for one member that is no array.
    static func setPopCount(_ arguments: borrowing Arguments) throws(CommandError) -> Int? {
        guard arguments.count < 3 else { throw .syntax }
        guard arguments.count == 2 else { return nil }
        guard let number = DecimalText.integer(in: arguments[1]), number >= 0 else { throw .notPositive }
        return Int(number)
    }
}
