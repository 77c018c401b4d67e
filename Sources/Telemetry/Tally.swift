// Counters that differ in one label: one number per case of an enum.

/// The values of one metric label, numbered from 0 without gaps.
public protocol TallyLabel: CaseIterable, Sendable, RawRepresentable<Int> {
    /// The label's value: lower-case words joined by underscores.
    var label: String { get }
}

/// One counter per case of `Label`. Counting is an addition; nothing is allocated but when it was copied meanwhile.
public struct Tally<Label: TallyLabel>: Sendable, Equatable {
    private var counts: [UInt64]

    public init() { counts = Array(repeating: 0, count: Label.allCases.count) }

    public subscript(label: Label) -> UInt64 {
        @inline(__always) get { counts[label.rawValue] }
        @inline(__always) set { counts[label.rawValue] = newValue }
    }

    public var total: UInt64 { counts.reduce(0, &+) }
}

/// What a command asks for.
public enum CommandKind: Int, TallyLabel {
    /// Changes the keyspace.
    case write
    /// Reads it, linearizably.
    case read
    /// Reads this node's state as it is, after `READONLY`.
    case localRead
    /// Concerns the connection or the node: PING, AUTH, CLIENT, INFO, ….
    case connection

    public var label: String {
        switch self {
        case .write: "write"
        case .read: "read"
        case .localRead: "local_read"
        case .connection: "connection"
        }
    }
}

/// Where a message for subscribers came from.
public enum MessageOrigin: Int, TallyLabel {
    /// From a client of this node: `PUBLISH`, `SPUBLISH`.
    case client
    /// From a client of another node.
    case peer
    /// From this node's keyspace: an event of a key.
    case keyspace

    public var label: String {
        switch self {
        case .client: "client"
        case .peer: "peer"
        case .keyspace: "keyspace"
        }
    }
}

/// The port that a connection came in by.
public enum PortKind: Int, TallyLabel {
    case client, clientPlaintext, peer, admin

    public var label: String {
        switch self {
        case .client: "client"
        case .clientPlaintext: "client_plaintext"
        case .peer: "peer"
        case .admin: "admin"
        }
    }
}

/// Why a connection was refused or closed by this node.
public enum RejectionReason: Int, TallyLabel {
    /// No TLS, an old version, or a broken handshake.
    case handshake
    /// A certificate that is expired, of another authority, or of the wrong role.
    case certificate
    /// A valid certificate of another node, cluster or storage than was announced.
    case identity
    case authentication
    case connectionLimit
    /// Bytes that are not the port's protocol, or break its limits.
    case protocolError
    /// A handshake, a request or a login that did not end in time.
    case deadline
    /// Replies that nobody reads.
    case outputLimit

    public var label: String {
        switch self {
        case .handshake: "handshake"
        case .certificate: "certificate"
        case .identity: "identity"
        case .authentication: "authentication"
        case .connectionLimit: "connection_limit"
        case .protocolError: "protocol_error"
        case .deadline: "deadline"
        case .outputLimit: "output_limit"
        }
    }
}

/// First words of error replies.
public enum ErrorWord: Int, TallyLabel {
    case readonly, clusterDown, tryAgain, unknownResult, maintenance, noAuth, noPermission, wrongType, outOfMemory
    case noSpace, other

    public var label: String {
        switch self {
        case .readonly: "readonly"
        case .clusterDown: "clusterdown"
        case .tryAgain: "tryagain"
        case .unknownResult: "unknownresult"
        case .maintenance: "maintenance"
        case .noAuth: "noauth"
        case .noPermission: "noperm"
        case .wrongType: "wrongtype"
        case .outOfMemory: "oom"
        case .noSpace: "nospace"
        case .other: "other"
        }
    }

    /// The first word of an error reply, in any case.
    public init(word: String) {
        let word = word.lowercased()
        self = ErrorWord.allCases.first { $0.label == word } ?? .other
    }
}

/// How a planned change of leader ended.
public enum HandoverResult: Int, TallyLabel {
    case done, failed

    public var label: String { self == .done ? "done" : "failed" }
}
