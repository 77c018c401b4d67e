// Parts of a sorted set, by rank, by score or by text, as commands spell them and as ranks.

import ByteCoding
import RESP

/// What bounds a part of a sorted set.
enum SortedBounds {
    /// Both inside, counted from the end when negative.
    case ranks(Int64, Int64)
    case scores(ScoreBound, ScoreBound)
    case texts(TextBound, TextBound)

    /// How a command names what bounds it.
    enum Order {
        case rank
        case score
        case text
    }

    /// Of the arguments at two positions.
    init(
        _ order: Order, _ arguments: borrowing Arguments, from low: Int, to high: Int
    ) throws(CommandError) {
        switch order {
        case .rank:
            self = .ranks(try arguments.integer(low), try arguments.integer(high))
        case .score:
            guard let least = ScoreBound(arguments[low]), let most = ScoreBound(arguments[high]) else {
                throw .boundsNotFloat
            }
            self = .scores(least, most)
        case .text:
            guard let least = TextBound(arguments[low]), let most = TextBound(arguments[high]) else {
                throw .boundsNotText
            }
            self = .texts(least, most)
        }
    }

    /// The ranks inside, counted from the greatest down when reversed; `count` is the set's. Texts are looked up as if
    /// members ascended with their ranks. What they find where scores have another order than members is, as in Redis,
    /// nobody's business; but it depends on the elements alone, since commands that write look them up, too.
    func ranks(in set: CollectionView, _ count: Int, reversed: Bool = false) -> Range<Int> {
        let (start, end): (Int, Int)
        switch self {
        case .ranks(let first, let last):
            guard let ranks = Keyspace.ranks(from: first, through: last, of: count) else { return 0..<0 }
            guard reversed else { return ranks }
            return count - ranks.upperBound..<count - ranks.lowerBound
        case .scores(let low, let high):
            (start, end) = (low.rank(in: set, isUpper: false), high.rank(in: set, isUpper: true))
        case .texts(let low, let high):
            (start, end) = (low.rank(in: set, count, isUpper: false), high.rank(in: set, count, isUpper: true))
        }
        return start < end ? start..<end : 0..<0
    }
}

/// An end of a range of scores.
struct ScoreBound {
    let score: Double
    let isExcluded: Bool

    /// `1.5`, or `(1.5` for an end that does not belong to the range.
    init?(_ text: RawSpan) {
        isExcluded = text.byteCount > 0 && text.byte(at: 0) == UInt8(ascii: "(")
        guard let score = ScoreText.bound(text.extracting((isExcluded ? 1 : 0)..<text.byteCount)) else { return nil }
        self.score = score
    }

    /// How many elements stand before this end.
    fileprivate func rank(in set: CollectionView, isUpper: Bool) -> Int {
        // A score's word alone stands before all its members, and the next word behind them.
        let word = ScoredMember.word(score) + (isExcluded == isUpper ? 0 : 1)
        return withUnsafeTemporaryWord(word) { set.bound($0, includesEqual: false) }
    }

    private func withUnsafeTemporaryWord<Result>(_ word: UInt64, _ body: (RawSpan) -> Result) -> Result {
        let bytes: InlineArray<8, UInt8> = InlineArray { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        // A UInt8 has no padding.
        return unsafe body(bytes.span.bytes)
    }
}

/// An end of a range of members of one score.
enum TextBound {
    case least
    case most
    case text([UInt8], isExcluded: Bool)

    /// `-`, `+`, `[member`, or `(member` for an end that does not belong to the range.
    init?(_ text: RawSpan) {
        guard text.byteCount > 0 else { return nil }
        let isLone = text.byteCount == 1 || text.byte(at: 1) == 0
        let rest = text.extracting(1..<text.byteCount)
        switch text.byte(at: 0) {
        case UInt8(ascii: "-") where isLone: self = .least
        case UInt8(ascii: "+") where isLone: self = .most
        case UInt8(ascii: "["): self = .text([UInt8](rest), isExcluded: false)
        case UInt8(ascii: "("): self = .text([UInt8](rest), isExcluded: true)
        default: return nil
        }
    }

