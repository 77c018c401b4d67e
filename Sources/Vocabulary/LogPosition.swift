// Terms, log indexes and positions: the Raft paper's numbers as distinct types, never bare integers.

/// A leader's period of office (Raft paper, section 5.1). 0 is the time before the first election.
public struct Term: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt64) { rawValue = value }

    public static let zero = Term(0)

    @inlinable public var next: Term { Term(rawValue + 1) }
    @inlinable public static func < (a: Term, b: Term) -> Bool { a.rawValue < b.rawValue }
    public var description: String { String(rawValue) }
}

/// The place of one command (or one transaction) in the log: 1-based, gapless. 0 is the place before the first.
public struct LogIndex: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt64) { rawValue = value }

    public static let zero = LogIndex(0)

    @inlinable public var next: LogIndex { LogIndex(rawValue + 1) }
    /// The index before this one. Traps at 0, before which there is nothing.
    @inlinable public var previous: LogIndex { LogIndex(rawValue - 1) }
    @inlinable public static func < (a: LogIndex, b: LogIndex) -> Bool { a.rawValue < b.rawValue }
    @inlinable public static func + (a: LogIndex, count: Int) -> LogIndex { LogIndex(a.rawValue + UInt64(count)) }
    /// How many entries lie between: `a - b` is the number of indexes in `(b, a]`, negative when `a` is the older.
    @inlinable public static func - (a: LogIndex, b: LogIndex) -> Int { Int(a.rawValue) - Int(b.rawValue) }
    public var description: String { String(rawValue) }
}

/// A place in the replicated log, as text `TERM:INDEX`. Positions compare as Raft's "up to date" does (section 5.4.1).
public struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var term: Term
    public var index: LogIndex

    @inlinable public init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    public static let zero = LogPosition(term: .zero, index: .zero)

    @inlinable public static func < (a: LogPosition, b: LogPosition) -> Bool {
        a.term != b.term ? a.term < b.term : a.index < b.index
    }
    public var description: String { "\(term):\(index)" }
}

/// Log sequence number: the position of a record's first byte in a node's own log, counted over all its segments.
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt64) { rawValue = value }

    @inlinable public static func < (a: LSN, b: LSN) -> Bool { a.rawValue < b.rawValue }
    public var description: String { String(rawValue) }
}

/// The number of one write order given to the log thread, counted from 1 in each process. "Persisted up to ticket t"
/// means that this order and all before it are on stable storage. Unlike an index it is never reused after a cut.
public struct WriteTicket: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public init(_ value: UInt64) { rawValue = value }

    public static let zero = WriteTicket(0)

    @inlinable public var next: WriteTicket { WriteTicket(rawValue + 1) }
    @inlinable public static func < (a: WriteTicket, b: WriteTicket) -> Bool { a.rawValue < b.rawValue }
    public var description: String { String(rawValue) }
}
