// The settings of one node, typed and valid: what `noded` runs by.

public import Keyspace
public import Vocabulary

/// Everything that a node is told from outside. Made by `NodeSettings.load`, which checks every value and relation.
public struct NodeSettings: Hashable, Sendable {
    public var node: NodeID
    /// It becomes a member of a cluster that is there already.
    public var joins: Bool
    public var cluster: ClusterID
    public var clusterName: String
    /// All members, this node included, ordered by id.
    public var members: [Member]
    /// Absolute, like every path here.
    public var dataDirectory: String
    public var logDirectory: String
    public var listeners: ListenerSettings
    public var tls: TLSSettings
    public var authentication: AuthenticationSettings
    public var consensus: ConsensusSettings
    public var requests: RequestSettings
    public var log: LogSettings
    public var snapshots: SnapshotSettings
    public var archive: ArchiveSettings
    public var retention: RetentionSettings
    /// How often a leader has the replicas compare their digests, while there is something new.
    public var stateCompareInterval: Duration
    /// The pause between two proofs of the records in memory; zero for none.
    public var stateScrubInterval: Duration
    /// How long the machine's cores may take to wake while the node works; nil leaves that to the system.
    public var cpuLatencyMax: Duration?
    /// What the keyspace may take in memory; nil for no limit.
    public var memoryMax: ByteCount?
    public var clients: ClientSettings
    /// Address ranges that may read `/metrics`, with a token as well; empty allows all.
    public var metricsAllow: [String]
    public var logging: LoggingSettings

    /// This node's own entry in `members`; its presence was checked.
    public var ownMember: Member {
        guard let own = members.first(where: { $0.id == node }) else {
            preconditionFailure("settings of node \(node) do not list it: they were not validated")
        }
        return own
    }

    /// The other members, ordered by id.
    public var others: [Member] { members.filter { $0.id != node } }
}

/// Where a node listens.
public struct ListenerSettings: Hashable, Sendable {
    public var client: HostPort
    public var clientPlaintext: HostPort?
    public var peer: HostPort
    public var admin: HostPort
}

public enum TLSVersionMin: String, CaseIterable, Sendable {
    case tls13 = "1.3"
    case tls12 = "1.2"
}

/// One port's certificates, as paths.
public struct TLSFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String
    public var authority: String
}

public struct TLSSettings: Hashable, Sendable {
    public var client: TLSFiles
    public var peer: TLSFiles
    public var admin: TLSFiles
    public var minimum: TLSVersionMin
    /// Of the first certificate of `peer.authority`; nil at a node that signs none.
    public var authorityKey: String?
}

/// Who may log in. The files are read with `TokenFile`.
public struct AuthenticationSettings: Hashable, Sendable {
    public var isRequired: Bool
    /// The tokens of `adminTokenFile` log clients in too.
    public var clientTokenFile: String?
    public var adminTokenFile: String
    public var metricsTokenFile: String?
}

/// The numbers of consensus and replication; their inequalities were checked.
public struct ConsensusSettings: Hashable, Sendable {
    public var electionTimeoutMin: Duration
    public var electionTimeoutMax: Duration
    public var heartbeatInterval: Duration
    public var probeDelayMax: Duration
    public var inflightBytesMax: ByteCount
    public var appendBytesMax: ByteCount
    public var catchUpRate: ByteCount
    public var uncommittedBytesMax: ByteCount
}

public struct RequestSettings: Hashable, Sendable {
    /// How long a request waits for a leader.
    public var holdTimeout: Duration
    /// How long a write waits for its outcome; at least `holdTimeout`.
    public var timeout: Duration
}

public enum LogCompression: String, CaseIterable, Sendable {
    case lz4
    case none
}

public struct LogSettings: Hashable, Sendable {
    public var segmentSize: ByteCount
    public var reserve: ByteCount
    /// Bytes of log that are kept behind the newest snapshot, for followers that fall behind.
    public var retain: ByteCount
    /// Bytes of older segments that are read again in a second, and the pause between two passes over all of them.
    public var scrubRate: ByteCount
    public var scrubInterval: Duration
    public var compression: LogCompression
    public var batchBytesMax: ByteCount
}

/// When a node writes a snapshot, how many it keeps, and how fast it sends one.
public struct SnapshotSettings: Hashable, Sendable {
    public var directory: String
    /// Bytes of log since the last snapshot that call for the next: this, or the share of the records' bytes if more.
    public var logMin: ByteCount
    public var logPercent: Int
    /// The age that calls for the next; nil when age does not.
    public var interval: Duration?
    public var keep: Int
    /// Bytes per second for all nodes that fetch one, together.
    public var transferRate: ByteCount
    public var compactInterval: Duration
}

public struct ClientSettings: Hashable, Sendable {
    public var requestSizeMax: ByteCount
    public var argumentsMax: Int
    public var connectionsMax: Int
    public var outputBufferMax: ByteCount
    public var outputTimeout: Duration
    public var loginTimeout: Duration
    /// Which events of keys this node publishes to its subscribers.
    public var keyEvents: KeyEventClasses
}

public enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, warning, error
}

public enum LogStyle: String, CaseIterable, Sendable {
    case logfmt, json
}

public struct LoggingSettings: Hashable, Sendable {
    public var level: LogLevel
    public var style: LogStyle
}