    /// How many elements stand before this end.
    fileprivate func rank(in set: CollectionView, _ count: Int, isUpper: Bool) -> Int {
        switch self {
        case .least: return 0
        case .most: return count
        case .text(let member, let isExcluded):
            guard count > 0 else { return 0 }
            let score = set.withElement(at: 0) { ScoredMember.score(of: $0) }
            let isOfOneScore = set.withElement(at: count - 1) { ScoredMember.score(of: $0) } == score
            let orEqual = isExcluded != isUpper
            guard isOfOneScore else { return TextBound.rank(of: member, in: set, count, orEqual: orEqual) }
            var element: [UInt8] = []
            ScoredMember.compose(score, member.rawBytes, into: &element)
            return set.bound(element.rawBytes, includesEqual: orEqual)
        }
    }

    /// Among several scores: by halving the ranks, looking at members alone.
    private static func rank(of member: [UInt8], in set: CollectionView, _ count: Int, orEqual: Bool) -> Int {
        var (start, end) = (0, count)
        while start < end {
            let middle = (start + end) / 2
            let isBefore = set.withElement(at: middle) {
                ScoredMember.member(of: $0).isBefore(member.rawBytes, orEqual: orEqual)
            }
            if isBefore { start = middle + 1 } else { end = middle }
        }
        return start
    }
}

/// What `ZRANGE key low high [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]` and its kin ask for.
struct SortedRange {
    private(set) var bounds: SortedBounds
    private(set) var isReversed: Bool
    private(set) var hasScores = false
    private var order: SortedBounds.Order
    private var offset: Int64 = 0
    private var limit: Int64 = -1

    /// Of a command that says the order and direction with its name, or leaves them to options.
    struct Form {
        var order: SortedBounds.Order?
        var isReversed: Bool?
        /// `ZRANGESTORE`: the target stands before the source, and there are scores without asking.
        var stores = false

        init?(_ code: CommandCode) {
            switch code {
            case .zrange: break
            case .zrangestore: stores = true
            case .zrevrange: (order, isReversed) = (.rank, true)
            case .zrangebyscore: (order, isReversed) = (.score, false)
            case .zrevrangebyscore: (order, isReversed) = (.score, true)
            case .zrangebylex: (order, isReversed) = (.text, false)
            case .zrevrangebylex: (order, isReversed) = (.text, true)
            default: return nil
            }
        }
    }

    init(_ form: Form, _ arguments: borrowing Arguments) throws(CommandError) {
        order = form.order ?? .rank
        isReversed = form.isReversed ?? false
        let low = form.stores ? 2 : 1
        bounds = .ranks(0, -1)
        try takeOptions(form, arguments, from: low + 2)
        if order == .rank, limit != -1 { throw .limitWithoutOrder }
        if order == .text, hasScores { throw .scoresWithText }
        // Ranks are counted from the other end when reversed; scores and texts are given with the greater one first.
        let isSwapped = isReversed && order != .rank
        bounds = try SortedBounds(order, arguments, from: isSwapped ? low + 1 : low, to: isSwapped ? low : low + 1)
    }

    private mutating func takeOptions(
        _ form: Form, _ arguments: borrowing Arguments, from start: Int
    ) throws(CommandError) {
        var position = start
        var hasOrder = form.order != nil
        while position < arguments.count {
            let word = arguments[position]
            if !form.stores, word.isWord("withscores") {
                hasScores = true
            } else if word.isWord("limit"), position + 2 < arguments.count {
                offset = try arguments.integer(position + 1)
                limit = try arguments.integer(position + 2)
                position += 2
            } else if form.isReversed == nil, !isReversed, word.isWord("rev") {
                isReversed = true
            } else if !hasOrder, word.isWord("bylex") || word.isWord("byscore") {
                order = word.isWord("bylex") ? .text : .score
                hasOrder = true
            } else {
                throw .syntax
            }
            position += 1
        }
    }

    /// The ranks asked for, in the set's own order whatever the direction.
    func ranks(in set: CollectionView) -> Range<Int> {
        let count = set.count
        let ranks = bounds.ranks(in: set, count, reversed: isReversed)
        if order == .rank { return ranks }
        // Redis counts a negative offset down beyond all elements, and takes a negative limit for none.
        guard offset >= 0, offset < ranks.count else { return 0..<0 }
        let left = ranks.count - Int(offset)
        let taken = limit < 0 ? left : min(left, Int(limit))
        if isReversed {
            let end = ranks.upperBound - Int(offset)
            return end - taken..<end
        }
        let start = ranks.lowerBound + Int(offset)
        return start..<start + taken
    }
}
