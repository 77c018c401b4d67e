// Commands on members and their scores: ZADD, ZREM, ZSCORE, ZRANK and their kin.

import ByteCoding
import RESP

extension Keyspace {
    // MARK: Writing

    /// The options, with the first score; refused when any of the scores is none.
    static func checkedScores(
        _ arguments: borrowing Arguments, increments: Bool
    ) throws(CommandError) -> (options: ScoreOptions, score: Double) {
        let options = try ScoreOptions(arguments, increments: increments)
        var cursor = arguments.place(before: options.first)
        let first = try Arguments.score(arguments.next(&cursor))
        for _ in 1..<max(1, options.pairs) {
            _ = arguments.next(&cursor)
            _ = try Arguments.score(arguments.next(&cursor))
        }
        return (options, first)
    }

    /// What became of the members of one ZADD.
    private struct Additions {
        var isNewKey = false
        var added = 0
        var updated = 0
        /// The score of the last member that was not left alone.
        var score: Double?
    }

    mutating func addScores(
        _ arguments: borrowing Arguments, increments: Bool, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let (options, first) = try Keyspace.checkedScores(arguments, increments: increments)
        let key = arguments[0]
        let result = try edit(.sortedSet, key) { editor throws(CommandError) in
            var result = Additions(isNewKey: editor.isEmpty)
            var cursor = arguments.place(before: options.first)
            for pair in 0..<options.pairs {
                let text = arguments.next(&cursor)
                let member = arguments.next(&cursor)
                let given = pair == 0 ? first : try Arguments.score(text)
                try Keyspace.add(given, member, options, &editor, &result)
            }
            return result
        }
        if result.added + result.updated > 0 {
            if result.isNewKey { note(.new, "new", key) }
            note(.sortedSet, options.increments ? "zincr" : "zadd", key)
        }
        if options.increments {
            guard let score = result.score else { return reply.null() }
            return reply.score(score)
        }
        reply.integer(Int64(result.added + (options.countsChanges ? result.updated : 0)))
    }

    private static func add(
        _ given: Double, _ member: RawSpan, _ options: ScoreOptions, _ editor: inout CollectionEditor,
        _ result: inout Additions
    ) throws(CommandError) {
        let old = editor.score(of: member)
        guard let score = try options.score(given, instead: old) else { return }
        result.score = score
        guard score != old else { return }
        editor.setScore(of: member, score, instead: old)
        if old == nil { result.added += 1 } else { result.updated += 1 }
    }

    mutating func removeMembers(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        let (removed, isGone) = try edit(.sortedSet, key) { editor throws(CommandError) in
            var removed = 0
            var cursor = arguments.place(before: 1)
            for _ in 1..<arguments.count where editor.removeMember(arguments.next(&cursor)) { removed += 1 }
            return (removed, editor.isEmpty)
        }
        if removed > 0 { notePop(.sortedSet, "zrem", key, isGone: isGone) }
        reply.integer(Int64(removed))
    }

    mutating func removeRange(
        _ arguments: borrowing Arguments, _ order: SortedBounds.Order, _ event: StaticString,
        _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let bounds = try SortedBounds(order, arguments, from: 1, to: 2)
        let key = arguments[0]
        let (removed, isGone) = try edit(.sortedSet, key) { editor throws(CommandError) in
            let count = editor.count
            let ranks = bounds.ranks(in: editor.view, count)
            editor.remove(ranks: ranks)
            return (ranks.count, ranks.count == count)
        }
        if removed > 0 { notePop(.sortedSet, event, key, isGone: isGone) }
        reply.integer(Int64(removed))
    }

    // MARK: Reading

    func score(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard let score = try collection(.sortedSet, arguments[0])?.score(of: arguments[1]) else {
            return reply.null()
        }
        reply.score(score)
    }

    func scores(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let set = try collection(.sortedSet, arguments[0])
        reply.arrayHeader(arguments.count - 1)
        var cursor = arguments.place(before: 1)
        for _ in 1..<arguments.count {
            if let score = set?.score(of: arguments.next(&cursor)) { reply.score(score) } else { reply.null() }
        }
    }

    func memberRank(
        _ arguments: borrowing Arguments, isReversed: Bool, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        guard let set = try collection(.sortedSet, arguments[0]), let rank = set.rank(of: arguments[1]) else {
            return reply.null()
        }
        reply.integer(Int64(isReversed ? set.count - 1 - rank : rank))
    }

    func countRange(
        _ arguments: borrowing Arguments, _ order: SortedBounds.Order, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let bounds = try SortedBounds(order, arguments, from: 1, to: 2)
        guard let set = try collection(.sortedSet, arguments[0]) else { return reply.integer(0) }
        reply.integer(Int64(bounds.ranks(in: set, set.count).count))
    }

    func scanScores(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let cursor = try ScanOptions.cursor(arguments[1])
        guard let set = try collection(.sortedSet, arguments[0]) else {
            reply.arrayHeader(2)
            reply.bulk(text: "0")
            return reply.arrayHeader(0)
        }
        let options = try ScanOptions(ofFields: arguments)
        // Scores are bulk strings in both versions of the protocol.
        var found = ReplyWriter(version: .two)
        var count = 0
        let next = set.scan(from: cursor, count: options.count) { field, value in
            // A packed entry is score and member, a field of a tree has the score as its value.
            let member = set.root == nil ? ScoredMember.member(of: field) : field
            if let pattern = options.pattern, !GlobPattern.finds(member, arguments[pattern]) { return }
            found.bulk(member)
            found.score(ScoredMember.score(of: set.root == nil ? field : value))
            count += 2
        }
        reply.arrayHeader(2)
        reply.bulk(text: String(next))
        reply.arrayHeader(count)
        reply.bytes.append(bytes: found.bytes.rawBytes)
    }
}

extension ReplyWriter {
    /// A score. Zero has one form.
    mutating func score(_ score: Double) { double(score == 0 ? 0 : score) }
}

extension Arguments {
    /// The place before the argument at `position`.
    func place(before position: Int) -> Place {
        var place = first
        for _ in 0..<position { _ = next(&place) }
        return place
    }
}
