// Which function carries out which command on sets.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func writeSet(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code {
        case .sadd: try sadd(arguments, &reply)
        case .srem: reply.integer(try removeFields(.set, arguments, "srem"))
        case .smove: try smove(arguments, &reply)
        case .spop: try spop(arguments, &reply)
        case .sinterstore: try storeCombination(.intersection, arguments, "sinterstore", &reply)
        case .sunionstore: try storeCombination(.union, arguments, "sunionstore", &reply)
        case .sdiffstore: try storeCombination(.difference, arguments, "sdiffstore", &reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answerSet(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        switch code {
        case .sismember: try sismember(arguments, &reply)
        case .smismember: try smismember(arguments, &reply)
        case .scard: reply.integer(Int64(try collection(.set, arguments[0])?.count ?? 0))
        case .smembers: try smembers(arguments, &reply)
        case .srandmember: try srandmember(arguments, moment, &reply)
        case .sinter: try combine(.intersection, arguments, &reply)
        case .sunion: try combine(.union, arguments, &reply)
        case .sdiff: try combine(.difference, arguments, &reply)
        case .sintercard: try sintercard(arguments, &reply)
        case .sscan: try scanCollection(.set, arguments, &reply) { _, _ in }
        default: throw .writes
        }
    }

    /// Refuses what can be refused without looking at a record.
    static func precheckSet(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        switch code {
        case .spop: _ = try setPopCount(arguments)
        case .srandmember: _ = try sampleCount(arguments)
        case .sintercard: _ = try IntersectionCountOptions(arguments)
        default: break
        }
    }
}
