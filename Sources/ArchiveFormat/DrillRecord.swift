// What came of rehearsing a disaster: what happened when, how long it took, what was lost, what was checked.

public import Vocabulary

/// What is rehearsed. The names are those of `nodectl drill run --scenario`.
public enum DrillScenario: String, Hashable, Sendable, CaseIterable {
    /// Everything is lost but the archive.
    case totalLoss = "total-loss"
    case lostLeader = "lost-leader"
    case corruptLog = "corrupt-log"
    /// Somebody has removed what should have stayed.
    case badWrite = "bad-write"
    /// One backup, restored with a node on it: `nodectl backup verify --full`.
    case backup = "backup-verify"
}

public enum DrillVerdict: String, Hashable, Sendable, CaseIterable {
    case passed
    /// All is there, and it took longer, or lost more, than the targets allow.
    case overBudget = "over-budget"
    case failed
}

/// Format version 1 (docs/formats/archive.md, "Drills"). Durations are whole microseconds: what is sealed comes back as
/// it was.
public struct DrillRecord: ArchiveRecord, Hashable {
    public static let version = 1

    /// Inclusive: what every reader of JSON takes as a whole number.
    public static let numberMax: UInt64 = 1 << 53

    public static func folder(of cluster: ClusterID) -> String { ArchiveNames.drills(of: cluster) }

    public let id: RecordID
    public let cluster: ClusterID
    public let scenario: DrillScenario
    /// Draws what is drawn; at most `numberMax`.
    public let seed: UInt64
    public let machine: String
    public let program: String
    public var nodes = 1
    public var verdict = DrillVerdict.passed
    /// Why it failed: a word for scripts, which says who is at fault, and a sentence.
    public var failure: VerificationRecord.Failure?
    public var source: Source?
    public var duration = Duration.zero
    /// Of the first event of each kind behind the disaster; nil where it did not come to that.
    public var detection: Duration?
    public var response: Duration?
    public var recovery: Duration?
    public var loss = Loss()
    public var targets = Targets()
    /// Where the time went, in order.
    public var phases: [Phase] = []
    /// What happened when, from the beginning of the drill on.
    public var events: [Event] = []
    public var checks: [Check] = []
    public var warnings: [String] = []
    public var previous: [UInt8] = []

    public init(
        id: RecordID, cluster: ClusterID, scenario: DrillScenario, seed: UInt64, machine: String, program: String
    ) {
        precondition(seed <= DrillRecord.numberMax, "\(seed) is no seed")
        (self.id, self.cluster, self.scenario, self.seed) = (id, cluster, scenario, seed)
        (self.machine, self.program) = (machine, program)
    }

    /// What was restored.
    public struct Source: Hashable, Sendable {
        public var timeline: TimelineName
        public var index: LogIndex
        public var time: Timestamp
        public var backup: BackupID?
        /// What is fetched of the backup, and what it is unpacked; in bytes.
        public var backupBytes = 0
        public var expandedBytes = 0
        public var fetchedBytes = 0
        public var entries = 0
        public var records = 0
        public var digest: Digest

        public init(timeline: TimelineName, index: LogIndex, time: Timestamp, digest: Digest) {
            (self.timeline, self.index, self.time, self.digest) = (timeline, index, time, digest)
        }
    }

    /// What was acknowledged and is not there afterwards.
    public struct Loss: Hashable, Sendable {
        public var entries = 0
        public var time = Duration.zero

        public init() {}
    }

    /// What was promised; nil for no promise.
    public struct Targets: Hashable, Sendable {
        /// RTO: until service is back.
        public var recovery: Duration?
        /// RPO: how much time's writes may be lost.
        public var loss: Duration?

        public init() {}
    }

    public struct Phase: Hashable, Sendable {
        public let name: String
        public let duration: Duration

        public init(_ name: String, _ duration: Duration) { (self.name, self.duration) = (name, duration) }
    }

    public struct Event: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            case step, disaster, detection, response, recovery
        }

        public let kind: Kind
        public let text: String
        public let offset: Duration

        public init(_ kind: Kind, _ text: String, at offset: Duration) {
            (self.kind, self.text, self.offset) = (kind, text, offset)
        }
    }

    public struct Check: Hashable, Sendable {
        public let name: String
        public let expected: String
        public let found: String
        public let passed: Bool

        public init(_ name: String, expected: String, found: String) {
            (self.name, self.expected, self.found, passed) = (name, expected, found, expected == found)
        }
    }

    /// Which targets were missed, each as a sentence.
    public var overruns: [String] {
        var texts: [String] = []
        if let target = targets.recovery, let recovery, recovery > target {
            texts.append("service was back after \(recovery.inSeconds) s, wanted within \(target.inSeconds) s")
        }
        if let target = targets.loss, loss.time > target {
            texts.append("the writes of \(loss.time.inSeconds) s are lost, allowed are \(target.inSeconds) s")
        }
        return texts
    }

    /// The verdict by what is in the record: a failed check fails it, a missed target is over budget.
    public mutating func judge() {
        if failure == nil, let check = checks.first(where: { !$0.passed }) {
            failure = .init(
                code: check.name == "digest" || check.name == "record count" ? "digest-differs" : "check-failed",
                text: "\(check.name): expected \(check.expected), found \(check.found)")
        }
        verdict = failure != nil ? .failed : overruns.isEmpty ? .passed : .overBudget
    }
}
