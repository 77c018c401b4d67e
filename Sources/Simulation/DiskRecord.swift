// The records on a simulated disk, found by the byte tables of docs/formats/log.md alone.

/// A record of the log as its bytes say, unchecked: a judge's and a nemesis's look at a disk, independent of the code
/// that reads it.
struct DiskRecord: Sendable {
    let file: String
    /// In the file, padding included.
    let range: Range<Int>
    let lsn: UInt64
    /// Where its batch begins.
    let batch: UInt64
    let isFrame: Bool

    static let segmentHeaderSize: UInt64 = 128
    private static let headerSize = 56
    /// "TRIR".
    private static let magic: UInt64 = 0x5249_5254

    /// All records of all segments, in order.
    static func all(on disk: SimulatedDisk) -> [DiskRecord] { all(in: disk.files) }

    static func all(in files: [String: [UInt8]]) -> [DiskRecord] {
        let names = files.keys.filter { $0.hasPrefix("wal-") && $0.hasSuffix(".seg") }.sorted()
        return names.flatMap { name in files[name].map { records(in: $0, of: name) } ?? [] }
    }

    private static func records(in bytes: [UInt8], of file: String) -> [DiskRecord] {
        var found: [DiskRecord] = []
        var offset = Int(segmentHeaderSize)
        while offset + headerSize <= bytes.count, word(bytes, at: offset + 48, count: 4) == magic {
            let size = (headerSize + Int(word(bytes, at: offset + 4, count: 4)) + 7) & ~7
            guard offset + size <= bytes.count else { break }
            found.append(
                DiskRecord(
                    file: file, range: offset..<offset + size, lsn: word(bytes, at: offset + 8, count: 8),
                    batch: word(bytes, at: offset + 16, count: 8), isFrame: bytes[offset + 52] == 1))
            offset += size
        }
        return found
    }

    /// A little-endian number.
    private static func word(_ bytes: [UInt8], at offset: Int, count: Int) -> UInt64 {
        bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
