// The 96 bytes that say whose a data directory is.

import ByteCoding
package import LogFormat
import Vocabulary

/// Byte table: `docs/formats/log.md`.
package struct IdentityFile: Hashable, Sendable {
    package static let byteCount = 96
    /// "TRIREDIR" when read as bytes.
    static let magic: UInt64 = 0x5249_4445_5249_5254
    /// History: 1, the first.
    static let version: UInt32 = 1

    package var identity: LogIdentity
    /// Whether the log was made: from then on it must be there.
    package var isInUse: Bool

    package enum Problem: Error {
        case damaged
        case newer(UInt32)
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: IdentityFile.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: IdentityFile.version)
        bytes.append(identity.cluster)
        bytes.append(identity.node)
        bytes.append(identity.storage)
        bytes.append(littleEndian: UInt64(isInUse ? 1 : 0))
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
        let cluster = try reader.identifier(ClusterID.self, from: bytes)
        let node = try reader.node(from: bytes)
        let storage = try reader.identifier(StorageID.self, from: bytes)
        let flags: UInt64 = try reader.integer(from: bytes)
        guard flags <= 1, bytes.byteCount == byteCount else { return .failure(.damaged) }
        let identity = LogIdentity(cluster: cluster, node: node, storage: storage)
        return .success(IdentityFile(identity: identity, isInUse: flags == 1))
    }
}
