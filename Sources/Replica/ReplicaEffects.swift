// What a replica wants done: orders for the log, messages, replies and news, in the order in which they must happen.

public import Consensus
public import Keyspace
public import LogFormat
public import PeerProtocol
public import Vocabulary

/// An order for the log. Orders are carried out in sequence; `ticket` comes back in `ReplicaEvent.persisted`.
public struct LogWrite: Sendable {
    public enum Kind: Sendable {
        case append(Frame, commitIndex: LogIndex)
        case ballot(Term, votedFor: NodeID?)
        case truncate(from: LogIndex)
        /// The log goes on behind a snapshot at this position; all it has is given up.
        case restart(at: LogPosition, checksum: UInt32)
        /// What lies before is covered by a snapshot, and needed by nobody.
        case release(before: LogIndex)
        case raiseFence(LogIndex)
        case clearFence
    }
    public var kind: Kind
    /// Nil for orders that nobody waits for.
    public var ticket: WriteTicket?

    public init(_ kind: Kind, ticket: WriteTicket?) {
        self.kind = kind
        self.ticket = ticket
    }
}

/// A consensus message on its way, with the frames that an append carries.
public struct OutgoingMessage: Sendable {
    public var to: NodeID
    public var message: Message
    public var frames: [Frame]
}

/// Things worth a line in the log or a step of a counter.
public enum ReplicaNews: Sendable {
    case role(Role, Term, leader: NodeID?)
    case steppedDown(String)
    case handoverEnded(HandoverOutcome)
    case handoverRefused(HandoverRefusal)
    case fenceRaised(LogIndex)
    case fenceCleared
    /// This node has leave to rebuild its damaged log: its process has to end and to start again. It neither votes nor
    /// counts any more.
    case repairGranted(LogIndex)
    case anomaly(String)
    /// This leader has said in the log that its memory is full, or no longer.
    case memory(isFull: Bool)
    case memberRegistered(NodeID, StorageID)
    /// Other members count from here on, or have become certain.
    case members(Configuration, isCommitted: Bool)
    case membershipEnded(MembershipOutcome)
    case membershipRefused(MembershipRefusal)
    /// This node is no member any more.
    case removed
    /// This node's state is not to be used.
    case stateLost(StateCondition)
    /// This node goes on from another one's state.
    case stateInstalled(LogPosition)
    /// The leader's connection was lost: is its port still open?
    case probe(NodeID)
}

/// The effects of one or more events. The shell carries them out and calls `removeAll` before the next turn.
///
/// Log orders go first, then messages, then replies; within each list the order is the order of events. A message is
/// only here once everything that it speaks of is durable, so a shell may not lose the order, but may delay.
public struct ReplicaEffects: Sendable {
    public var logWrites: [LogWrite] = []
    public var logReads: [LogRead] = []
    public var messages: [OutgoingMessage] = []
    /// Replies to this node's own clients.
    public var replies = AnswerBatch()
    /// Requests for the leader, and answers for peers that forwarded theirs to us.
    public var forwards: [(to: NodeID, batch: RequestBatch)] = []
    public var answers: [(to: NodeID, batch: AnswerBatch)] = []
    public var news: [ReplicaNews] = []
    /// States to be stored as snapshots, in the background.
    public var snapshots: [SnapshotOrder] = []
    /// A quorum has confirmed the newest stored snapshot, which is this one: none before it is needed for safety.
    public var confirmedSnapshot: LogIndex?
    /// Messages about states; they may be dropped.
    public var stateMessages: [(to: NodeID, message: StateMessage)] = []
    /// Snapshots of the leader that are to be fetched; the newest counts, and one that is under way goes on.
    public var fetches: [(from: NodeID, index: LogIndex)] = []
    /// A state that turned out to be wrong, to be kept for whoever looks for the reason.
    public var evidence: ReplicatedState?
    /// A keyspace that is no longer this replica's: to free it takes longer than a turn may.
    public var retired: Keyspace?
    /// What happened to keys, as far as the shell wanted to know (`Replica.report`).
    public var keyEvents = KeyEventList()

    public init() {}

    public var isEmpty: Bool {
        logWrites.isEmpty && logReads.isEmpty && messages.isEmpty && replies.items.isEmpty && forwards.isEmpty
            && answers.isEmpty && news.isEmpty && keyEvents.isEmpty && snapshots.isEmpty && stateMessages.isEmpty
            && fetches.isEmpty && evidence == nil && retired == nil
    }

    /// Empties all lists and keeps their memory.
    public mutating func removeAll() {
        logWrites.removeAll(keepingCapacity: true)
        logReads.removeAll(keepingCapacity: true)
        messages.removeAll(keepingCapacity: true)
        replies.removeAll()
        forwards.removeAll(keepingCapacity: true)
        answers.removeAll(keepingCapacity: true)
        news.removeAll(keepingCapacity: true)
        snapshots.removeAll()
        confirmedSnapshot = nil
        stateMessages.removeAll(keepingCapacity: true)
        fetches.removeAll()
        evidence = nil
        retired = nil
        if !keyEvents.isEmpty { keyEvents.removeAll() }
    }
}
