// Shipping a leader's log to the archive: runs when there is much, the tail now and then.
//
// 1. Only what is committed is shipped, so that whatever any leader ships, however late, is what every other would.
// 2. An object that was begun is put until it is there: the same bytes under the same name. Nothing else is tried
//    before that.
// 3. What is shipped follows what the archive has, by checksum and chain; where it can not, a new chain begins, and
//    that is told.
// 4. A tail is removed when a run that holds it is there, never before.

public import ArchiveFormat
import ByteCoding
import LogFormat
public import LogStore
public import ObjectStores
public import Vocabulary

/// How a log is shipped.
public struct ShippingTerms: Hashable, Sendable {
    /// Bytes of log of which an object is a run at once, and for which tails are put together.
    public var runSize = ByteCount.mebibytes(4)
    /// How old tails become before they are put together.
    public var runAge = Duration.seconds(600)
    /// Bytes of log that one object holds, but for a single frame that is larger.
    public var objectMax = ByteCount.mebibytes(32)
    /// Of compression.
    public var level = ArchiveObjectBuilder.levelDefault

    public init() {}
}

/// How far the log may be shipped: the end of a frame that is committed and applied.
public struct ShippingTarget: Hashable, Sendable {
    public var index: LogIndex
    /// Of the state behind it.
    public var digest: Digest

    public init(index: LogIndex, digest: Digest) {
        self.index = index
        self.digest = digest
    }
}

/// What one step of shipping came to.
public struct ShippingOutcome: Sendable {
    /// What was made; nil when there was nothing to ship.
    public var name: RunName?
    public var entries = 0
    /// Of the log, and of the object.
    public var plainBytes = 0
    public var storedBytes = 0
    /// Of the oldest entry in it.
    public var firstTime: Timestamp?
    /// The newest entry that the archive has, and its time.
    public var end = LogPosition.zero
    public var endTime: Timestamp?
    /// A new chain was begun: what lies between is in no archive.
    public var hole: ClosedRange<LogIndex>?
    /// Tails that were removed, and those that could not be.
    public var removed = 0
    public var kept = 0

    public init() {}
}

/// Ships the log of one leader in one term. For one thread.
public struct LogShipper<Disk: Storage> {
    private let store: any ObjectStore
    private let owner: ArchiveOwner
    private let term: Term
    private let terms: ShippingTerms
    /// What is archived as far as this node knows, whatever a list shows.
    private let known: LogIndex
    private var listedShortSince: Instant?
    private var reader: LogReader<Disk>
    /// Where the archive ends; nil until it was looked at.
    private var end: ChainEnd?
    private var endTime: Timestamp?
    /// Where the last run ends, if this shipper knows it; what is behind is in `tails`.
    private var runEnd: ChainEnd?
    private var tails: [RunName] = []
    /// What is known of the states behind their entries: the run that they become says the same.
    private var tailDigests: [CertifiedDigest] = []
    private var tailBytes = 0
    private var tailsSince: Instant?
    /// An object that is to be put, and what is known when it is there.
    private var pending: Pending?
    /// Tails that a run holds already.
    private var superseded: [RunName] = []

    private struct Pending {
        var name: RunName
        var bytes: [UInt8]
        var end: ChainEnd
        var digests: [CertifiedDigest]
        var outcome: ShippingOutcome
        /// The tails that this run is put together from; empty for what is new.
        var replaces: [RunName] = []
    }

    /// - Parameters:
    ///   - known: the newest entry that this node knows to be archived.
    ///   - reader: of the leader's own log.
    public init(
        _ owner: ArchiveOwner, term: Term, known: LogIndex, reader: LogReader<Disk>, store: any ObjectStore,
        terms: ShippingTerms
    ) {
        self.known = known
        self.owner = owner
        self.term = term
        self.reader = reader
        self.store = store
        self.terms = terms
    }

    /// The newest entry that is known to be in the archive; nil until that was looked up.
    public var archived: LogIndex? { end?.position.index }

