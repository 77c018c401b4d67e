// Records and segment headers of a node's own log, one at a time.

import ByteCoding
import LogFormat
import Vocabulary

extension FuzzTarget {
    /// The bytes as they are, then sealed as records that follow one another, so that what lies behind the checksum is
    /// seen as well.
    ///
    /// 1. What is needed is more than was shown and no more than there is; a body lies in the bytes.
    /// 2. A record that does not follow changes nothing; one that follows moves the log on by its own length.
    /// 3. A segment header that is accepted, encoded anew, is accepted as the same.
    static let logRecords = FuzzTarget("log-records") { bytes throws(Violation) in
        try RecordCheck.checkHeader(bytes)
        if bytes.count >= SegmentHeader.byteCount {
            var sealed = Array(bytes[..<SegmentHeader.byteCount])
            sealed.store(littleEndian: SegmentHeader.magic, at: 0)
            sealed.store(littleEndian: SegmentHeader.version, at: 12)
            sealed.store(littleEndian: CRC32C.checksum(sealed.rawBytes.extracting(12..<sealed.count)), at: 8)
            try RecordCheck.checkHeader(sealed)
        }
        try RecordCheck.examine(bytes)
        try RecordCheck.follow(bytes)
    }
}

private enum RecordCheck {
    static func checkHeader(_ bytes: [UInt8]) throws(Violation) {
        guard case .header(let header) = SegmentHeader.decode(bytes.rawBytes) else { return }
        var encoded: [UInt8] = []
        header.encode(into: &encoded)
        try require(SegmentHeader.decode(encoded.rawBytes) == .header(header), "\(header) was read back as another")
        try require(header.firstRecord > header.base, "records before their segment")
        _ = LogChain(header)
    }

    /// Every place of the bytes, with less and less of them in sight.
    static func examine(_ bytes: [UInt8]) throws(Violation) {
        for place in stride(from: 0, to: bytes.count, by: RecordHeader.alignment) {
            let available = bytes.count - place
            let shown = Array(bytes[..<min(bytes.count, place + 64)])
            let expected = LSN(UInt64(place))
            let finding = RecordHeader.examine(
                shown.rawBytes, at: place, available: available, expected: expected,
                seed: ForgedRecord.identity.recordSeed)
            guard case .needs(let count) = finding else { continue }
            try require(count > shown.count - place && count <= available, "\(count) of \(available) bytes are needed")
        }
        var place = 0
        while let claim = RecordHeader.nextClaim(in: bytes.rawBytes, from: place, to: bytes.count, base: 0) {
            let isPlace = claim.place >= place && claim.place % RecordHeader.alignment == 0
            let isInside = claim.place + RecordHeader.byteCount <= bytes.count
            try require(isPlace && isInside, "a claim at \(claim.place) from \(place)")
            try require(claim.lsn == LSN(UInt64(claim.place)), "a claim of another place at \(claim.place)")
            place = claim.place + RecordHeader.alignment
        }
    }

    /// Takes the bytes for forged records, one behind the other.
    static func follow(_ bytes: [UInt8]) throws(Violation) {
        var chain = LogChain(
            SegmentHeader(identity: ForgedRecord.identity, sequence: 1, base: LSN(0), start: ChainLink()))
        var source = ByteSource(bytes)
        while !source.isAtEnd {
            let record = ForgedRecord.next(from: &source, behind: chain)
            let finding = RecordHeader.examine(
                record.rawBytes, at: 0, available: record.count, expected: chain.next, seed: chain.seed)
            guard case .record(let header, let body) = finding else { continue }
            try require(body.upperBound <= record.count, "a body at \(body) of \(record.count) bytes")
            let bodyBytes = record.rawBytes.extracting(body)
            if LogChain.newerVersion(of: header, body: bodyBytes) != nil { continue }
            let before = chain
            if chain.accept(header, body: bodyBytes) != nil {
                try require(chain == before, "a record that does not follow changed the log")
                continue
            }
            try require(chain.next.rawValue == before.next.rawValue + UInt64(record.count), "not moved by its length")
            try require(chain.link.highestIndex >= chain.last.index, "the log ends behind its highest index")
            try require(chain.commitIndex >= before.commitIndex, "the commit index went back")
            try require(chain.link.highestIndex >= before.link.highestIndex, "the highest index went back")
        }
    }
}
