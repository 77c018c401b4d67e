// Opening a log: every record is read and checked, and the end is found or the damage.

import ByteCoding
import LogFormat
import Vocabulary

/// One scan over all segments. Changes nothing on the disk; what is to be done about the outcome, `LogRepair` and
/// `LogEngine` do. Decides nothing by itself: `LogChain` says what follows, `DamageEvidence` what damage is.
struct LogRecovery<Disk: Storage> {
    let disk: Disk
    let identity: LogIdentity
    let options: LogOptions

    private var files: [SegmentFile] = []
    private var outcome: Outcome

    struct SegmentFile {
        let sequence: UInt64
        let finding: SegmentHeader.Finding
        let size: Int

        var name: String { SegmentName.text(sequence) }
        var header: SegmentHeader? {
            if case .header(let header) = finding { header } else { nil }
        }
    }

    struct Outcome {
        var chain: LogChain
        var map = LogMap.State()
        var counts = RecoveredLog.Counts()
        /// The first index of each membership frame that is in the log.
        var membershipFrames: [LogIndex] = []
        var ending = Ending.clean
        /// The last segment that is in use, up to `chain.next`. 0 when there is none.
        var sequence: UInt64 = 0
        var base = LSN(0)
        /// Files with zeros where a header would be: prepared, or torn when they were begun.
        var unused: [SegmentFile] = []
        /// Of those, the ones that hold records of a torn batch: written over, these could show again.
        var stained: [UInt64] = []
        /// Files from before the log's start.
        var leftovers: [UInt64] = []
    }

    enum Ending {
        case clean
        case tornTail(LogDamage)
        /// `files` hold what is damaged or stands behind it; `fenced` is the state to go on with.
        case damaged(LogDamage, fenced: LogState, files: [UInt64])
    }

    init(disk: Disk, identity: LogIdentity, options: LogOptions) {
        self.disk = disk
        self.identity = identity
        self.options = options
        outcome = Outcome(chain: LogChain(LogRecovery.origin(identity, sequence: 1)))
    }

    /// The chain of a log that has nothing in it.
    static func origin(_ identity: LogIdentity, sequence: UInt64) -> SegmentHeader {
        SegmentHeader(identity: identity, sequence: sequence, base: LSN(0), start: ChainLink())
    }

    mutating func run(progress: (LogProgress) -> Void) throws(LogError) -> Outcome {
        do throws(StorageError) {
            try readHeaders()
        } catch { throw .storage(error) }
        try checkHeaders()
        do throws(StorageError) {
            try scan(progress: progress)
        } catch { throw .storage(error) }
        if let file = unreadable { throw file }
        return outcome
    }

    /// Throws when a segment is of another log, or of a newer release.
    func checkOwner() throws(LogError) {
        var other = self
        do throws(StorageError) { try other.readHeaders() } catch { throw .storage(error) }
        try other.checkHeaders()
    }

    /// Set when a record that verifies is of a newer release.
    private var unreadable: LogError?

    private mutating func readHeaders() throws(StorageError) {
        for name in try disk.list() {
            guard let sequence = SegmentName.sequence(of: name) else { continue }
            var window = try SegmentWindow(disk: disk, name: name, step: SegmentHeader.byteCount)
            var finding = try window.header()
            if case .header(let header) = finding, header.sequence != sequence { finding = .invalid(.misplacedBlock) }
            files.append(SegmentFile(sequence: sequence, finding: finding, size: window.size))
        }
    }

    private func checkHeaders() throws(LogError) {
        for file in files {
            switch file.finding {
            case .newer(let version):
                throw .newerVersion(
                    file: file.name, offset: 0, firstIndex: nil, found: Int(version),
                    supported: Int(SegmentHeader.version))
            case .header(let header) where header.identity != identity:
                throw .foreignSegment(file: file.name, found: header.identity, expected: identity)
            default: continue
            }
        }
    }

    // MARK: Segment by segment

