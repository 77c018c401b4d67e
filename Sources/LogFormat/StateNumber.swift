// Which of two state records is the newer one.

/// The number of a state record, which every record behind it repeats. Later states have newer numbers, by serial
/// number arithmetic (RFC 1982): a log that is written now and then is sealed often, and passes 2^32 within years.
public struct StateNumber: Hashable, Sendable {
    public let rawValue: UInt32

    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    public static let zero = StateNumber(0)

    public var next: StateNumber { StateNumber(rawValue &+ 1) }

    public func isNewer(than other: StateNumber) -> Bool { Int32(bitPattern: rawValue &- other.rawValue) > 0 }

    /// The newer one of both.
    mutating func advance(to other: StateNumber) { if other.isNewer(than: self) { self = other } }
}
