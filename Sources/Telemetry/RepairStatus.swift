// What is wrong with a node's log, what is done about it, and what was put aside.

public import Vocabulary

/// The repair of one node's log, from the moment in which damage is known until the log is whole again.
public struct RepairStatus: Sendable, Equatable {
    public enum Stage: String, Sendable, CaseIterable {
        /// Found while the node ran. Its memory is whole: it votes and serves, and wants leave to rebuild its log.
        case found
        /// It has leave and is about to start again. It neither votes nor counts.
        case leaving
        /// The log was ended before the damage; what is missing is fetched. It neither votes nor counts.
        case fetching
    }

    /// One place, in the words of the log's damage report.
    public struct Damage: Sendable, Equatable {
        public var kind: String
        public var file: String
        public var offset: Int
        public var firstIndex: LogIndex
        public var highestIndex: LogIndex

        public init(kind: String, file: String, offset: Int, firstIndex: LogIndex, highestIndex: LogIndex) {
            self.kind = kind
            self.file = file
            self.offset = offset
            self.firstIndex = firstIndex
            self.highestIndex = highestIndex
        }

        var text: String { "\(kind) in \(file) at byte \(offset), from index \(firstIndex) on" }
    }

    public var stage: Stage
    /// The first place; nil when a node is fenced without damage: its log was empty, or nobody knows any more.
    public var damage: Damage?
    /// How many places were found.
    public var places = 1
    /// The node votes and counts again when everything up to here is committed here.
    public var upTo: LogIndex?
    /// Whom the node has to hear first, because its last vote may be lost.
    public var unheard: [NodeID] = []
    /// The damaged files as they were found, as paths.
    public var copies: [String] = []
    /// Why there is no leave now, as far as this node can see.
    public var obstacle: String?
    /// A leader is known: something can be fetched.
    public var hasLeader = true

    public init(stage: Stage, damage: Damage?) {
        self.stage = stage
        self.damage = damage
    }

    private var unheardNames: String { unheard.map(\.description).joined(separator: ", ") }

    /// The sentence for people.
    public var text: String {
        switch stage {
        case .found:
            let more = places > 1 ? " and in \(places - 1) more places" : ""
            let wait = obstacle ?? "it waits for the leader's leave to rebuild it"
            return
                "its log on disk is damaged (\(damage?.text ?? "unknown")\(more)); it still votes and serves; \(wait)"
        case .leaving: return "its log on disk is damaged; it has leave to rebuild it and starts again"
        case .fetching:
            var text = damage.map { "its log was damaged (\($0.text)) and" } ?? "its log"
            text += " is being fetched again up to index \(upTo ?? .zero); until then it neither votes nor counts"
            if !unheard.isEmpty {
                text += "; its last vote may be lost: it votes when it has heard \(unheardNames)"
            }
            if !hasLeader { text += "; no leader is known that it could fetch from" }
            return text
        }
    }

    public var remedy: Remedy {
        switch stage {
        case .found where obstacle != nil:
            .operate("put right what it names, and the node repairs itself; `nodectl repair` says more")
        case .found: .automatic("it repairs itself once every member is connected, whole and caught up")
        case .leaving: .automatic("another node serves; this one does after its restart")
        case .fetching where !hasLeader:
            .operate(
                "start the other nodes. If a majority is under repair at once, nobody is elected on guesswork: see "
                    + "\"When a log is damaged\" in docs/OPERATING.md")
        case .fetching where !unheard.isEmpty:
            .operate(
                "see that \(unheardNames) can be reached. If one of them is gone for good, replace this node: see "
                    + "\"When a log is damaged\" in docs/OPERATING.md")
        case .fetching: .automatic("wait: it is whole again when its applied index has passed that index")
        }
    }
}

/// The background reading of sealed segments.
public struct ScrubStatus: Sendable, Equatable {
    /// Passes that ended since the process started, and of those that operators asked for the newest.
    public var passes: UInt64 = 0
    public var askedPass: UInt64 = 0
    public var endedAt: Timestamp?
    /// Since the process started.
    public var bytes: UInt64 = 0
    /// Reads that the disk refused.
    public var errors: UInt64 = 0

    public init() {}
}

/// What repairs have put aside. Nothing removes it but people.
public struct QuarantineStatus: Sendable, Equatable {
    public var directory = ""
    public var files = 0
    public var size = ByteCount.zero

    public init() {}
}

/// The kinds of damage, as a metric's label.
public enum DamageLabel: Int, TallyLabel {
    case badMagic, badLength, checksumMismatch, misplacedBlock, brokenChain, gap, missingSegment, failedRecovery

    public var label: String {
        switch self {
        case .badMagic: "bad_magic"
        case .badLength: "bad_length"
        case .checksumMismatch: "checksum_mismatch"
        case .misplacedBlock: "misplaced_block"
        case .brokenChain: "broken_chain"
        case .gap: "gap"
        case .missingSegment: "missing_segment"
        case .failedRecovery: "failed_recovery"
        }
    }
}