    private mutating func scan(progress: (LogProgress) -> Void) throws(StorageError) {
        guard let begin = files.firstIndex(where: { $0.header != nil }) else { return try scanWithoutHeaders() }
        var position = begin
        while let header = files[position].header, try enter(header, at: position, isFirst: position == begin),
            try walk(header, at: position)
        {
            position += 1
            progress(
                LogProgress(
                    segmentsDone: position - begin, segments: files.count - begin,
                    bytes: ByteCount(outcome.counts.bytes), entries: outcome.counts.entries))
        }
    }

    /// False when the segment is not chained to the one before it: something synced is gone.
    private mutating func enter(_ header: SegmentHeader, at position: Int, isFirst: Bool) throws(StorageError) -> Bool {
        if isFirst {
            outcome.chain = LogChain(header)
            outcome.map.lastIndex = header.start.last.index
        } else if !outcome.chain.enter(header) {
            try judgeDamage(.brokenChain, offset: offset(of: outcome.chain.next), after: position - 1)
            return false
        }
        outcome.map.noteSegment(header, size: files[position].size)
        outcome.sequence = header.sequence
        outcome.base = header.base
        outcome.counts.segments += 1
        return true
    }

    /// Reads the segment's records. True when the next segment begins at exactly its end; else the log ends here, in
    /// one way or another, and the outcome says in which.
    private mutating func walk(_ header: SegmentHeader, at position: Int) throws(StorageError) -> Bool {
        var window = try SegmentWindow(disk: disk, name: files[position].name)
        let later = files.dropFirst(position + 1).first?.header
        let next = later?.sequence == header.sequence + 1 ? later : nil
        var ending: DamageKind?
        // What stands behind the place where the next segment follows is from before a repair. It need not look damaged
        // any more.
        while !isFollowed(by: next) {
            let before = outcome.chain.last.index
            switch try window.advance(&outcome.chain, base: header.base) {
            case .record(let record):
                note(record, after: before)
                continue
            case .newer(let found, let supported):
                unreadable = .newerVersion(
                    file: files[position].name, offset: offset(of: outcome.chain.next), firstIndex: before.next,
                    found: found, supported: supported)
                return false
            case .nothing: break
            case .invalid(let kind): ending = kind
            }
            break
        }
        outcome.counts.bytes += offset(of: outcome.chain.next)
        if next?.base == outcome.chain.next { return true }
        try judge(ending, &window, at: position)
        return false
    }

    private func isFollowed(by next: SegmentHeader?) -> Bool {
        guard let next, next.base == outcome.chain.next else { return false }
        var chain = outcome.chain
        return chain.enter(next)
    }

    private mutating func note(_ record: RecordHeader, after before: LogIndex) {
        let last = outcome.chain.last.index
        outcome.counts.records += 1
        switch record.kind {
        case .frame:
            outcome.counts.frames += 1
            outcome.counts.entries += last - before
            outcome.map.noteFrame(before.next, last, at: record.lsn, interval: options.indexInterval)
            if outcome.chain.frameKind == .membership { outcome.membershipFrames.append(before.next) }
        case .truncation:
            outcome.map.noteTruncation(from: last.next)
            outcome.membershipFrames.removeAll { $0 > last }
        case .restart:
            outcome.map.noteRestart(at: last)
            outcome.membershipFrames = []
        case .state, nil: break
        }
    }

    // MARK: Where the log cannot be read on

