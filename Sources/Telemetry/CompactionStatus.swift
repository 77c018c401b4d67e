// What compactions of a node's disk and memory have come to.

import JSON
public import Vocabulary

/// What can be made smaller while the node serves.
public enum CompactionPart: String, Sendable, CaseIterable, Comparable {
    /// One snapshot without dead bytes in place of all.
    case snapshots
    /// The log up to it.
    case log
    /// What was freed of the process's memory.
    case memory

    public static func < (a: CompactionPart, b: CompactionPart) -> Bool { a.rawValue < b.rawValue }
}

/// Compactions are numbered by the process from 1 on.
public struct CompactionStatus: Sendable, Equatable {
    /// Those that were asked for, and of those that ended the newest; 0 while there is none.
    public var asked: UInt64 = 0
    public var ended: UInt64 = 0
    public var endedAt: Timestamp?
    /// The parts of the one that is under way.
    public var parts: [CompactionPart] = []
    /// When the next comes by itself; nil when none does.
    public var nextIn: Duration?

    public init() {}

    public var isUnderWay: Bool { ended < asked }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("asked", asked)
            writer.member("ended", ended)
            writer.member("ended_at", endedAt?.description)
            writer.member("parts") { $0.array { writer in for part in parts { writer.value(part.rawValue) } } }
            writer.member("next_in_seconds", nextIn.map { $0.milliseconds / 1000 })
        }
    }
}
