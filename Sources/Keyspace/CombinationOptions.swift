// What ZUNION, ZINTER, ZDIFF and their kin ask for.

import RESP

/// How scores of a member in several sets become one.
enum ScoreAggregate {
    case sum
    case least
    case greatest

    init(_ word: RawSpan) throws(CommandError) {
        if word.isWord("sum") {
            self = .sum
        } else if word.isWord("min") {
            self = .least
        } else if word.isWord("max") {
            self = .greatest
        } else {
            throw .syntax
        }
    }

    /// The sum of infinities of both signs is 0, as in Redis.
    func combine(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .sum:
            let sum = a + b
            return sum.isNaN ? 0 : sum
        case .least: return b < a ? b : a
        case .greatest: return b > a ? b : a
        }
    }
}

/// The options behind `numkeys key …`: `WEIGHTS w …`, `AGGREGATE SUM|MIN|MAX`, `WITHSCORES`, `LIMIT n`, each where it
/// is allowed.
struct CombinationOptions {
    /// For each key; empty when all weights are 1.
    private(set) var weights: [Double] = []
    private(set) var aggregate = ScoreAggregate.sum
    private(set) var hasScores = false
    /// How many members to count.
    private(set) var limit = Int.max

    /// Where the keys stand among the arguments of a command.
    static func keys(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) -> Range<Int> {
        let stores = code == .zunionstore || code == .zinterstore || code == .zdiffstore
        let place = stores ? 1 : 0
        let number = try arguments.integer(place)
        guard number > 0 else { throw .noInputKeys }
        guard number <= arguments.count - place - 1 else { throw .syntax }
        return place + 1..<place + 1 + Int(number)
    }

    init(
        _ code: CommandCode, _ arguments: borrowing Arguments, keys: Range<Int>
    ) throws(CommandError) {
        let stores = keys.lowerBound == 2
        let weighs = code == .zunion || code == .zinter || code == .zunionstore || code == .zinterstore
        var position = keys.upperBound
        while position < arguments.count {
            let word = arguments[position]
            let left = arguments.count - position
            if weighs, left > keys.count, word.isWord("weights") {
                weights = []
                for weight in position + 1...position + keys.count {
                    guard let weight = ScoreText.score(arguments[weight]) else { throw .weightNotFloat }
                    weights.append(weight)
                }
                position += keys.count
            } else if weighs, left > 1, word.isWord("aggregate") {
                aggregate = try ScoreAggregate(arguments[position + 1])
                position += 1
            } else if !stores, code != .zintercard, word.isWord("withscores") {
                hasScores = true
            } else if code == .zintercard, left > 1, word.isWord("limit") {
                guard let number = DecimalText.integer(in: arguments[position + 1]), number >= 0 else {
                    throw .limitNegative
                }
                limit = number == 0 ? .max : Int(number)
                position += 1
            } else {
                throw .syntax
            }
            position += 1
        }
    }
}