    private mutating func judge(
        _ found: DamageKind?, _ window: inout SegmentWindow<Disk>, at position: Int
    ) throws(StorageError) {
        let place = offset(of: outcome.chain.next)
        let kind = found ?? .gap
        if let next = files.dropFirst(position + 1).first, next.sequence != files[position].sequence + 1 {
            // Files are prepared in the order of their numbers, so there was one more.
            return try judgeDamage(.missingSegment, offset: place, after: position)
        }
        var evidence = DamageEvidence(behind: outcome.chain)
        try gather(&window, rest(of: position, from: place, size: window.size), base: outcome.base, into: &evidence)
        try gatherLater(than: position, into: &evidence)
        // What a log begins with was on stable storage before it could be the beginning: it is not torn.
        if outcome.counts.records == 0 { evidence.noteLostSegment() }
        outcome.chain.skipStates(through: evidence.lostStateNumber)
        guard !evidence.provesDamage else { return noteDamage(kind, offset: place, evidence, from: position) }
        outcome.unused = Array(files[(position + 1)...])
        if found != nil || evidence.showsTornBatch {
            outcome.ending = .tornTail(damage(kind, offset: place, evidence))
        }
        try checkBeginning()
    }

    /// Certainly damage: something is gone between the segment at `position` and a later file.
    private mutating func judgeDamage(
        _ kind: DamageKind, offset place: Int, after position: Int
    ) throws(StorageError) {
        var evidence = DamageEvidence(behind: outcome.chain)
        var window = try SegmentWindow(disk: disk, name: files[position].name)
        try gather(&window, rest(of: position, from: place, size: window.size), base: outcome.base, into: &evidence)
        try gatherLater(than: position, into: &evidence)
        if !files[(position + 1)...].contains(where: { $0.header != nil }) { evidence.noteLostSegment() }
        outcome.chain.skipStates(through: evidence.lostStateNumber)
        noteDamage(kind, offset: place, evidence, from: position)
    }

    private mutating func noteDamage(
        _ kind: DamageKind, offset place: Int, _ evidence: DamageEvidence, from position: Int
    ) {
        var found = damage(kind, offset: place, evidence)
        if kind == .gap, let next = files.dropFirst(position + 1).first, case .invalid(let header) = next.finding {
            // This segment may well end here: it is the next one's header that cannot be read.
            found = LogDamage(
                kind: header, file: next.name, offset: 0, lsn: found.lsn, firstIndex: found.firstIndex,
                highestIndex: found.highestIndex)
        }
        outcome.ending = .damaged(
            found, fenced: evidence.fencedState(after: outcome.chain.state), files: files[position...].map(\.sequence))
    }

    /// Notes the whole records in `range` of a file. `base` is the LSN of its first byte; nil when its header is gone,
    /// and then records are taken at the place that they themselves state, if a segment behind the log's end can have
    /// them. Returns how many there were, apart from those of an earlier life of the file: what stands before the log's
    /// end can never follow it.
    @discardableResult
    private func gather(
        _ window: inout SegmentWindow<Disk>, _ range: Range<Int>, base: LSN?, into evidence: inout DamageEvidence
    ) throws(StorageError) -> Int {
        var place = range.lowerBound
        var count = 0
        while let claim = try window.nextClaim(from: place, to: range.upperBound, base: base) {
            let finding = try window.record(at: claim.place, expected: claim.lsn, seed: outcome.chain.seed)
            if case .record(let record, let body) = finding {
                if base != nil || isBehindEnd(claim) {
                    evidence.note(record, body: window.bytes.rawBytes.extracting(body))
                }
                place = claim.place + record.recordLength
                if record.lsn >= outcome.chain.next { count += 1 }
            } else {
                place = claim.place + RecordHeader.alignment
            }
        }
        return count
    }

    /// Whether the file that `claim` is in began at the log's end or behind it, by the place that the record states. A
    /// later segment did. What a repair that was cut short has left may have any LSN, since those behind the damage are
    /// given out anew; but its file began before the damage, and the record states so when the file is used again. When
    /// nothing is left of the log, any can have been its first.
    private func isBehindEnd(_ claim: (place: Int, lsn: LSN)) -> Bool {
        outcome.sequence == 0 || claim.lsn.rawValue >= outcome.chain.next.rawValue + UInt64(claim.place)
    }

