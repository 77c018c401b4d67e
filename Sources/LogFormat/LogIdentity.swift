// Whose log it is.

import ByteCoding
public import Vocabulary

/// What every segment carries, so that a file from elsewhere is never taken for one of this log.
public struct LogIdentity: Hashable, Sendable, CustomStringConvertible {
    public let cluster: ClusterID
    public let node: NodeID
    public let storage: StorageID

    public init(cluster: ClusterID, node: NodeID, storage: StorageID) {
        self.cluster = cluster
        self.node = node
        self.storage = storage
    }

    public var description: String { "cluster \(cluster), node \(node), storage \(storage)" }

    /// Where record checksums of this storage begin: a record of another storage never verifies.
    public var recordSeed: UInt32 {
        var bytes: [UInt8] = []
        bytes.append(storage)
        return CRC32C.checksum(bytes.rawBytes)
    }
}
