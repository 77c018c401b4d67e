// The replicated state as a value.

public import RESP
public import Vocabulary

/// All records, and the commands on them.
public struct Keyspace: Sendable {
    /// The time of the last entry applied: what is expired is decided by it.
    public private(set) var lastAppliedTime = Timestamp.zero
    /// The last entry applied.
    public private(set) var lastAppliedIndex = LogIndex.zero

    public init() {}

    /// Carries out a write. Deterministic; leaves exactly one reply, whatever the bytes are.
    public mutating func apply(
        _ entry: RawSpan, at time: Timestamp, index: LogIndex, reply: inout ReplyWriter
    ) {
        lastAppliedTime = max(lastAppliedTime, time)
        lastAppliedIndex = index
        reply.ok()
    }

    /// Carries out a read. `clock` is the time to count times to live from, when it is later than the last entry's.
    public func read(_ entry: RawSpan, clock: Timestamp, reply: inout ReplyWriter) {
        reply.null()
    }

    /// Refuses, with Redis's error, what can be refused without looking at a record: a wrong number of arguments,
    /// syntax errors, numbers that are none. False when it did; nothing may go to the log then.
    public static func precheck(
        _ spec: CommandSpec, _ arguments: borrowing Arguments, reply: inout ReplyWriter
    ) -> Bool {
        guard spec.accepts(argumentCount: arguments.count + 1) else {
            reply.error(text: "ERR wrong number of arguments for '\(spec.name)' command")
            return false
        }
        return true
    }

    /// The fingerprint of all records: equal state, equal digest.
    public var digest: Digest { .empty }
    /// Records, including those whose time is over and that no `tick` has removed yet.
    public var count: Int { 0 }
    /// The earliest time at which a record ends, in milliseconds since 1970; nil when none ever does.
    public var nextDeadline: UInt64? { nil }
}
