// Commands on sorted sets: which function carries out which.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func writeSortedSet(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code {
        case .zadd, .zincrby: try addScores(arguments, increments: code == .zincrby, &reply)
        case .zrem: try removeMembers(arguments, &reply)
        case .zremrangebyrank: try removeRange(arguments, .rank, "zremrangebyrank", &reply)
        case .zremrangebyscore: try removeRange(arguments, .score, "zremrangebyscore", &reply)
        case .zremrangebylex: try removeRange(arguments, .text, "zremrangebylex", &reply)
        case .zpopmin: try popScored(arguments, .least, &reply)
        case .zpopmax: try popScored(arguments, .greatest, &reply)
        case .zmpop: if try popScoredFromFirst(arguments, &reply) == nil { reply.nullArray() }
        case .zrangestore: try storeRange(arguments, &reply)
        case .zunionstore, .zinterstore, .zdiffstore: try storeCombination(code, arguments, &reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answerSortedSet(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        if let form = SortedRange.Form(code), !form.stores { return try scoredElements(form, arguments, &reply) }
        switch code {
        case .zcard: reply.integer(Int64(try collection(.sortedSet, arguments[0])?.count ?? 0))
        case .zscore: try score(arguments, &reply)
        case .zmscore: try scores(arguments, &reply)
        case .zrank: try memberRank(arguments, isReversed: false, &reply)
        case .zrevrank: try memberRank(arguments, isReversed: true, &reply)
        case .zcount: try countRange(arguments, .score, &reply)
        case .zlexcount: try countRange(arguments, .text, &reply)
        case .zrandmember: try randomMembers(arguments, moment, &reply)
        case .zunion, .zinter, .zdiff: try combination(code, arguments, &reply)
        case .zintercard: try intersectionCount(arguments, &reply)
        case .zscan: try scanScores(arguments, &reply)
        default: throw .writes
        }
    }

    /// Refuses what can be refused without looking at a record.
    static func precheckSortedSet(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        if let form = SortedRange.Form(code) {
            _ = try SortedRange(form, arguments)
            return
        }
        switch code {
        case .zadd, .zincrby: _ = try checkedScores(arguments, increments: code == .zincrby)
        case .zremrangebyrank: _ = try SortedBounds(.rank, arguments, from: 1, to: 2)
        case .zremrangebyscore, .zcount: _ = try SortedBounds(.score, arguments, from: 1, to: 2)
        case .zremrangebylex, .zlexcount: _ = try SortedBounds(.text, arguments, from: 1, to: 2)
        case .zpopmin, .zpopmax: _ = try scoredPopCount(arguments)
        case .zmpop: _ = try scoredPopOptions(arguments)
        case .zrandmember: _ = try SampleOptions(arguments)
        case .zunion, .zinter, .zdiff, .zunionstore, .zinterstore, .zdiffstore, .zintercard:
            _ = try CombinationOptions.keys(code, arguments)
        case .zscan: _ = try ScanOptions.cursor(arguments[1])
        default: break
        }
    }
}