    private static var readSize: ByteCount { .mebibytes(4) }
    /// Lists of some stores lag behind what was put: so long a hole is not believed, where this node knows of more than
    /// is listed, and where it knows of nothing.
    private static var patience: Duration { .seconds(60) }
    private static var patienceUnknown: Duration { .seconds(6) }
    private static var frameLimit: ByteCount { LogChain.frameLimit }

    /// Makes one object at most: one that could not be put the last time, what is new up to `target`, or a run in the
    /// place of tails. After an error the same call is made again, later.
    public mutating func step(_ target: ShippingTarget, at now: Instant) throws(ArchiveError) -> ShippingOutcome {
        if pending == nil, end == nil { return try find(target, at: now) }
        if pending == nil { try prepare(target, at: now) }
        guard let pending else { return idle() }
        try store.make(pending.name.description, pending.bytes)
        self.pending = nil
        take(pending, at: now)
        var outcome = pending.outcome
        removeSuperseded(&outcome)
        return outcome
    }

    /// Whether there is something to do besides what is new.
    public func isDue(at now: Instant) -> Bool { pending != nil || end == nil || mergesTails(at: now) }

    private func idle() -> ShippingOutcome {
        var outcome = ShippingOutcome()
        outcome.end = end?.position ?? .zero
        outcome.endTime = endTime
        return outcome
    }

    private mutating func take(_ done: Pending, at now: Instant) {
        if done.replaces.isEmpty {
            end = done.end
            endTime = done.name.lastTime
        } else {
            superseded += done.replaces
        }
        if done.name.isTail {
            tails.append(done.name)
            tailDigests += done.digests
            tailBytes += done.outcome.plainBytes
            tailsSince = tailsSince ?? now
        } else {
            runEnd = done.end
            tails.removeAll { $0.last <= done.name.last }
            tailDigests.removeAll { $0.index <= done.name.last }
            (tailBytes, tailsSince) = (0, tails.isEmpty ? nil : now)
        }
    }

    /// What can not be removed stays: it does no harm, and retention looks at it again.
    private mutating func removeSuperseded(_ outcome: inout ShippingOutcome) {
        for name in superseded {
            do throws(ArchiveError) {
                try store.remove(name.description)
                outcome.removed += 1
            } catch { outcome.kept += 1 }
        }
        superseded = []
    }

    // MARK: What is next

    private mutating func prepare(_ target: ShippingTarget, at now: Instant) throws(ArchiveError) {
        guard let end else { return }
        if mergesTails(at: now), let start = runEnd, let last = tails.last {
            pending = try gather(behind: start, through: last.last, tailDigests, isMerge: true)
            if pending != nil { return }
            // The log does not have them any more: they stay as they are, and others begin behind them.
            (tails, tailDigests, tailBytes, tailsSince, runEnd) = ([], [], 0, nil, end)
        }
        guard target.index > end.position.index else { return }
        let digest = CertifiedDigest(index: target.index, digest: target.digest)
        pending = try gather(behind: end, through: target.index, [digest], isMerge: false)
    }

    private func mergesTails(at now: Instant) -> Bool {
        guard tails.count > 1, runEnd != nil, let since = tailsSince else { return false }
        return tailBytes >= terms.runSize.rawValue || now - since >= terms.runAge
    }

