// Why bytes are no part of a snapshot.

/// The kind of damage; its raw value is the code in logs and in the reports of `nodectl`.
public enum SnapshotDamageKind: String, Hashable, Sendable, CaseIterable {
    /// Bytes that are no header, chunk, table or manifest at all.
    case badMagic = "bad-magic"
    /// A length that leads out of the file, or out of all bounds.
    case badLength = "bad-length"
    case checksumMismatch = "checksum-mismatch"
    /// Whole, but of another place, cluster or snapshot.
    case misplaced = "misplaced"
    /// It verifies, and a field has a value that nobody writes.
    case impossibleField = "impossible-field"
    /// LZ4 that does not give what it should.
    case badCompression = "bad-compression"
    /// The plain bytes are not those that the name was given to.
    case wrongName = "wrong-name"
    /// The file ends before it should.
    case truncated = "truncated"
    /// A whole file is not there.
    case missingFile = "missing-file"
}

/// What a decoder of this target found instead of what it was asked for.
public enum SnapshotFault: Error, Hashable, Sendable {
    /// `at` counts from the first of the bytes that were decoded.
    case damaged(SnapshotDamageKind, at: Int)
    /// Written by a newer release. Looked at behind the checksum, so it is no damage.
    case newerVersion(found: Int, supported: Int)
    /// Encrypted, with a key that this release knows nothing of.
    case keyUnavailable(UInt32)

    /// Versions count from 1: a 0 is nobody's.
    static func check(version: Int, upTo supported: Int, at offset: Int) throws(SnapshotFault) {
        guard version <= supported else { throw .newerVersion(found: version, supported: supported) }
        guard version > 0 else { throw .damaged(.impossibleField, at: offset) }
    }
}
