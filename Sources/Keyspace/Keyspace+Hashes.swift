// Which function carries out which command on hashes.

import ByteCoding
import RESP
import Vocabulary

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func writeHash(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code {
        case .hset, .hmset: try hset(code, arguments, &reply)
        case .hsetnx: try hsetnx(arguments, &reply)
        case .hdel: try hdel(arguments, &reply)
        case .hincrby: try hincrby(arguments, &reply)
        case .hincrbyfloat: try hincrbyfloat(arguments, &reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answerHash(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        switch code {
        case .hget: try hget(arguments, &reply)
        case .hmget: try hmget(arguments, &reply)
        case .hexists: try hexists(arguments, &reply)
        case .hlen: reply.integer(Int64(try collection(.hash, arguments[0])?.count ?? 0))
        case .hstrlen: try hstrlen(arguments, &reply)
        case .hgetall: try hgetall(arguments, &reply)
        case .hkeys: try hgetall(arguments, &reply, hasValues: false)
        case .hvals: try hgetall(arguments, &reply, hasFields: false)
        case .hrandfield: try hrandfield(arguments, moment, &reply)
        case .hscan: try scanCollection(.hash, arguments, &reply) { value, found in found.append(value) }
        default: throw .writes
        }
    }

    /// Refuses what can be refused without looking at a record.
    static func precheckHash(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        switch code {
        case .hset, .hmset: guard arguments.count % 2 == 1 else { throw .arity }
        case .hincrby: _ = try arguments.integer(2)
        case .hincrbyfloat: _ = try finite(arguments[2])
        case .hrandfield where arguments.count > 1: _ = try HashSampleOptions(arguments)
        default: break
        }
    }
}
