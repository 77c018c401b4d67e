// Runs: consecutive frames of the log as one object.

import ByteCoding
public import LogFormat
public import Vocabulary

/// Where in the log's chain a run begins or ends.
public struct ChainEnd: Hashable, Sendable {
    /// Of the frame that ends there.
    public let position: LogPosition
    public let checksum: UInt32
    public let chain: ChainValue

    /// Before the first entry of all.
    public static let zero = ChainEnd(position: .zero, checksum: 0, chain: .origin)

    public init(position: LogPosition, checksum: UInt32, chain: ChainValue) {
        self.position = position
        self.checksum = checksum
        self.chain = chain
    }
}

extension RunFacts {
    /// What the first frame follows.
    public var start: ChainEnd {
        ChainEnd(
            position: LogPosition(term: previousTerm, index: first.previous), checksum: previousChecksum, chain: chain)
    }
}

/// Makes runs, each behind the one before.
public struct LogRunBuilder: ~Copyable {
    private let owner: ArchiveOwner
    private let term: Term
    private var object: ArchiveObjectBuilder
    /// The end of what was made before, and of what was taken since.
    private var start: ChainEnd
    public private(set) var end: ChainEnd
    private var firstTime: Timestamp?
    private var lastTime = Timestamp.zero
    private var digests: [CertifiedDigest] = []

    /// - Parameters:
    ///   - term: of the leader that makes them.
    ///   - start: what the first frame follows.
    public init(_ owner: ArchiveOwner, term: Term, behind start: ChainEnd, level: Int) {
        self.owner = owner
        self.term = term
        self.start = start
        end = start
        object = ArchiveObjectBuilder(level: level)
    }

    public var isEmpty: Bool { firstTime == nil }
    public var plainLength: Int { object.plainLength }

    /// Takes the next frame. Traps on one that does not follow.
    public mutating func append(_ header: FrameHeader, _ bytes: RawSpan) {
        precondition(
            header.firstIndex == end.position.index.next, "a frame at \(header.firstIndex) behind \(end.position)")
        precondition(
            header.previousTerm == end.position.term && header.previousChecksum == end.checksum,
            "the frame at \(header.firstIndex) does not follow \(end.position)")
        object.append(bytes)
        end = ChainEnd(
            position: LogPosition(term: header.term, index: header.lastIndex), checksum: header.checksum,
            chain: end.chain.followed(by: bytes))
        firstTime = firstTime ?? header.timestamp
        lastTime = header.timestamp.advanced(by: Int(header.count) - 1)
    }

    /// The state behind an entry of this run, the last that was taken or one before.
    public mutating func certify(_ digest: CertifiedDigest) {
        guard digest.index > digests.last?.index ?? start.position.index, digest.index <= end.position.index,
            digests.count < ArchiveTrailer.digestsMax
        else { return }
        digests.append(digest)
    }

    /// The run, and the next one begins behind it. Traps without a frame.
    public mutating func finish() -> (facts: RunFacts, object: [UInt8]) {
        guard let firstTime else { preconditionFailure("a run without frames") }
        let facts = RunFacts(
            first: start.position.index.next, last: end.position.index, firstTime: firstTime, lastTime: lastTime,
            chain: start.chain, previousTerm: start.position.term, previousChecksum: start.checksum)
        var trailer = ArchiveTrailer()
        trailer.chain = end.chain
        trailer.lastTerm = end.position.term
        trailer.lastChecksum = end.checksum
        trailer.digests = digests
        let bytes = object.finish(ArchiveHeader(owner: owner, term: term, contents: .run(facts)), trailer)
        (start, self.firstTime, digests) = (end, nil, [])
        return (facts, bytes)
    }
}

/// A run that was read: every frame whole, in its place and in the chain.
public struct LogRun: Sendable {
    public let facts: RunFacts
    public let frames: FrameRun
    public let start: ChainEnd
    /// Of every frame, in their order; at least one.
    public let ends: [ChainEnd]
    public let end: ChainEnd
    public let digests: [CertifiedDigest]

    /// - Parameter limit: bounds every frame as stored and as decompressed.
    public init(_ object: borrowing ArchiveObject, limit: ByteCount) throws(ArchiveFault) {
        guard case .run(let facts) = object.header.contents else { throw .damaged(.misplaced, at: 0) }
        self.facts = facts
        let plain = try object.plain()
        do throws(FrameError) { frames = try FrameRun(decoding: plain, limit: limit) } catch {
            throw .damaged(.brokenChain, at: 0)
        }
        start = facts.start
        ends = try LogRun.follow(frames, from: start, of: object.header.owner)
        end = ends.last ?? start
        let trailer = object.trailer
        guard end.position == LogPosition(term: trailer.lastTerm, index: facts.last),
            end.checksum == trailer.lastChecksum,
            end.chain == trailer.chain
        else { throw .damaged(.brokenChain, at: object.bytes.count) }
        digests = trailer.digests
        guard digests.allSatisfy({ $0.index >= facts.first && $0.index <= facts.last }) else {
            throw .damaged(.impossibleField, at: object.bytes.count)
        }
        guard let first = frames.frames.first?.header, let last = frames.frames.last?.header,
            first.timestamp == facts.firstTime,
            last.timestamp.advanced(by: Int(last.count) - 1) == facts.lastTime
        else { throw .damaged(.brokenChain, at: 0) }
    }

    private static func follow(
        _ frames: FrameRun, from start: ChainEnd, of owner: ArchiveOwner
    ) throws(ArchiveFault) -> [ChainEnd] {
        var end = start
        var ends: [ChainEnd] = []
        for place in frames.frames {
            let header = place.header
            guard header.cluster == owner.cluster.low, header.firstIndex == end.position.index.next,
                header.previousTerm == end.position.term, header.previousChecksum == end.checksum
            else { throw .damaged(.brokenChain, at: place.range.lowerBound) }
            end = ChainEnd(
                position: LogPosition(term: header.term, index: header.lastIndex), checksum: header.checksum,
                chain: end.chain.followed(by: frames.bytes.rawBytes.extracting(place.range)))
            ends.append(end)
        }
        return ends
    }
}
