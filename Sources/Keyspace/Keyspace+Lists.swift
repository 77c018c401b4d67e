// Commands on lists: which function carries out which, and what puts elements in and takes them out at the ends.

import ByteCoding
import RESP

extension Keyspace {
    /// Carries out a command that writes. False, and nothing done, for one that reads.
    mutating func writeList(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Bool {
        switch code {
        case .lpush: try push(arguments, .left, onlyIfPresent: false, &reply)
        case .rpush: try push(arguments, .right, onlyIfPresent: false, &reply)
        case .lpushx: try push(arguments, .left, onlyIfPresent: true, &reply)
        case .rpushx: try push(arguments, .right, onlyIfPresent: true, &reply)
        case .lpop: try pop(arguments, .left, &reply)
        case .rpop: try pop(arguments, .right, &reply)
        case .lmpop: if try popFromFirst(arguments, &reply) == nil { reply.nullArray() }
        case .lmove: try move(arguments, try ListEnd(arguments[2]), try ListEnd(arguments[3]), &reply)
        case .rpoplpush: try move(arguments, .right, .left, &reply)
        case .lset: try setElement(arguments, &reply)
        case .linsert: try insertElement(arguments, &reply)
        case .lrem: try removeElements(arguments, &reply)
        case .ltrim: try trim(arguments, &reply)
        default: return false
        }
        return true
    }

    /// Carries out a command that reads.
    func answerList(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        switch code {
        case .llen: reply.integer(Int64(try collection(.list, arguments[0])?.count ?? 0))
        case .lindex: try index(arguments, &reply)
        case .lrange: try elements(arguments, &reply)
        case .lpos: try positions(arguments, &reply)
        default: throw .writes
        }
    }

    /// Refuses what can be refused without looking at a record.
    static func precheckList(_ code: CommandCode, _ arguments: borrowing Arguments) throws(CommandError) {
        switch code {
        case .lpop, .rpop: _ = try popCount(arguments)
        case .lmpop: _ = try listPopOptions(arguments)
        case .lmove: _ = (try ListEnd(arguments[2]), try ListEnd(arguments[3]))
        case .linsert: _ = try isBefore(arguments)
        case .lrem: _ = try arguments.integer(1)
        case .lrange, .ltrim: _ = (try arguments.integer(1), try arguments.integer(2))
        case .lpos: _ = try PositionOptions(arguments)
        default: break
        }
    }

    // MARK: Putting in

    private mutating func push(
        _ arguments: borrowing Arguments, _ end: ListEnd, onlyIfPresent: Bool, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let key = arguments[0]
        let (isNew, count) = try edit(.list, key) { editor throws(CommandError) in
            let isNew = editor.isEmpty
            guard !isNew || !onlyIfPresent else { return (isNew, 0) }
            var cursor = arguments.first
            _ = arguments.next(&cursor)
            for _ in 1..<arguments.count { editor.push(arguments.next(&cursor), end) }
            return (isNew, editor.count)
        }
        if count > 0 { notePush(isNew, end, key) }
        reply.integer(Int64(count))
    }

    /// Puts an element at an end of the list at a key, which must not lie in the keyspace. Returns the list's length.
    mutating func pushElement(
        _ element: RawSpan, to key: RawSpan, _ end: ListEnd
    ) throws(CommandError) -> Int {
        let (isNew, count) = try edit(.list, key) { editor throws(CommandError) in
            let isNew = editor.isEmpty
            editor.push(element, end)
            return (isNew, editor.count)
        }
        notePush(isNew, end, key)
        return count
    }

    private mutating func notePush(_ isNew: Bool, _ end: ListEnd, _ key: RawSpan) {
        if isNew { note(.new, "new", key) }
        note(.list, end.pushEvent, key)
    }

    // MARK: Taking out

    private static func popCount(_ arguments: borrowing Arguments) throws(CommandError) -> Int? {
        guard arguments.count <= 2 else { throw .arity }
        return arguments.count == 2 ? try arguments.count(1) : nil
    }

    private mutating func pop(
        _ arguments: borrowing Arguments, _ end: ListEnd, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        guard let count = try Keyspace.popCount(arguments) else {
            if try !popElement(from: arguments[0], end, { reply.bulk($0) }) { reply.null() }
            return
        }
        let wasThere = try popElements(from: arguments[0], end, atMost: count) { number, element in
            if let element { reply.bulk(element) } else { reply.arrayHeader(number) }
        }
        if !wasThere { reply.nullArray() }
    }

    static func listPopOptions(
        _ arguments: borrowing Arguments, numbersAt start: Int = 0
    ) throws(CommandError) -> (options: MultiPopOptions, end: ListEnd) {
        var options = try MultiPopOptions(arguments, numbersAt: start)
        let end = try ListEnd(arguments[options.end])
        try options.takeCount(arguments)
        return (options, end)
    }

    /// Takes elements of the first list that has some; the position of its key is returned. Nil when none has, and then
    /// nothing is replied.
    mutating func popFromFirst(
        _ arguments: borrowing Arguments, numbersAt start: Int = 0, _ reply: inout ReplyWriter
    ) throws(CommandError) -> Int? {
        let (options, end) = try Keyspace.listPopOptions(arguments, numbersAt: start)
        for position in options.keys where considers(arguments[position]) {
            let key = arguments[position]
            let wasThere = try popElements(from: key, end, atMost: options.count) { number, element in
                if let element { return reply.bulk(element) }
                reply.arrayHeader(2)
                reply.bulk(key)
                reply.arrayHeader(number)
            }
            if wasThere { return position }
        }
        return nil
    }

    /// Takes the element at an end of the list at a key, which `body` sees first. False when there is no list.
    mutating func popElement(
        from key: RawSpan, _ end: ListEnd, _ body: (RawSpan) -> Void
    ) throws(CommandError) -> Bool {
        let left = try edit(.list, key) { editor throws(CommandError) -> Int? in
            let count = editor.count
            guard count > 0 else { return nil }
            let rank = end == .left ? 0 : count - 1
            editor.view.withElement(at: rank, body)
            editor.remove(ranks: rank..<rank + 1)
            return count - 1
        }
        guard let left else { return false }
        notePop(.list, end.popEvent, key, isGone: left == 0)
        return true
    }

    /// Takes at most so many elements from an end of the list at a key. `body` is told how many, without an element,
    /// and then sees each, the outermost first. False when there is no list.
    mutating func popElements(
        from key: RawSpan, _ end: ListEnd, atMost limit: Int, _ body: (Int, RawSpan?) -> Void
    ) throws(CommandError) -> Bool {
        let done = try edit(.list, key) { editor throws(CommandError) -> (taken: Int, left: Int)? in
            let count = editor.count
            guard count > 0 else { return nil }
            let taken = min(limit, count)
            body(taken, nil)
            guard taken > 0 else { return (0, count) }
            let ranks = end == .left ? 0..<taken : count - taken..<count
            editor.view.forEach(ofRanks: ranks, backwards: end == .right) { body(taken, $0) }
            editor.remove(ranks: ranks)
            return (taken, count - taken)
        }
        guard let done else { return false }
        if done.taken > 0 { notePop(.list, end.popEvent, key, isGone: done.left == 0) }
        return true
    }

    /// Reports that elements were taken, and that nothing is left if so.
    mutating func notePop(_ kind: KeyEventClasses, _ event: StaticString, _ key: RawSpan, isGone: Bool) {
        note(kind, event, key)
        if isGone { note(.generic, "del", key) }
    }

    // MARK: From one list to another

    private mutating func move(
        _ arguments: borrowing Arguments, _ from: ListEnd, _ to: ListEnd, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        let wasThere = try moveElement(from: arguments[0], from, to: arguments[1], to) { reply.bulk($0) }
        if !wasThere { reply.null() }
    }

    /// Takes an element from one list and puts it into another, or the same; `body` sees it. False, and nothing done,
    /// when there is no source. Refused, and nothing done, when the target holds something else.
    mutating func moveElement(
        from source: RawSpan, _ from: ListEnd, to target: RawSpan, _ to: ListEnd, _ body: (RawSpan) -> Void
    ) throws(CommandError) -> Bool {
        // The element leaves its page before it is put anywhere.
        var element = takeScratch()
        defer { giveBackScratch(element) }
        guard let list = try collection(.list, source) else {
            _ = liveForWrite(source, at: records.place(of: source))
            return false
        }
        list.withElement(at: from == .left ? 0 : list.count - 1) { element.append(bytes: $0) }
        if source.hasSameBytes(as: target) {
            try edit(.list, source) { editor throws(CommandError) in
                let rank = from == .left ? 0 : editor.count - 1
                editor.remove(ranks: rank..<rank + 1)
                editor.push(element.rawBytes, to)
            }
            note(.list, to.pushEvent, target)
            note(.list, from.popEvent, source)
        } else {
            _ = try pushElement(element.rawBytes, to: target, to)
            _ = try popElement(from: source, from) { _ in }
        }
        body(element.rawBytes)
        return true
    }
}