    /// The frames behind `start`, as one object. Nil when the log does not have them.
    private mutating func gather(
        behind start: ChainEnd, through last: LogIndex, _ digests: [CertifiedDigest], isMerge: Bool
    ) throws(ArchiveError) -> Pending? {
        var builder = LogRunBuilder(owner, term: term, behind: start, level: terms.level)
        var run = FrameRun()
        while builder.end.position.index < last, builder.isEmpty || builder.plainLength < terms.objectMax.rawValue {
            do throws(LogError) {
                let next = builder.end.position.index.next
                try reader.readRun(from: next, byteLimit: LogShipper.readSize, into: &run)
            } catch {
                // What is committed may not be in this node's log yet.
                if case .beyondEnd = error { break }
                if isMerge { return nil }
                throw hole(error, behind: start)
            }
            guard append(run, through: last, to: &builder) else { break }
        }
        guard !builder.isEmpty else { return nil }
        let known = digests.filter { $0.index <= builder.end.position.index }
        for digest in known { builder.certify(digest) }
        var outcome = ShippingOutcome()
        outcome.plainBytes = builder.plainLength
        let end = builder.end
        let (facts, bytes) = builder.finish()
        // Behind tails comes another one, and they become a run together. The first may begin in the run before, which
        // was full in the middle of it.
        let replaced = isMerge ? tails.filter { $0.last <= facts.last } : []
        let isTail = !isMerge && (outcome.plainBytes < terms.runSize.rawValue || !tails.isEmpty)
        let name = RunName(
            cluster: owner.cluster, timeline: TimelineName(owner.timeline), first: facts.first, last: facts.last,
            lastTime: facts.lastTime, term: term, isTail: isTail)
        outcome.name = name
        outcome.entries = facts.last - facts.first + 1
        outcome.storedBytes = bytes.count
        outcome.firstTime = isMerge ? nil : facts.firstTime
        outcome.end = isMerge ? self.end?.position ?? end.position : end.position
        outcome.endTime = isMerge ? endTime : facts.lastTime
        return Pending(name: name, bytes: bytes, end: end, digests: known, outcome: outcome, replaces: replaced)
    }

    /// False when the frames that were read do not go on.
    private func append(_ run: FrameRun, through last: LogIndex, to builder: inout LogRunBuilder) -> Bool {
        for place in run.frames {
            let header = place.header
            guard header.lastIndex <= last, builder.isEmpty || builder.plainLength < terms.objectMax.rawValue else {
                return true
            }
            guard header.firstIndex == builder.end.position.index.next,
                header.previousChecksum == builder.end.checksum, header.previousTerm == builder.end.position.term
            else { return false }
            builder.append(header, run.bytes.rawBytes.extracting(place.range))
        }
        return !run.frames.isEmpty
    }

    private mutating func hole(_ error: LogError, behind start: ChainEnd) -> ArchiveError {
        guard case .released(let asked, let first) = error else { return .log(error) }
        // The next step begins a new chain.
        end = nil
        return .hole(from: asked, to: first.previous)
    }

    // MARK: Where to go on

    /// Looks up where the archive ends, and goes on behind the newest object that this log agrees with.
    private mutating func find(_ target: ShippingTarget, at now: Instant) throws(ArchiveError) -> ShippingOutcome {
        let timeline = TimelineName(owner.timeline)
        let all = RunCatalogue(try store.names(below: RunName.folder(owner.cluster)))
        superseded = all.superseded
        let ownItems = all.items.filter { $0.name.timeline == timeline }
        let own = ownItems.map(\.name)
        if let newest = own.map(\.last).max(), newest > reader.bounds.last {
            throw .behind(archived: newest, last: reader.bounds.last)
        }
        // Those of earlier timelines, where this one has none yet: it goes on from what they have in common.
        let names = own.isEmpty ? all.items.map(\.name).filter { $0.timeline < timeline } : own
        var outcome = ShippingOutcome()
        if let found = try newestAgreed(names, isOwn: !own.isEmpty) {
            end = found.end
            endTime = found.name.lastTime
            try restoreTails(ownItems, behind: found.end, at: now)
        } else {
            let listed = names.map(\.last).max() ?? .zero
            try waitForList(listed, at: now)
            outcome.hole = try beginChain(behind: listed > .zero ? listed : nil)
        }
        outcome.end = end?.position ?? .zero
        outcome.endTime = endTime
        removeSuperseded(&outcome)
        return outcome
    }

    /// Before a hole is told: what is not listed yet may be what this log goes on from.
    private mutating func waitForList(_ listed: LogIndex, at now: Instant) throws(ArchiveError) {
        // A log begins where the archive ends at the latest, or behind a snapshot that a leader gave whose log did.
        let begin = reader.bounds.first
        guard begin > listed.next else { return }
        let since = listedShortSince ?? now
        listedShortSince = since
        let patience = known > listed ? LogShipper.patience : LogShipper.patienceUnknown
        guard now - since >= patience else { throw .listedShort(known: max(known, begin.previous), listed: listed) }
    }

