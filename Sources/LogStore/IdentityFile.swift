// The 96 bytes that say whose a data directory is.

import ByteCoding
package import LogFormat
package import Vocabulary

/// Byte table: `docs/formats/log.md`.
package struct IdentityFile: Hashable, Sendable {
    package static let byteCount = 96
    /// "TRIREDIR" when read as bytes.
    static let magic: UInt64 = 0x5249_4445_5249_5254
    /// History: 1, the first; 2 says on which timeline. On the first one, version 1 is written still.
    static let version: UInt32 = 2

    package var identity: LogIdentity
    /// Whether the log was made: from then on it must be there.
    package var isInUse: Bool
    package var timeline = Timeline.first
    /// The timeline is to begin with an entry in the log that may not be there yet (`TimelineStart`).
    package var isBeginning = false

    private enum Flag {
        static let inUse: UInt64 = 1
        static let beginning: UInt64 = 2
    }

    package enum Problem: Error {
        case damaged
        case newer(UInt32)
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: IdentityFile.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: timeline.isFirst ? UInt32(1) : IdentityFile.version)
        bytes.append(identity.cluster)
        bytes.append(identity.node)
        bytes.append(identity.storage)
        bytes.append(littleEndian: (isInUse ? Flag.inUse : 0) | (isBeginning ? Flag.beginning : 0))
        if !timeline.isFirst {
            bytes.append(littleEndian: timeline.number)
            bytes.append(littleEndian: timeline.high)
            bytes.append(littleEndian: timeline.low)
        }
        while bytes.count < IdentityFile.byteCount { bytes.append(0) }
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<bytes.count)), at: 8)
        return bytes
    }

    /// Checksum before version before meaning. Magic, checksum and version keep their places in every version.
    package static func decode(_ bytes: RawSpan) -> Result<IdentityFile, Problem> {
        do throws(ByteError) { return try read(bytes) } catch { return .failure(.damaged) }
    }

    private static func read(_ bytes: RawSpan) throws(ByteError) -> Result<IdentityFile, Problem> {
        var reader = ByteReader(bytes)
        guard try reader.integer(UInt64.self, from: bytes) == magic else { return .failure(.damaged) }
        let stated: UInt32 = try reader.integer(from: bytes)
        guard stated == CRC32C.checksum(bytes.extracting(12..<bytes.byteCount)) else { return .failure(.damaged) }
        let version: UInt32 = try reader.integer(from: bytes)
        guard version <= IdentityFile.version else { return .failure(.newer(version)) }
        guard version > 0 else { return .failure(.damaged) }
        let cluster = try reader.identifier(ClusterID.self, from: bytes)
        let node = try reader.node(from: bytes)
        let storage = try reader.identifier(StorageID.self, from: bytes)
        let flags: UInt64 = try reader.integer(from: bytes)
        guard flags <= (version == 1 ? 1 : 3), bytes.byteCount == byteCount else { return .failure(.damaged) }
        let identity = LogIdentity(cluster: cluster, node: node, storage: storage)
        var file = IdentityFile(identity: identity, isInUse: flags & Flag.inUse != 0)
        guard version > 1 else { return .success(file) }
        let number: UInt64 = try reader.integer(from: bytes)
        let high: UInt64 = try reader.integer(from: bytes)
        let low: UInt64 = try reader.integer(from: bytes)
        guard let timeline = Timeline(number: number, high: high, low: low), !timeline.isFirst else {
            return .failure(.damaged)
        }
        file.timeline = timeline
        file.isBeginning = flags & Flag.beginning != 0
        return .success(file)
    }
}
