// What ZADD and ZINCRBY ask for before their scores.

import RESP

/// The options of `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member …`.
struct ScoreOptions {
    private(set) var onlyIfAbsent = false
    private(set) var onlyIfPresent = false
    private(set) var onlyIfGreater = false
    private(set) var onlyIfLess = false
    private(set) var countsChanges = false
    private(set) var increments: Bool
    /// Where the first score stands among the arguments.
    private(set) var first = 1
    /// How many scores, each with its member, follow.
    private(set) var pairs = 0

    /// Of `ZINCRBY` when it increments from the start: Redis takes options there too.
    init(_ arguments: borrowing Arguments, increments: Bool) throws(CommandError) {
        self.increments = increments
        var cursor = arguments.first
        _ = arguments.next(&cursor)
        while first < arguments.count, take(arguments.next(&cursor)) { first += 1 }
        let rest = arguments.count - first
        guard rest > 0, rest % 2 == 0 else { throw .syntax }
        pairs = rest / 2
        guard !onlyIfAbsent || !onlyIfPresent else { throw .scoreOptionsNXAndXX }
        let excluding = (onlyIfAbsent ? 1 : 0) + (onlyIfGreater ? 1 : 0) + (onlyIfLess ? 1 : 0)
        guard excluding <= 1 else { throw .scoreOptionsGTLTAndNX }
        guard !self.increments || pairs == 1 else { throw .scoreOptionsINCRAndPairs }
    }

    private mutating func take(_ word: RawSpan) -> Bool {
        // No score has a letter first but `inf` and `nan`.
        if word.isWord("nx") {
            onlyIfAbsent = true
        } else if word.isWord("xx") {
            onlyIfPresent = true
        } else if word.isWord("gt") {
            onlyIfGreater = true
        } else if word.isWord("lt") {
            onlyIfLess = true
        } else if word.isWord("ch") {
            countsChanges = true
        } else if word.isWord("incr") {
            increments = true
        } else {
            return false
        }
        return true
    }

    /// The score that a member gets which has the score `old`, or none; nil when it is left as it is.
    func score(_ given: Double, instead old: Double?) throws(CommandError) -> Double? {
        guard let old else { return onlyIfPresent ? nil : given }
        guard !onlyIfAbsent else { return nil }
        let new = increments ? given + old : given
        guard !new.isNaN else { throw .scoreNotNumber }
        if onlyIfGreater, new <= old { return nil }
        if onlyIfLess, new >= old { return nil }
        return new
    }
}

extension Arguments {
    /// The argument as a score.
    func score(_ position: Int) throws(CommandError) -> Double { try Arguments.score(self[position]) }

    static func score(_ text: RawSpan) throws(CommandError) -> Double {
        guard let score = ScoreText.score(text) else { throw .notFloat }
        return score
    }
}
