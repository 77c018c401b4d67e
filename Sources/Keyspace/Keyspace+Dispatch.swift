// Which function carries out which command.

public import RESP
import Vocabulary

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func write(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code {
        case .set: try set(arguments, &reply)
        case .setnx: setnx(arguments, &reply)
        case .setex: try setex(arguments, .seconds, &reply)
        case .psetex: try setex(arguments, .milliseconds, &reply)
        case .getset: getset(arguments, &reply)
        case .mset: try mset(arguments, &reply)
        case .msetnx: try msetnx(arguments, &reply)
        case .getdel: getdel(arguments, &reply)
        case .getex: try getex(arguments, &reply)
        case .append: try append(arguments, &reply)
        case .setrange: try setrange(arguments, &reply)
        case .incr, .decr, .incrby, .decrby: try increment(code, arguments, &reply)
        case .incrbyfloat: try incrbyfloat(arguments, &reply)
        case .del, .unlink: remove(arguments, &reply)
        case .expire, .pexpire, .expireat, .pexpireat: try expire(code, arguments, &reply)
        case .persist: persist(arguments, &reply)
        case .rename, .renamenx: try rename(arguments, isConditional: code == .renamenx, &reply)
        case .copy: try copy(arguments, &reply)
        case .flushdb, .flushall: try flush(arguments, &reply)
        case .tick: tick(&reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answer(
        _ code: CommandCode, _ arguments: borrowing Arguments, clock: Timestamp, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        switch code {
        case .get: get(arguments, &reply)
        case .mget: mget(arguments, &reply)
        case .strlen: strlen(arguments, &reply)
        case .getrange, .substr: try getrange(arguments, &reply)
        case .exists, .touch: exists(arguments, &reply)
        case .type: type(arguments, &reply)
        case .ttl, .pttl, .expiretime, .pexpiretime: timeToLive(code, arguments, clock, &reply)
        case .object: try object(arguments, &reply)
        case .scan: try scan(arguments, &reply)
        case .keys: keys(arguments, &reply)
        case .dbsize: reply.integer(Int64(count))
        case .randomkey: randomkey(seed: clock.rawValue, &reply)
        default: throw .writes
        }
    }

    /// Refuses, with Redis's error, what can be refused without looking at a record: a wrong number of arguments,
    /// syntax errors, numbers that are none. False when it did; the request must not be logged or carried out then.
    /// What passes may still be refused when it is carried out.
    public static func precheck(
        _ spec: CommandSpec, _ arguments: borrowing Arguments, reply: inout ReplyWriter
    ) -> Bool {
        do throws(CommandError) {
            guard spec.accepts(argumentCount: arguments.count + 1) else { throw .arity }
            switch spec.code {
            case .set: _ = try SetOptions(arguments).deadline(in: arguments, now: 0)
            case .setex: _ = try ExpiryForm(unit: .seconds, isAbsolute: false).deadline(arguments[1], now: 0)
            case .psetex: _ = try ExpiryForm(unit: .milliseconds, isAbsolute: false).deadline(arguments[1], now: 0)
            case .getex: _ = try SetOptions(getex: arguments)
            case .mset, .msetnx: guard arguments.count % 2 == 0 else { throw .arity }
            case .setrange: try checkSetrange(arguments)
            case .incrby: _ = try arguments.integer(1)
            case .decrby: guard try arguments.integer(1) != .min else { throw .decrementOverflow }
            case .expire, .pexpire, .expireat, .pexpireat: _ = try ExpireOptions(spec.code, arguments)
            case .copy: _ = try CopyOptions(arguments)
            case .flushdb, .flushall: try checkFlush(arguments)
            case .scan: _ = try ScanOptions(arguments)
            default: break
            }
            return true
        } catch {
            error.write(spec.code, to: &reply)
            return false
        }
    }
}
