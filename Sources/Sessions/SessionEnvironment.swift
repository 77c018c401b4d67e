// What a session needs to know of its node, handed in with each request.

public import Keyspace
public import Telemetry
public import Vocabulary

/// Tells whether a token is one of the node's. It compares SHA-256 digests in constant time; it is called at logins
/// only.
public protocol TokenVerifier: Sendable {
    func accepts(_ token: RawSpan) -> Bool
}

/// Kept by the node and refreshed between requests: the clocks in each turn, the facts now and then.
public struct SessionEnvironment: Sendable {
    /// For ages and idle times.
    public var now: Instant
    /// For `TIME`.
    public var wall: Timestamp
    /// Nil when nobody has to log in.
    public var tokens: (any TokenVerifier)?
    /// Commands that may make the keyspace larger are refused, as far as this node knows.
    public var isMemoryFull = false
    /// The facts, in an array of one, so that a copy of the environment costs one reference instead of dozens.
    private var box: [NodeFacts]

    public init(now: Instant, wall: Timestamp, tokens: (any TokenVerifier)?, facts: NodeFacts) {
        self.now = now
        self.wall = wall
        self.tokens = tokens
        box = [facts]
    }

    public var facts: NodeFacts {
        get { box[0] }
        _modify { yield &box[0] }
    }
}

/// What `INFO`, `ROLE`, `HELLO`, `CLUSTER`, `SENTINEL` and `CONFIG` tell.
public struct NodeFacts: Sendable {
    public var status: NodeStatus
    /// The name under which clients know the cluster: Sentinel's "master name".
    public var clusterName: String
    /// All members, this node included, ordered by name.
    public var members: [Member]
    public var activity = Activity()
    public var clientsMax = 0
    public var bulkLengthMax = ByteCount.mebibytes(64)
    /// Which events of keys this node reports to its subscribers.
    public var keyEvents: KeyEventClasses = []
    /// What the keyspace may take while this node leads; nil for no limit.
    public var memoryMax: ByteCount?
    public var calls = CommandCalls()

    public init(status: NodeStatus, clusterName: String, members: [Member]) {
        self.status = status
        self.clusterName = clusterName
        self.members = members
    }

    /// Where clients reach a member. The host is the announced name, so that the member's certificate verifies.
    public struct Member: Hashable, Sendable {
        public var id: NodeID
        public var host: String
        public var port: UInt16
        /// Where clients without TLS reach it; nil when they do not.
        public var plaintext: Address?
        /// Whether it counts for a quorum.
        public var isVoter: Bool

        public init(id: NodeID, host: String, port: UInt16, plaintext: Address? = nil, isVoter: Bool = true) {
            self.id = id
            self.host = host
            self.port = port
            self.plaintext = plaintext
            self.isVoter = isVoter
        }
    }

    public struct Address: Hashable, Sendable {
        public var host: String
        public var port: UInt16

        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// What the node has done since its start.
    public struct Activity: Sendable {
        public var connectionsAccepted: UInt64 = 0
        public var connectionsRejected: UInt64 = 0
        public var commands: UInt64 = 0
        public var commandsPerSecond: UInt64 = 0
        public var bytesReceived: UInt64 = 0
        public var bytesSent: UInt64 = 0
        public var expiredKeys: UInt64 = 0
        public var keysWithDeadline: UInt64 = 0
        /// Clients of this node that wait for an element.
        public var blockedClients = 0
        /// Channels, patterns and shard channels that have subscribers here.
        public var channels = 0
        public var patterns = 0
        public var shardChannels = 0
        /// What the keyspace takes, the most of it that this node has seen, and the part that is keys and values.
        public var keyspaceMemory = ByteCount.zero
        public var keyspaceMemoryPeak = ByteCount.zero
        public var payload = ByteCount.zero
        /// Whether commands that may grow are refused.
        public var isMemoryFull = false
        /// Of what was removed, pieces that are still to be freed.
        public var unfreedPieces = 0
        /// Keys that were there, and not there, when a command of this node read them.
        public var keyHits: UInt64 = 0
        public var keyMisses: UInt64 = 0
        /// Error replies to this node's clients.
        public var errors = Tally<ErrorWord>()
        public var bytesReceivedPerSecond: UInt64 = 0
        public var bytesSentPerSecond: UInt64 = 0
        /// Since when this node may lack what the leader has committed; zero on the leader, nil without one.
        public var staleness: Duration?
        public var userTime = Duration.zero
        public var systemTime = Duration.zero

        public init() {}
    }

    /// The facts as a client has to see them that came without TLS: members where such clients reach them.
    func announcedWithoutTLS() -> NodeFacts {
        var facts = self
        for position in facts.members.indices {
            guard let plaintext = members[position].plaintext else { continue }
            facts.members[position].host = plaintext.host
            facts.members[position].port = plaintext.port
        }
        return facts
    }

    /// The leader as far as it is known and announced.
    var leader: Member? { members.first { $0.id == status.leader } }
    var own: Member? { members.first { $0.id == status.id } }
    var isLeader: Bool { status.role == .leader }
    var voters: [Member] { members.filter(\.isVoter) }
    /// The members that are not the leader, in order.
    var followers: [Member] { members.filter { $0.id != status.leader } }

    func isReachable(_ id: NodeID) -> Bool {
        id == status.id || status.peers.contains { $0.id == id && $0.isConnected }
    }

    /// Since when a member lacks something of the leader's log; known to the leader only.
    func lag(of id: NodeID) -> Duration? { status.peers.first { $0.id == id }?.lag }

    /// How far a member's copy of the log is known to go.
    func position(of id: NodeID) -> LogIndex {
        if id == status.id { return status.appliedIndex }
        return status.peers.first { $0.id == id }?.matchIndex ?? .zero
    }
}
