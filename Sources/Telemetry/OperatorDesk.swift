// Where operators' requests wait for the node, and the node's answers for whoever asked.

public import Vocabulary
import Synchronization

/// What an operator asks of a node.
public enum OperatorRequest: Sendable, Equatable {
    /// Hand leadership over, to `target` or to the best follower; `isForced`: one far behind will do.
    case failover(target: NodeID?, isForced: Bool)
    /// Read all of the log again, now. `isForced`: if it is damaged, rebuild it without the leader's leave.
    case repair(isForced: Bool)
    /// Prove that secondary indexes equal their records: the one of this name, or all.
    case proveIndexes(String?)
    /// Build secondary indexes anew beside those in service: the one of this name, or all.
    case rebuildIndexes(String?)
    /// Take a snapshot of a state that holds everything up to now. `waits`: answer when it is durable on this node, the
    /// leader, with `OperatorOutcome.snapshot`; else as soon as it is ordered, with `snapshotAsked`.
    case snapshot(waits: Bool)
    /// Make a backup of a state that holds everything up to now; answered at once (`OperatorOutcome.backupAsked`).
    case backup
    /// Make these parts smaller; answered at once with a number, of which the status tells the end.
    case compact(Set<CompactionPart>)
    /// Hold the node's files still for so many seconds at most, and say of which state they are.
    case quiesce(seconds: Int)
    /// Let them go on, and say whether they stood still until now.
    case endQuiesce
    /// Change who the members are. `isForced`: also if the cluster may stop until other nodes come. Answered when it is
    /// committed, or accepted if it waits for a node to catch up (`OperatorOutcome.members`).
    case changeMembers(MembershipOrder, isForced: Bool)
    /// Alter the record of this key in this node's memory, and nowhere else: only tests ask that. `isHidden`: as faulty
    /// memory would, with nothing that is kept of it.
    case corruptRecord(key: [UInt8], isHidden: Bool)
    /// Read certificates, tokens and log level again, as SIGHUP does.
    case reload
}

/// One fact of an answer, for its JSON document.
public struct OperatorFact: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(UInt64)
        case decimal(Double)
        case flag(Bool)
    }

    public var name: String
    public var value: Value

    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// How a request ended.
public enum OperatorOutcome: Sendable, Equatable {
    case done([OperatorFact])
    /// Not done, and nothing changed: another node has to be asked, if one is known.
    case notLeader(leader: NodeID?)
    /// Not done, and nothing changed, because it would be unsafe. `override` is the field that insists, if any.
    case refused(reason: String, override: String?)
    /// Begun and not achieved; `remedy` says what to do.
    case failed(reason: String, remedy: Remedy)
    /// Not over within its time: it may still come about.
    case timedOut
}

/// Names one request from post to answer.
public struct OperatorTicket: Hashable, Comparable, Sendable {
    public let number: UInt64
    public static func < (a: OperatorTicket, b: OperatorTicket) -> Bool { a.number < b.number }
}

/// Carries requests from the thread that operators talk to to the node's reactor, and the answers back.
///
/// 1. Every ticket is answered at most once; an answer to a ticket that was given up or answered is dropped.
/// 2. At most `openMax` tickets are open: an operator who asks without end gets a refusal, not memory.
/// Neither side waits: each is woken by the closure that it attached, and takes what is there.
public final class OperatorDesk: Sendable {
    public static let openMax = 64

    private struct State {
        var lastNumber: UInt64 = 0
        var open: Set<OperatorTicket> = []
        var requests: [(ticket: OperatorTicket, request: OperatorRequest)] = []
        var answers: [(ticket: OperatorTicket, outcome: OperatorOutcome)] = []
        var wakeNode: (@Sendable () -> Void)?
        var wakeAsker: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    /// How to wake the thread that takes requests. Called after each post, from the asker's thread, without a lock.
    public func attachNode(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakeNode = wake } }

    /// How to wake the thread that takes answers. Called after each answer, from the node's thread, without a lock.
    public func attachAsker(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakeAsker = wake } }

    /// Puts a request down for the node. Nil when too many are open.
    public func post(_ request: OperatorRequest) -> OperatorTicket? {
        let (ticket, wake) = state.withLock { state -> (OperatorTicket?, (@Sendable () -> Void)?) in
            guard state.open.count < OperatorDesk.openMax else { return (nil, nil) }
            state.lastNumber += 1
            let ticket = OperatorTicket(number: state.lastNumber)
            state.open.insert(ticket)
            state.requests.append((ticket, request))
            return (ticket, state.wakeNode)
        }
        wake?()
        return ticket
    }

    /// Forgets a request whose asker is gone or has waited long enough. What the node began goes on.
    public func giveUp(_ ticket: OperatorTicket) {
        state.withLock { state in
            state.open.remove(ticket)
            state.requests.removeAll { $0.ticket == ticket }
            state.answers.removeAll { $0.ticket == ticket }
        }
    }

    /// The node's side: all requests that were posted since the last call, in order.
    public func takeRequests() -> [(ticket: OperatorTicket, request: OperatorRequest)] {
        state.withLock { state in
            let requests = state.requests
            state.requests = []
            return requests
        }
    }

    /// The node's side: the answer, now or many turns later.
    public func answer(_ ticket: OperatorTicket, _ outcome: OperatorOutcome) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.open.remove(ticket) != nil else { return nil }
            state.answers.append((ticket, outcome))
            return state.wakeAsker
        }
        wake?()
    }

    /// The asker's side: all answers since the last call, in the order of answering.
    public func takeAnswers() -> [(ticket: OperatorTicket, outcome: OperatorOutcome)] {
        state.withLock { state in
            let answers = state.answers
            state.answers = []
            return answers
        }
    }
}
