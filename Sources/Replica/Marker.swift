// The entry at which replicas compare their states, and cut a snapshot when it says so.

public import ByteCoding
public import Vocabulary

/// Why a snapshot is cut.
public enum SnapshotCause: UInt8, Hashable, Sendable, CaseIterable {
    /// The log has grown by as much as is kept of it.
    case logGrowth = 1
    /// The last one is old.
    case schedule = 2
    case operators = 3
    /// A node needs the state anew.
    case rebuild = 4
}

/// What a quorum of the voters found when it applied an earlier marker.
public struct AgreedDigest: Hashable, Sendable {
    public var index: LogIndex
    public var digest: Digest

    public init(index: LogIndex, digest: Digest) {
        self.index = index
        self.digest = digest
    }
}

/// Written by leaders, alone in a frame, so that the state at its index is the state at a frame's end. Every replica
/// notes the digest of its state when it applies one. Byte table: docs/formats/entries.md.
public struct Marker: Hashable, Sendable {
    /// Set when every replica is to cut a snapshot here.
    public var cause: SnapshotCause?
    public var agreed: AgreedDigest?

    public init(cause: SnapshotCause? = nil, agreed: AgreedDigest? = nil) {
        self.cause = cause
        self.agreed = agreed
    }

    private static let agreedFlag: UInt8 = 1

    public var encoded: [UInt8] {
        var bytes: [UInt8] = [cause?.rawValue ?? 0, agreed == nil ? 0 : Marker.agreedFlag]
        guard let agreed else { return bytes }
        bytes.append(littleEndian: agreed.index.rawValue)
        bytes.append(littleEndian: agreed.digest.high)
        bytes.append(littleEndian: agreed.digest.low)
        return bytes
    }

    /// Nothing may be left over: what a newer release adds must not be passed over in silence.
    public static func decode(_ bytes: RawSpan) throws(ByteError) -> Marker {
        var reader = ByteReader(bytes)
        var marker = Marker()
        let cause: UInt8 = try reader.integer(from: bytes)
        if cause != 0 {
            guard let known = SnapshotCause(rawValue: cause) else { throw .invalidValue(at: 0) }
            marker.cause = known
        }
        let flags: UInt8 = try reader.integer(from: bytes)
        guard flags <= agreedFlag else { throw .invalidValue(at: 1) }
        if flags == agreedFlag {
            let index = LogIndex(try reader.integer(UInt64.self, from: bytes))
            let high: UInt64 = try reader.integer(from: bytes)
            let low: UInt64 = try reader.integer(from: bytes)
            marker.agreed = AgreedDigest(index: index, digest: Digest(high: high, low: low))
        }
        guard reader.isAtEnd else { throw .invalidValue(at: reader.offset) }
        return marker
    }
}
