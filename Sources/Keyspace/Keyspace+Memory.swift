// Memory: refusing what grows while the leader has none left, and telling what a record takes.

import ByteCoding
public import RESP

extension Keyspace {
    /// `memoryFull`: from this entry on commands that may grow are refused, or no longer.
    mutating func setMemoryFull(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        guard arguments[0].byteCount == 1, arguments[0].byte(at: 0) <= 1 else { throw .noSuchState }
        isMemoryFull = arguments[0].byte(at: 0) == 1
        reply.ok()
    }

    /// Refuses an entry that applying would refuse as well, as long as memory is full: so that a client that does not
    /// give up fills no log. False when it has to be applied to tell, as an envelope has, whose outcome may be known.
    public func refusesForMemory(_ entry: RawSpan, reply: inout ReplyWriter) -> Bool {
        guard isMemoryFull, let view = try? EntryView(entry), CommandTable.mayGrow(view.code) else { return false }
        CommandError.memoryFull.write(view.code, to: &reply)
        return true
    }

    /// Refuses a command that is to be queued for a transaction, which would be refused later; false when it may grow
    /// nothing.
    public static func refusesForMemory(_ command: CommandSpec, reply: inout ReplyWriter) -> Bool {
        guard command.flags.contains(.denyoom) else { return false }
        CommandError.memoryFull.write(command.code, to: &reply)
        return true
    }

    /// Refuses an envelope around any command that may grow while memory is full. A whole transaction is refused, so
    /// that it has no effect.
    func checkMemory(_ arguments: borrowing Arguments, _ form: Envelope.Form) throws(CommandError) {
        guard isMemoryFull else { return }
        var cursor = arguments.first
        for position in 0..<arguments.count {
            let entry = arguments.next(&cursor)
            guard position >= 2, let view = try? EntryView(entry), CommandTable.mayGrow(view.code) else { continue }
            throw form == .transaction ? .memoryFullForSome : .memoryFull
        }
    }

    /// What the key's record takes in memory, its place in the page's table and all that lies beside the page included;
    /// null without a record. The page's room to grow is nobody's.
    func memoryUsage(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) {
        guard let record = live(arguments[0], at: records.place(of: arguments[0])) else { return reply.null() }
        reply.integer(Int64(record.size + Page.entrySize + record.sideBytes))
    }
}
