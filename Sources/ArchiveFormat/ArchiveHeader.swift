// The 160 bytes in front of every object of an archive: whose it is, and what is in it.

import ByteCoding
public import Vocabulary

/// Where an object belongs: what a reader expects of it before it looks at anything else.
public struct ArchiveOwner: Hashable, Sendable {
    public let cluster: ClusterID
    public let timeline: Timeline

    public init(cluster: ClusterID, timeline: Timeline) {
        self.cluster = cluster
        self.timeline = timeline
    }
}

/// What is in an object.
public enum ArchiveContents: Hashable, Sendable {
    /// Consecutive frames of the log.
    case run(RunFacts)
    /// A part of a pack of snapshot chunks.
    case piece(PieceFacts)
}

/// What a run of the log is, before its frames are looked at.
public struct RunFacts: Hashable, Sendable {
    public let first: LogIndex
    /// Inclusive, at least `first`.
    public let last: LogIndex
    /// Of the first and the last entry.
    public let firstTime: Timestamp
    public let lastTime: Timestamp
    /// The chain behind the entry before the first. `ChainValue.origin` where one begins.
    public let chain: ChainValue
    /// Term and checksum of the frame that ends before the first: as its header has them.
    public let previousTerm: Term
    public let previousChecksum: UInt32

    public init(
        first: LogIndex, last: LogIndex, firstTime: Timestamp, lastTime: Timestamp, chain: ChainValue,
        previousTerm: Term, previousChecksum: UInt32
    ) {
        self.first = first
        self.last = last
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.chain = chain
        self.previousTerm = previousTerm
        self.previousChecksum = previousChecksum
    }
}

/// A part of a pack: `length` bytes of it from `offset` on.
public struct PieceFacts: Hashable, Sendable {
    public let pack: UInt64
    public let offset: Int
    public let length: Int
    /// Whether the pack ends with it.
    public let isLast: Bool

    public init(pack: UInt64, offset: Int, length: Int, isLast: Bool) {
        self.pack = pack
        self.offset = offset
        self.length = length
        self.isLast = isLast
    }
}

/// Byte table: `docs/formats/archive.md`.
public struct ArchiveHeader: Hashable, Sendable {
    public static let byteCount = 160
    /// "TRIRARCH" when read as bytes.
    public static let magic: UInt64 = 0x4843_5241_5249_5254
    /// History: 1, the first.
    public static let version: UInt32 = 1
    /// Inclusive, of every index, time and size.
    static let numberMax: UInt64 = 1 << 62

    public let owner: ArchiveOwner
    /// Of the leader that wrote it.
    public let term: Term
    public let contents: ArchiveContents

    public init(owner: ArchiveOwner, term: Term, contents: ArchiveContents) {
        self.owner = owner
        self.term = term
        self.contents = contents
    }

    private static let runKind: UInt8 = 1
    private static let pieceKind: UInt8 = 2