    private mutating func gatherLater(than position: Int, into evidence: inout DamageEvidence) throws(StorageError) {
        for later in files.indices.dropFirst(position + 1) {
            var window = try SegmentWindow(disk: disk, name: files[later].name)
            if let header = files[later].header {
                evidence.note(header)
                let extent = extent(of: later, header, size: window.size)
                try gather(&window, extent, base: header.base, into: &evidence)
            } else {
                let count = try gatherWithoutHeader(&window, into: &evidence)
                if count > 0 { outcome.stained.append(files[later].sequence) }
            }
        }
    }

    /// Where the records behind `place` can be, in the segment at `position`, which is the last one in use.
    private func rest(of position: Int, from place: Int, size: Int) -> Range<Int> {
        let end = files[position].header.map { extent(of: position, $0, size: size).upperBound } ?? size
        return min(place, end)..<end
    }

    /// Where a segment's records can be: up to where the next one begins. What stands behind that is from before a
    /// repair.
    private func extent(of position: Int, _ header: SegmentHeader, size: Int) -> Range<Int> {
        var end = size
        if let next = files.dropFirst(position + 1).first?.header, next.base > header.base {
            end = min(end, Int(next.base.rawValue - header.base.rawValue))
        }
        return min(SegmentHeader.byteCount, end)..<end
    }

    /// A segment that was begun has records right behind its header, so a look there tells whether the rest is worth
    /// one: most such files are prepared and empty.
    @discardableResult
    private func gatherWithoutHeader(
        _ window: inout SegmentWindow<Disk>, into evidence: inout DamageEvidence
    ) throws(StorageError) -> Int {
        let near = min(window.size, SegmentWindow<Disk>.step)
        let count = try gather(&window, min(near, SegmentHeader.byteCount)..<near, base: nil, into: &evidence)
        if count > 0 { try gather(&window, near..<window.size, base: nil, into: &evidence) }
        return count
    }

    private func damage(_ kind: DamageKind, offset: Int, _ evidence: DamageEvidence) -> LogDamage {
        LogDamage(
            kind: kind, file: SegmentName.text(max(outcome.sequence, 1)), offset: offset, lsn: outcome.chain.next,
            firstIndex: outcome.chain.last.index.next, highestIndex: evidence.highestIndex)
    }

    private func offset(of lsn: LSN) -> Int { Int(lsn.rawValue - outcome.base.rawValue) }

    // MARK: The beginning

    /// No file has a readable header: nothing is left.
    private mutating func scanWithoutHeaders() throws(StorageError) {
        var evidence = DamageEvidence(behind: outcome.chain)
        evidence.noteLostSegment()
        for file in files {
            var window = try SegmentWindow(disk: disk, name: file.name)
            try gatherWithoutHeader(&window, into: &evidence)
        }
        loseEverything(evidence, state: LogState())
    }

    /// Whether the log begins with the segment that its newest state names.
    private mutating func checkBeginning() throws(StorageError) {
        let start = outcome.chain.state.startSequence
        if files.contains(where: { $0.sequence == start && $0.header != nil }) {
            outcome.leftovers = files.map(\.sequence).filter { $0 < start }
            outcome.map.release(before: start)
            return
        }
        // The first segment is gone: what stands behind it continues a state that nobody has, so nothing is kept.
        let state = outcome.chain.state
        outcome = Outcome(chain: LogChain(LogRecovery.origin(identity, sequence: 1)))
        var evidence = DamageEvidence(behind: outcome.chain)
        try gatherLater(than: -1, into: &evidence)
        loseEverything(evidence, state: state)
    }

    private mutating func loseEverything(_ evidence: DamageEvidence, state: LogState) {
        outcome.chain.skipStates(through: evidence.lostStateNumber)
        var kind = DamageKind.missingSegment
        if case .invalid(let found)? = files.first?.finding { kind = found }
        let found = LogDamage(
            kind: kind, file: SegmentName.text(files.first?.sequence ?? 1), offset: 0, lsn: LSN(0),
            firstIndex: LogIndex(1), highestIndex: evidence.highestIndex)
        outcome.ending = .damaged(
            found, fenced: evidence.fencedState(after: state), files: files.map(\.sequence))
    }
}
