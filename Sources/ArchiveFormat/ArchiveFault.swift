// Why bytes are no object of an archive.

/// What is wrong with an object, and where in it. Whoever reads it adds its name.
public enum ArchiveFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Bytes that are no object of an archive.
        case badMagic = "bad-magic"
        case badLength = "bad-length"
        case checksumMismatch = "checksum-mismatch"
        /// A block that does not decompress to exactly its length.
        case badCompression = "bad-compression"
        /// Whole, but another one than its name says: of another cluster, timeline, place or time.
        case misplaced
        /// It verifies, and a field has a value that nobody writes.
        case impossibleField = "impossible-field"
        case truncated
        /// Frames that do not follow one another, or not what the object says it follows.
        case brokenChain = "broken-chain"
    }

    case damaged(Kind, at: Int)
    /// Written by a newer release.
    case newerVersion(found: Int, supported: Int)
    /// Encrypted with a key that is not here.
    case keyUnavailable(UInt32)

    public var isDamage: Bool { if case .damaged = self { true } else { false } }

    public var description: String {
        switch self {
        case .damaged(let kind, let offset): "\(kind.rawValue) at byte \(offset)"
        case .newerVersion(let found, let supported):
            "version \(found) is newer than \(supported), which this release reads"
        case .keyUnavailable(let key): "it is encrypted with key \(key), which is not here"
        }
    }

    /// Versions count from 1.
    static func check(version: Int, upTo supported: Int, at offset: Int) throws(ArchiveFault) {
        guard version <= supported else { throw .newerVersion(found: version, supported: supported) }
        guard version > 0 else { throw .damaged(.impossibleField, at: offset) }
    }
}
