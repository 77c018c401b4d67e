// Reading back what was shipped, object after object: up to where the archive is known to be good.
//
// 1. What is found good is every byte of an object, and that it goes on where the one before it ended.
// 2. It stops at an object that is not good, and goes on by itself when that was put right.

public import ArchiveFormat
public import ArchiveStore
import LogFormat
public import ObjectStores
public import Vocabulary

/// How far it has come, and what is in the way.
public struct ReadBackOutcome: Sendable {
    /// Up to here every entry was read back.
    public var index: LogIndex
    /// Of that entry; nil before the first.
    public var time: Timestamp?
    public var objects = 0
    public var bytes = 0
    /// The object that it stopped at.
    public var finding: ArchiveFinding?
    /// Whether there is more to read at once.
    public var isBehind = false
}

/// For one timeline, from behind an entry that needs no proof: that of a backup, or none.
public struct ReadBack: Sendable {
    /// Objects of one step.
    private static let objectsAtOnce = 32

    private let cluster: ClusterID
    private let timeline: TimelineName
    private var index: LogIndex
    private var time: Timestamp?
    /// Where the last object ended; nil when nothing is known that the next one has to go on from.
    private var end: ChainEnd?

    public init(_ cluster: ClusterID, _ timeline: TimelineName, behind index: LogIndex) {
        self.cluster = cluster
        self.timeline = timeline
        self.index = index
    }

    /// Throws when the store can not be read; what is wrong with an object is a finding.
    public mutating func step(in store: any ObjectStore) throws(ArchiveError) -> ReadBackOutcome {
        let catalogue = try RunCatalogue.read(store, cluster, timeline)
        var outcome = ReadBackOutcome(index: index, time: time)
        var path = catalogue.path(behind: index, through: catalogue.last)
        if path.isEmpty, index < catalogue.last {
            let (next, finding) = try behindGap(catalogue, in: store)
            outcome.finding = finding
            path = next
        }
        for item in path.prefix(ReadBack.objectsAtOnce) {
            do throws(ArchiveError) {
                let run = try ArchivedRun.fetch(item.name, from: store)
                guard follows(run) else {
                    outcome.finding = ArchiveFinding(
                        .brokenChain, item.name.description,
                        "it does not go on behind index \(index) as the object before it")
                    break
                }
                (index, time, end) = (item.name.last, item.name.lastTime, run.end)
                outcome.objects += 1
                outcome.bytes += item.size
            } catch {
                // A tail goes when a run holds it: the next list has that.
                if item.name.isTail, case .store(let failure) = error, failure.reason == .missing { break }
                guard error.isDamage else { throw error }
                outcome.finding = ArchiveFinding(.damaged, item.name.description, error.description)
                break
            }
        }
        outcome.index = index
        outcome.time = time
        outcome.isBehind = outcome.finding == nil && outcome.objects > 0 && index < catalogue.last
        return outcome
    }

    /// Objects may overlap, so the end of the one before is somewhere in this one.
    private func follows(_ run: LogRun) -> Bool {
        guard let end, run.start.chain != .origin else { return true }
        return run.start == end || run.ends.contains(end)
    }

    /// What is behind entries that no object has. A log that was begun anew there is a hole, which is known; anything
    /// else is missing.
    private mutating func behindGap(
        _ catalogue: RunCatalogue, in store: any ObjectStore
    ) throws(ArchiveError) -> ([RunCatalogue.Item], ArchiveFinding?) {
        guard let next = catalogue.items.first(where: { $0.name.first > index.next }) else { return ([], nil) }
        let header = try ArchivedRun.header(of: next.name, from: store)
        guard case .run(let facts) = header.contents, facts.start.chain == .origin || end == nil else {
            let gap = "entries \(index.next) to \(next.name.first.previous) are in no object"
            return ([], ArchiveFinding(.missing, next.name.description, gap + ": they lie before this one"))
        }
        (index, end) = (next.name.first.previous, nil)
        return (catalogue.path(behind: index, through: catalogue.last), nil)
    }
}
