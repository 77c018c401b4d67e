// The log as a chain of records: what the next one must be, whether it is read or about to be written.

import ByteCoding
public import Vocabulary

/// The end of a log, moved on by each record. Reading and writing go through the same value, so what the writer makes
/// is what the reader demands.
///
/// 1. `link` and `next` name the only record that can follow.
/// 2. `highestIndex >= last.index`, and neither it nor `commitIndex` ever decreases.
/// 3. The numbers of states increase, also above those of lost states that may still stand in the files.
public struct LogChain: Hashable, Sendable {
    /// The most bytes of one frame, as stored and as decompressed.
    public static let frameLimit = ByteCount.mebibytes(1024)

    public let identity: LogIdentity
    public let seed: UInt32
    public private(set) var link: ChainLink
    /// Where the next record begins.
    public private(set) var next: LSN
    /// Where the newest batch began.
    public private(set) var batch: LSN
    public private(set) var state: LogState
    public private(set) var commitIndex: LogIndex
    /// The newest number of a state that was lost; the next one that is written gets a newer one. Nil when it did.
    public private(set) var lostStateNumber: StateNumber?
    /// What the frame holds that was taken last, since this value began.
    public private(set) var frameKind: FrameKind?

    /// The chain at the start of a segment.
    public init(_ header: SegmentHeader) {
        identity = header.identity
        seed = header.identity.recordSeed
        link = header.start
        next = header.firstRecord
        batch = header.base
        state = LogState()
        commitIndex = .zero
    }

    public var last: LogPosition { link.last }

    /// Goes on in the segment that begins where this chain ends. False when it begins elsewhere.
    public mutating func enter(_ header: SegmentHeader) -> Bool {
        guard header.base == next, header.start == link else { return false }
        next = header.firstRecord
        // The batch that begins a segment begins with its header.
        batch = header.base
        return true
    }

    /// The header of the segment that follows.
    public func successor(sequence: UInt64) -> SegmentHeader {
        SegmentHeader(identity: identity, sequence: sequence, base: next, start: link)
    }

    // MARK: Reading

    /// Takes a whole record that stands at `next`. Nil when it follows; else what is wrong, and nothing has changed.
    public mutating func accept(_ header: RecordHeader, body: RawSpan) -> DamageKind? {
        var after = self
        guard header.lsn == next else { return .misplacedBlock }
        guard header.previousChecksum == link.recordChecksum else { return .brokenChain }
        guard header.batch >= batch else { return .brokenChain }
        if let damage = after.take(header, body: body) { return damage }
        guard header.highestIndex == after.link.highestIndex else { return .brokenChain }
        after.finish(checksum: header.checksum, length: header.recordLength, commitIndex: header.commitIndex)
        after.batch = header.batch
        self = after
        return nil
    }

    /// Set when a whole record is of a newer release, or holds a frame of one: nothing may be done about such a log.
    public static func newerVersion(of header: RecordHeader, body: RawSpan) -> (found: Int, supported: Int)? {
        guard header.rawVersion <= RecordHeader.version, let kind = header.kind else {
            return (Int(max(header.rawVersion, RecordHeader.version + 1)), Int(RecordHeader.version))
        }
        guard kind == .frame, body.byteCount >= FrameHeader.byteCount else { return nil }
        let version = body.little(UInt16.self, at: 8)
        return version > FrameHeader.version ? (Int(version), Int(FrameHeader.version)) : nil
    }

    private mutating func take(_ header: RecordHeader, body: RawSpan) -> DamageKind? {
        let isState = header.kind == .state || header.kind == .restart
        guard isState || header.stateNumber == link.stateNumber else { return .brokenChain }
        switch header.kind {
        case .frame:
            guard let frame = try? FrameHeader.decode(frame: body, limit: LogChain.frameLimit) else {
                return .failedRecovery
            }
            return append(frame)
        case .state:
            guard let state = LogState(body: body) else { return .failedRecovery }
            return replace(state, number: header.stateNumber)
        case .truncation:
            guard let truncation = LogTruncation(body: body) else { return .failedRecovery }
            return cut(truncation)
        case .restart:
            guard let restart = LogRestart(body: body) else { return .failedRecovery }
            return begin(restart, number: header.stateNumber)
        case nil:
            return .failedRecovery
        }
    }

    private mutating func append(_ frame: FrameHeader) -> DamageKind? {
        guard frame.cluster == identity.cluster.low else { return .misplacedBlock }
        guard frame.firstIndex <= last.index.next else { return .gap }
        guard frame.firstIndex == last.index.next, frame.previousTerm == last.term,
            frame.previousChecksum == link.lastChecksum
        else { return .brokenChain }
        link.last = LogPosition(term: frame.term, index: frame.lastIndex)
        link.lastChecksum = frame.checksum
        link.highestIndex = max(link.highestIndex, frame.lastIndex)
        frameKind = frame.kind
        return nil
    }

    private mutating func replace(_ new: LogState, number: StateNumber) -> DamageKind? {
        guard new.term >= state.term, new.startSequence >= state.startSequence else { return .brokenChain }
        guard number.isNewer(than: link.stateNumber) else { return .brokenChain }
        state = new
        link.stateNumber = number
        return nil
    }

    private mutating func cut(_ truncation: LogTruncation) -> DamageKind? {
        guard truncation.from <= last.index, truncation.lastTerm <= last.term else { return .brokenChain }
        link.last = LogPosition(term: truncation.lastTerm, index: truncation.from.previous)
        link.lastChecksum = truncation.lastChecksum
        return nil
    }

