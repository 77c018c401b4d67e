// Commands on parts of a sorted set in its order, from either end: ZRANGE and its kin, ZPOPMIN, ZPOPMAX.

import ByteCoding
import RESP

/// The two ends of a sorted set.
enum ScoreEnd {
    case least
    case greatest

    init(_ word: RawSpan) throws(CommandError) {
        if word.isWord("min") {
            self = .least
        } else if word.isWord("max") {
            self = .greatest
        } else {
            throw .syntax
        }
    }

    /// The name of the event when something is taken from there.
    var popEvent: StaticString { self == .least ? "zpopmin" : "zpopmax" }
}

extension Keyspace {
    func scoredElements(
        _ form: SortedRange.Form, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let range = try SortedRange(form, arguments)
        guard let set = try collection(.sortedSet, arguments[0]) else { return reply.arrayHeader(0) }
        let ranks = range.ranks(in: set)
        reply.scoredHeader(ranks.count, hasScores: range.hasScores)
        set.forEach(ofRanks: ranks, backwards: range.isReversed) { reply.scored($0, hasScores: range.hasScores) }
    }

    mutating func storeRange(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let form = SortedRange.Form(.zrangestore)
        guard let form else { throw .syntax }
        let range = try SortedRange(form, arguments)
        var elements: [UInt8] = []
        var count = 0
        if let set = try collection(.sortedSet, arguments[1]) {
            let ranks = range.ranks(in: set)
            set.forEach(ofRanks: ranks) { elements.append(packed: $0) }
            count = ranks.count
        }
        try replace(arguments[0], withElements: elements, "zrangestore")
        reply.integer(Int64(count))
    }

    /// Puts a sorted set in the place of whatever is at a key: elements as in the packed form, ascending, of which no
    /// two have the same member. Without any the key is removed.
    mutating func replace(
        _ key: RawSpan, withElements elements: [UInt8], _ event: StaticString
    ) throws(CommandError) {
        let place = records.place(of: key)
        let wasThere = liveForWrite(key, at: place) != nil
        if wasThere { _ = records.remove(key, at: place) }
        guard !elements.isEmpty else {
            if wasThere { note(.generic, "del", key) }
            return
        }
        try edit(.sortedSet, key) { editor throws(CommandError) in
            var offset = 0
            while let element = Packed.next(in: elements.rawBytes, &offset) {
                editor.append(element: elements.rawBytes.extracting(element))
            }
        }
        if !wasThere { note(.new, "new", key) }
        note(.sortedSet, event, key)
    }

    // MARK: Taking out

    static func scoredPopCount(_ arguments: borrowing Arguments) throws(CommandError) -> Int? {
        guard arguments.count <= 2 else { throw .syntax }
        return arguments.count == 2 ? try arguments.count(1) : nil
    }

    mutating func popScored(
        _ arguments: borrowing Arguments, _ end: ScoreEnd, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let count = try Keyspace.scoredPopCount(arguments)
        // Pairs of their own only where there may be several of them.
        let hasPairs = reply.version == .three && count != nil
        let wasThere = try popScored(from: arguments[0], end, atMost: count ?? 1) { number, element in
            guard let element else { return reply.arrayHeader(hasPairs ? number : number * 2) }
            if hasPairs { reply.arrayHeader(2) }
            reply.bulk(ScoredMember.member(of: element))
            reply.score(ScoredMember.score(of: element))
        }
        if !wasThere { reply.arrayHeader(0) }
    }

    static func scoredPopOptions(
        _ arguments: borrowing Arguments, numbersAt start: Int = 0
    ) throws(CommandError) -> (options: MultiPopOptions, end: ScoreEnd) {
        var options = try MultiPopOptions(arguments, numbersAt: start)
        let end = try ScoreEnd(arguments[options.end])
        try options.takeCount(arguments)
        return (options, end)
    }

    /// Takes members of the first sorted set that has some; the position of its key is returned. Nil when none has, and
    /// then nothing is replied.
    mutating func popScoredFromFirst(
        _ arguments: borrowing Arguments, numbersAt start: Int = 0, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Int? {
        let (options, end) = try Keyspace.scoredPopOptions(arguments, numbersAt: start)
        for position in options.keys where considers(arguments[position]) {
            let key = arguments[position]
            let wasThere = try popScored(from: key, end, atMost: options.count) { number, element in
                reply.arrayHeader(2)
                guard let element else {
                    reply.bulk(key)
                    return reply.arrayHeader(number)
                }
                reply.bulk(ScoredMember.member(of: element))
                reply.score(ScoredMember.score(of: element))
            }
            if wasThere { return position }
        }
        return nil
    }

    /// Takes at most so many elements from an end of the sorted set at a key. `body` is told how many, without an
    /// element, and then sees each (a `ScoredMember`), the outermost first. False when there is no sorted set.
    mutating func popScored(
        from key: RawSpan, _ end: ScoreEnd, atMost limit: Int, _ body: (Int, RawSpan?) -> Void
    ) throws(CommandError) -> Bool {
        let done = try edit(.sortedSet, key) { editor throws(CommandError) -> (taken: Int, left: Int)? in
            let count = editor.count
            guard count > 0 else { return nil }
            let taken = min(limit, count)
            body(taken, nil)
            let ranks = end == .least ? 0..<taken : count - taken..<count
            editor.view.forEach(ofRanks: ranks, backwards: end == .greatest) { body(taken, $0) }
            editor.remove(ranks: ranks)
            return (taken, count - taken)
        }
        guard let done else { return false }
        if done.taken > 0 { notePop(.sortedSet, end.popEvent, key, isGone: done.left == 0) }
        return true
    }
}

extension ReplyWriter {
    /// The header over elements, with their scores or without: version 3 makes a pair of each, version 2 one flat
    /// array.
    mutating func scoredHeader(_ count: Int, hasScores: Bool) {
        arrayHeader(hasScores && version == .two ? count * 2 : count)
    }

    /// A `ScoredMember`, with its score or without.
    mutating func scored(_ element: RawSpan, hasScores: Bool) {
        if hasScores, version == .three { arrayHeader(2) }
        bulk(ScoredMember.member(of: element))
        if hasScores { score(ScoredMember.score(of: element)) }
    }
}
