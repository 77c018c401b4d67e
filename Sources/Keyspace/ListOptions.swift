// What commands on lists ask for beside keys and elements.

import RESP

/// Redis's two ends of a list.
enum ListEnd {
    case left
    case right

    init(_ word: RawSpan) throws(CommandError) {
        if word.isWord("left") {
            self = .left
        } else if word.isWord("right") {
            self = .right
        } else {
            throw .syntax
        }
    }

    /// The name of the event when something is put there.
    var pushEvent: StaticString { self == .left ? "lpush" : "rpush" }
    /// The name of the event when something is taken from there.
    var popEvent: StaticString { self == .left ? "lpop" : "rpop" }
}

/// What `LMPOP` and `ZMPOP` ask for: `numkeys key … END [COUNT n]`.
struct MultiPopOptions {
    /// Where the keys stand among the arguments.
    let keys: Range<Int>
    /// Where the word for the end stands.
    let end: Int
    private(set) var count = 1

    /// `start` is where the number of keys stands.
    init(_ arguments: borrowing Arguments, numbersAt start: Int = 0) throws(CommandError) {
        guard let number = DecimalText.integer(in: arguments[start]), number > 0 else { throw .keyCountNotPositive }
        guard number < arguments.count - 1 - start else { throw .syntax }
        keys = start + 1..<start + 1 + Int(number)
        end = keys.upperBound
    }

    /// Of the arguments behind the end, which has been looked at: Redis refuses a wrong word there first.
    mutating func takeCount(_ arguments: borrowing Arguments) throws(CommandError) {
        guard arguments.count > end + 1 else { return }
        guard arguments[end + 1].isWord("count"), arguments.count > end + 2 else { throw .syntax }
        guard let number = DecimalText.integer(in: arguments[end + 2]), number > 0 else { throw .countNotPositive }
        guard arguments.count == end + 3 else { throw .syntax }
        count = Int(number)
    }
}

/// What `LPOS key element [RANK n] [COUNT n] [MAXLEN n]` asks for.
struct PositionOptions {
    /// The first match that counts, from 1 on.
    private(set) var rank = 1
    private(set) var isBackwards = false
    /// How many matches to give; `Int.max` for all, nil for one that is no array.
    private(set) var count: Int?
    /// How many elements to look at.
    private(set) var lengthMax = Int.max

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        var position = 2
        while position < arguments.count {
            let word = arguments[position]
            guard position + 1 < arguments.count else { throw .syntax }
            if word.isWord("rank") {
                let number = Int(try arguments.integer(position + 1))
                guard number != 0 else { throw .rankIsZero }
                // The least number has no positive twin, and no list has so many elements.
                rank = number == .min ? .max : abs(number)
                isBackwards = number < 0
            } else if word.isWord("count") {
                count = try PositionOptions.limit(arguments, position + 1, .countNegative)
            } else if word.isWord("maxlen") {
                lengthMax = try PositionOptions.limit(arguments, position + 1, .lengthNegative)
            } else {
                throw .syntax
            }
            position += 2
        }
    }

    /// A number that is not negative; 0 stands for no limit.
    private static func limit(
        _ arguments: borrowing Arguments, _ position: Int, _ refusal: CommandError
    ) throws(CommandError) -> Int {
        guard let number = DecimalText.integer(in: arguments[position]), number >= 0 else { throw refusal }
        return number == 0 ? .max : Int(number)
    }
}

extension Arguments {
    /// The argument as a number that is not negative.
    func count(_ position: Int) throws(CommandError) -> Int {
        guard let number = DecimalText.integer(in: self[position]), number >= 0 else { throw .notPositive }
        return Int(number)
    }
}