    private mutating func begin(_ restart: LogRestart, number: StateNumber) -> DamageKind? {
        guard mayBegin(behind: restart) else { return .brokenChain }
        if let damage = replace(restart.state, number: number) { return damage }
        link.last = restart.position
        link.lastChecksum = restart.checksum
        link.highestIndex = max(link.highestIndex, restart.position.index)
        commitIndex = max(commitIndex, restart.position.index)
        return nil
    }

    /// What is known to be committed is given up for less only by a node that says that it lacks it.
    private func mayBegin(behind restart: LogRestart) -> Bool {
        restart.position.index >= commitIndex || restart.state.fence ?? .zero >= max(last.index, commitIndex)
    }

    private mutating func finish(checksum: UInt32, length: Int, commitIndex: LogIndex) {
        link.recordChecksum = checksum
        next = LSN(next.rawValue + UInt64(length))
        self.commitIndex = max(self.commitIndex, commitIndex)
    }

    // MARK: Writing

    /// States up to `number` were lost behind the log's end, and their records may stand in its files for long: a
    /// repair that is cut short leaves them. Those to come are told from them by their numbers.
    public mutating func skipStates(through number: StateNumber) {
        let known = lostStateNumber ?? link.stateNumber
        if number.isNewer(than: known), number.next.isNewer(than: link.stateNumber) { lostStateNumber = number }
    }

    /// Everything before `next` is on stable storage: what is written from here on is one batch.
    public mutating func beginBatch() { batch = next }

    /// The bytes that an order's record takes.
    public static func recordLength(of frame: Frame) -> Int { RecordHeader.recordLength(body: frame.bytes.count) }
    public static let stateLength = RecordHeader.recordLength(body: LogState.byteCount)
    public static let truncationLength = RecordHeader.recordLength(body: LogTruncation.byteCount)
    public static let restartLength = RecordHeader.recordLength(body: LogRestart.byteCount)

    /// Appends the record of a frame to `bytes`. Traps when it does not follow, or is of another cluster.
    public mutating func write(_ frame: Frame, commitIndex: LogIndex, into bytes: inout [UInt8]) {
        let damage = append(frame.header)
        precondition(damage == nil, "frame \(frame.header.firstIndex) does not follow \(last): \(damage as Any)")
        write(.frame, commitIndex: commitIndex, into: &bytes) { $0.append(bytes: frame.bytes.rawBytes) }
    }

    /// Appends a state record. Traps when its term is older than the one before.
    public mutating func write(_ new: LogState, into bytes: inout [UInt8]) {
        let damage = replace(new, number: (lostStateNumber ?? link.stateNumber).next)
        lostStateNumber = nil
        precondition(damage == nil, "a state of term \(new.term) behind one of term \(state.term)")
        write(.state, commitIndex: commitIndex, into: &bytes) { new.encode(into: &$0) }
    }

    /// Appends a truncation. Traps when it would cut what is known to be committed, or nothing at all.
    public mutating func write(_ truncation: LogTruncation, into bytes: inout [UInt8]) {
        precondition(truncation.from > commitIndex, "cut from \(truncation.from), but \(commitIndex) is committed")
        let damage = cut(truncation)
        precondition(damage == nil, "cut from \(truncation.from) of a log that ends at \(last)")
        write(.truncation, commitIndex: commitIndex, into: &bytes) { truncation.encode(into: &$0) }
    }

    /// Appends a restart. Traps when it is no place of a log, or before what is known to be committed without a fence
    /// that covers all that is given up.
    public mutating func write(_ restart: LogRestart, into bytes: inout [UInt8]) {
        let position = restart.position
        precondition(LogRestart.isPossible(at: position), "no log begins behind \(position)")
        precondition(mayBegin(behind: restart), "begin behind \(position), but \(commitIndex) is committed")
        let damage = begin(restart, number: (lostStateNumber ?? link.stateNumber).next)
        lostStateNumber = nil
        precondition(damage == nil, "a restart with a state of term \(restart.state.term) behind \(state.term)")
        write(.restart, commitIndex: commitIndex, into: &bytes) { restart.encode(into: &$0) }
    }

    private mutating func write(
        _ kind: RecordKind, commitIndex: LogIndex, into bytes: inout [UInt8], body: (inout [UInt8]) -> Void
    ) {
        let begin = bytes.count
        let known = max(commitIndex, self.commitIndex)
        bytes.append(littleEndian: UInt64(0))
        bytes.append(littleEndian: next.rawValue)
        bytes.append(littleEndian: batch.rawValue)
        bytes.append(littleEndian: known.rawValue)
        bytes.append(littleEndian: link.highestIndex.rawValue)
        bytes.append(littleEndian: link.recordChecksum)
        bytes.append(littleEndian: link.stateNumber.rawValue)
        bytes.append(littleEndian: RecordHeader.magic)
        bytes.append(kind.rawValue)
        bytes.append(RecordHeader.version)
        bytes.append(littleEndian: UInt16(0))
        body(&bytes)
        let length = bytes.count - begin - RecordHeader.byteCount
        let size = RecordHeader.recordLength(body: length)
        while bytes.count < begin + size { bytes.append(0) }
        bytes.store(littleEndian: UInt32(length), at: begin + 4)
        let checksum = CRC32C.checksum(bytes.rawBytes.extracting(begin + 4..<begin + size), seed: seed)
        bytes.store(littleEndian: checksum, at: begin)
        finish(checksum: checksum, length: size, commitIndex: known)
    }
}
