// Reading a segment through a window of a megabyte, so that opening a log needs little memory.

import ByteCoding
import LogFormat
import Vocabulary

/// A file, and the part of it that is in memory.
struct SegmentWindow<Disk: Storage> {
    static var step: Int { 1 << 20 }

    let disk: Disk
    let file: Disk.Handle
    let size: Int
    private(set) var bytes: [UInt8] = []
    /// Where in the file `bytes` begins.
    private(set) var start = 0
    private let step: Int

    init(disk: Disk, name: String, step: Int = SegmentWindow.step) throws(StorageError) {
        self.disk = disk
        self.step = step
        file = try disk.open(name)
        size = try disk.size(of: file)
    }

    /// Makes sure that `count` bytes from `offset` on are in memory, or all up to the file's end.
    mutating func load(_ count: Int, at offset: Int) throws(StorageError) {
        let end = min(size, offset + count)
        if offset >= start, end <= start + bytes.count { return }
        bytes.removeAll(keepingCapacity: bytes.capacity <= 2 * step)
        start = offset
        try disk.read(min(size - offset, max(count, step)), at: offset, of: file, into: &bytes)
    }

    /// The header, or what stands in its place.
    mutating func header() throws(StorageError) -> SegmentHeader.Finding {
        try load(SegmentHeader.byteCount, at: 0)
        let span = bytes.rawBytes
        return SegmentHeader.decode(span.extracting(0..<min(span.byteCount, SegmentHeader.byteCount)))
    }

    /// What stands at `offset`, whose LSN is `expected`. The range of a record's body counts in `bytes`.
    mutating func record(at offset: Int, expected: LSN, seed: UInt32) throws(StorageError) -> RecordHeader.Finding {
        var wanted = RecordHeader.byteCount
        while true {
            guard offset < size else { return .nothing }
            try load(wanted, at: offset)
            let available = size - offset
            // The file may have become shorter since: what is not there cannot be a record.
            guard bytes.count - (offset - start) >= min(wanted, available) else { return .invalid(.gap) }
            let finding = RecordHeader.examine(
                bytes.rawBytes, at: offset - start, available: available, expected: expected, seed: seed)
            guard case .needs(let count) = finding else { return finding }
            wanted = count
        }
    }

    /// The next place from `offset` on that claims to be a record, and what LSN it claims; nil when none comes before
    /// `end`. With `base`, the LSN of the file's first byte, only records at their own place.
    mutating func nextClaim(
        from offset: Int, to end: Int, base: LSN?
    ) throws(StorageError) -> (place: Int, lsn: LSN)? {
        var place = offset
        while place + RecordHeader.byteCount <= end {
            try load(RecordHeader.byteCount, at: place)
            let windowEnd = min(end - start, bytes.count)
            let found = RecordHeader.nextClaim(
                in: bytes.rawBytes, from: place - start, to: windowEnd,
                base: base.map { $0.rawValue &+ UInt64(start) })
            if let found { return (start + found.place, found.lsn) }
            let examined = max(0, windowEnd - (place - start) - RecordHeader.byteCount) / RecordHeader.alignment + 1
            place += examined * RecordHeader.alignment
        }
        return nil
    }
}
