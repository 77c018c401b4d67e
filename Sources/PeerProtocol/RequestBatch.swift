// Client requests on their way to whoever carries them out: encoded commands, flat, many in one batch.

public import RESP

/// How a request has to be carried out.
public enum RequestKind: UInt8, Hashable, Sendable {
    /// Through the log, by the leader.
    case write = 1
    /// Linearizable: by the leader, after a quorum confirmed that it leads.
    case read = 2
    /// From what this node has applied, however old: what a client asked for with `READONLY`. Never leaves the node.
    case localRead = 3
    /// `WAIT`: by the leader; the bytes are two varints, nodes needed and milliseconds to wait (0: no limit).
    case wait = 4
}

/// Commands in the keyspace's entry encoding, with who asked for each. Reused from turn to turn.
public struct RequestBatch: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        /// Names the request to whoever made the batch; comes back with the answer.
        public var token: UInt64
        public var kind: RequestKind
        /// How the reply has to be written.
        public var version: RESPVersion
        /// Where the encoded command lies in the batch's bytes.
        public var range: Range<Int>

        public init(token: UInt64, kind: RequestKind, version: RESPVersion, range: Range<Int>) {
            self.token = token
            self.kind = kind
            self.version = version
            self.range = range
        }
    }

    public var bytes: [UInt8] = []
    public var items: [Item] = []
    /// Whether any item is a `localRead`.
    public private(set) var hasLocalReads = false

    public init() {}

    public var isEmpty: Bool { items.isEmpty }
    /// Whether the request added last is a write.
    public var lastIsWrite: Bool { items.last?.kind == .write }

    /// Adds a request whose bytes `encode` appends.
    @inlinable public mutating func append(
        token: UInt64, kind: RequestKind, version: RESPVersion, _ encode: (inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        encode(&bytes)
        appendItem(Item(token: token, kind: kind, version: version, range: start..<bytes.count))
    }

    /// Adds a request whose bytes are in the batch already.
    public mutating func appendItem(_ item: Item) {
        if item.kind == .localRead { hasLocalReads = true }
        items.append(item)
    }

    /// Empties the batch and keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        hasLocalReads = false
    }
}