    /// The newest object whose last frame is in this log. Agreement with one means agreement with all before it.
    private mutating func newestAgreed(
        _ names: [RunName], isOwn: Bool
    ) throws(ArchiveError) -> (name: RunName, end: ChainEnd)? {
        let bounds = reader.bounds
        let reachable = names.filter { $0.last.next >= bounds.first && $0.last <= bounds.last }
        let ascending = reachable.sorted { $0.last != $1.last ? $0.last < $1.last : $0.timeline < $1.timeline }
        var (low, high) = (0, ascending.count)
        // Of the same timeline the newest agrees, unless it is damaged.
        var middle = isOwn ? max(0, high - 1) : high / 2
        var best: (RunName, ChainEnd)?
        while low < high {
            if let end = try agreedEnd(of: ascending[middle]) {
                best = (ascending[middle], end)
                low = middle + 1
            } else {
                high = middle
            }
            middle = (low + high) / 2
        }
        return best
    }

    /// The end of an object, if this log has the same entries up to there. An object that can not be read agrees with
    /// nothing.
    private mutating func agreedEnd(of name: RunName) throws(ArchiveError) -> ChainEnd? {
        let bytes = try store.fetch(name.description)
        guard let object = try? ArchiveObject(bytes), name.fits(object.header),
            let run = try? LogRun(object, limit: LogShipper.frameLimit)
        else { return nil }
        return try follows(run.end) ? run.end : nil
    }

    private mutating func follows(_ end: ChainEnd) throws(ArchiveError) -> Bool {
        do throws(LogError) {
            let index = end.position.index
            if index < reader.bounds.last {
                let next = try reader.readFrames(from: index.next, byteLimit: .zero).first?.header
                return next?.firstIndex == index.next && next?.previousChecksum == end.checksum
                    && next?.previousTerm == end.position.term
            }
            let last = try reader.readFrames(from: index, byteLimit: .zero).first?.header
            return last?.lastIndex == index && last?.checksum == end.checksum && last?.term == end.position.term
        } catch { throw .log(error) }
    }

    /// The tails at the archive's end, which an earlier leader has left, become a run with those to come.
    private mutating func restoreTails(
        _ own: [RunCatalogue.Item], behind archived: ChainEnd, at now: Instant
    ) throws(ArchiveError) {
        let known = own.filter { $0.name.last <= archived.position.index }
        let run = known.filter { !$0.name.isTail }.map(\.name.last).max() ?? .zero
        let left = known.filter { $0.name.isTail && $0.name.first > run }
        (runEnd, tails, tailDigests, tailBytes, tailsSince) = (archived, [], [], 0, nil)
        guard let first = left.first?.name else { return }
        let front = try store.fetch(first.description, 0..<ArchiveObject.frontLength)
        guard let header = try? ArchiveObject.header(of: front.rawBytes), first.fits(header),
            case .run(let facts) = header.contents
        else { return }
        // What they hold is not known; what they take says about as much.
        (runEnd, tails, tailBytes, tailsSince) = (facts.start, left.map(\.name), left.reduce(0) { $0 + $1.size }, now)
        for item in left {
            let bytes = try store.fetch(item.name.description)
            // One that is damaged says nothing; the log has its entries.
            if let object = try? ArchiveObject(bytes), item.name.fits(object.header) {
                tailDigests += object.trailer.digests
            }
        }
        tailDigests.sort { $0.index < $1.index }
    }

    /// A chain begins with the first frame that the log has. Nil when that is the first of all.
    private mutating func beginChain(behind archived: LogIndex?) throws(ArchiveError) -> ClosedRange<LogIndex>? {
        let first = reader.bounds.first
        (tails, tailDigests, tailBytes, tailsSince) = ([], [], 0, nil)
        defer { runEnd = end }
        guard first > LogIndex(1) else {
            end = .zero
            return nil
        }
        do throws(LogError) {
            guard let header = try reader.readFrames(from: first, byteLimit: .zero).first?.header else { return nil }
            end = ChainEnd(
                position: LogPosition(term: header.previousTerm, index: first.previous),
                checksum: header.previousChecksum, chain: .origin)
        } catch { throw .log(error) }
        let from = (archived ?? .zero).next
        return from < first ? from...first.previous : nil
    }
}
