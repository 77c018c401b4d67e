// What a snapshot is: the state at one log index, and where its chunks are.

public import Vocabulary

/// A snapshot exists once its manifest does. Everything in here was checked when it was decoded.
public struct SnapshotManifest: Hashable, Sendable {
    public let facts: SnapshotFacts
    public let contents: SnapshotContents
    /// Bytes of all chunks, plain and as records in packs, and how many chunks there are.
    public let plainBytes: Int
    public let storedBytes: Int
    public let chunkCount: Int
    /// What the tables and chunks are in, ascending; none twice, at most `packCountMax`.
    public let packs: [PackUse]
    /// By group; nil for a group without chunks.
    public let tables: [TableReference?]

    /// Traps when there is not one place per group.
    public init(
        facts: SnapshotFacts, contents: SnapshotContents, plainBytes: Int, storedBytes: Int, chunkCount: Int,
        packs: [PackUse], tables: [TableReference?]
    ) {
        precondition(tables.count == SlotGroup.count, "\(tables.count) tables")
        precondition(packs.count <= SnapshotManifest.packCountMax, "\(packs.count) packs")
        self.facts = facts
        self.contents = contents
        self.plainBytes = plainBytes
        self.storedBytes = storedBytes
        self.chunkCount = chunkCount
        self.packs = packs
        self.tables = tables
    }

    public var index: LogIndex { facts.position.index }

    /// Nil for a group without chunks.
    public func table(of group: SlotGroup) -> TableReference? { tables[group.rawValue] }

    /// Nil when nothing of this snapshot is in it.
    public func pack(_ number: PackNumber) -> PackUse? {
        var low = 0
        var high = packs.count
        while low < high {
            let middle = (low + high) / 2
            if packs[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < packs.count && packs[low].number == number ? packs[low] : nil
    }

    /// Whether another snapshot is of the same state at the same place of the same log, wherever its chunks are.
    public func isSameState(as other: SnapshotManifest) -> Bool {
        facts == other.facts && contents == other.contents
    }
}

/// What is known of a snapshot's state before its chunks are written.
public struct SnapshotFacts: Hashable, Sendable {
    public let cluster: ClusterID
    /// Of the last entry that is in the state.
    public let position: LogPosition
    /// Of the frame that this entry is in: what the log behind the snapshot is chained to.
    public let frameChecksum: UInt32
    /// The entry's.
    public let timestamp: Timestamp
    public let featureLevel: UInt32
    /// Who is in the cluster. Opaque here, at most `SnapshotManifest.fieldLengthMax` bytes, as the next.
    public let configuration: [UInt8]
    public let registry: [UInt8]

    /// Traps when a field is too long.
    public init(
        cluster: ClusterID, position: LogPosition, frameChecksum: UInt32, timestamp: Timestamp, featureLevel: UInt32,
        configuration: [UInt8], registry: [UInt8]
    ) {
        precondition(configuration.count <= SnapshotManifest.fieldLengthMax, "\(configuration.count) bytes of members")
        precondition(registry.count <= SnapshotManifest.fieldLengthMax, "\(registry.count) bytes of registry")
        self.cluster = cluster
        self.position = position
        self.frameChecksum = frameChecksum
        self.timestamp = timestamp
        self.featureLevel = featureLevel
        self.configuration = configuration
        self.registry = registry
    }
}

/// What a whole state amounts to.
public struct SnapshotContents: Hashable, Sendable {
    public let digest: Digest
    public let strings: UInt64
    public let hashes: UInt64
    public let lists: UInt64
    public let sets: UInt64
    public let sortedSets: UInt64

    public init(
        digest: Digest, strings: UInt64, hashes: UInt64, lists: UInt64, sets: UInt64, sortedSets: UInt64
    ) {
        self.digest = digest
        self.strings = strings
        self.hashes = hashes
        self.lists = lists
        self.sets = sets
        self.sortedSets = sortedSets
    }
}
