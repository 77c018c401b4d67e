// What runs consisted of, in numbers that can be added, printed and read again.

/// Counters of one run, or of many.
public struct RunFigures: Hashable, Sendable {
    public var runs: UInt64 = 0
    public var events: UInt64 = 0
    public var turns: UInt64 = 0
    public var operations: UInt64 = 0
    public var unknown: UInt64 = 0
    public var refused: UInt64 = 0
    /// Elements of queues that clients got.
    public var deliveries: UInt64 = 0
    public var elections: UInt64 = 0
    public var entries: UInt64 = 0
    /// Entries that were applied in parts, as a replay does it.
    public var appliedInParts: UInt64 = 0
    public var starts: UInt64 = 0
    public var crashes: UInt64 = 0
    public var tornTails: UInt64 = 0
    public var damagesDone: UInt64 = 0
    public var damagesFound: UInt64 = 0
    /// Looks of a running node at its log that found damage.
    public var scrubFindings: UInt64 = 0
    public var snapshotsStored: UInt64 = 0
    public var snapshotsFetched: UInt64 = 0
    /// Starts that went on from a snapshot.
    public var snapshotsLoaded: UInt64 = 0
    /// States that were changed in memory, and those that were found to be wrong.
    public var alterations: UInt64 = 0
    public var divergences: UInt64 = 0
    /// Requests for other members that leaders have taken, and those that they have refused; aims that were reached.
    public var changesBegun: UInt64 = 0
    public var changesRefused: UInt64 = 0
    public var changesDone: UInt64 = 0
    /// Configurations that were committed. Who came by them, began to vote, and voted no longer; leaders among these.
    public var memberships: UInt64 = 0
    public var membersAdded: UInt64 = 0
    public var promotions: UInt64 = 0
    public var removals: UInt64 = 0
    public var leaderRemovals: UInt64 = 0
    /// Voters that have lost their disks for good.
    public var disksLost: UInt64 = 0
    /// Kills and partitions just when voters began to change.
    public var interruptions: UInt64 = 0
    /// Runs that have an archive, objects in it, calls that failed, puts whose answer was lost or came before they did,
    /// processes that ended in a call, holes that leaders have told, those of them that were none, since a list had not
    /// shown yet what is there, and times that the archive was judged.
    public var archives: UInt64 = 0
    public var archiveObjects: UInt64 = 0
    public var archiveFailures: UInt64 = 0
    public var archiveLost: UInt64 = 0
    public var archiveLate: UInt64 = 0
    public var archiveStale: UInt64 = 0
    public var archiveKills: UInt64 = 0
    public var archiveHoles: UInt64 = 0
    public var archiveHidden: UInt64 = 0
    public var archiveRestores: UInt64 = 0
    public var faults: UInt64 = 0
    public var diskFailures: UInt64 = 0
    /// Runs whose history is too entangled for the judge of linearizability.
    public var undecided: UInt64 = 0
    /// Simulated time, in milliseconds.
    public var simulated: UInt64 = 0

    public init() {}

    private struct Field: Sendable {
        let name: String
        let path: any WritableKeyPath<RunFigures, UInt64> & Sendable
    }

    private static let fields = [
        Field(name: "runs", path: \.runs), Field(name: "events", path: \.events), Field(name: "turns", path: \.turns),
        Field(name: "operations", path: \.operations), Field(name: "unknown", path: \.unknown),
        Field(name: "refused", path: \.refused),
        Field(name: "deliveries", path: \.deliveries), Field(name: "elections", path: \.elections),
        Field(name: "entries", path: \.entries), Field(name: "applied-in-parts", path: \.appliedInParts),
        Field(name: "starts", path: \.starts),
        Field(name: "crashes", path: \.crashes), Field(name: "torn-tails", path: \.tornTails),
        Field(name: "damages-done", path: \.damagesDone), Field(name: "damages-found", path: \.damagesFound),
        Field(name: "scrub-findings", path: \.scrubFindings),
        Field(name: "snapshots-stored", path: \.snapshotsStored),
        Field(name: "snapshots-fetched", path: \.snapshotsFetched),
        Field(name: "snapshots-loaded", path: \.snapshotsLoaded),
        Field(name: "alterations", path: \.alterations), Field(name: "divergences", path: \.divergences),
        Field(name: "changes-begun", path: \.changesBegun), Field(name: "changes-refused", path: \.changesRefused),
        Field(name: "changes-done", path: \.changesDone), Field(name: "memberships", path: \.memberships),
        Field(name: "members-added", path: \.membersAdded), Field(name: "promotions", path: \.promotions),
        Field(name: "removals", path: \.removals), Field(name: "leader-removals", path: \.leaderRemovals),
        Field(name: "disks-lost", path: \.disksLost),
        Field(name: "interruptions", path: \.interruptions),
        Field(name: "archives", path: \.archives), Field(name: "archive-objects", path: \.archiveObjects),
        Field(name: "archive-failures", path: \.archiveFailures), Field(name: "archive-lost", path: \.archiveLost),
        Field(name: "archive-late", path: \.archiveLate), Field(name: "archive-stale", path: \.archiveStale),
        Field(name: "archive-kills", path: \.archiveKills), Field(name: "archive-holes", path: \.archiveHoles),
        Field(name: "archive-hidden", path: \.archiveHidden),
        Field(name: "archive-restores", path: \.archiveRestores),
        Field(name: "faults", path: \.faults),
        Field(name: "disk-failures", path: \.diskFailures),
        Field(name: "undecided", path: \.undecided), Field(name: "simulated-ms", path: \.simulated),
    ]

    public static func += (a: inout RunFigures, b: RunFigures) {
        for field in fields { a[keyPath: field.path] += b[keyPath: field.path] }
    }

    /// `runs=20 events=…`, as one line.
    public var line: String {
        RunFigures.fields.map { "\($0.name)=\(self[keyPath: $0.path])" }.joined(separator: " ")
    }

    /// From the words of `line`; what is not there is 0.
    public init(line: some StringProtocol) {
        for word in line.split(separator: " ") {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let value = UInt64(parts[1]),
                let field = RunFigures.fields.first(where: { $0.name == parts[0] })
            else { continue }
            self[keyPath: field.path] = value
        }
    }

    /// How much faster than the world it went, given the seconds that it took.
    public func pace(tookSeconds seconds: Double) -> Double { seconds > 0 ? Double(simulated) / 1000 / seconds : 0 }
}
