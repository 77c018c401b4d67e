// Commands on elements in the middle of a list: by their place, by themselves.

import ByteCoding
import RESP

extension Keyspace {
    // MARK: Reading

    func index(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard let list = try collection(.list, arguments[0]) else { return reply.null() }
        guard let rank = Keyspace.rank(try arguments.integer(1), of: list.count) else { return reply.null() }
        list.withElement(at: rank) { reply.bulk($0) }
    }

    /// Redis's index: counted from the end when negative. Nil when there is no such element.
    private static func rank(_ index: Int64, of count: Int) -> Int? {
        let rank = index < 0 ? index + Int64(count) : index
        return rank >= 0 && rank < count ? Int(rank) : nil
    }

    func elements(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (start, end) = (try arguments.integer(1), try arguments.integer(2))
        guard let list = try collection(.list, arguments[0]),
            let ranks = Keyspace.ranks(from: start, through: end, of: list.count)
        else { return reply.arrayHeader(0) }
        reply.arrayHeader(ranks.count)
        list.forEach(ofRanks: ranks) { reply.bulk($0) }
    }

    /// Redis's ranges of elements: both ends inside, negative ones counted from the end, cut to what there is. Nil when
    /// empty.
    static func ranks(from start: Int64, through end: Int64, of count: Int) -> Range<Int>? {
        let length = Int64(count)
        let first = max(0, start < 0 ? start + length : start)
        let last = min(end < 0 ? end + length : end, length - 1)
        return first <= last ? Int(first)..<Int(last) + 1 : nil
    }

    func positions(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let options = try PositionOptions(arguments)
        let wanted = arguments[1]
        var found: [Int] = []
        if let list = try collection(.list, arguments[0]) {
            let count = list.count
            var (looked, matches) = (0, 0)
            list.walk(from: options.isBackwards ? count - 1 : 0, backwards: options.isBackwards) { element in
                if element.hasSameBytes(as: wanted) {
                    matches += 1
                    if matches >= options.rank { found.append(options.isBackwards ? count - 1 - looked : looked) }
                }
                looked += 1
                return found.count < options.count ?? 1 && looked < options.lengthMax
            }
        }
        guard options.count != nil else {
            return found.first.map { reply.integer(Int64($0)) } ?? reply.null()
        }
        reply.arrayHeader(found.count)
        for rank in found { reply.integer(Int64(rank)) }
    }

    // MARK: Writing

    mutating func setElement(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let key = arguments[0]
        try edit(.list, key) { editor throws(CommandError) in
            guard !editor.isEmpty else { throw .noSuchKey }
            guard let rank = Keyspace.rank(try arguments.integer(1), of: editor.count) else {
                throw .indexOutOfRange
            }
            editor.replace(at: rank, with: arguments[2])
        }
        note(.list, "lset", key)
        reply.ok()
    }

    static func isBefore(_ arguments: borrowing Arguments) throws(CommandError) -> Bool {
        let isBefore = arguments[1].isWord("before")
        guard isBefore || arguments[1].isWord("after") else { throw .syntax }
        return isBefore
    }

    mutating func insertElement(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let isBefore = try Keyspace.isBefore(arguments)
        let (key, pivot) = (arguments[0], arguments[2])
        let count = try edit(.list, key) { editor throws(CommandError) -> Int in
            guard !editor.isEmpty else { return 0 }
            guard let rank = editor.view.firstRank(of: pivot) else { return -1 }
            editor.insert(arguments[3], at: isBefore ? rank : rank + 1)
            return editor.count
        }
        if count > 0 { note(.list, "linsert", key) }
        reply.integer(Int64(count))
    }

    mutating func removeElements(
        _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let number = try arguments.integer(1)
        let limit = number == 0 ? Int.max : Int(clamping: number.magnitude)
        let (key, unwanted) = (arguments[0], arguments[2])
        let (removed, left) = try edit(.list, key) { editor throws(CommandError) in
            let ranks = editor.view.ranks(of: unwanted, atMost: limit, backwards: number < 0)
            editor.remove(scattered: ranks)
            return (ranks.count, editor.count)
        }
        if removed > 0 { notePop(.list, "lrem", key, isGone: left == 0) }
        reply.integer(Int64(removed))
    }

    mutating func trim(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        let (start, end) = (try arguments.integer(1), try arguments.integer(2))
        let key = arguments[0]
        let left = try edit(.list, key) { editor throws(CommandError) -> Int? in
            let count = editor.count
            guard count > 0 else { return nil }
            let kept = Keyspace.ranks(from: start, through: end, of: count) ?? 0..<0
            editor.keep(kept)
            return kept.count
        }
        if let left { notePop(.list, "ltrim", key, isGone: left == 0) }
        reply.ok()
    }
}

extension CollectionView {
    /// Where the first element of these bytes stands.
    fileprivate func firstRank(of element: RawSpan) -> Int? {
        var (rank, isFound) = (0, false)
        walk(from: 0) {
            isFound = $0.hasSameBytes(as: element)
            if !isFound { rank += 1 }
            return !isFound
        }
        return isFound ? rank : nil
    }

    /// Where elements of these bytes stand, ascending: at most so many of the first or the last of them.
    fileprivate func ranks(of element: RawSpan, atMost limit: Int, backwards: Bool) -> [Int] {
        var ranks: [Int] = []
        guard count > 0 else { return ranks }
        var rank = backwards ? count - 1 : 0
        walk(from: rank, backwards: backwards) {
            if $0.hasSameBytes(as: element) { ranks.append(rank) }
            rank += backwards ? -1 : 1
            return ranks.count < limit
        }
        return backwards ? ranks.reversed() : ranks
    }
}
