// Blocking commands: those that find nothing wait in the state, and are served by the entry that brings something.

import ByteCoding
import RESP
public import Vocabulary

/// Whether the command that is being carried out may wait, and whether it does.
enum Waiting: Sendable {
    /// It may not: it says at once that there is nothing.
    case no
    case may
    /// It waited, and this key of its was written.
    case served(key: [UInt8])
    /// It found nothing, and waits for values of this kind at these keys.
    case does(ValueKind, keys: [[UInt8]])
}

extension Keyspace {
    /// What an entry came to.
    public enum Outcome: Hashable, Sendable {
        /// Its reply was written.
        case answered
        /// It waits: its reply will be among `served` when another entry has been applied.
        case parked
    }

    /// How long a blocking request waits; nil when for ever, or when the entry is none of a blocking request.
    public static func timeout(of entry: RawSpan) -> Duration? {
        guard let outer = try? EntryView(entry), outer.code == .envelope, outer.arguments.count == 3,
            let header = try? EnvelopeHeader(outer.arguments[0]), header.form == .blocking,
            let view = try? EntryView(outer.arguments[2]),
            let position = view.code.timeoutPosition(view.arguments.count),
            let timeout = try? BlockingTimeout(view.arguments[position])
        else { return nil }
        return timeout.duration
    }

    /// The entry that sends a waiter away: as if its time were over (`timeout`), with the error that an operator's
    /// command gives (`error`), or with one that says that its node and the leader have lost each other (`lost`).
    public static func unblocking(_ waiter: LogIndex, _ reason: StaticString) -> [UInt8] {
        var index: [UInt8] = []
        index.append(varint: waiter.rawValue)
        return EntryCoding.encoded(.unblock, [index, Array(reason.description.utf8)])
    }

    // MARK: For the commands

    /// Whether the command is to look at this key: when it is served, only at the one that was written.
    func considers(_ key: RawSpan) -> Bool {
        guard case .served(let written) = waiting else { return true }
        return key.hasSameBytes(as: written.rawBytes)
    }

    /// What a blocking command does that has found nothing at its keys.
    mutating func waitOrTell(
        _ code: CommandCode, _ arguments: borrowing Arguments, _ reply: inout ReplyWriter
    ) throws(CommandError) {
        if case .no = waiting { return Keyspace.tellNothing(code, &reply) }
        let (kind, keys) = try Keyspace.awaited(code, arguments)
        waiting = .does(kind, keys: keys)
    }

    private static func tellNothing(_ code: CommandCode, _ reply: inout ReplyWriter) {
        switch code {
        case .blmove, .brpoplpush: reply.null()
        default: reply.nullArray()
        }
    }

    // MARK: Parking and serving

    /// Carries out a command that may wait. True when it does.
    mutating func carryOutOrPark(_ entry: RawSpan, _ reply: inout ReplyWriter) -> Bool {
        waiting = .may
        defer { waiting = .no }
        carryOut(entry, isNested: true, &reply)
        guard case .does(let kind, let keys) = waiting else { return false }
        let waiter = Waiter(entry: [UInt8](entry), version: reply.version, kind: kind, keys: keys)
        waiters.park(waiter, at: lastAppliedIndex.rawValue)
        return true
    }

    /// Gives what the entry has brought to those who wait for it: by key in the order of writing, then first come first
    /// served. A command that is served may itself bring something.
    mutating func serve() {
        while let key = waiters.takeReady() {
            for index in waiters.queue(at: key) {
                guard let waiter = waiters[index] else { continue }
                guard let record = live(key.rawBytes, at: records.place(of: key.rawBytes)) else { break }
                guard record.kind == waiter.kind else { continue }
                waiting = .served(key: key)
                var writer = ReplyWriter(version: waiter.version)
                carryOut(waiter.entry.rawBytes, isNested: true, &writer)
                if case .does = waiting { continue }
                _ = waiters.remove(index)
                served.append(index, writer.bytes)
            }
        }
        waiting = .no
    }

    /// `unblock`: a waiter goes without having got anything: its time is over, its client or its node is gone, or an
    /// operator said so.
    mutating func unblock(_ arguments: borrowing Arguments, _ reply: inout ReplyWriter) throws(CommandError) {
        var reader = ByteReader(arguments[0])
        guard arguments.count == 2, let index = try? reader.varint(from: arguments[0]) else { throw .envelope }
        guard let waiter = waiters.remove(index) else { return reply.integer(0) }
        var writer = ReplyWriter(version: waiter.version)
        if arguments[1].isWord("error") {
            writer.error("UNBLOCKED client unblocked via CLIENT UNBLOCK")
        } else if arguments[1].isWord("lost") {
            writer.error("UNBLOCKED this node lost its connection to the leader; nothing was taken, ask again")
        } else {
            // Also where the command, had it not waited, would have told the null of a string.
            writer.nullArray()
        }
        served.append(index, writer.bytes)
        reply.integer(1)
    }

    /// A new leader's term begins: nobody is left who would tell the time for those who wait, so they are sent away.
    /// Called on every node at the same place of the log.
    public mutating func sendWaitersAway() {
        for index in waiters.indexes {
            guard let waiter = waiters.remove(index) else { continue }
            var writer = ReplyWriter(version: waiter.version)
            writer.error("UNBLOCKED the leader has changed; nothing was taken, ask again")
            served.append(index, writer.bytes)
        }
    }

    /// Who waits.
    public var waiterCount: Int { waiters.count }
    /// The indexes of their entries, first come first.
    public var waiterIndexes: [LogIndex] { waiters.indexes.map { LogIndex($0) } }
    public func isWaiting(_ index: LogIndex) -> Bool { waiters[index.rawValue] != nil }
}

extension Waiter {
    /// Who waits with this command, as a state that is loaded has it; nil when it is none with which anybody waits.
    init?(_ entry: RawSpan, version: RESPVersion) {
        guard let view = try? EntryView(entry), (try? CommandTable.checkArity(view)) != nil,
            (try? Keyspace.precheckBlocking(view.code, view.arguments)) != nil,
            let awaited = try? Keyspace.awaited(view.code, view.arguments)
        else { return nil }
        self.init(entry: [UInt8](entry), version: version, kind: awaited.kind, keys: awaited.keys)
    }
}

/// Seconds as blocking commands take them; 0 for ever.
struct BlockingTimeout {
    let duration: Duration?

    init(_ text: RawSpan) throws(CommandError) {
        guard let seconds = ScoreText.score(text) else { throw .timeoutNotFloat }
        guard seconds >= 0 else { throw .timeoutNegative }
        // Redis reckons in milliseconds of 63 bits from now on.
        guard seconds < 9.2e15 else { throw .timeoutOutOfRange }
        duration = seconds == 0 ? nil : .milliseconds(Int64((seconds * 1000).rounded(.up)))
    }
}

extension CommandCode {
    /// Which of so many arguments of a blocking command is the time.
    func timeoutPosition(_ count: Int) -> Int? {
        switch self {
        case .blpop, .brpop, .bzpopmin, .bzpopmax: count > 1 ? count - 1 : nil
        case .blmove: count == 5 ? 4 : nil
        case .brpoplpush: count == 3 ? 2 : nil
        case .blmpop, .bzmpop: count > 0 ? 0 : nil
        default: nil
        }
    }
}
