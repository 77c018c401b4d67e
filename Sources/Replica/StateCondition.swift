// Whether a replica may go by its own state.

public import Keyspace
public import Vocabulary

/// A replica whose state is not sound serves nobody from it, does not vote and is not counted, although its log is
/// whole: it fetches the state of another node, and goes on from there.
public enum StateCondition: Hashable, Sendable {
    case sound
    /// The start found no snapshot that could be read, and the log does not begin with the first entry.
    case missing(why: String)
    case diverged(StateDivergence)
    /// What is in memory is not what was written to it.
    case damaged(StateDamage)

    public var isSound: Bool { self == .sound }
}

extension StateCondition: CustomStringConvertible {
    public var description: String {
        switch self {
        case .sound: "sound"
        case .missing(let why): "this node has no state of its own: \(why)"
        case .diverged(let found): "this node's state is not the cluster's: \(found)"
        case .damaged(let found): "this node's memory does not hold what was written to it: \(found)"
        }
    }

    public var remedy: Remedy {
        switch self {
        case .sound: .automatic("nothing is to be done")
        case .missing: .automatic("it fetches a snapshot from the leader")
        case .diverged:
            .automatic(
                "it keeps a copy of its state in quarantine and fetches a snapshot from the leader; if it happens "
                    + "again, test the machine's memory")
        case .damaged:
            .automatic(
                "it fetches a snapshot from the leader, or reads its own again when it is the only node; test the "
                    + "machine's memory")
        }
    }
}
