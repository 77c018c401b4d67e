// What an object says at its end: what its contents came to, and the hash of all before.

import ByteCoding
import Hashing
public import Vocabulary

/// The digest of the cluster's state behind an entry, as its leader had it.
public struct CertifiedDigest: Hashable, Sendable {
    public let index: LogIndex
    public let digest: Digest

    public init(index: LogIndex, digest: Digest) {
        self.index = index
        self.digest = digest
    }
}

/// Byte table: `docs/formats/archive.md`.
public struct ArchiveTrailer: Hashable, Sendable {
    /// "TRIRTAIL" when read as bytes.
    static let magic: UInt64 = 0x4C49_4154_5249_5254
    /// Without digests and hash.
    static let fixedLength = 76
    static let digestLength = 24
    /// Inclusive.
    public static let digestsMax = 4096

    /// Bytes of all blocks when they are decompressed.
    public var plainLength = 0
    /// Of a run: the chain behind its last frame, and that frame's term and checksum. Zero otherwise.
    public var chain = ChainValue.origin
    public var lastTerm = Term.zero
    public var lastChecksum: UInt32 = 0
    /// Of a run: states that were known while it was written, ascending; their entries are in it.
    public var digests: [CertifiedDigest] = []

    public init() {}

    var length: Int {
        ArchiveTrailer.fixedLength + digests.count * ArchiveTrailer.digestLength + SHA256.size
    }

    /// Appends all but the hash.
    func encode(into bytes: inout [UInt8]) {
        precondition(digests.count <= ArchiveTrailer.digestsMax, "\(digests.count) digests in one object")
        bytes.append(littleEndian: ArchiveTrailer.magic)
        bytes.append(littleEndian: UInt64(plainLength))
        bytes += chain.bytes
        bytes.append(littleEndian: lastTerm.rawValue)
        bytes.append(littleEndian: lastChecksum)
        bytes.append(littleEndian: UInt32(digests.count))
        // Reserved.
        bytes.append(littleEndian: UInt64(0))
        bytes.append(littleEndian: UInt32(0))
        for digest in digests {
            bytes.append(littleEndian: digest.index.rawValue)
            bytes.append(digest.digest)
        }
    }

    /// - Parameters:
    ///   - bytes: exactly one, with its hash.
    ///   - offset: where it stands in the object, for messages.
    static func decode(_ bytes: RawSpan, at offset: Int) throws(ArchiveFault) -> ArchiveTrailer {
        guard bytes.byteCount >= fixedLength + SHA256.size else { throw .damaged(.truncated, at: offset) }
        guard bytes.little(UInt64.self, at: 0) == magic else { throw .damaged(.badMagic, at: offset) }
        let count = Int(bytes.little(UInt32.self, at: 60))
        guard count <= digestsMax, bytes.isZero(in: 64..<fixedLength),
            bytes.byteCount == fixedLength + count * digestLength + SHA256.size,
            let chain = ChainValue([UInt8](bytes.extracting(16..<48)))
        else { throw .damaged(.impossibleField, at: offset) }
        var trailer = ArchiveTrailer()
        let plain: UInt64 = bytes.little(at: 8)
        let term: UInt64 = bytes.little(at: 48)
        guard plain <= UInt64(ArchiveObject.plainMax), term <= ArchiveHeader.numberMax else {
            throw .damaged(.impossibleField, at: offset)
        }
        trailer.plainLength = Int(plain)
        trailer.chain = chain
        trailer.lastTerm = Term(term)
        trailer.lastChecksum = bytes.little(at: 56)
        for position in 0..<count {
            let at = fixedLength + position * digestLength
            let index = LogIndex(bytes.little(at: at))
            guard trailer.digests.last.map({ $0.index < index }) ?? true else {
                throw .damaged(.impossibleField, at: offset)
            }
            let digest = Digest(high: bytes.little(at: at + 8), low: bytes.little(at: at + 16))
            trailer.digests.append(CertifiedDigest(index: index, digest: digest))
        }
        return trailer
    }
}
