// Which data directory belongs to which member, as the log records it: a node that lost its disk is not the same node.

public import ByteCoding
public import Vocabulary

/// Written by leaders into the log: at the start of each term for all connected members that have no entry yet, later
/// when another one connects. Once a member has an entry, a data directory with another id does not speak for it.
public struct MemberRegistry: Hashable, Sendable {
    private var storages: [(node: NodeID, storage: StorageID)] = []

    public init() {}

    public var count: Int { storages.count }
    /// All entries, by node.
    public var members: [(NodeID, StorageID)] { storages.map { ($0.node, $0.storage) } }

    public func storage(of node: NodeID) -> StorageID? { storages.first { $0.node == node }?.storage }

    /// Whether `storage` may speak for `node`: it is the registered one, or none is registered yet.
    public func admits(_ node: NodeID, _ storage: StorageID) -> Bool {
        self.storage(of: node).map { $0 == storage } ?? true
    }

    /// The first registration of a node stands. Returns whether this one was new.
    @discardableResult
    public mutating func register(_ node: NodeID, _ storage: StorageID) -> Bool {
        guard self.storage(of: node) == nil else { return false }
        storages.append((node, storage))
        storages.sort { $0.node < $1.node }
        return true
    }

    /// Forgets whoever is no member any more: should a node of that name be added again, it has a new data directory.
    mutating func keep(_ isMember: (NodeID) -> Bool) { storages.removeAll { !isMember($0.node) } }

    /// One entry's bytes: count as varint, then node and storage id of each member to register.
    public static func encode(_ members: [(NodeID, StorageID)]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(members.count))
        for (node, storage) in members {
            bytes.append(node)
            bytes.append(storage)
        }
        return bytes
    }

    public static func decode(_ bytes: RawSpan) throws(ByteError) -> [(NodeID, StorageID)] {
        var reader = ByteReader(bytes)
        let count = try reader.varint(from: bytes)
        guard count <= 1024 else { throw .lengthOverLimit(at: 0, length: count, limit: 1024) }
        var members: [(NodeID, StorageID)] = []
        for _ in 0..<count {
            let node = try reader.node(from: bytes)
            members.append((node, try reader.identifier(StorageID.self, from: bytes)))
        }
        return members
    }

    public static func == (a: MemberRegistry, b: MemberRegistry) -> Bool {
        a.storages.elementsEqual(b.storages) { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for (node, storage) in storages {
            hasher.combine(node)
            hasher.combine(storage)
        }
    }
}
