// What a replica tells the world around it to do, in order.

public import Vocabulary

public enum Role: Hashable, Sendable {
    case follower
    case preCandidate
    case candidate
    case leader
}

public enum Directive: Hashable, Sendable {
    /// Everything this message speaks of is durable already. May be dropped when the peer cannot be reached.
    case send(Message, to: NodeID)
    case persistBallot(term: Term, votedFor: NodeID?, ticket: WriteTicket)
    /// Cut the log at this frame's begin. Never at or below the commit index.
    case truncate(from: LogIndex, ticket: WriteTicket)
    /// Store these frames of the append message being received, in order. Never empty.
    case store(frames: Range<Int>, ticket: WriteTicket)
    case commit(LogIndex)
    case roleChanged(Role, Term, leader: NodeID?)
    /// Append a frame of this term with at least a no-op now: nothing commits and no read is confirmed before it
    /// does.
    case becameLeader
    /// All reads of this round, and of rounds before it, may be answered once this index is applied.
    case readConfirmed(ReadRound, LogIndex)
    /// No read of this round or one before it that was not confirmed will be: ask the new leader.
    case readsAborted(through: ReadRound)
    case handoverEnded(HandoverOutcome)
    case steppedDown(StepDownReason)
    /// This node has an empty log and meets its first leader: until it has what its cluster has it does not vote (see
    /// `Fence`). To be persisted before the ballot that follows, and given back as `Restored.fence`.
    case fenceRaised(LogIndex)
    /// The log is whole again: the node votes and counts.
    case fenceCleared
    /// The log is not the cluster's up to here, or ends before: everything in it goes, and the next frame follows this
    /// end, up to which the caller has a durable snapshot of the state. Commit and applied index are there from now on.
    case restartLog(at: FrameEnd, ticket: WriteTicket)
    /// Another configuration is in force: it came into the log, was committed, or counts again because a newer one was
    /// cut.
    case configurationChanged(Configuration, isCommitted: Bool)
    /// Append a membership frame with this configuration as its last entry now (`appendedByLeader`), unless what was
    /// carried out before has ended this node's office (`Raft.awaits`).
    case proposeConfiguration(Configuration)
    case membershipEnded(MembershipOutcome)
    /// This node was a member, and is none of the newest committed configuration that it knows of. It does not campaign
    /// any more, and may be stopped for good.
    case removed
    /// The leader has given this node leave to rebuild its log (`RepairLeave`). From now on it neither votes nor
    /// counts; a fence up to here is to be persisted, and the process to be started again: recovery repairs the log.
    case repairGranted(LogIndex)
    case anomaly(Anomaly)
    /// This node's state is not to be trusted: stop serving at once, and end. Nothing comes after it, ever.
    case halt(Divergence)
}

/// Why a leader gave up its office.
public enum StepDownReason: Hashable, Sendable {
    case diskStall(Duration)
    case loopStall(Duration)
    case lostQuorum
    case higherTerm(Term, from: NodeID)
    case handover(to: NodeID)
    /// Handed over because this node's disk is full.
    case noSpace(to: NodeID)
    /// This node's state is not to be trusted.
    case quarantined
    /// This node has committed a configuration without itself. Nobody was fit to be handed over to if there is no `to`.
    case removed(to: NodeID?)
    /// Handed over because this node's log is damaged, so that it can ask its successor for leave to rebuild it.
    case repair(to: NodeID)
    /// Handed over because a follower needs a snapshot, and this node has none that it may give away.
    case noSnapshot(to: NodeID)
}

/// Something that a correct peer on a healthy disk does not do. Nothing was changed by it, and nothing that this node
/// has is in doubt (that would be a `Divergence`): it is told, and ignored.
public enum Anomaly: Hashable, Sendable, CustomStringConvertible {
    /// Another node has this node's name.
    case ownName(NodeID)
    /// A number in a message is beyond any that this cluster can have reached.
    case implausible(NodeID)
    case secondLeader(Term, known: NodeID, claims: NodeID)
    /// An append's frames do not connect to each other or belong to a later term.
    case brokenAppend(NodeID, previous: LogPosition)
    /// The leader's log differs from what it had sent itself in this term, behind what is committed here.
    case contradiction(NodeID, at: LogIndex, here: FrameEnd?, there: FrameEnd)
    /// A follower claims more than the leader has.
    case progressBeyondLog(NodeID, match: LogIndex, last: LogIndex)
    /// A follower asks again for what it had acknowledged as durable.
    case lostAcknowledged(NodeID, match: LogIndex, resendFrom: LogIndex)
    /// A snapshot's end is not in this log, at a place up to which this log is known to be its leader's.
    case foreignSnapshot(FrameEnd, here: FrameEnd?)

    public var description: String {
        switch self {
        case .ownName(let node): "message from another node that is called \(node) too"
        case .implausible(let node): "message from \(node) with numbers beyond reason"
        case .secondLeader(let term, let known, let claims):
            "\(claims) claims to lead term \(term), which \(known) leads"
        case .brokenAppend(let node, let previous): "append from \(node) after \(previous) is not a chain of frames"
        case .contradiction(let node, let index, let here, let there):
            "\(node) had sent \(here.map { "\($0)" } ?? "another frame") for \(index), and now sends \(there)"
        case .progressBeyondLog(let node, let match, let last):
            "\(node) claims to match up to \(match), the log ends at \(last)"
        case .lostAcknowledged(let node, let match, let resendFrom):
            "\(node) had acknowledged \(match) and asks for \(resendFrom)"
        case .foreignSnapshot(let end, let here):
            "a snapshot ends at \(end), where this log has \(here.map { "\($0)" } ?? "another frame")"
        }
    }
}
