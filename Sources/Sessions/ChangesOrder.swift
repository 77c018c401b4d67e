// CHANGES: what a session asks the node to tell of its log.

import RESP

/// A request for changes as the client wrote it.
public struct ChangesOrder: Sendable {
    public enum Start: Hashable, Sendable {
        /// From this index on; 0 is the beginning as 1 is.
        case index(UInt64)
        /// From the next change on: `$`.
        case end
    }

    /// Nil for `CHANGES INFO`.
    public var start: Start?
    public var countMax = ChangesOrder.countDefault
    public var pattern: [UInt8]?
    /// Milliseconds to wait for a change, 0 for ever; nil when not to wait.
    public var block: UInt64?

    public static let countDefault = 1000
    /// A larger number counts as this one.
    public static let countLimit = 100_000
    /// Milliseconds that fit into every clock; a longer wait counts as this one.
    static let blockLimit: Int64 = 1 << 40
    static let patternLengthMax = 4096

    /// Nil when the request was refused, and the error written.
    init?(_ request: borrowing Request, _ reply: inout ReplyWriter) {
        switch request.name(1) {
        case "info" where request.count == 2: return
        case "from" where request.count > 2: break
        case "from", "info":
            Session.refuseArity("changes|" + request.name(1), &reply)
            return nil
        default:
            Session.refuseSubcommand("CHANGES", request, &reply)
            return nil
        }
        if request.text(2) == "$" {
            start = .end
        } else if let index = request.integer(2), index >= 0 {
            start = .index(UInt64(index))
        } else {
            reply.error("ERR the index to begin with must be an integer that is not negative, or $")
            return nil
        }
        guard takeOptions(request, &reply) else { return nil }
    }

    private mutating func takeOptions(_ request: borrowing Request, _ reply: inout ReplyWriter) -> Bool {
        var position = 3
        while position < request.count {
            guard position + 1 < request.count else {
                reply.error("ERR syntax error")
                return false
            }
            guard take(request.name(position), request, position + 1, &reply) else { return false }
            position += 2
        }
        return true
    }

    private mutating func take(
        _ option: String, _ request: borrowing Request, _ position: Int, _ reply: inout ReplyWriter
    ) -> Bool {
        switch option {
        case "count":
            guard let number = request.integer(position), number > 0 else {
                reply.error("ERR COUNT must be a positive integer")
                return false
            }
            countMax = Int(min(number, Int64(ChangesOrder.countLimit)))
        case "block":
            guard let number = request.integer(position) else {
                reply.error("ERR timeout is not an integer or out of range")
                return false
            }
            guard number >= 0 else {
                reply.error("ERR timeout is negative")
                return false
            }
            block = UInt64(min(number, ChangesOrder.blockLimit))
        case "match":
            guard request[position].byteCount <= ChangesOrder.patternLengthMax else {
                reply.error("ERR the pattern is too long")
                return false
            }
            pattern = [UInt8](request[position])
        default:
            reply.error("ERR syntax error")
            return false
        }
        return true
    }
}

extension Session {
    /// `CHANGES`: the node answers when it has read its log, or something has changed.
    mutating func followChanges(_ request: borrowing Request, _ reply: inout ReplyWriter) -> Disposition {
        if request.name(1) == "help" {
            Session.writeHelp("CHANGES", Session.changesHelp, &reply)
            return .answered
        }
        guard let order = ChangesOrder(request, &reply) else { return .answered }
        enter(.localRead)
        isBlocked = order.block != nil
        return .changes(order)
    }

    private static let changesHelp = [
        "FROM <index|$> [COUNT <count>] [BLOCK <milliseconds>] [MATCH <pattern>]",
        "    Return what was changed from a log index on, and the index to ask from next.",
        "INFO", "    Return from which index on this node tells of changes, and the last one that it has applied.",
    ]
}
