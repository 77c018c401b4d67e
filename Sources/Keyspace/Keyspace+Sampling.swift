// Members of a sorted set taken at random: ZRANDMEMBER.

import ByteCoding
import RESP
import Vocabulary

/// What `ZRANDMEMBER key [count [WITHSCORES]]` asks for.
struct SampleOptions {
    /// Nil for one element that is no array; negative for elements that may come up again.
    private(set) var count: Int?
    private(set) var hasScores = false

    /// How often elements may be drawn with repetitions at most: the reply has no other bound.
    static let drawsMax = 1 << 20

    init(_ arguments: borrowing Arguments) throws(CommandError) {
        guard arguments.count > 1 else { return }
        let number = try arguments.integer(1)
        guard number != .min else { throw .sampleOutOfRange }
        guard arguments.count <= 3 else { throw .syntax }
        if arguments.count == 3 {
            guard arguments[2].isWord("withscores") else { throw .syntax }
            guard number.magnitude <= UInt64(Int64.max / 2) else { throw .outOfRange }
            hasScores = true
        }
        guard number >= -Int64(SampleOptions.drawsMax) else { throw .outOfRange }
        count = Int(number)
    }
}

extension Keyspace {
    func randomMembers(
        _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let options = try SampleOptions(arguments)
        guard let set = try collection(.sortedSet, arguments[0]) else {
            return options.count == nil ? reply.null() : reply.arrayHeader(0)
        }
        let size = set.count
        var random = moment.random(over: size)
        guard let count = options.count else {
            return set.withElement(at: random.below(size)) { reply.bulk(ScoredMember.member(of: $0)) }
        }
        guard count < 0 || count >= size else {
            let ranks = Keyspace.sample(count, of: size, &random)
            reply.scoredHeader(count, hasScores: options.hasScores)
            for rank in ranks { set.withElement(at: rank) { reply.scored($0, hasScores: options.hasScores) } }
            return
        }
        reply.scoredHeader(count < 0 ? -count : size, hasScores: options.hasScores)
        guard count < 0 else {
            return set.forEach(ofRanks: 0..<size) { reply.scored($0, hasScores: options.hasScores) }
        }
        for _ in count..<0 {
            let rank = random.below(size)
            set.withElement(at: rank) { reply.scored($0, hasScores: options.hasScores) }
        }
    }

    /// Different ranks, each set of them as likely as every other (Floyd's algorithm; Bentley, "Programming pearls: a
    /// sample of brilliance", 1987).
    private static func sample(_ count: Int, of size: Int, _ random: inout SplitMix64) -> [Int] {
        var chosen: Set<Int> = []
        var ranks: [Int] = []
        for last in size - count..<size {
            let drawn = random.below(last + 1)
            let rank = chosen.contains(drawn) ? last : drawn
            chosen.insert(rank)
            ranks.append(rank)
        }
        return ranks
    }
}