    func encode(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(littleEndian: ArchiveHeader.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: ArchiveHeader.version)
        bytes.append(owner.cluster)
        bytes.append(littleEndian: owner.timeline.number)
        bytes.append(littleEndian: owner.timeline.high)
        bytes.append(littleEndian: owner.timeline.low)
        switch contents {
        case .run: bytes.append(ArchiveHeader.runKind)
        case .piece: bytes.append(ArchiveHeader.pieceKind)
        }
        // Three bytes that are reserved, and the key id, 0 being plaintext.
        bytes += [0, 0, 0]
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: term.rawValue)
        switch contents {
        case .run(let run):
            for number in [run.first.rawValue, run.last.rawValue, run.firstTime.rawValue, run.lastTime.rawValue] {
                bytes.append(littleEndian: number)
            }
            bytes.append(littleEndian: run.previousTerm.rawValue)
            bytes.append(littleEndian: run.previousChecksum)
            bytes.append(littleEndian: UInt32(0))
            bytes += run.chain.bytes
        case .piece(let piece):
            for number in [piece.pack, UInt64(piece.offset), UInt64(piece.length), piece.isLast ? 1 : 0] {
                bytes.append(littleEndian: number)
            }
        }
        bytes.append(contentsOf: repeatElement(0, count: start + ArchiveHeader.byteCount - bytes.count))
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(start + 12..<start + ArchiveHeader.byteCount))
        bytes.store(littleEndian: checksum, at: start + 8)
    }

    /// The one gate for headers: `bytes` is exactly one.
    static func decode(_ bytes: RawSpan) throws(ArchiveFault) -> ArchiveHeader {
        guard bytes.byteCount == byteCount else { throw .damaged(.truncated, at: bytes.byteCount) }
        guard bytes.little(UInt64.self, at: 0) == magic else { throw .damaged(.badMagic, at: 0) }
        let computed = CRC32C.checksum(bytes.extracting(12..<byteCount))
        guard bytes.little(UInt32.self, at: 8) == computed else { throw .damaged(.checksumMismatch, at: 8) }
        try ArchiveFault.check(version: Int(bytes.little(UInt32.self, at: 12)), upTo: Int(version), at: 12)
        let timeline = Timeline(
            number: bytes.little(at: 32), high: bytes.little(at: 40), low: bytes.little(at: 48))
        guard let timeline else { throw .damaged(.impossibleField, at: 32) }
        guard bytes.isZero(in: 57..<60) else { throw .damaged(.impossibleField, at: 57) }
        let key = bytes.little(UInt32.self, at: 60)
        guard key == 0 else { throw .keyUnavailable(key) }
        let cluster = ClusterID(high: bytes.little(at: 16), low: bytes.little(at: 24))
        return ArchiveHeader(
            owner: ArchiveOwner(cluster: cluster, timeline: timeline), term: Term(try number(bytes, at: 64, from: 1)),
            contents: try contents(bytes))
    }

    private static func contents(_ bytes: RawSpan) throws(ArchiveFault) -> ArchiveContents {
        switch bytes.little(UInt8.self, at: 56) {
        case runKind: return .run(try run(bytes))
        case pieceKind: return .piece(try piece(bytes))
        default: throw .damaged(.impossibleField, at: 56)
        }
    }

    private static func run(_ bytes: RawSpan) throws(ArchiveFault) -> RunFacts {
        guard bytes.isZero(in: 116..<120), bytes.isZero(in: 152..<byteCount) else {
            throw .damaged(.impossibleField, at: 116)
        }
        guard let chain = ChainValue([UInt8](bytes.extracting(120..<152))) else {
            throw .damaged(.impossibleField, at: 120)
        }
        let facts = RunFacts(
            first: LogIndex(try number(bytes, at: 72, from: 1)), last: LogIndex(try number(bytes, at: 80, from: 1)),
            firstTime: Timestamp(rawValue: try number(bytes, at: 88)),
            lastTime: Timestamp(rawValue: try number(bytes, at: 96)), chain: chain,
            previousTerm: Term(try number(bytes, at: 104)), previousChecksum: bytes.little(at: 112))
        guard facts.first <= facts.last, facts.firstTime <= facts.lastTime else {
            throw .damaged(.impossibleField, at: 72)
        }
        return facts
    }

    private static func piece(_ bytes: RawSpan) throws(ArchiveFault) -> PieceFacts {
        guard bytes.isZero(in: 104..<byteCount) else { throw .damaged(.impossibleField, at: 104) }
        let flag = try number(bytes, at: 96)
        let length = Int(try number(bytes, at: 88, from: 1))
        guard flag <= 1, length <= ArchiveObject.plainMax else { throw .damaged(.impossibleField, at: 88) }
        return PieceFacts(
            pack: try number(bytes, at: 72, from: 1), offset: Int(try number(bytes, at: 80)), length: length,
            isLast: flag == 1)
    }

    private static func number(_ bytes: RawSpan, at offset: Int, from least: UInt64 = 0) throws(ArchiveFault) -> UInt64
    {
        let value = bytes.little(UInt64.self, at: offset)
        guard (least...numberMax).contains(value) else { throw .damaged(.impossibleField, at: offset) }
        return value
    }
}
