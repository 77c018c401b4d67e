// Why a node does not start, or stops by itself.

public import LogStore
public import Platform
public import Replica
public import ReplicaSnapshots
public import SnapshotStore
public import TLS
public import Vocabulary

public enum NodeError: Error, Sendable {
    /// A port, file or other thing of the machine.
    case system(SystemError)
    /// A certificate, key or authority.
    case tls(TLSError)
    /// The data directory is not usable, or not this node's.
    case dataDirectory(DataDirectoryError)
    /// The log cannot be opened.
    case log(LogError)
    /// Snapshots cannot be looked at.
    case snapshots(SnapshotError)
    /// A snapshot cannot be loaded, and neither another one nor another node would help.
    case state(StateError)
    /// Neither snapshots nor log lead to a state, and no node is asked for one.
    case noState(why: String)
    /// The log stopped while the node ran: what was not reported as synced does not count.
    case logFailed(LogError)
    /// This node's log or state contradicts the cluster's: it serves nobody with it.
    case replicaFailed(ReplicaFailure)
    /// The cluster was recovered from the loss of its majority without this node, and goes on as another timeline.
    case superseded(by: NodeID, Timeline, own: Timeline)
    /// A recovery was begun on this directory, which has no state to go on from.
    case unrecoverable(why: String)
    /// A setting that can only be judged here, such as a name that does not resolve.
    case setting(key: String, what: String, remedy: String)

    /// The exit code that `noded` ends with: 1 run time, 65 damaged data, 78 configuration.
    public var exitCode: Int32 {
        switch self {
        case .system, .logFailed: 1
        case .replicaFailed, .superseded, .unrecoverable: 65
        case .noState: 1
        case .tls, .setting: 78
        case .snapshots(.newerVersion), .state(.snapshot(.newerVersion)): 65
        case .snapshots, .state: 1
        case .dataDirectory(let error): NodeError.exitCode(of: error)
        case .log(let error):
            switch error {
            case .newerVersion, .foreignSegment, .unreadable: 65
            default: 1
            }
        }
    }

    private static func exitCode(of error: DataDirectoryError) -> Int32 {
        switch error {
        case .damagedIdentity, .identityMissing, .identityLost, .newerVersion: 65
        case .log(let error): NodeError.log(error).exitCode
        case .notADirectory, .cannotMake, .unwritable, .wrongOwner, .tooOpen, .otherCluster, .otherNode: 78
        case .noSpace, .noFiles, .inUse, .system: 1
        }
    }

    public var remedy: Remedy {
        switch self {
        case .system(let error): error.remedy
        case .tls(let error): error.remedy
        case .dataDirectory(let error): error.remedy
        case .log(let error), .logFailed(let error): error.remedy
        case .snapshots(let error): error.remedy
        case .state(let error): error.remedy
        case .replicaFailed(let failure): failure.remedy
        case .superseded:
            .operate(
                "move its data directory away, keep it as long as its records may be wanted, and add the node anew: "
                    + "`nodectl members add`")
        case .unrecoverable:
            .operate("keep this directory as it is, and recover from another node's, or restore a backup")
        case .noState: .operate("start the node: it fetches a snapshot of the other nodes")
        case .setting(_, _, let remedy): .operate(remedy)
        }
    }
}

extension NodeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let error): error.description
        case .tls(let error): error.description
        case .dataDirectory(let error): error.description
        case .log(let error): error.description
        case .snapshots(let error): error.description
        case .state(let error): error.description
        case .noState(let why): "there is no state to load: \(why)"
        case .logFailed(let error): "the log stopped: \(error)"
        case .replicaFailed(let failure): "this node stops, since it cannot trust its own state: \(failure)"
        case .superseded(let node, let timeline, let own):
            "\(node) says that the cluster was recovered without this node, and goes on as timeline \(timeline); this "
                + "node is of timeline \(own), which was given up, and serves nobody with it"
        case .unrecoverable(let why):
            "the cluster cannot be recovered from this node alone, which has no state of its own: \(why)"
        case .setting(let key, let what, _): "`\(key)` \(what)"
        }
    }
}
