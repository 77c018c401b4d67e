// Whole segments of forged records, through recovery.

import ByteCoding
import LogFormat
import LogStore
import Vocabulary

extension FuzzTarget {
    /// Up to three segments with true checksums and false contents. Opening such a log succeeds or is an error; when it
    /// succeeds, it succeeds again and finds nothing new.
    static let logSegments = FuzzTarget("log-segments") { bytes throws(Violation) in
        var source = ByteSource(bytes)
        let isNew = source.byte() & 1 == 1
        let disk = MemoryDisk(ForgedSegments.files(from: &source))
        try LogOpening.inspect(disk)
        guard let opened = try? LogOpening.open(disk, isNew: isNew) else { return }
        try LogOpening.reopen(disk, as: opened)
        try LogOpening.inspect(disk)
    }
}

private enum ForgedSegments {
    static func files(from source: inout ByteSource) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var chain = LogChain(
            SegmentHeader(identity: ForgedRecord.identity, sequence: 1, base: LSN(0), start: ChainLink()))
        for number in 1...(1 + source.choice(below: 3)) {
            let faults = source.byte()
            let sequence = faults & 1 == 0 ? UInt64(number) : UInt64(source.choice(below: 8))
            var header = chain.successor(sequence: sequence)
            if number == 1 {
                header = SegmentHeader(
                    identity: ForgedRecord.identity, sequence: sequence, base: LSN(0), start: ChainLink())
            }
            if faults & 2 != 0 { header = forged(header, from: &source) }
            var bytes: [UInt8] = []
            header.encode(into: &bytes)
            if number == 1 { chain = LogChain(header) } else { _ = chain.enter(header) }
            append(to: &bytes, from: &source, &chain)
            files[SegmentName.text(sequence)] = bytes
        }
        return files
    }

    /// The header with other positions than the log before it asks for.
    private static func forged(_ header: SegmentHeader, from source: inout ByteSource) -> SegmentHeader {
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        let fields = source.run(12)
        bytes.replaceSubrange(72..<72 + fields.count, with: fields)
        bytes.store(littleEndian: CRC32C.checksum(bytes.rawBytes.extracting(12..<bytes.count)), at: 8)
        guard case .header(let other) = SegmentHeader.decode(bytes.rawBytes) else { return header }
        return other
    }

    private static func append(to bytes: inout [UInt8], from source: inout ByteSource, _ chain: inout LogChain) {
        for _ in 0..<source.choice(below: 12) where !source.isAtEnd {
            let record = ForgedRecord.next(from: &source, behind: chain)
            bytes += record
            let finding = RecordHeader.examine(
                record.rawBytes, at: 0, available: record.count, expected: chain.next, seed: chain.seed)
            guard case .record(let header, let body) = finding else { continue }
            _ = chain.accept(header, body: record.rawBytes.extracting(body))
        }
        bytes += [UInt8](repeating: 0, count: 8 * source.choice(below: 64))
    }
}
