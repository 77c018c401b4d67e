// Whether a node can serve, and if not, why.

public import Vocabulary

/// Why a node cannot serve clients. Each has a stable word for scripts and a sentence with a remedy for people.
public enum UnreadyReason: Sendable, Equatable {
    case starting(LifePhase)
    case stopping
    case maintenance
    /// No leader is known, so that nothing can be written or read linearizably.
    case noLeader
    /// This node leads, but has not heard from a majority for longer than an election timeout.
    case noQuorum
    /// Applied entries are too far behind the leader's.
    case lagging(entries: Int)
    /// The log is damaged or the state differs from the leader's: it neither votes nor serves until repaired.
    case quarantined(why: String, remedy: Remedy)
    /// The node was told, or told itself, to stay out: storage of another identity, stalled disk, ….
    case fenced(why: String)
    /// The disk has no room for more log; reads go on.
    case logFull
    /// The node's loop has not turned for this long.
    case stuck(Duration)
    /// The node's log does not have it among the members: it was removed, or is to be added.
    case notAMember

    /// The word for scripts.
    public var code: String {
        switch self {
        case .starting: "starting"
        case .stopping: "stopping"
        case .maintenance: "maintenance"
        case .noLeader: "no_leader"
        case .noQuorum: "no_quorum"
        case .lagging: "lagging"
        case .quarantined: "quarantined"
        case .fenced: "fenced"
        case .logFull: "log_full"
        case .stuck: "stuck"
        case .notAMember: "not_a_member"
        }
    }

    /// The sentence for people.
    public var text: String {
        switch self {
        case .starting(let phase): "the node is starting: \(phase.rawValue)"
        case .stopping: "the node is stopping"
        case .maintenance: "maintenance is on"
        case .noLeader: "no leader is known"
        case .noQuorum: "the leader does not reach a majority"
        case .lagging(let entries): "the node is \(entries) entries behind the leader"
        case .quarantined(let why, _): "the node is quarantined: \(why)"
        case .fenced(let why): "the node is fenced: \(why)"
        case .logFull: "the log has no room left"
        case .stuck(let duration): "the node's loop has not turned for \(duration.inNanoseconds / 1_000_000) ms"
        case .notAMember: "the node is not a member of its cluster (any more, or yet)"
        }
    }

    /// Who has to do what.
    public var remedy: Remedy {
        switch self {
        case .starting, .lagging: .automatic("wait: the figures beside show the progress")
        case .stopping: .automatic("another node serves; this one does after its next start")
        case .maintenance: .operate("run `nodectl maintenance off` when the work is done")
        case .noLeader, .noQuorum: .operate("start the missing nodes or repair the network between them")
        case .quarantined(_, let remedy): remedy
        case .fenced: .operate("see the node's log for what fenced it")
        case .logFull: .operate("free space on the file system of the data directory")
        case .stuck: .operate("look for a stalled disk or a paused process; restart the node if it does not recover")
        case .notAMember: .operate("add it with `nodectl members add`, or stop it for good")
        }
    }
}

/// What a node can be used for now. Ready means that it answers any command, itself or through the leader.
public struct Readiness: Sendable, Equatable {
    /// Everything that stands in the way; ready when empty.
    public var reasons: [UnreadyReason]
    /// Whether it may answer reads from its own state: caught up, neither quarantined nor fenced.
    public var mayServeReads: Bool

    public init(reasons: [UnreadyReason], mayServeReads: Bool) {
        self.reasons = reasons
        self.mayServeReads = mayServeReads
    }

    public var isReady: Bool { reasons.isEmpty }
}
