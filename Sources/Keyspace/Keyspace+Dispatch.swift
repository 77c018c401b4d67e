// Which function carries out which command.

public import RESP
import Vocabulary

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func write(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code.family {
        case .hash: return try writeHash(code, arguments, &reply)
        case .list where code.isBlocking, .sortedSet where code.isBlocking:
            try writeBlocking(code, arguments, &reply)
            return true
        case .list: return try writeList(code, arguments, &reply)
        case .set: return try writeSet(code, arguments, &reply)
        case .sortedSet: return try writeSortedSet(code, arguments, &reply)
        case .string: break
        }
        switch code {
        case .set: try set(arguments, &reply)
        case .setnx: setnx(arguments, &reply)
        case .setex: try setex(arguments, .seconds, &reply)
        case .psetex: try setex(arguments, .milliseconds, &reply)
        case .getset: try getset(arguments, &reply)
        case .mset: try mset(arguments, &reply)
        case .msetnx: try msetnx(arguments, &reply)
        case .getdel: try getdel(arguments, &reply)
        case .getex: try getex(arguments, &reply)
        case .append: try append(arguments, &reply)
        case .setrange: try setrange(arguments, &reply)
        case .setbit: try setbit(arguments, &reply)
        case .bitop: try bitop(arguments, &reply)
        case .incr, .decr, .incrby, .decrby: try increment(code, arguments, &reply)
        case .incrbyfloat: try incrbyfloat(arguments, &reply)
        case .del, .unlink: remove(arguments, &reply)
        case .expire, .pexpire, .expireat, .pexpireat: try expire(code, arguments, &reply)
        case .persist: persist(arguments, &reply)
        case .rename, .renamenx: try rename(arguments, isConditional: code == .renamenx, &reply)
        case .copy: try copy(arguments, &reply)
        case .restore: try restore(arguments, &reply)
        case .flushdb, .flushall: try flush(arguments, &reply)
        case .tick: tick(&reply)
        case .envelope: try open(arguments, &reply)
        case .unblock: try unblock(arguments, &reply)
        case .memoryFull: try setMemoryFull(arguments, &reply)
        case .indexCreate: try createIndex(arguments, &reply)
        case .indexDrop: try dropIndex(arguments, &reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answer(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ moment: ReadMoment, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        switch code.family {
        case .hash: return try answerHash(code, arguments, moment, &reply)
        case .list: return try answerList(code, arguments, &reply)
        case .set: return try answerSet(code, arguments, moment, &reply)
        case .sortedSet: return try answerSortedSet(code, arguments, moment, &reply)
        case .string: break
        }
        switch code {
        case .get: try get(arguments, &reply)
        case .mget: mget(arguments, &reply)
        case .strlen: try strlen(arguments, &reply)
        case .getrange, .substr: try getrange(arguments, &reply)
        case .getbit: try getbit(arguments, &reply)
        case .bitcount: try bitcount(arguments, &reply)
        case .bitpos: try bitpos(arguments, &reply)
        case .lcs: try lcs(arguments, &reply)
        case .exists, .touch: exists(arguments, &reply)
        case .type: type(arguments, &reply)
        case .ttl, .pttl, .expiretime, .pexpiretime: timeToLive(code, arguments, moment.clock, &reply)
        case .object: try object(arguments, &reply)
        case .dump: dump(arguments, &reply)
        case .scan: try scan(arguments, &reply)
        case .keys: keys(arguments, &reply)
        case .version: versions(arguments, &reply)
        case .countkeysinslot: try countKeysInSlot(arguments, &reply)
        case .getkeysinslot: try keysInSlot(arguments, &reply)
        case .memoryUsage: memoryUsage(arguments, &reply)
        case .literal: try literal(arguments, &reply)
        case .dbsize: reply.integer(Int64(count))
        case .randomkey: randomkey(moment, &reply)
        case .indexList: listIndexes(&reply)
        case .indexInfo: try indexInfo(arguments, &reply)
        case .indexQuery: try query(arguments, &reply)
        default: throw .writes
        }
    }

    /// Refuses a request that has not the words that its command takes, as a transaction does before it queues one:
    /// too many or too few, or a subcommand that there is not. False when it did.
    public static func precheckWords(
        _ spec: CommandSpec, _ arguments: borrowing Arguments, reply: inout ReplyWriter
    ) -> Bool {
        do throws(CommandError) {
            try checkWords(spec, arguments)
            return true
        } catch {
            error.write(spec.code, to: &reply)
            return false
        }
    }

    private static func checkWords(_ spec: CommandSpec, _ arguments: borrowing Arguments) throws(CommandError) {
        guard spec.accepts(argumentCount: arguments.count + 1) else { throw .arity }
        if spec.code == .object { _ = try objectSubcommand(arguments) }
    }

    /// Refuses, with Redis's error, what can be refused without looking at a record: a wrong number of arguments,
    /// syntax errors, numbers that are none. False when it did; the request must not be logged or carried out then.
    /// What passes may still be refused when it is carried out.
    public static func precheck(
        _ spec: CommandSpec, _ arguments: borrowing Arguments, reply: inout ReplyWriter
    ) -> Bool {
        do throws(CommandError) {
            try checkWords(spec, arguments)
            switch spec.code.family {
            case .hash: try precheckHash(spec.code, arguments)
            case .list where spec.code.isBlocking, .sortedSet where spec.code.isBlocking:
                try precheckBlocking(spec.code, arguments)
            case .list: try precheckList(spec.code, arguments)
            case .set: try precheckSet(spec.code, arguments)
            case .sortedSet: try precheckSortedSet(spec.code, arguments)
            case .string: break
            }
            switch spec.code {
            case .set: _ = try SetOptions(arguments).deadline(in: arguments, now: 0)
            case .setex: _ = try ExpiryForm(unit: .seconds, isAbsolute: false).deadline(arguments[1], now: 0)
            case .psetex: _ = try ExpiryForm(unit: .milliseconds, isAbsolute: false).deadline(arguments[1], now: 0)
            case .getex: _ = try SetOptions(getex: arguments)
            case .mset, .msetnx: guard arguments.count % 2 == 0 else { throw .arity }
            case .setrange: try checkSetrange(arguments)
            case .setbit, .bitop: try precheckBits(spec.code, arguments)
            case .incrby: _ = try arguments.integer(1)
            case .decrby: guard try arguments.integer(1) != .min else { throw .decrementOverflow }
            case .expire, .pexpire, .expireat, .pexpireat: _ = try ExpireOptions(spec.code, arguments)
            case .copy: _ = try CopyOptions(arguments)
            case .restore: _ = try RestoreOptions(arguments)
            case .flushdb, .flushall: try checkFlush(arguments)
            case .scan: _ = try ScanOptions(arguments)
            case .indexCreate: _ = try IndexDefinition(arguments, version: 0)
            case .indexQuery: _ = try IndexQuery(arguments)
            default: break
            }
            return true
        } catch {
            error.write(spec.code, to: &reply)
            return false
        }
    }
}
