// Commands that wait for an element of a list or a sorted set: BLPOP, BLMOVE, BZPOPMIN and their kin.

import ByteCoding
import RESP

extension Keyspace {
    /// Carries out a blocking command: takes what there is, or waits.
    mutating func writeBlocking(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        try Keyspace.precheckBlocking(code, arguments)
        switch code {
        case .blpop: try popFirst(arguments, .left, code, &reply)
        case .brpop: try popFirst(arguments, .right, code, &reply)
        case .blmove:
            try moveOrWait(arguments, try ListEnd(arguments[2]), try ListEnd(arguments[3]), code, &reply)
        case .brpoplpush: try moveOrWait(arguments, .right, .left, code, &reply)
        case .blmpop:
            guard let key = try popFromFirst(arguments, numbersAt: 1, &reply) else {
                return try waitOrTell(code, arguments, &reply)
            }
            noteMultiPop(.lmpop, arguments, from: key)
        case .bzpopmin: try popFirst(arguments, .least, code, &reply)
        case .bzpopmax: try popFirst(arguments, .greatest, code, &reply)
        default:
            guard let key = try popScoredFromFirst(arguments, numbersAt: 1, &reply) else {
                return try waitOrTell(code, arguments, &reply)
            }
            noteMultiPop(.zmpop, arguments, from: key)
        }
    }

    /// Refuses what can be refused without looking at a record.
    static func precheckBlocking(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        switch code {
        case .blmove: _ = (try ListEnd(arguments[2]), try ListEnd(arguments[3]))
        case .blmpop: _ = try listPopOptions(arguments, numbersAt: 1)
        case .bzmpop: _ = try scoredPopOptions(arguments, numbersAt: 1)
        default: break
        }
        guard let position = code.timeoutPosition(arguments.count) else { throw .arity }
        _ = try BlockingTimeout(arguments[position])
    }

    /// The element at an end of the first list that has one.
    private mutating func popFirst(
        _ arguments: borrowing Arguments, _ end: ListEnd, _ code: CommandCode, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        for position in 0..<arguments.count - 1 {
            let key = arguments[position]
            guard considers(key) else { continue }
            let wasThere = try popElement(from: key, end) { element in
                reply.arrayHeader(2)
                reply.bulk(key)
                reply.bulk(element)
            }
            if wasThere { return changes.replace(by: end == .left ? .lpop : .rpop, [[UInt8](key)]) }
        }
        try waitOrTell(code, arguments, &reply)
    }

    /// The element at an end of the first sorted set that has one.
    private mutating func popFirst(
        _ arguments: borrowing Arguments, _ end: ScoreEnd, _ code: CommandCode, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        for position in 0..<arguments.count - 1 {
            let key = arguments[position]
            guard considers(key) else { continue }
            let wasThere = try popScored(from: key, end, atMost: 1) { _, element in
                guard let element else { return }
                reply.arrayHeader(3)
                reply.bulk(key)
                reply.bulk(ScoredMember.member(of: element))
                reply.score(ScoredMember.score(of: element))
            }
            if wasThere { return changes.replace(by: end == .least ? .zpopmin : .zpopmax, [[UInt8](key)]) }
        }
        try waitOrTell(code, arguments, &reply)
    }

    private mutating func moveOrWait(
        _ arguments: borrowing Arguments, _ from: ListEnd, _ to: ListEnd, _ code: CommandCode,
        _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let wasThere = try moveElement(from: arguments[0], from, to: arguments[1], to) { reply.bulk($0) }
        guard wasThere else { return try waitOrTell(code, arguments, &reply) }
        // The same without the time, which is the last argument.
        let twin: CommandCode = code == .blmove ? .lmove : .rpoplpush
        changes.replace(by: twin, arguments.copies(0..<arguments.count - 1))
    }

    /// `BLMPOP time n key … end [COUNT c]` has popped from the key at a position: `LMPOP 1 key end [COUNT c]`. The same
    /// of a sorted set.
    private mutating func noteMultiPop(_ code: CommandCode, _ arguments: borrowing Arguments, from position: Int) {
        guard let options = try? MultiPopOptions(arguments, numbersAt: 1) else { return }
        let rest = arguments.copies(options.keys.upperBound..<arguments.count)
        changes.replace(by: code, [[UInt8(ascii: "1")], [UInt8](arguments[position])] + rest)
    }

    /// What a blocking command that has found nothing waits for, and where.
    static func awaited(
        _ code: CommandCode, _ arguments: borrowing Arguments
    ) throws(CommandError) -> (kind: ValueKind, keys: [[UInt8]]) {
        switch code {
        case .blpop, .brpop: (.list, arguments.copies(0..<arguments.count - 1))
        case .blmove, .brpoplpush: (.list, arguments.copies(0..<1))
        case .bzpopmin, .bzpopmax: (.sortedSet, arguments.copies(0..<arguments.count - 1))
        case .blmpop: (.list, arguments.copies(try MultiPopOptions(arguments, numbersAt: 1).keys))
        case .bzmpop: (.sortedSet, arguments.copies(try MultiPopOptions(arguments, numbersAt: 1).keys))
        default: throw .envelope
        }
    }
}

extension Arguments {
    fileprivate func copies(_ positions: Range<Int>) -> [[UInt8]] { positions.map { [UInt8](self[$0]) } }
}
