// The 64 bytes at the start of a pack.

import ByteCoding
import LogFormat
public import Vocabulary

/// Byte table: `docs/formats/snapshot.md`. The same on every node that begins a pack for the same snapshot.
public struct PackHeader: Hashable, Sendable {
    public static let byteCount = 64
    /// "TRIRPACK" when read as bytes.
    public static let magic: UInt64 = 0x4B43_4150_5249_5254
    /// History: 1, the first.
    public static let version: UInt32 = 1

    public let cluster: ClusterID
    public let number: PackNumber
    /// Of the snapshot that it was begun for.
    public let position: LogPosition

    public init(cluster: ClusterID, number: PackNumber, position: LogPosition) {
        self.cluster = cluster
        self.number = number
        self.position = position
    }

    public func encode(into bytes: inout [UInt8]) {
        let begin = bytes.count
        bytes.append(littleEndian: PackHeader.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: PackHeader.version)
        bytes.append(cluster)
        bytes.append(littleEndian: number.rawValue)
        bytes.append(littleEndian: position.term.rawValue)
        bytes.append(littleEndian: position.index.rawValue)
        bytes.append(littleEndian: UInt64(0))
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(begin + 12..<begin + PackHeader.byteCount))
        bytes.store(littleEndian: checksum, at: begin + 8)
    }

    /// Reads a header from the first bytes of a file.
    public static func decode(_ bytes: RawSpan) throws(SnapshotFault) -> PackHeader {
        guard bytes.byteCount >= byteCount else { throw .damaged(.truncated, at: bytes.byteCount) }
        guard bytes.little(UInt64.self, at: 0) == magic else { throw .damaged(.badMagic, at: 0) }
        let computed = CRC32C.checksum(bytes.extracting(12..<byteCount))
        guard bytes.little(UInt32.self, at: 8) == computed else { throw .damaged(.checksumMismatch, at: 8) }
        let version = bytes.little(UInt32.self, at: 12)
        try SnapshotFault.check(version: Int(version), upTo: Int(PackHeader.version), at: 12)
        guard bytes.little(UInt64.self, at: 32) <= PackNumber.valueMax, bytes.isZero(in: 56..<byteCount) else {
            throw .damaged(.impossibleField, at: 32)
        }
        return PackHeader(
            cluster: ClusterID(high: bytes.little(at: 16), low: bytes.little(at: 24)),
            number: PackNumber(bytes.little(at: 32)),
            position: LogPosition(term: Term(bytes.little(at: 40)), index: LogIndex(bytes.little(at: 48))))
    }
}
