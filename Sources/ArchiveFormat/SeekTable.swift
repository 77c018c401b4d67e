// Where the blocks of an object are: the seek table of zstd's seekable format.

import ByteCoding

/// One frame of an object: its bytes as stored, and how many they are when decompressed; 0 for what is skipped.
struct SeekEntry: Hashable {
    var stored: Int
    var plain: Int
}

/// The last frame of an object, one that decompressors skip ("Zstandard Seekable Format", contrib/seekable_format in
/// the source of zstd, version 0.1.0), without the optional checksums: the frames have their own.
enum SeekTable {
    private static let frameMagic: UInt32 = 0x184D_2A5E
    private static let footerMagic: UInt32 = 0x8F92_EAB1
    private static let footerLength = 9
    private static let entryLength = 8

    static func length(of count: Int) -> Int { SkippableFrame.headLength + count * entryLength + footerLength }

    static func append(_ entries: [SeekEntry], to bytes: inout [UInt8]) {
        bytes.append(littleEndian: frameMagic)
        bytes.append(littleEndian: UInt32(entries.count * entryLength + footerLength))
        for entry in entries {
            bytes.append(littleEndian: UInt32(entry.stored))
            bytes.append(littleEndian: UInt32(entry.plain))
        }
        bytes.append(littleEndian: UInt32(entries.count))
        bytes.append(0)
        bytes.append(littleEndian: footerMagic)
    }

    /// The table at the end of `bytes`, which may be the last part of an object only; nil when that part is too short
    /// for all of it.
    ///
    /// - Parameter size: of the whole object.
    static func decode(_ bytes: RawSpan, size: Int) throws(ArchiveFault) -> [SeekEntry]? {
        let end = bytes.byteCount
        guard end >= footerLength else { throw .damaged(.truncated, at: size) }
        guard bytes.little(UInt32.self, at: end - 4) == footerMagic, bytes.little(UInt8.self, at: end - 5) == 0 else {
            throw .damaged(.truncated, at: size)
        }
        let count = Int(bytes.little(UInt32.self, at: end - footerLength))
        let length = length(of: count)
        guard count <= ArchiveObject.framesMax, length <= size else { throw .damaged(.badLength, at: size - 9) }
        guard length <= end else { return nil }
        let start = end - length
        guard bytes.little(UInt32.self, at: start) == frameMagic,
            Int(bytes.little(UInt32.self, at: start + 4)) == length - SkippableFrame.headLength
        else { throw .damaged(.badMagic, at: size - length) }
        var entries: [SeekEntry] = []
        entries.reserveCapacity(count)
        var stored = 0
        for position in 0..<count {
            let at = start + SkippableFrame.headLength + position * entryLength
            let entry = SeekEntry(
                stored: Int(bytes.little(UInt32.self, at: at)), plain: Int(bytes.little(UInt32.self, at: at + 4)))
            stored += entry.stored
            entries.append(entry)
        }
        guard stored == size - length else { throw .damaged(.badLength, at: size - length) }
        return entries
    }
}

/// A frame that every decompressor skips (RFC 8878, section 3.1.2): a magic number and a length before its bytes.
enum SkippableFrame {
    static let magic: UInt32 = 0x184D_2A50
    static let headLength = 8

    static func appendHead(of length: Int, to bytes: inout [UInt8]) {
        bytes.append(littleEndian: magic)
        bytes.append(littleEndian: UInt32(length))
    }

    /// The contents of a frame of ours, which is all of `bytes`.
    @_lifetime(copy bytes)
    static func contents(of bytes: RawSpan, at offset: Int) throws(ArchiveFault) -> RawSpan {
        guard bytes.byteCount >= headLength else { throw .damaged(.truncated, at: offset) }
        guard bytes.little(UInt32.self, at: 0) == magic else { throw .damaged(.badMagic, at: offset) }
        guard Int(bytes.little(UInt32.self, at: 4)) == bytes.byteCount - headLength else {
            throw .damaged(.badLength, at: offset + 4)
        }
        return bytes.extracting(headLength..<bytes.byteCount)
    }
}
