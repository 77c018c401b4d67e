// Torn tail or damage: what whole records behind an unreadable place prove.

public import Vocabulary

/// Gathers the whole records that stand behind the first place that cannot be read, and judges.
///
/// A batch is written with one call and synced before the next one begins. A crash may keep any part of the unsynced
/// batch, also its end without its beginning. So a whole record behind the place proves damage only if its own batch
/// began behind the place: then the place had been synced.
public struct DamageEvidence: Sendable {
    /// Where the log cannot be read on.
    public let place: LSN
    public private(set) var provesDamage = false
    /// Whether a record of the batch that was under way stands behind the place: then the batch is torn. Records of
    /// batches torn earlier may stand there too; they mean nothing.
    public private(set) var showsTornBatch = false
    public private(set) var highestIndex: LogIndex
    public private(set) var highestTerm: Term = .zero
    /// The newest state among the records behind the place, with its number; and the newest number that any names.
    public private(set) var state: LogState?
    private var foundStateNumber: StateNumber
    private var knownStateNumber: StateNumber
    /// The newest number of a state that stands behind the place, also in a torn batch, which proves nothing.
    public private(set) var lostStateNumber: StateNumber
    private var isSegmentLost = false
    private let chain: (batch: LSN, stateNumber: StateNumber)

    /// `chain` is the log up to the place.
    public init(behind chain: LogChain) {
        place = chain.next
        self.chain = (chain.batch, chain.link.stateNumber)
        highestIndex = max(chain.link.highestIndex, chain.commitIndex)
        highestTerm = max(chain.last.term, chain.state.term)
        knownStateNumber = chain.link.stateNumber
        foundStateNumber = chain.link.stateNumber
        lostStateNumber = chain.link.stateNumber
    }

    /// Takes a record into account that stands at its own place behind `place`.
    public mutating func note(_ header: RecordHeader, body: RawSpan) {
        lostStateNumber.advance(to: header.stateNumber)
        guard header.batch > place else {
            let isLater = !chain.stateNumber.isNewer(than: header.stateNumber)
            if header.batch >= chain.batch, isLater { showsTornBatch = true }
            return
        }
        provesDamage = true
        highestIndex = max(highestIndex, header.highestIndex, header.commitIndex)
        knownStateNumber.advance(to: header.stateNumber)
        switch header.kind {
        case .frame:
            guard let frame = try? FrameHeader.decode(frame: body, limit: LogChain.frameLimit) else { return }
            highestTerm = max(highestTerm, frame.term)
        case .state:
            guard let found = LogState(body: body) else { return }
            note(found, number: header.stateNumber)
        case .restart:
            guard let restart = LogRestart(body: body) else { return }
            highestTerm = max(highestTerm, restart.position.term)
            note(restart.state, number: header.stateNumber)
        case .truncation, nil:
            return
        }
    }

    private mutating func note(_ found: LogState, number: StateNumber) {
        guard number.isNewer(than: foundStateNumber) else { return }
        foundStateNumber = number
        state = found
        highestTerm = max(highestTerm, found.term)
    }

    /// A later segment has a whole header: it was begun after everything before it was synced.
    public mutating func note(_ header: SegmentHeader) {
        guard header.base >= place else { return }
        provesDamage = true
        highestIndex = max(highestIndex, header.start.highestIndex)
        highestTerm = max(highestTerm, header.start.last.term)
        knownStateNumber.advance(to: header.start.stateNumber)
        lostStateNumber.advance(to: header.start.stateNumber)
    }

    /// A file that must have been in use is not there, or nothing in it can be read.
    public mutating func noteLostSegment() {
        provesDamage = true
        isSegmentLost = true
    }

    /// Whether the damage may hide a newer vote than every one that can still be read.
    public var hidesBallot: Bool { isSegmentLost || knownStateNumber.isNewer(than: foundStateNumber) }

    /// What a repair writes down: the newest state that can be trusted, and the fence.
    public func fencedState(after old: LogState) -> LogState {
        var new = old
        let found = state ?? old
        new.term = max(found.term, old.term)
        new.votedFor = found.votedFor
        new.fence = max(highestIndex, old.fence ?? .zero, found.fence ?? .zero)
        new.isBallotUncertain = hidesBallot || old.isBallotUncertain || found.isBallotUncertain
        if new.isBallotUncertain {
            new.votedFor = highestTerm > new.term ? nil : new.votedFor
            new.term = max(new.term, highestTerm)
        }
        return new
    }
}
