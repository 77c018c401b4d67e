// Sizes, and what an error asks of whom.

/// A number of bytes.
public struct ByteCount: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int

    @inlinable public init(rawValue: Int) { self.rawValue = rawValue }
    @inlinable public init(_ bytes: Int) { rawValue = bytes }
    @inlinable public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
    @inlinable public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }

    public static let zero = ByteCount(0)

    @inlinable public static func < (a: ByteCount, b: ByteCount) -> Bool { a.rawValue < b.rawValue }
    @inlinable public static func + (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.rawValue + b.rawValue) }
    @inlinable public static func - (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.rawValue - b.rawValue) }

    /// The largest binary unit that divides it evenly: `64MiB`, `1536KiB`, `100B`.
    public var description: String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        where rawValue != 0 && rawValue % (1 << shift) == 0 {
            return "\(rawValue >> shift)\(unit)"
        }
        return "\(rawValue)B"
    }
}

/// What has to happen after an error, and who has to do it. Shown by the log and by `nodectl` alike.
public enum Remedy: Hashable, Sendable {
    /// Nothing: the node mends it by itself, as the text says.
    case automatic(String)
    /// The same thing may work later.
    case retry(String)
    /// A person has to act, as the text says.
    case operate(String)

    public var text: String {
        switch self {
        case .automatic(let text), .retry(let text), .operate(let text): text
        }
    }
}
