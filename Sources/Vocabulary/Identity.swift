// Who is who: node names, cluster and storage identities.

/// A node's name: 1 to 16 characters of `a-z`, `0-9` and `-`, beginning with a letter; the name in its certificate.
///
/// Held in two words, so that it is compared, copied and sent without an allocation. Ordered as text.
public struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let lengthMax = 16

    /// The characters, big-endian and padded with zeros, so that integer order is text order.
    public let high: UInt64
    public let low: UInt64

    /// Nil when `text` is not a node name (see the type).
    public init?(_ text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var length = 0
        for byte in text.utf8 {
            guard length < NodeID.lengthMax, NodeID.allows(byte, first: length == 0) else { return nil }
            if length < 8 {
                high |= UInt64(byte) << UInt64(56 - 8 * length)
            } else {
                low |= UInt64(byte) << UInt64(56 - 8 * (length - 8))
            }
            length += 1
        }
        guard length > 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// From the two words of a decoded message. Nil when they spell no node name.
    public init?(high: UInt64, low: UInt64) {
        guard let node = NodeID(NodeID.text(high: high, low: low)), node.high == high, node.low == low else {
            return nil
        }
        self = node
    }

    @inlinable public static func < (a: NodeID, b: NodeID) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }

    public var description: String { NodeID.text(high: high, low: low) }

    private static func allows(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): !first
        default: false
        }
    }

    private static func text(high: UInt64, low: UInt64) -> String {
        var bytes: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(word >> shift & 0xFF)) }
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// A number of 128 bits that names a cluster, a data directory or a state; 32 hex characters as text.
public protocol Identifier128: Hashable, Comparable, Sendable, CustomStringConvertible {
    var high: UInt64 { get }
    var low: UInt64 { get }
    init(high: UInt64, low: UInt64)
}

extension Identifier128 {
    /// From 32 hex characters. Nil when `text` is anything else.
    public init?(hex text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 32 else { return nil }
        var words: [UInt64] = [0, 0]
        for (position, digit) in digits.enumerated() {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            words[position / 16] = words[position / 16] << 4 | UInt64(value)
        }
        self.init(high: words[0], low: words[1])
    }

    public var description: String {
        func hex(_ word: UInt64) -> String {
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return hex(high) + hex(low)
    }

    public static func < (a: Self, b: Self) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }
}

/// Names a cluster for ever. Every segment, data directory and peer conversation carries it.
public struct ClusterID: Identifier128 {
    public let high: UInt64
    public let low: UInt64
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Names one data directory, drawn at random when it is made: a node that lost its disk is not the same node.
public struct StorageID: Identifier128 {
    public let high: UInt64
    public let low: UInt64
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// The fingerprint of a state: the sum, modulo 2^128, of one strong hash per record. Equal state, equal digest.
public struct Digest: Identifier128 {
    public private(set) var high: UInt64
    public private(set) var low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.init(words: high, low)
    }
    @usableFromInline init(words high: UInt64, _ low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The digest of nothing.
    public static let empty = Digest(high: 0, low: 0)

    /// Adds one record's hash.
    public mutating func add(_ other: Digest) {
        let (sum, carry) = low.addingReportingOverflow(other.low)
        low = sum
        high = high &+ other.high &+ (carry ? 1 : 0)
    }

    /// Takes one record's hash out again.
    public mutating func remove(_ other: Digest) {
        let (difference, borrow) = low.subtractingReportingOverflow(other.low)
        low = difference
        high = high &- other.high &- (borrow ? 1 : 0)
    }
}
