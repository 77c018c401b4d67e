// A replicated state as a manifest names it, and back.

import ByteCoding
public import Consensus
import Keyspace
import PeerProtocol
public import Replica
public import SnapshotFormat
import Vocabulary

extension SnapshotFacts {
    /// What a manifest says of this state besides its records.
    public init(_ state: ReplicatedState, featureLevel: UInt32) {
        var registry: [UInt8] = []
        registry.append(counted: MemberRegistry.encode(state.registry.members).rawBytes)
        registry.append(counted: MemberBook.encode(state.addresses.members).rawBytes)
        self.init(
            cluster: state.cluster, position: state.end.position, frameChecksum: state.end.checksum,
            timestamp: state.timestamp, featureLevel: featureLevel,
            configuration: ConfigurationCoding.encode(state.configuration), registry: registry)
    }

    /// Where in the log the state belongs.
    public var end: FrameEnd { FrameEnd(position: position, checksum: frameChecksum) }
}

extension SnapshotManifest {
    public var end: FrameEnd { facts.end }

    /// The members that it names. Throws when a checked manifest says what no state can have: a fault of its writer.
    public func members() throws(StateError) -> (
        configuration: Configuration, registry: MemberRegistry, addresses: MemberBook
    ) {
        let bytes = facts.registry.rawBytes
        var reader = ByteReader(bytes)
        guard let configuration = try? ConfigurationCoding.decode(facts.configuration.rawBytes),
            let first = try? reader.counted(from: bytes),
            let members = try? MemberRegistry.decode(bytes.extracting(first)),
            let second = try? reader.counted(from: bytes), reader.isAtEnd,
            let addresses = try? MemberBook.decode(bytes.extracting(second))
        else { throw .unreadableMembers(index) }
        var registry = MemberRegistry()
        for (node, storage) in members { registry.register(node, storage) }
        return (configuration, registry, addresses)
    }
}

extension SnapshotContents {
    init(_ image: KeyspaceImage) {
        let kinds = image.kinds
        self.init(
            digest: image.digest, strings: UInt64(kinds.strings), hashes: UInt64(kinds.hashes),
            lists: UInt64(kinds.lists), sets: UInt64(kinds.sets), sortedSets: UInt64(kinds.sortedSets))
    }
}
